import { Random } from '../../../src/base/random.ts';
import type { RankedList } from '../../../src/eval/index.ts';
import { LinearMap, transpose, unitRows } from '../../../src/math/index.ts';
import { identity, type Parameters as ModelParameters, type Tensor } from '../../../src/tensor/index.ts';
import {
  cosines,
  type InfoNCEOptions,
  infoNCE,
  learnedTemperature,
  mergeCheckpoints,
} from '../../../src/train/index.ts';
import { type Config, type Contestant, type Lab, material, type Paper } from '../../grading/index.ts';
import type { Split } from '../../grading/types.ts';
import { type Fit, fitting, type TrainedHeads, type Training } from '../../protocols/heads.ts';
import {
  type Grades,
  gradesOf,
  grid,
  type Pairs,
  type PairTower,
  pairBatches,
  pairClaim,
  pairContestant,
  pairs,
  rankingMetric,
  rankings,
  sharedHead,
  splitsOf,
} from '../../protocols/pairs.ts';
import { mixedBatches, requestBatches, taskNames, tasks, toolTask } from './tasks.ts';

const SIZE = 64;
/** Of the paper. */
const HARDNESS = 9;

/** Options of the loss, by setting and batch. */
type Options = (config: Config, batch: Readonly<Record<string, Tensor>>) => InfoNCEOptions;

/** InfoNCE with some of its options, over frozen vectors. */
const contrast = (lab: Lab, batch: Training<PairTower>['batch'], steps: number, options: Options): Fit<PairTower> =>
  sharedHead(batch, lab.pick(20, steps), (scores, config, given) =>
    infoNCE(scores, { temperature: Number(config['temperature']), ...options(config, given) }),
  );

const RATES = [1e-3, 3e-3];
/** Queries of a task that are judged, so that every task counts the same. */
const JUDGED = 250;
/** Each mixture has three of five batches of one task. */
const MIXTURES = [
  [3, 1, 1],
  [1, 3, 1],
  [1, 1, 3],
];

/** Truth of all tasks; units are `task:query`. */
async function mixed(lab: Lab) {
  const all = await tasks(lab);
  const truth = new Map<string, Grades>();
  const splits = new Map<string, Split>();
  all.forEach((data, task) => {
    const [grades, splitOf] = [gradesOf(data), splitsOf(data)];
    for (const split of ['dev', 'test'] as const) {
      const asked = data.queryIds.filter((id) => splitOf(id) === split).slice(0, JUDGED);
      for (const id of asked) {
        truth.set(`${taskNames[task]}:${id}`, grades.get(id)!);
        splits.set(`${taskNames[task]}:${id}`, split);
      }
    }
  });
  return {
    all,
    claim: {
      truth,
      split: (unit: string) => splits.get(unit),
      sources: Object.assign({}, ...all.map(({ sources }) => sources)) as Readonly<Record<string, string>>,
      measure: rankingMetric('ndcg@10'),
    },
  };
}

/** Answers queries of all tasks by the same heads. */
function overTasks(
  name: string,
  all: readonly Pairs[],
  configs: readonly Config[],
  train: (...given: Parameters<Fit<PairTower>>) => Promise<Pick<TrainedHeads<PairTower>, 'encode'>>,
): Contestant<Grades, RankedList> {
  return {
    name,
    configs,
    fit: async (config, context) => {
      const heads = await train(config, context);
      const lists = new Map<string, RankedList>();
      for (const [task, data] of all.entries())
        for (const [id, list] of await rankings(data, heads)) lists.set(`${taskNames[task]}:${id}`, list);
      return { answer: (unit) => lists.get(unit)! };
    },
  };
}

/** Full linear maps on one mixture: the setting `mixture` says which. */
function onMixture(lab: Lab, all: readonly Pairs[]): Fit<PairTower> {
  return fitting((config) => ({
    towers: { query: { form: 'linear' }, document: 'query' },
    loss: (encode, { queries, documents, exclude }) =>
      infoNCE(cosines(encode('query', queries!), encode('document', documents!)), {
        temperature: 0.05,
        exclude: exclude!,
      }),
    batch: mixedBatches(all, MIXTURES[Number(config['mixture'])] ?? [1, 1, 1], SIZE),
    steps: lab.pick(10, 200),
    learningRate: Number(config['learningRate']),
  }));
}

/** The mean of the maps learned on all mixtures, as heads. */
function soup(
  train: Fit<PairTower>,
): (...given: Parameters<Fit<PairTower>>) => Promise<Pick<TrainedHeads<PairTower>, 'encode'>> {
  return async ({ learningRate }, context) => {
    const trained: ModelParameters[] = [];
    for (const mixture of MIXTURES.keys())
      trained.push((await train({ mixture, learningRate: learningRate! }, context)).parameters);
    const start = trained[0]!.clone();
    const [name] = start.names;
    const { data, shape } = start.get(name!);
    start.set(name!, identity(shape, new Random(1)), shape);
    const merged = mergeCheckpoints(start, trained).get(name!);
    const map = new LinearMap(transpose(merged.data, shape[1]!), Math.sqrt(data.length));
    return { encode: async (_, vectors) => unitRows(map.apply(vectors)) };
  };
}

