import { batchAUC, infoNCE } from '../../../src/train/index.ts';
import type { Claim, Lab } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { grid } from '../../protocols/learning.ts';
import { lossOf } from '../../protocols/losses.ts';
import { pairClaim } from '../../protocols/pair-claims.ts';
import { pairs } from '../../protocols/pairs.ts';
import { FROZEN, pairRecipe } from '../../protocols/recipes.ts';

const commands = (lab: Lab) => pairs(lab, 'tldr', { most: 2000, train: 'encoder' });

/** Both losses on the same batches, with one hard negative for each query. */
const COMMON = {
  steps: 80,
  size: 24,
  hard: { from: 0, to: 30, count: 1 },
  configs: grid({ temperature: [0.03, 0.1], learningRate: [3e-5, 1e-4, 3e-4] }),
};
const contrast = pairRecipe({
  ...COMMON,
  name: 'InfoNCE',
  loss: (scores, { exclude }, { temperature }) => infoNCE(scores, { temperature, exclude }),
});
const untrained = { ...FROZEN, name: 'not trained' };
const area = pairRecipe({
  ...COMMON,
  name: 'AUC loss',
  loss: (scores, { exclude }, { temperature }) => batchAUC(scores, temperature, exclude),
});

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'auc',
    statement:
      "On command descriptions held out, the chance that an answer outscores any query's hard negatives is at least 0.03 greater after the AUC loss than after InfoNCE.",
    metric: 'pooled AUC, 50 hardest negatives a query',
    margin: { absolute: 0.03 },
    data: commands,
    baseline: contrast,
    method: area,
    controls: [untrained],
  }),
  pairClaim({
    id: 'ranking',
    statement: 'It loses no more than 0.02 of MRR@10 by that.',
    metric: 'MRR@10',
    margin: { absolute: -0.02 },
    data: commands,
    baseline: contrast,
    method: area,
    controls: [untrained],
  }),
  exactClaim('code', {
    id: 'offset',
    statement: 'Random offsets of up to 0.5 to the scores of each query change InfoNCE by less than 1e-4.',
    check: async (lab) => {
      const data = await commands(lab);
      const of = (recipe: typeof contrast, offset: number) => lossOf(data, recipe, { temperature: 0.05 }, { offset });
      const [plain, shifted] = [await of(contrast, 0), await of(contrast, 0.5)];
      const [before, after] = [await of(area, 0), await of(area, 0.5)];
      return {
        metric: 'change of InfoNCE',
        value: Math.abs(shifted - plain),
        atMost: 1e-4,
        sources: data.sources,
        notes: [
          `InfoNCE ${plain.toFixed(5)} becomes ${shifted.toFixed(5)}; the AUC loss ${before.toFixed(5)} becomes ${after.toFixed(5)}.`,
        ],
      };
    },
  }),
];
