import { Random } from '../../../src/base/random.ts';
import type { Vectors } from '../../../src/base/vectors.ts';
import { nativeRuntime } from '../../../src/encode/index.ts';
import { type RankedList, spearman } from '../../../src/eval/index.ts';
import { dot } from '../../../src/math/index.ts';
import {
  add,
  addAll,
  type Batch,
  concat,
  drawn,
  fit,
  gelu,
  identity,
  linear,
  matmul,
  multiply,
  Parameters,
  run,
  type Scope,
  scale,
  sum,
  type Tensor,
  type Tensors,
  toValue,
  toVectors,
  unitLength,
  zeros,
} from '../../../src/tensor/index.ts';
import {
  cosent,
  cosines,
  infoNCE,
  mergeCheckpoints,
  pearsonLoss,
  preferenceRanking,
  rankKL,
  taskBatches,
} from '../../../src/train/index.ts';
import { type Config, type Contestant, type Lab, material, type Paper } from '../../grading/index.ts';
import type { Split } from '../../grading/types.ts';
import {
  Deck,
  examplesOf,
  type Grades,
  gradesOf,
  knownAnswers,
  type Pairs,
  rankingMetric,
  rankings,
  toolRequestPairs,
} from '../../protocols/pairs.ts';
import { type Graded, type GradedPair, gradedTitles } from './data.ts';

/** Examples of a step; in mixed batches half of them are of either task. */
const SIZE = 64;
const STEPS = 300;
/** Pairs whose rank correlation is one value: a batch of the paper. */
const GROUP = 32;
/** Development units of either task, so that both count the same in what settings are chosen by. */
const CHOSEN_BY = 200;
/** Of the paper. */
const TEMPERATURE = 0.05;

const TASKS = ['retrieval', 'similarity'] as const;
type Task = (typeof TASKS)[number];

interface Data {
  readonly requests: Pairs;
  readonly graded: Graded;
  /** Pairs of the groups, by unit. */
  readonly groups: ReadonlyMap<string, readonly GradedPair[]>;
  readonly splitOf: (unit: string) => Split | undefined;
  readonly sources: Readonly<Record<string, string>>;
}

function load(lab: Lab): Promise<Data> {
  return lab.once('codiemb', async () => {
    const [requests, graded] = [await toolRequestPairs(lab), await gradedTitles(lab)];
    const groups = new Map<string, readonly GradedPair[]>();
    const splits = new Map<string, Split>();
    const addGroup = (split: Split, pairs: readonly GradedPair[]) => {
      const unit = `pairs:${split}:${groups.size}`;
      groups.set(unit, pairs);
      splits.set(unit, split);
    };
    const { dev, test } = graded.pairs;
    // Tests are of pairs of their own; development groups are drawn again and again, to be as many as development queries.
    for (let from = 0; from + GROUP <= test.length; from += GROUP) addGroup('test', test.slice(from, from + GROUP));
    const deck = new Deck(dev.length, new Random(3));
    for (let i = 0; i < CHOSEN_BY; i++)
      addGroup(
        'dev',
        deck.next(GROUP).map((at) => dev[at]!),
      );
    let asked = 0;
    requests.queryIds.forEach((id, row) => {
      const split = requests.splits[row]!;
      if (split === 'test' || (split === 'dev' && asked++ < CHOSEN_BY)) splits.set(`query:${id}`, split);
    });
    return {
      requests,
      graded,
      groups,
      splitOf: (unit) => splits.get(unit),
      sources: { ...requests.sources, ...graded.sources },
    };
  });
}

/** A linear map that starts as the identity, and a residual block, over frozen vectors. @returns unit length. */
function encoder(scope: Scope, x: Tensor): Tensor {
  const dim = x.shape[1] as number;
  const mapped = matmul(x, scope.parameter('map', [dim, dim], identity));
  const inner = gelu(linear(scope.at('up'), mapped, dim / 2));
  return unitLength(add(mapped, linear(scope.at('down'), inner, dim, { initializer: zeros })));
}

type Encode = (x: Tensor) => Tensor;

const similaritiesOf = (encode: Encode, { a, b }: Tensors): Tensor => sum(multiply(encode(a!), encode(b!)), 1);

