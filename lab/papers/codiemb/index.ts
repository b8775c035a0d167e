import { cosent, gradedSimilarity } from '../../../src/train/index.ts';
import type { Claim } from '../../grading/index.ts';
import { type GradedRecipe, gradedClaim } from '../../protocols/graded.ts';
import { grid } from '../../protocols/learning.ts';

const CONFIGS = grid({ temperature: [0.05, 0.1], learningRate: [1e-4, 3e-4, 1e-3] });
/** Of controls that are not tuned. */
const FIXED = [{ temperature: 0.05, learningRate: 1e-4 }];

const recipe = (name: string, more: Partial<GradedRecipe>): GradedRecipe => ({
  name,
  configs: CONFIGS,
  steps: 120,
  batches: 'single-task',
  similarity: gradedSimilarity,
  ...more,
});
const codiemb = recipe('own losses, single-task batches', {});
const joint = recipe('one InfoNCE, mixed batches', { batches: 'mixed', similarity: 'infoNCE' });
const merged = recipe('three models', { configs: grid({ temperature: [0.05], learningRate: [1e-4, 3e-4, 1e-3] }) });

export const claims: readonly Claim[] = [
  gradedClaim({
    id: 'similarity',
    statement:
      "Losses of each task's own in single-task batches give a Spearman's correlation of held-out pairs at least 0.02 above that of one InfoNCE in mixed batches.",
    margin: { absolute: 0.02 },
    tested: 'similarity',
    baseline: joint,
    method: codiemb,
    controls: [
      'frozen',
      recipe('CoSENT for pairs', { configs: FIXED, similarity: cosent }),
      recipe('without Pearson', { configs: FIXED, similarity: (x, y) => gradedSimilarity(x, y, { pearson: 0 }) }),
      recipe('without ranks', { configs: FIXED, similarity: (x, y) => gradedSimilarity(x, y, { rank: 0 }) }),
      recipe('without preferences', {
        configs: FIXED,
        similarity: (x, y) => gradedSimilarity(x, y, { preference: 0 }),
      }),
    ],
  }),
  gradedClaim({
    id: 'retrieval',
    statement: 'The same model loses no more than 0.01 of nDCG@10 against one that is trained for retrieval alone.',
    margin: { absolute: -0.01 },
    tested: 'retrieval',
    baseline: recipe('retrieval alone', { batches: 'retrieval' }),
    method: codiemb,
    controls: [joint],
  }),
  gradedClaim({
    id: 'batches',
    statement: 'With the same losses, single-task batches have a better mean of both figures than mixed ones.',
    tested: 'both',
    baseline: recipe('own losses, mixed batches', { batches: 'mixed' }),
    method: codiemb,
  }),
  gradedClaim({
    id: 'fusion',
    statement:
      'Three models that saw the tasks in other proportions have a better mean of both figures when merged by how far each array moved than when merged evenly.',
    tested: 'both',
    baseline: { name: 'merged evenly', merged, rule: 'uniform' },
    method: { name: 'merged by deviation', merged, rule: 'delta' },
    controls: [{ ...merged, name: 'one model, tasks evenly' }],
  }),
];
