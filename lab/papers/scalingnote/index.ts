import type { Claim } from '../../grading/index.ts';
import { grid } from '../../protocols/learning.ts';
import { pairClaim } from '../../protocols/pair-claims.ts';
import { type Kind, type Together, taughtSide, togetherSide, towerData } from '../../protocols/towers.ts';

const STEPS = 100;
const [RATES, TEMPERATURES] = [
  [1e-4, 3e-4, 1e-3],
  [0.05, 0.1],
] as const;

const together = (name: string, query: Kind, document: Kind, steps = STEPS): Together => ({
  name,
  query,
  document,
  steps,
  configs:
    steps === 0 ? [{ temperature: 0.05, learningRate: 0 }] : grid({ temperature: TEMPERATURES, learningRate: RATES }),
});
const teacher = together('large pair', 'large', 'large');

/** The rate of the teacher is tuned with that of the student. */
const taught = (
  name: string,
  objective: 'both' | 'MSE' | 'cosine',
  configs = grid({ teacherRate: RATES, learningRate: [3e-4, 1e-3] }),
) => taughtSide({ name, objective, teacher, steps: STEPS, configs });
const FIXED = [{ teacherRate: 3e-4, learningRate: 3e-4 }] as const;
const twoStages = taught('large pair, then a small query tower', 'both');

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'stages',
    statement:
      'A small query tower that was taught by a large pair has an nDCG@10 at least 0.01 above that of one trained end to end with a large document tower.',
    metric: 'nDCG@10',
    margin: { absolute: 0.01 },
    data: towerData,
    baseline: togetherSide(together('small queries, large documents', 'small', 'large')),
    method: twoStages,
    controls: [taught('squared distance only', 'MSE', [...FIXED]), taught('cosine only', 'cosine', [...FIXED])],
    rivals: [
      togetherSide(together('small pair', 'small', 'small')),
      togetherSide(together('small pair, not tuned', 'small', 'small', 0)),
    ],
  }),
  pairClaim({
    id: 'large',
    statement: 'It loses no more than 0.03 of nDCG@10 against the large query tower.',
    metric: 'nDCG@10',
    margin: { absolute: -0.03 },
    data: towerData,
    baseline: togetherSide(teacher),
    method: twoStages,
  }),
];