/** Losses of graded similarity, by their weights in the paper. */
const GRADED_LOSSES = { pearson: 2, rank: 5, preference: 0.5 } as const;
type GradedLoss = keyof typeof GRADED_LOSSES;

function gradedLoss(similarities: Tensor, scores: Tensor, without?: GradedLoss): Tensor {
  const losses = {
    pearson: () => pearsonLoss(similarities, scores),
    rank: () => rankKL(similarities, scores, TEMPERATURE),
    preference: () => preferenceRanking(similarities, scores, TEMPERATURE),
  };
  return addAll(
    (Object.keys(losses) as GradedLoss[])
      .filter((name) => name !== without)
      .map((name) => scale(losses[name](), GRADED_LOSSES[name])),
  );
}

/** What is trained, and on which batches. */
interface Recipe {
  readonly batches: 'single-task' | 'mixed' | Task;
  /** Loss of graded pairs; `infoNCE` takes pairs of at least half of their keywords in common for right, and the rest of the batch for wrong. */
  readonly similarity: 'codiemb' | 'cosent' | 'infoNCE';
  readonly without?: GradedLoss;
  /** How many times the examples of either task are gone through for one time of the other's. Default 1 and 1. */
  readonly passes?: readonly [retrieval: number, similarity: number];
}

const CODIEMB: Recipe = { batches: 'single-task', similarity: 'codiemb' };

/** Overlap from which on {@link Recipe.similarity} `infoNCE` takes a pair for right. */
const RIGHT = 0.5;

/** Batches without end: `queries`, `documents`, `exclude`; or `a`, `b`, `scores`; or all of them. */
function batchesOf({ requests, graded }: Data, { batches, similarity, passes = [1, 1] }: Recipe, seed: number) {
  const random = new Random(seed);
  const examples = examplesOf(requests, 'train');
  const pairs = graded.pairs.train.filter(({ score }) => similarity !== 'infoNCE' || score >= RIGHT);
  // In a joint batch the texts of pairs come after requests and tools, as further rows and columns.
  const rows = batches === 'mixed' && similarity === 'infoNCE' ? SIZE : undefined;
  const retrieval = (chosen: readonly number[]): Batch => {
    const own = chosen.map((i) => examples[i]!);
    const size = rows ?? own.length;
    return {
      queries: toValue(requests.queries.pick(own.map(({ query }) => query))),
      documents: toValue(requests.documents.pick(own.map(({ document }) => document))),
      exclude: knownAnswers(requests, own, size),
    };
  };
  const similar = (chosen: readonly number[]): Batch => {
    const own = chosen.map((i) => pairs[i]!);
    return {
      a: toValue(graded.titles.pick(own.map(({ a }) => a))),
      b: toValue(graded.titles.pick(own.map(({ b }) => b))),
      scores: { data: Float32Array.from(own, ({ score }) => score), shape: [own.length] },
    };
  };
  const decks = [new Deck(examples.length, random), new Deck(pairs.length, random)] as const;
  if (batches === 'mixed')
    return (): Batch => ({ ...retrieval(decks[0].next(SIZE / 2)), ...similar(decks[1].next(SIZE / 2)) });
  if (batches === 'retrieval') return () => retrieval(decks[0].next(SIZE));
  if (batches === 'similarity') return () => similar(decks[1].next(SIZE));
  const [counts, makers] = [
    [examples.length, pairs.length],
    [retrieval, similar],
  ];
  const tasks = TASKS.flatMap((task, t) => new Array<Task>(passes[t]! * counts[t]!).fill(task));
  const starts = [0, passes[0] * counts[0]!];
  let waiting: ReturnType<typeof taskBatches> = [];
  return (): Batch => {
    if (waiting.length === 0) waiting = taskBatches(tasks, SIZE, random);
    const { task, batch } = waiting.pop()!;
    const t = TASKS.indexOf(task as Task);
    return makers[t]!(batch.map((place) => (place - starts[t]!) % counts[t]!));
  };
}

