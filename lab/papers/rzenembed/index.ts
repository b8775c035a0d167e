import { type InfoNCEOptions, infoNCE, learnedTemperature } from '../../../src/train/index.ts';
import type { Claim, Config, Lab } from '../../grading/index.ts';
import { grid } from '../../protocols/learning.ts';
import { mergedSide, pairClaim } from '../../protocols/pair-claims.ts';
import { joined, pairs } from '../../protocols/pairs.ts';
import { type PairArrays, type PairRecipe, pairRecipe } from '../../protocols/recipes.ts';
import { describedTools, toolPairs, unmarked } from '../../protocols/tools.ts';

const STEPS = 80;
/** Of the paper. */
const HARDNESS = 9;
const learningRate = [3e-5, 1e-4, 3e-4];
const temperature = [0.03, 0.1];

/** InfoNCE with some of its options. */
const contrast = <Setting extends Config & { readonly temperature: number }>(
  name: string,
  configs: readonly Setting[],
  options: (config: Setting, batch: PairArrays) => InfoNCEOptions,
  more: Partial<PairRecipe<Setting>> = {},
) =>
  pairRecipe<Setting>({
    name,
    configs,
    steps: STEPS,
    loss: (scores, batch, config) => infoNCE(scores, { temperature: config.temperature, ...options(config, batch) }),
    ...more,
  });

/** Batches in which answers to other requests are not marked. */
const blind = { draw: (data: Parameters<typeof unmarked>[0]) => unmarked(data, 32) };
const plain = grid({ temperature: [0.01, 0.03, 0.05, 0.1], learningRate });
const masked = grid({ share: [0.8, 0.95], temperature, learningRate });
const excluded = (_: Config, { exclude }: PairArrays) => ({ exclude });

const commands = (lab: Lab) => pairs(lab, 'tldr', { most: 2000, train: 'encoder' });

/** Three kinds of questions of different difficulty, learned at once; as many queries of each are judged. */
const tasks = (lab: Lab) =>
  lab.once('rzenembed tasks', async () =>
    joined(
      {
        metatool: await toolPairs(lab, { perTool: 8, learn: 'encoder' }),
        gorilla_apibench: await pairs(lab, 'gorilla_apibench', { most: 1000, train: 'encoder' }),
        tldr: await pairs(lab, 'tldr', { most: 1000, train: 'encoder' }),
      },
      lab.pick(20, 200),
    ),
  );

/** Each mixture has three of five batches of one task; the last is even. */
const MIXTURES = [
  [3, 1, 1],
  [1, 3, 1],
  [1, 1, 3],
  [1, 1, 1],
] as const;
const onMixture = (name: string, mixture: readonly number[]) =>
  contrast(name, grid({ temperature: [0.05], mixture, learningRate }), excluded, {
    mixture: ({ mixture: which }) => MIXTURES[which]!,
  });
const single = onMixture('the best of three', [0, 1, 2]);

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'mask',
    statement:
      'Where batches hold unmarked answers among the negatives, leaving out what is too near to the positive gives an nDCG@10 at least 0.01 above that of plain InfoNCE on requests held out.',
    metric: 'nDCG@10',
    margin: { absolute: 0.01 },
    data: describedTools,
    baseline: contrast('InfoNCE', plain, () => ({}), blind),
    method: contrast('without probable answers', masked, ({ share }) => ({ falseNegatives: share }), blind),
    controls: [
      contrast(
        'answers marked',
        grid({ temperature: [0.05], learningRate }),
        (_, { relevant }) => ({ exclude: relevant }),
        blind,
      ),
    ],
  }),
  pairClaim({
    id: 'hardness',
    statement:
      'Weighing negatives by hardness gives a better nDCG@10 than plain InfoNCE with a tuned temperature on command descriptions held out.',
    metric: 'nDCG@10',
    data: commands,
    // 0.024 and 0.053 are 1 / (1 / t + 9) of 0.03 and 0.1.
    baseline: contrast('InfoNCE', grid({ temperature: [0.024, 0.03, 0.053, 0.1], learningRate }), excluded),
    method: contrast(
      'weighed by hardness',
      grid({ hardness: [HARDNESS / 2, HARDNESS], temperature, learningRate }),
      ({ hardness }, { exclude }) => ({ exclude, hardness }),
    ),
  }),
  pairClaim({
    id: 'temperature',
    statement:
      'On three tasks learned at once, a learned temperature for each gives a better mean nDCG@10 than one that is tuned for all.',
    metric: 'nDCG@10',
    data: tasks,
    baseline: contrast('one temperature', grid({ temperature, learningRate }), excluded),
    method: pairRecipe({
      name: 'a learned temperature for each task',
      configs: grid({ temperature, learningRate }),
      steps: STEPS,
      loss: (scores, { exclude, task }, { temperature: start }, scope) =>
        infoNCE(scores, {
          temperature: learnedTemperature(scope, { start, tasks: { ids: task, count: 3 } }),
          exclude,
        }),
    }),
  }),
  pairClaim({
    id: 'soup',
    statement:
      'The mean of three models learned on different mixtures of the tasks has a better mean nDCG@10 than the best of the three.',
    metric: 'nDCG@10',
    data: tasks,
    baseline: single,
    method: mergedSide('their mean', single, grid({ temperature: [0.05], learningRate }), (config) =>
      [0, 1, 2].map((mixture) => ({ ...config, mixture })),
    ),
    controls: [onMixture('one on an even mixture', [3])],
  }),
];
