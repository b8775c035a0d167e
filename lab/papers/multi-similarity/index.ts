import {
  batchHardTriplet,
  binomialDeviance,
  contrastivePairs,
  liftedStructure,
  multiSimilarity,
} from '../../../src/train/index.ts';
import type { Claim } from '../../grading/index.ts';
import { classClaim, classRecipe, drawings, entityNames, UNTRAINED } from '../../protocols/classes.ts';
import { grid } from '../../protocols/learning.ts';

/** The losses that multi-similarity is compared with; each has a setting that is tuned with the learning rate. */
const LOSSES = {
  contrastive: contrastivePairs,
  triplet: batchHardTriplet,
  lifted: (...[vectors, labels, temperature = 0.1]: Given) => liftedStructure(vectors, labels, { temperature }),
  binomial: (...[vectors, labels, beta = 40]: Given) => binomialDeviance(vectors, labels, { beta }),
};
type Given = Parameters<typeof contrastivePairs>;

/** All recipes, with rates that suit what is trained. */
function recipes(learningRate: readonly number[], steps: number) {
  const classical = (loss: keyof typeof LOSSES, setting: readonly number[]) =>
    grid({ loss: [loss], setting, learningRate });
  const weighed = (name: string, options: Omit<Parameters<typeof multiSimilarity>[2] & {}, 'lambda'>) =>
    classRecipe({
      name,
      steps,
      configs: grid({ lambda: [0.3, 0.5, 0.7], learningRate }),
      loss: (vectors, labels, { lambda }) => multiSimilarity(vectors, labels, { lambda, ...options }),
    });
  return {
    classical: classRecipe({
      name: 'contrastive, triplet, lifted or binomial',
      steps,
      configs: [
        ...classical('contrastive', [0.3, 0.5]),
        ...classical('triplet', [0.1, 0.3]),
        ...classical('lifted', [0.05, 0.1]),
        ...classical('binomial', [10, 40]),
      ],
      loss: (vectors, labels, { loss, setting }) => LOSSES[loss](vectors, labels, setting),
    }),
    full: weighed('multi-similarity', {}),
    unmined: weighed('multi-similarity without mining', { margin: null }),
    // With so small an alpha and beta every pair that is kept weighs nearly the same, and lambda hardly matters: which pairs are kept is
    // tuned in its place.
    unweighted: classRecipe({
      name: 'multi-similarity with even weights',
      steps,
      configs: grid({ margin: [0.05, 0.1, 0.2, 0.4], learningRate }),
      loss: (vectors, labels, { margin }) => multiSimilarity(vectors, labels, { margin, alpha: 0.01, beta: 0.01 }),
    }),
  };
}

const ofNames = recipes([3e-5, 1e-4, 3e-4], 80);
const ofDrawings = recipes([3e-4, 1e-3, 3e-3], 300);

export const claims: readonly Claim[] = [
  classClaim({
    id: 'names',
    statement:
      'Among synonyms of medical entities never seen in training, the nearest neighbour names the same entity more often than after the best of contrastive, batch-hard triplet, lifted structure and binomial deviance.',
    metric: 'Recall@1',
    data: entityNames,
    baseline: ofNames.classical,
    method: ofNames.full,
    controls: [UNTRAINED],
  }),
  classClaim({
    id: 'drawings',
    statement: 'The same for drawings of characters never seen in training, by a two-layer network over their pixels.',
    metric: 'Recall@1',
    data: drawings,
    baseline: ofDrawings.classical,
    method: ofDrawings.full,
    controls: [UNTRAINED],
  }),
  classClaim({
    id: 'weights',
    statement:
      'On the same names, mining and weighting are better than mining with all kept pairs weighing nearly the same.',
    metric: 'Recall@1',
    data: entityNames,
    baseline: ofNames.unweighted,
    method: ofNames.full,
    controls: [ofNames.unmined],
  }),
];
