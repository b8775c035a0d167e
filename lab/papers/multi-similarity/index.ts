import type { Tensor } from '../../../src/tensor/index.ts';
import {
  batchHardTriplet,
  binomialDeviance,
  contrastivePairs,
  liftedStructure,
  multiSimilarity,
} from '../../../src/train/index.ts';
import { type Config, type Lab, material, type Paper } from '../../grading/index.ts';
import {
  type Classes,
  classBatches,
  classContestant,
  classMaterial,
  drawings,
  entityNames,
} from '../../protocols/classes.ts';
import { fitting, type HeadShape, type Training } from '../../protocols/heads.ts';

type Loss = (vectors: Tensor, labels: Tensor, setting: number) => Tensor;

/** The losses that multi-similarity is compared with; each has a setting that is tuned with the learning rate. */
const CLASSICAL: Readonly<Record<string, { readonly loss: Loss; readonly settings: readonly number[] }>> = {
  'contrastive, margin': { loss: contrastivePairs, settings: [0.3, 0.5, 0.7] },
  'batch-hard triplet, margin': { loss: batchHardTriplet, settings: [0.1, 0.3] },
  'lifted structure, temperature': {
    loss: (vectors, labels, temperature) => liftedStructure(vectors, labels, { temperature }),
    settings: [0.05, 0.1],
  },
  'binomial deviance, beta': {
    loss: (vectors, labels, beta) => binomialDeviance(vectors, labels, { beta }),
    settings: [10, 40],
  },
};

const RATES = [1e-3, 3e-3];

/** A head trained on PK batches of 16 classes with 5 members each. */
function training(data: Classes, head: HeadShape, steps: number, config: Config, loss: Loss): Training<'all'> {
  return {
    towers: { all: head },
    loss: (encode, { vectors, labels }) => loss(encode('all', vectors!), labels!, Number(config['setting'])),
    batch: classBatches(data, 16, 5),
    steps,
    learningRate: Number(config['learningRate']),
  };
}

function contestants(lab: Lab, data: Classes, head: HeadShape, steps: number) {
  const tuned = (settings: readonly number[], rates: readonly number[]) =>
    settings.flatMap((setting) => rates.map((learningRate) => ({ setting, learningRate })));
  const configs = tuned([0.1, 0.3, 0.5, 0.7], RATES);
  const variant = (
    name: string,
    options: { readonly margin?: null; readonly alpha?: number; readonly beta?: number },
  ) =>
    classContestant(
      name,
      data,
      configs,
      fitting((config) =>
        training(data, head, steps, config, (vectors, labels, lambda) =>
          multiSimilarity(vectors, labels, { lambda, ...options }),
        ),
      ),
    );
  const fitClassical = fitting((config) =>
    training(data, head, steps, config, CLASSICAL[String(config['loss'])]!.loss),
  );
  const classical = (names: readonly string[]) => {
    const tried = names.flatMap((loss) =>
      CLASSICAL[loss]!.settings.flatMap((setting) => RATES.map((learningRate) => ({ loss, setting, learningRate }))),
    );
    return classContestant(
      names.length === 1 ? names[0]!.replace(/,.*/, '') : 'contrastive, triplet, lifted or binomial',
      data,
      tried,
      fitClassical,
    );
  };
  return {
    best: classical(Object.keys(CLASSICAL)),
    each: Object.keys(CLASSICAL).map((name) => classical([name])),
    full: variant('multi-similarity', {}),
    unmined: variant('multi-similarity without mining', { margin: null }),
    // With so small an alpha and beta every pair that is kept weighs nearly the same, and lambda hardly matters: which pairs are
    // kept is tuned in its place.
    unweighted: classContestant(
      'multi-similarity with even weights',
      data,
      lab.pick(configs.slice(0, 1), tuned([0.02, 0.05, 0.1, 0.2, 0.4], [...RATES, 1e-2])),
      fitting((config) =>
        training(data, head, steps, config, (vectors, labels, margin) =>
          multiSimilarity(vectors, labels, { margin, alpha: 0.01, beta: 0.01 }),
        ),
      ),
    ),
    frozen: classContestant(
      'frozen vectors',
      data,
      [{}],
      fitting(() => training(data, { form: 'frozen' }, 0, {}, contrastivePairs)),
    ),
  };
}

function names(lab: Lab) {
  return lab.once('multi-similarity names', async () => {
    const data = await entityNames(lab);
    return { data, ...contestants(lab, data, { form: 'low-rank' }, lab.pick(30, 300)) };
  });
}

export const paper: Paper = {
  slug: 'multi-similarity',
  summary:
    'A loss over pairs by class that mines the informative ones and weighs each by its own similarity and by those around it.',
  parts: ['train/objectives/metric', 'train/objectives/pairwise', 'train/samplers', 'tensor/fit'],
  departures: [
    'A head over frozen vectors (use-lite, or pixels) is trained, where the paper trains a convolutional network.',
    "Defaults are those of the authors' code (alpha 2, beta 40); lambda and the learning rate are tuned. With even weights the margin of mining is tuned in place of lambda.",
    'Shape of head, batch, and steps were chosen by a first look at development classes, the same for every loss.',
  ],
  reach: { exports: ['train/multiSimilarity'], byDefault: false },
  claims: [
    {
      id: 'names',
      kind: 'comparative',
      statement:
        'Among synonyms of medical entities never seen in training, the nearest neighbour names the same entity more often than after the best of contrastive, batch-hard triplet, lifted structure and binomial deviance.',
      metric: 'Recall@1',
      margin: {},
      seeds: [1, 2, 3, 4, 5],
      seconds: { quick: 6, full: 60 },
      load: async (lab) => {
        const { data, best, each, full, frozen } = await names(lab);
        return material<number, number>({
          ...classMaterial(data),
          baseline: best,
          method: full,
          controls: [...each, frozen],
        });
      },
    },
    {
      id: 'drawings',
      kind: 'comparative',
      statement:
        'The same for drawings of characters never seen in training, by a two-layer network over their pixels.',
      metric: 'Recall@1',
      margin: {},
      seeds: [1, 2, 3, 4, 5],
      seconds: { quick: 6, full: 85 },
      load: async (lab) => {
        const data = await drawings(lab);
        const { best, full, frozen } = contestants(lab, data, { form: 'mlp', widths: [256, 64] }, lab.pick(20, 400));
        return material<number, number>({ ...classMaterial(data), baseline: best, method: full, controls: [frozen] });
      },
    },
    {
      id: 'weights',
      kind: 'comparative',
      statement:
        'On the same names, mining and weighting are better than mining with all kept pairs weighing nearly the same.',
      metric: 'Recall@1',
      margin: {},
      seeds: [1, 2, 3, 4, 5],
      seconds: { quick: 4, full: 25 },
      load: async (lab) => {
        const { data, full, unmined, unweighted } = await names(lab);
        return material<number, number>({
          ...classMaterial(data),
          baseline: unweighted,
          method: full,
          controls: [unmined],
        });
      },
    },
  ],
};