function lossOf({ similarity, without }: Recipe, { temperature }: Config, encode: Encode, batch: Tensors): Tensor {
  const losses: Tensor[] = [];
  const { queries, documents, exclude, scores } = batch;
  const contrast = { temperature: Number(temperature) };
  if (similarity === 'infoNCE' && queries !== undefined && scores !== undefined)
    return jointInfoNCE(encode, batch, contrast);
  if (queries !== undefined)
    losses.push(infoNCE(cosines(encode(queries), encode(documents!)), { ...contrast, exclude: exclude! }));
  if (scores !== undefined) {
    const similarities = similaritiesOf(encode, batch);
    losses.push(
      similarity === 'cosent' ? cosent(similarities, scores, TEMPERATURE) : gradedLoss(similarities, scores, without),
    );
  }
  return addAll(losses);
}

/** One InfoNCE over both tasks: requests and the first texts of pairs ask, tools and the second texts answer. */
function jointInfoNCE(encode: Encode, batch: Tensors, options: { readonly temperature: number }): Tensor {
  const [queries, documents] = [
    concat([batch['queries']!, batch['a']!], 0),
    concat([batch['documents']!, batch['b']!], 0),
  ];
  return infoNCE(cosines(encode(queries), encode(documents)), {
    ...options,
    exclude: batch['exclude']!,
  });
}

/** Trains by a recipe. */
type Train = (config: Config, context: { readonly seed: number; readonly signal: AbortSignal }) => Promise<Trained>;

interface Trained {
  readonly parameters: Parameters;
  readonly seconds: number;
}

/** Each configuration is trained once for every seed, however many claims ask for it. */
function training(lab: Lab, data: Data, recipe: Recipe): (...given: globalThis.Parameters<Train>) => Promise<Trained> {
  return (config, { seed, signal }) =>
    lab.once(JSON.stringify(['codiemb', recipe, config, seed]), async () => {
      const parameters = new Parameters(seed);
      const batch = batchesOf(data, recipe, seed);
      const { tookMs } = await fit(
        { parameters, forward: (scope, { given }) => encoder(scope, given!) },
        drawn(lab.pick(10, STEPS), batch),
        (forward, inputs) => lossOf(recipe, config, (given) => forward({ given }), inputs),
        { runtime: await nativeRuntime(), threads: 1, learningRate: Number(config['learningRate']), seed, signal },
      );
      return { parameters, seconds: tookMs / 1000 };
    });
}

/** Models that see one task more than the other, or both alike, and what they become together. */
const MIXTURES: readonly (readonly [number, number])[] = [
  [3, 1],
  [1, 3],
  [1, 1],
];

async function encoded(parameters: Parameters, vectors: Vectors): Promise<Vectors> {
  const how = { parameters, runtime: await nativeRuntime(), threads: 1 };
  const { output } = await run((scope, { given }) => encoder(scope, given!), { given: toValue(vectors) }, how);
  return toVectors(output!);
}

function merged(lab: Lab, data: Data, rule: 'uniform' | 'delta'): Train {
  return async (config, context) => {
    const trained: Trained[] = [];
    for (const passes of MIXTURES) trained.push(await training(lab, data, { ...CODIEMB, passes })(config, context));
    const start = new Parameters(context.seed);
    // Asks for every parameter once, so that they are what training began with.
    await encoded(start, data.requests.queries.slice(0, 1));
    return {
      parameters: mergeCheckpoints(
        start,
        trained.map(({ parameters }) => parameters),
        rule,
      ),
      seconds: trained.reduce((total, { seconds }) => total + seconds, 0),
    };
  };
}

/** Answers a unit with its ranking, or with the cosines of its pairs. */
type Answer = RankedList | Float64Array;
type Truth = Grades | readonly GradedPair[];

/** @param pairsBy with frozen vectors, settings are chosen by retrieval alone. */
function side(
  name: string,
  data: Data,
  configs: readonly Config[],
  train: Train,
  pairsBy: 'model' | 'frozen vectors' = 'model',
): Contestant<Truth, Answer> {
  const { requests, graded, groups } = data;
  return {
    name,
    configs,
    fit: async (config, context) => {
      const { parameters, seconds } = await train(config, context);
      const encode = (vectors: Vectors) => encoded(parameters, vectors);
      const lists = await rankings(requests, { encode: (_, vectors) => encode(vectors) });
      const titles = pairsBy === 'model' ? await encode(graded.titles) : graded.titles;
      const cosinesOf = (pairs: readonly GradedPair[]) =>
        Float64Array.from(pairs, ({ a, b }) => {
          const [x, y] = [titles.row(a), titles.row(b)];
          return dot(x, y);
        });
      const all = graded.pairs.test;
      return {
        answer: (unit) => {
          const pairs = groups.get(unit);
          return pairs === undefined ? lists.get(unit.slice('query:'.length))! : cosinesOf(pairs);
        },
        costs: {
          'Spearman of all test pairs': spearman(
            cosinesOf(all),
            all.map(({ score }) => score),
          ),
          's to train': seconds,
        },
      };
    },
  };
}

