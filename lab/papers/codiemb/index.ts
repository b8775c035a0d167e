import { cosent, gradedSimilarity } from '../../../src/train/index.ts';
import type { Paper } from '../../grading/index.ts';
import { type GradedRecipe, gradedClaim } from '../../protocols/graded.ts';
import { grid } from '../../protocols/learning.ts';

const CONFIGS = grid({ temperature: [0.05, 0.1], learningRate: [3e-5, 1e-4, 3e-4] });
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
const merged = recipe('three models', { configs: grid({ temperature: [0.05], learningRate: [3e-5, 1e-4, 3e-4] }) });

export const paper: Paper = {
  slug: 'codiemb',
  summary:
    'One encoder for retrieval and for graded similarity: each task has losses and batches of its own, and models that saw the tasks in other proportions are merged by how far they moved.',
  parts: [
    'train/objectives/similarity',
    'train/objectives/contrastive',
    'train/samplers',
    'train/merge',
    'encode/bert/last-layers',
  ],
  departures: [
    'The last layer of MiniLM is trained, where the paper trains language models; no loss on inner layers.',
    'Retrieval is of tools for requests (MetaTool), with in-batch negatives and one positive a query: no mined negatives and no siblings. Similarity is of titles of Open Clip Art, graded by the overlap of their keywords, half of the pairs sharing one.',
    "A value of similarity is Spearman's correlation in a group of 32 pairs, since a correlation of all pairs has no values to draw from. Test groups have no pair in common, but titles.",
    'Settings are chosen by the mean of 150 requests and 150 groups for all claims alike, so that no side is tuned for one task alone.',
    'Joint InfoNCE takes pairs of an overlap of at least 0.5 for right; requests, tools and titles of a batch are negatives of each other.',
    'All are trained in 120 steps of 32 examples, so that what is trained for one task alone sees twice as many of it; the three models that are merged take three times as many.',
    'The rule of the fusion is a reconstruction, for the paper gives none: an array moves by the mean of its deviations from the start, weighed by their length.',
  ],
  seconds: { quick: 26, full: 1300 },
  reach: {
    exports: ['train/gradedSimilarity', 'train/cosent', 'train/taskBatches', 'train/mergeCheckpoints'],
    byDefault: false,
  },
  claims: [
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
  ],
};