export const paper: Paper = {
  slug: 'rzenembed',
  summary:
    'InfoNCE that leaves out negatives too near to the positive, weighs hard ones more, and learns a temperature for each task; models trained on several mixtures are averaged.',
  parts: ['train/objectives/contrastive', 'train/merge', 'tensor/fit'],
  departures: [
    'The loss and the averaging are taken from the paper, which trains a multimodal language model; here it is a head over frozen vectors of use-lite.',
    'Weights by hardness are without gradient, which the paper leaves open. The threshold is relative to the cosine of the positive, which must be above 0.05.',
    'The threshold and the hardness are tuned around the published 0.95 and 9; plain InfoNCE has as many temperatures to choose from, among them those at which weighing with a gradient would be the same.',
    'The soup averages full linear maps that start from the identity, each learned on another mixture of three tasks; the paper averages low-rank updates of a whole model.',
  ],
  reach: { exports: ['train/infoNCE', 'train/learnedTemperature', 'train/mergeCheckpoints'], byDefault: false },
  claims: [
    pairClaim({
      id: 'mask',
      statement:
        'Where batches hold unmarked answers among the negatives, leaving out what is too near to the positive gives an nDCG@10 at least 0.01 above that of plain InfoNCE on requests held out.',
      metric: 'nDCG@10',
      margin: { absolute: 0.01 },
      seconds: { quick: 8, full: 25 },
      load: async (lab) => {
        const data = await toolTask(lab);
        const batch = requestBatches(data, SIZE);
        const side = (name: string, configs: Config[], options: Options) =>
          pairContestant(name, data, configs, contrast(lab, batch, 400, options));
        const temperature = [0.02, 0.05, 0.1];
        const masked = grid({ share: [0.8, 0.95], temperature, learningRate: RATES });
        return {
          data,
          baseline: side(
            'InfoNCE',
            grid({ temperature: [0.01, 0.02, 0.03, 0.05, 0.1, 0.2], learningRate: RATES }),
            () => ({}),
          ),
          method: side('without probable answers', masked, ({ share }) => ({ falseNegatives: Number(share) })),
          controls: [
            side('with hardness as well', masked, ({ share }) => ({
              falseNegatives: Number(share),
              hardness: HARDNESS,
            })),
            side('answers marked', grid({ temperature, learningRate: RATES }), (_, { known }) => ({ exclude: known! })),
          ],
        };
      },
    }),
    pairClaim({
      id: 'hardness',
      statement:
        'Weighing negatives by hardness gives a better nDCG@10 than plain InfoNCE with a tuned temperature on command descriptions held out.',
      metric: 'nDCG@10',
      seconds: { quick: 2, full: 35 },
      load: async (lab) => {
        const data = await pairs(lab, 'tldr', lab.pick(300, 3000));
        const batch = pairBatches(data, { size: SIZE });
        const side = (name: string, configs: Config[], options: Options) =>
          pairContestant(name, data, configs, contrast(lab, batch, 400, options));
        // 0.017, 0.034 and 0.053 are 1 / (1 / t + 9) of 0.02, 0.05 and 0.1.
        const temperatures = [0.01, 0.017, 0.02, 0.034, 0.05, 0.053, 0.1];
        return {
          data,
          baseline: side('InfoNCE', grid({ temperature: temperatures, learningRate: RATES }), (_, { exclude }) => ({
            exclude: exclude!,
          })),
          method: side(
            'weighed by hardness',
            grid({ hardness: [HARDNESS / 2, HARDNESS], temperature: [0.02, 0.05, 0.1], learningRate: RATES }),
            ({ hardness }, { exclude }) => ({ exclude: exclude!, hardness: Number(hardness) }),
          ),
        };
      },
    }),
    {
      id: 'temperature',
      kind: 'comparative',
      statement:
        'On three tasks learned at once, a learned temperature for each gives a better mean nDCG@10 than one that is tuned for all.',
      metric: 'nDCG@10',
      margin: {},
      seeds: [1, 2, 3],
      seconds: { quick: 1, full: 25 },
      load: async (lab) => {
        const { all, claim } = await mixed(lab);
        const learned = (perTask: boolean): Fit<PairTower> =>
          sharedHead(
            mixedBatches(all, [1, 1, 1], SIZE),
            lab.pick(10, 400),
            (scores, config, { exclude, task }, scope) => {
              const start = Number(config['temperature']);
              const temperature = perTask
                ? learnedTemperature(scope, { start, tasks: { ids: task!, count: all.length } })
                : start;
              return infoNCE(scores, { temperature, exclude: exclude! });
            },
          );
        const configs = grid({ temperature: [0.02, 0.05, 0.1], learningRate: RATES });
        const tried = configs;
        return material<Grades, RankedList>({
          ...claim,
          baseline: overTasks('one temperature', all, tried, learned(false)),
          method: overTasks('a learned temperature for each task', all, tried, learned(true)),
        });
      },
    },
    {
      id: 'soup',
      kind: 'comparative',
      statement:
        'The mean of three maps learned on different mixtures of the tasks has a better mean nDCG@10 than the best of the three.',
      metric: 'nDCG@10',
      margin: {},
      seeds: [1, 2, 3],
      seconds: { quick: 2, full: 30 },
      load: async (lab) => {
        const { all, claim } = await mixed(lab);
        const train = onMixture(lab, all);
        const rates = lab.pick([RATES[0]!], [3e-4, ...RATES]);
        const single = grid({ mixture: lab.pick([0], [...MIXTURES.keys()]), learningRate: rates });
        return material<Grades, RankedList>({
          ...claim,
          baseline: overTasks('the best of three', all, single, train),
          method: overTasks('their mean', all, grid({ learningRate: rates }), soup(train)),
          controls: [overTasks('one on an even mixture', all, grid({ mixture: [-1], learningRate: rates }), train)],
        });
      },
    },
  ],
};