/** Both tasks choose; @param tested says what is reported. */
function common({ requests, groups, splitOf, sources }: Data, tested: Task | 'both') {
  const ndcg = rankingMetric('ndcg@10');
  const truth = new Map<string, Truth>(groups);
  for (const [id, grades] of gradesOf(requests)) truth.set(`query:${id}`, grades);
  const units = [...truth.keys()].filter((unit) => splitOf(unit) === 'test');
  const queries = units.filter((unit) => !groups.has(unit));
  const pairs = units.filter((unit) => groups.has(unit));
  const reported = new Set(
    tested === 'retrieval' ? queries : tested === 'similarity' ? pairs : [...pairs, ...queries.slice(0, pairs.length)],
  );
  return {
    truth,
    split: (unit: string) => (splitOf(unit) !== 'test' || reported.has(unit) ? splitOf(unit) : undefined),
    sources,
    measure: (given: Truth, answer: Answer): number =>
      answer instanceof Float64Array
        ? spearman(
            answer,
            (given as readonly GradedPair[]).map(({ score }) => score),
          )
        : ndcg(given as Grades, answer),
  };
}

const RATES = [3e-4, 1e-3, 3e-3];
const CONFIGS: readonly Config[] = [0.05, 0.1].flatMap((temperature) =>
  RATES.map((learningRate) => ({ temperature, learningRate })),
);

const recipes = {
  codiemb: CODIEMB,
  joint: { batches: 'mixed', similarity: 'infoNCE' },
  mixed: { batches: 'mixed', similarity: 'codiemb' },
  'mixed, CoSENT': { batches: 'mixed', similarity: 'cosent' },
  'CoSENT for pairs': { batches: 'single-task', similarity: 'cosent' },
  'retrieval alone': { batches: 'retrieval', similarity: 'codiemb' },
  'similarity alone, CoSENT': { batches: 'similarity', similarity: 'cosent' },
  'without Pearson': { ...CODIEMB, without: 'pearson' },
  'without ranks': { ...CODIEMB, without: 'rank' },
  'without preferences': { ...CODIEMB, without: 'preference' },
} satisfies Readonly<Record<string, Recipe>>;
type RecipeName = keyof typeof recipes;

/** @param fixed a setting instead of those that are tuned. */
function by(lab: Lab, data: Data, name: RecipeName, title: string = name, fixed?: Config) {
  const configs = fixed === undefined ? CONFIGS : [fixed];
  return side(title, data, configs, training(lab, data, recipes[name]));
}

const TITLE = 'own losses, single-task batches';
/** Of controls that are not tuned. */
const FIXED = { temperature: 0.05, learningRate: 1e-3 };

