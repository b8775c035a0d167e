import type { Claim } from '../../grading/index.ts';
import { grid } from '../../protocols/learning.ts';
import { pairClaim } from '../../protocols/pair-claims.ts';
import { type Kind, type Together, taughtSide, togetherSide, towerData } from '../../protocols/towers.ts';

const STEPS = 100;

const together = (name: string, query: Kind, document: Kind, learningRate: readonly number[]): Together => ({
  name,
  query,
  document,
  steps: STEPS,
  configs: grid({ temperature: [0.05], learningRate }),
});
const RATES = [1e-4, 3e-4, 1e-3];
const large = together('large pair', 'large', 'large', RATES);
const teacher = together('teacher', 'large', 'large', [3e-4]);

const taught = (name: string, objective: 'both' | 'MSE' | 'cosine', learningRate: readonly number[]) =>
  taughtSide({ name, objective, teacher, steps: STEPS, configs: grid({ learningRate }) });
const twoStages = taught('large pair, then a small query tower', 'both', RATES);

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'stages',
    statement:
      'A small query tower that was taught by a large pair has an nDCG@10 at least 0.01 above that of one trained end to end with a large document tower.',
    metric: 'nDCG@10',
    margin: { absolute: 0.01 },
    data: towerData,
    baseline: togetherSide(together('small queries, large documents', 'small', 'large', RATES)),
    method: twoStages,
    controls: [taught('squared distance only', 'MSE', [3e-4]), taught('cosine only', 'cosine', [3e-4])],
    rivals: [togetherSide(together('small pair', 'small', 'small', RATES))],
  }),
  pairClaim({
    id: 'large',
    statement: 'It loses no more than 0.03 of nDCG@10 against the large query tower.',
    metric: 'nDCG@10',
    margin: { absolute: -0.03 },
    data: towerData,
    baseline: togetherSide(large),
    method: twoStages,
  }),
];