export const paper: Paper = {
  slug: 'codiemb',
  summary:
    'One encoder for retrieval and for graded similarity: each task has losses and batches of its own, and models that saw the tasks in other proportions are merged by how far they moved.',
  parts: ['train/objectives/similarity', 'train/objectives/contrastive', 'train/samplers', 'train/merge', 'tensor/fit'],
  departures: [
    'A head over frozen vectors of use-lite, a linear map from the identity and a residual block, where the paper trains language models; no loss on inner layers.',
    'Retrieval is of tools for requests (MetaTool), with in-batch negatives and one positive a query: no mined negatives and no siblings. Similarity is of titles of Open Clip Art, graded by the overlap of their keywords, half of the pairs sharing one.',
    `A value of similarity is Spearman's correlation in a group of ${GROUP} pairs, since a correlation of all pairs has no values to draw from; that is given as a cost. Test groups have no pair in common, but titles.`,
    `Settings are chosen by the mean of ${CHOSEN_BY} requests and ${CHOSEN_BY} groups for all claims alike, so that no side is tuned for one task alone, but for what is trained for retrieval alone, which is chosen by requests only.`,
    `Joint InfoNCE takes pairs of an overlap of at least ${RIGHT} for right; requests, tools and titles of a batch are negatives of each other.`,
    'All are trained in 300 steps of 64 pairs, so that what is trained for one task alone sees twice as many of it; the three models that are merged take three times as many.',
    'The rule of the fusion is a reconstruction, for the paper gives none: an array moves by the mean of its deviations from the start, weighed by their length.',
  ],
  reach: { exports: ['train/cosent', 'train/rankKL', 'train/taskBatches', 'train/mergeCheckpoints'], byDefault: false },
  claims: [
    {
      id: 'similarity',
      kind: 'comparative',
      statement:
        "Losses of each task's own in single-task batches give a Spearman's correlation of held-out pairs at least 0.02 above that of one InfoNCE in mixed batches.",
      metric: "Spearman's rho",
      margin: { absolute: 0.02 },
      seeds: [1, 2, 3],
      seconds: { quick: 10, full: 60 },
      load: async (lab) => {
        const data = await load(lab);
        return material<Truth, Answer>({
          ...common(data, 'similarity'),
          baseline: by(lab, data, 'joint', 'one InfoNCE, mixed batches'),
          method: by(lab, data, 'codiemb', TITLE),
          controls: [
            side('frozen vectors', data, [{}], async (_, { seed }) => ({
              parameters: new Parameters(seed),
              seconds: 0,
            })),
            by(lab, data, 'similarity alone, CoSENT', undefined, FIXED),
            by(lab, data, 'CoSENT for pairs', 'CoSENT for pairs, single-task batches', FIXED),
            by(lab, data, 'without Pearson', undefined, FIXED),
            by(lab, data, 'without ranks', undefined, FIXED),
            by(lab, data, 'without preferences', undefined, FIXED),
          ],
        });
      },
    },
    {
      id: 'retrieval',
      kind: 'comparative',
      statement: 'The same model loses no more than 0.01 of nDCG@10 against one that is trained for retrieval alone.',
      metric: 'nDCG@10',
      margin: { absolute: -0.01 },
      seeds: [1, 2, 3],
      seconds: { quick: 3, full: 15 },
      load: async (lab) => {
        const data = await load(lab);
        const train = training(lab, data, recipes['retrieval alone']);
        return material<Truth, Answer>({
          ...common(data, 'retrieval'),
          baseline: side('retrieval alone', data, CONFIGS, train, 'frozen vectors'),
          method: by(lab, data, 'codiemb', TITLE),
          controls: [by(lab, data, 'joint', 'one InfoNCE, mixed batches')],
        });
      },
    },
    {
      id: 'batches',
      kind: 'comparative',
      statement: 'With the same losses, single-task batches have a better mean of both figures than mixed ones.',
      metric: "mean of nDCG@10 and Spearman's rho",
      margin: {},
      seeds: [1, 2, 3],
      seconds: { quick: 3, full: 15 },
      load: async (lab) => {
        const data = await load(lab);
        return material<Truth, Answer>({
          ...common(data, 'both'),
          baseline: by(lab, data, 'mixed', 'own losses, mixed batches'),
          method: by(lab, data, 'codiemb', TITLE),
          controls: [by(lab, data, 'mixed, CoSENT', 'CoSENT and InfoNCE, mixed batches', FIXED)],
        });
      },
    },
    {
      id: 'fusion',
      kind: 'comparative',
      statement:
        'Three models that saw the tasks in other proportions have a better mean of both figures when merged by how far each array moved than when merged evenly.',
      metric: "mean of nDCG@10 and Spearman's rho",
      margin: {},
      seeds: [1, 2, 3],
      seconds: { quick: 3, full: 40 },
      load: async (lab) => {
        const data = await load(lab);
        const configs = RATES.map((learningRate) => ({ temperature: 0.05, learningRate }));
        return material<Truth, Answer>({
          ...common(data, 'both'),
          baseline: side('merged evenly', data, configs, merged(lab, data, 'uniform')),
          method: side('merged by deviation', data, configs, merged(lab, data, 'delta')),
          controls: [side('one model, tasks evenly', data, configs, training(lab, data, CODIEMB))],
        });
      },
    },
  ],
};
