import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { evaluate, mean } from '../../src/eval/index.ts';
import { LinearMap } from '../../src/math/index.ts';
import { type Scope, type Tensor, type Tensors, toValue } from '../../src/tensor/index.ts';
import { cosines, exactTop, greatest } from '../../src/train/index.ts';
import { contentOf, embed } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import {
  type ComparativeClaim,
  type Config,
  type Contestant,
  type Fitted,
  type Material,
  material,
  type Split,
} from '../grading/types.ts';
import {
  Deck,
  type Draw,
  fittingOnce,
  head,
  type Items,
  type LastLayer,
  type Learned,
  lastLayer,
  mergedModel,
  type Start,
  vectorItems,
} from './learning.ts';

/** Queries, documents and which answers which. Queries are split; documents are shared. */
export interface Pairs {
  readonly queryIds: readonly string[];
  /** Frozen vectors. */
  readonly queries: Vectors;
  readonly documents: Vectors;
  /** Rows of the relevant documents of each query: the truth. */
  readonly relevant: readonly ReadonlySet<number>[];
  /** What training is told instead, where labels are wrong or missing. */
  readonly seen?: readonly ReadonlySet<number>[];
  /** Of each query; without one it is left out. */
  readonly splits: readonly (Split | undefined)[];
  readonly sources: Readonly<Record<string, string>>;
  /** What is trained, and what it is given. */
  readonly learner: PairLearner;
  /** Where they are at hand. */
  readonly texts?: { readonly queries: readonly string[]; readonly documents: readonly string[] };
  /** Several tasks at once: queries and documents are those of one after those of another, and a query ranks those of its own. */
  readonly tasks?: readonly PairTask[];
}

export interface PairTask {
  readonly name: string;
  /** First rows, and those to stop before. */
  readonly queries: readonly [from: number, to: number];
  readonly documents: readonly [from: number, to: number];
}

export interface PairLearner {
  readonly start: Start;
  readonly queries: Items;
  readonly documents: Items;
  /** Of MiniLM, where that is what is trained. */
  readonly layer?: LastLayer;
}

/** A head over frozen vectors, one for queries and documents. */
export function headLearner(queries: Vectors, documents: Vectors, start: Start = head()): PairLearner {
  return { start, queries: vectorItems(queries), documents: vectorItems(documents) };
}

/** The last layer of MiniLM, for queries and documents. */
export async function encoderLearner(
  lab: Lab,
  queries: readonly string[],
  documents: readonly string[],
): Promise<PairLearner> {
  const layer = await lastLayer(lab);
  const { start, items } = layer;
  return { layer, start, queries: await items(queries, 'query'), documents: await items(documents, 'document') };
}

/** Shares of the queries for training and for choosing; the rest is for reporting. */
const SHARES = { train: 0.6, dev: 0.15 } as const;
const SPLIT_SEED = 6;

/** How a collection becomes pairs. */
export interface PairOptions {
  /** Queries that are taken. Default: all. */
  readonly most?: number;
  /** What is trained. Default: a head over frozen vectors. */
  readonly train?: 'head' | 'encoder';
}

/** The queries of a collection, split at random, and the documents that answer any of them. @throws NeedsData. */
export function pairs(lab: Lab, name: string, options: PairOptions = {}): Promise<Pairs> {
  const { most = Number.POSITIVE_INFINITY, train = 'head' } = options;
  return lab.once(`pairs ${name} ${most} ${train}`, async () => {
    const all = await embed(lab, name);
    const order = new Random(SPLIT_SEED).shuffle([...all.queryIds.keys()]).slice(0, lab.pick(200, most));
    const answers = (row: number) =>
      [...all.judgements.get(all.queryIds[row]!)!].flatMap(([id, grade]) =>
        grade > 0 && all.rows.has(id) ? [all.rows.get(id)!] : [],
      );
    const kept = [...new Set(order.flatMap(answers))];
    const places = new Map(kept.map((row, place) => [row, place]));
    const [queries, documents] = [all.queries.pick(order), all.vectors.pick(kept)];
    const [trained, dev] = [order.length * SHARES.train, order.length * (SHARES.train + SHARES.dev)];
    const texts = {
      queries: order.map((row) => all.collection.queries.get(all.queryIds[row]!)!),
      documents: kept.map((row) => contentOf(all.documents[row]!, 24)),
    };
    return {
      texts,
      queryIds: order.map((row) => all.queryIds[row]!),
      queries,
      documents,
      relevant: order.map((row) => new Set(answers(row).map((answer) => places.get(answer)!))),
      splits: order.map((_, i) => (i < trained ? 'train' : i < dev ? 'dev' : 'test')),
      sources: all.sources,
      learner:
        train === 'head' ? headLearner(queries, documents) : await encoderLearner(lab, texts.queries, texts.documents),
    };
  });
}

/** Several tasks as one, to be learned at once by one model that all have. @param judged test and development queries of each. */
export function joined(named: Readonly<Record<string, Pairs>>, judged: number): Pairs {
  const all = Object.entries(named);
  const tasks: PairTask[] = [];
  const [relevant, splits, queryIds]: [ReadonlySet<number>[], (Split | undefined)[], string[]] = [[], [], []];
  let documents = 0;
  for (const [name, data] of all) {
    const from = queryIds.length;
    const left = { train: Number.POSITIVE_INFINITY, dev: judged, test: judged };
    data.queryIds.forEach((id, query) => {
      queryIds.push(`${name}:${id}`);
      relevant.push(new Set([...data.relevant[query]!].map((row) => row + documents)));
      const split = data.splits[query];
      splits.push(split !== undefined && left[split]-- > 0 ? split : undefined);
    });
    tasks.push({
      name,
      queries: [from, queryIds.length],
      documents: [documents, documents + data.documents.count],
    });
    documents += data.documents.count;
  }
  const first = all[0]![1];
  return {
    queryIds,
    relevant,
    splits,
    tasks,
    queries: Vectors.concat(all.map(([, data]) => data.queries)),
    documents: Vectors.concat(all.map(([, data]) => data.documents)),
    sources: Object.assign({}, ...all.map(([, { sources }]) => sources)),
    learner: {
      start: first.learner.start,
      queries: oneAfterAnother(all.map(([, { learner }]) => learner.queries)),
      documents: oneAfterAnother(all.map(([, { learner }]) => learner.documents)),
    },
  };
}

/** Rows of a batch are all of one part, or are asked of each in turn. */
export function oneAfterAnother(parts: readonly Items[]): Items {
  const starts: number[] = [];
  let count = 0;
  for (const part of parts) {
    starts.push(count);
    count += part.count;
  }
  const partOf = (row: number) => starts.findLastIndex((start) => start <= row);
  return {
    count,
    arrays(rows) {
      const part = partOf(rows[0]!);
      if (rows.some((row) => partOf(row) !== part)) throw new RangeError('Rows of a batch are of several tasks.');
      return parts[part]!.arrays(rows.map((row) => row - starts[part]!));
    },
  };
}

/** Rows of the queries of a split. */
export function rowsOf({ splits }: Pick<Pairs, 'splits'>, split: Split): number[] {
  return [...splits.keys()].filter((query) => splits[query] === split);
}

/** A query and a document that is to be near to it: rows. */
export interface PairExample {
  readonly query: number;
  readonly document: number;
}

/** Every training query with each of its documents, as training is told. */
export function examplesOf(data: Pairs): PairExample[] {
  const { relevant, seen = relevant } = data;
  return rowsOf(data, 'train').flatMap((query) => [...seen[query]!].map((document) => ({ query, document })));
}

/** Hard negatives: documents near to a query by the frozen vectors, of these ranks from 0; so many are drawn for each query of a batch. */
export interface HardNegatives {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Hard negatives that were found otherwise: rows by query. */
export interface GivenNegatives {
  of(data: Pairs): readonly (readonly number[])[];
  readonly count: number;
}

const found = new WeakMap<object, Map<string, number[][]>>();

/** Documents near to each query that do not answer it, as far as training knows. */
export function hardNegatives(data: Pairs, window: Omit<HardNegatives, 'count'>): number[][] {
  const own = found.get(data) ?? new Map<string, number[][]>();
  found.set(data, own);
  const key = `${window.from} ${window.to}`;
  const near = own.get(key) ?? nearMisses(data, window);
  own.set(key, near);
  return near;
}

function nearMisses(data: Pairs, { from, to }: Omit<HardNegatives, 'count'>): number[][] {
  const { relevant, seen = relevant } = data;
  const most = Math.max(...seen.map(({ size }) => size));
  return exactTop(data.documents, data.queries, to + most).map((top, query) =>
    [...top].filter((document) => !seen[query]!.has(document)).slice(from, to),
  );
}

export type Columns = 'batch' | 'corpus' | 'answered';

/** How a model learns from pairs. Declared once, it is trained once for each configuration and seed, whatever claims ask for it. */
export interface PairRecipe<Setting extends Config = Config> {
  readonly name: string;
  readonly configs: readonly Setting[];
  readonly steps: number;
  /** Queries of a batch. Default 32. */
  readonly size?: number;
  readonly hard?: HardNegatives | GivenNegatives;
  /** Other known answers and copies are no negatives: `exclude` says so. Default true. */
  readonly mask?: boolean;
  /** Documents of a batch: those of its queries, all there are, or all that answer some training query. Default `batch`. */
  columns?(config: Setting): Columns;
  /** What learns: one model for both sides, or one for queries, while documents keep their frozen vectors. Default `both`. */
  readonly trained?: 'both' | 'queries';
  /** What is trained instead of the data's own. */
  start?(config: Setting, data: Pairs): Start;
  /** Shares of steps of each task, where there are several; a step is of one. Default: alike. */
  mixture?(config: Setting): readonly number[];
  /** Steps of its own. */
  draw?(data: Pairs, config: Setting): Draw;
  /** @param scores cosines `[queries, documents]`. @param batch see {@link pairDraw}. */
  loss(scores: Tensor, batch: PairArrays, config: Setting, scope: Scope): Tensor;
}

/** What a loss is given beside scores. */
export interface PairArrays extends Tensors {
  /** `[queries, documents]`, 1 where a document is no negative of the query. */
  readonly exclude: Tensor;
  /** `[queries, documents]`, 1 where it answers the query, as training knows. */
  readonly relevant: Tensor;
  /** `[1]`, from 0 to 1. */
  readonly progress: Tensor;
  /** `[queries]` number of the task. */
  readonly task: Tensor;
}

/** Infers the settings of a recipe. */
export function pairRecipe<Setting extends Config>(recipe: PairRecipe<Setting>): PairRecipe {
  return recipe as unknown as PairRecipe;
}

/** Vectors as they are, which learn nothing. */
export const FROZEN: PairRecipe = pairRecipe({
  name: 'frozen vectors',
  configs: [{}],
  steps: 0,
  loss: (scores) => scores,
});

/** Batches of a recipe without end: lists `queries` and, unless they keep their vectors, `documents`; of these document `i` answers query `i`. */
export function pairDraw<Setting extends Config>(data: Pairs, recipe: PairRecipe<Setting>, config: Setting): Draw {
  const { size = 32, hard, mask = true, trained = 'both' } = recipe;
  const columns = recipe.columns?.(config) ?? 'batch';
  const { relevant, seen = relevant, learner } = data;
  const examples = examplesOf(data);
  const near = hard === undefined ? [] : 'of' in hard ? hard.of(data) : hardNegatives(data, hard);
  const shares = recipe.mixture?.(config) ?? data.tasks?.map(() => 1) ?? [1];
  const ofTask = ({ queries: [from, to] }: PairTask) => examples.filter(({ query }) => query >= from && query < to);
  const groups = data.tasks?.map(ofTask) ?? [examples];
  const fixed =
    columns === 'corpus'
      ? [...Array(data.documents.count).keys()]
      : columns === 'answered'
        ? [...new Set(examples.map(({ document }) => document))]
        : undefined;
  const decks: Deck[] = [];
  return (random, _, progress) => {
    let task = 0;
    if (groups.length > 1) {
      let left = random.next() * shares.reduce((total, share) => total + share, 0);
      while (task < groups.length - 1 && left >= shares[task]!) left -= shares[task++]!;
    }
    decks[task] ??= new Deck(groups[task]!.length, random);
    const chosen = decks[task]!.next(Math.min(size, groups[task]!.length)).map((i) => groups[task]![i]!);
    const rows = [...(fixed ?? chosen.map(({ document }) => document))];
    if (hard !== undefined) {
      for (const { query } of chosen) {
        const own = near[query]!;
        for (let i = 0; i < hard.count; i++) rows.push(own[random.below(own.length)]!);
      }
    }
    const shape = [chosen.length, rows.length];
    const [exclude, known] = [new Float32Array(shape[0]! * shape[1]!), new Float32Array(shape[0]! * shape[1]!)];
    chosen.forEach(({ query, document }, i) => {
      rows.forEach((other, j) => {
        const answers = seen[query]!.has(other);
        if (answers) known[i * rows.length + j] = 1;
        if (mask && fixed === undefined && j !== i && (other === document || answers)) exclude[i * rows.length + j] = 1;
      });
    });
    const queries = { of: learner.queries, rows: chosen.map(({ query }) => query) };
    return {
      lists: trained === 'both' ? { queries, documents: { of: learner.documents, rows } } : { queries },
      arrays: {
        ...(trained === 'both' ? {} : { documents: toValue(data.documents.pick(rows)) }),
        exclude: { data: exclude, shape },
        relevant: { data: known, shape },
        progress: { data: Float32Array.of(progress), shape: [1] },
        task: { data: new Int32Array(chosen.length).fill(task), shape: [chosen.length] },
      },
    };
  };
}

/** What a contestant answers: its score of every document, which the lab ranks and grades. */
export type Scores = Float32Array;
type Truth = ReadonlySet<number>;
export type PairContestant = Contestant<Truth, Scores>;

/** Trains a recipe. */
export function fitOf(data: Pairs, recipe: PairRecipe, lab: Lab) {
  return fittingOnce(recipe, data, (config) => ({
    start: recipe.start?.(config, data) ?? data.learner.start,
    lists: recipe.trained === 'queries' ? ['queries'] : ['queries', 'documents'],
    draw: recipe.draw?.(data, config) ?? pairDraw(data, recipe, config),
    loss: (encoded, arrays, scope) =>
      recipe.loss(
        cosines(encoded['queries']!, encoded['documents'] ?? arrays['documents']!),
        arrays as unknown as PairArrays,
        config,
        scope,
      ),
    steps: recipe.steps === 0 ? 0 : lab.pick(4, recipe.steps),
    learningRate: Number(config['learningRate'] ?? 0),
  }));
}

/** A recipe as a contestant. */
export function pairContestant(data: Pairs, recipe: PairRecipe, lab: Lab): PairContestant {
  const { name, configs, trained = 'both' } = recipe;
  if (recipe === FROZEN) {
    return {
      name,
      configs,
      untunable: true,
      fit: async () => ({ answer: scorer(data, data.queries, data.documents) }),
    };
  }
  return {
    name,
    configs,
    ...(recipe.steps === 0 ? { untunable: true } : {}),
    fit: async (config, context) => {
      const learned = await fitOf(data, recipe, lab)(config, context);
      return {
        ...(await answering(data, learned, trained)),
        costs: { parameters: learned.parameters.size, 's to train': learned.seconds },
      };
    },
  };
}

/** Models that a recipe trained with several settings, merged into one. @param settings of the models, for a setting of the whole. */
export function mergedSide<Setting extends Config>(
  name: string,
  recipe: PairRecipe,
  configs: readonly Setting[],
  settings: (config: Setting) => readonly Config[],
  rule: 'uniform' | 'delta' = 'uniform',
): PairSide {
  return (data, lab) => ({
    name,
    configs,
    fit: async (config, context) => {
      const trained: Learned[] = [];
      for (const one of settings(config as Setting)) trained.push(await fitOf(data, recipe, lab)(one, context));
      const model = await mergedModel(data.learner.start, data.learner.documents, trained, rule, context);
      return { ...(await answering(data, model)), costs: { 's to train': model.seconds } };
    },
  });
}

/** Vectors of whatever is asked, and of all documents, by a model; as answers. */
export async function answering(
  data: Pairs,
  model: { encode(items: Items, rows?: readonly number[]): Promise<Vectors> },
  trained: 'both' | 'queries' = 'both',
): Promise<Fitted<Scores>> {
  const asked = [...rowsOf(data, 'dev'), ...rowsOf(data, 'test')];
  const parts = data.tasks ?? [{ queries: [0, data.queryIds.length], documents: [0, data.documents.count] } as const];
  let queries: Vectors | undefined;
  const documents: Vectors[] = [];
  for (const part of parts) {
    const own = asked.filter((row) => row >= part.queries[0] && row < part.queries[1]);
    const vectors = await model.encode(data.learner.queries, own);
    queries ??= Vectors.zeros(data.queryIds.length, vectors.dim);
    for (const [i, row] of own.entries()) queries.row(row).set(vectors.row(i));
    const rows = Array.from({ length: part.documents[1] - part.documents[0] }, (_, i) => part.documents[0] + i);
    if (trained === 'both') documents.push(await model.encode(data.learner.documents, rows));
  }
  return { answer: scorer(data, queries!, trained === 'both' ? Vectors.concat(documents) : data.documents) };
}

/** Inner products of a query with all documents. */
export function scorer({ queryIds }: Pairs, queries: Vectors, documents: Vectors): (unit: string) => Scores {
  const rows = new Map(queryIds.map((id, row) => [id, row]));
  const map = new LinearMap(documents.data, documents.dim);
  return (unit) => {
    const row = rows.get(unit)!;
    return map.apply(queries.slice(row, row + 1)).data;
  };
}

/**
 * A map of query vectors that is found without steps, from those of training queries and their documents: it sees no others. Documents keep
 * their vectors.
 */
export function closedSide<Setting extends Config>(
  name: string,
  configs: readonly Setting[],
  map: (from: Vectors, to: Vectors, config: Setting) => (queries: Vectors) => Vectors,
): PairSide {
  return (data) => ({
    name,
    configs,
    fit: async (config) => {
      const examples = examplesOf(data);
      const from = data.queries.pick(examples.map(({ query }) => query));
      const to = data.documents.pick(examples.map(({ document }) => document));
      return { answer: scorer(data, map(from, to, config as Setting)(data.queries), data.documents) };
    },
  });
}

/** A side of a claim: a recipe, or a contestant of another kind. */
export type PairSide = PairRecipe | ((data: Pairs, lab: Lab) => PairContestant | Promise<PairContestant>);

/** What a claim about rankings says, and what it compares on which pairs. */
export interface PairClaim
  extends Pick<ComparativeClaim, 'id' | 'statement' | 'seconds'>,
    Partial<Pick<ComparativeClaim, 'margin'>> {
  /** As it is shown, e.g. `nDCG@10`; or `pooled AUC`, see {@link pooledAreas}. */
  readonly metric: string;
  readonly data: (lab: Lab) => Promise<Pairs>;
  readonly baseline: PairSide;
  readonly method: PairSide;
  readonly controls?: readonly PairSide[];
  /** Controls that keep the claim from holding where they are better. */
  readonly rivals?: readonly PairSide[];
  readonly notes?: (data: Pairs, lab: Lab) => Promise<string[]> | string[];
}

/** A claim about rankings, over three seeds. Margin by default: none. */
export function pairClaim(claim: PairClaim): ComparativeClaim {
  const { id, statement, seconds, metric, margin = {}, data: load, controls = [], rivals = [] } = claim;
  return {
    id,
    kind: 'comparative',
    statement,
    seconds,
    metric,
    margin,
    seeds: [1, 2, 3],
    load: async (lab) => {
      const data = await load(lab);
      const of = async (side: PairSide) =>
        typeof side === 'function' ? side(data, lab) : pairContestant(data, side, lab);
      const besides: PairContestant[] = [];
      for (const side of controls) besides.push(await of(side));
      for (const side of rivals) besides.push({ ...(await of(side)), rival: true });
      return material<Truth, Scores>({
        ...pairMaterial(data, metric),
        baseline: await of(claim.baseline),
        method: await of(claim.method),
        controls: besides,
        ...(claim.notes === undefined ? {} : { notes: await claim.notes(data, lab) }),
      });
    },
  };
}

/** Values on test queries by seed of what a recipe learned with the setting that development queries choose, for claims that are no comparison. */
export async function tunedValues(data: Pairs, recipe: PairRecipe, metric: string, lab: Lab): Promise<number[][]> {
  const [contestant, measure] = [pairContestant(data, recipe, lab), rankingMetric(metric.toLowerCase())];
  const valuesOf = async (config: Config, seed: number, split: Split) => {
    lab.checkTime();
    const fitted = await contestant.fit(config, { seed, train: new Map(), signal: lab.signal });
    const values: number[] = [];
    for (const row of rowsOf(data, split))
      values.push(measure(data.relevant[row]!, await fitted.answer(data.queryIds[row]!)));
    return values;
  };
  let [best, most] = [recipe.configs[0]!, Number.NEGATIVE_INFINITY];
  for (const config of lab.pick(recipe.configs.slice(0, 1), recipe.configs)) {
    const value = mean(await valuesOf(config, 1, 'dev'));
    if (value > most) [best, most] = [config, value];
  }
  const bySeed: number[][] = [];
  for (const seed of [1, 2, 3]) bySeed.push(await valuesOf(best, seed, 'test'));
  return bySeed;
}

/** Truth, splits, sources and measure of pairs, for a claim's material. */
export function pairMaterial(data: Pairs, metric: string): Omit<Material<Truth, Scores>, 'baseline' | 'method'> {
  const { queryIds, relevant, splits, sources, tasks } = data;
  const rows = new Map(queryIds.map((id, row) => [id, row]));
  const within = new Map(
    tasks?.flatMap(({ queries, documents }) =>
      queryIds.slice(...queries).map((id) => [relevant[rows.get(id)!]!, documents]),
    ),
  );
  const measure = rankingMetric(metric.toLowerCase());
  return {
    truth: new Map(queryIds.map((id, row) => [id, relevant[row]!])),
    split: (unit) => splits[rows.get(unit)!],
    sources,
    ...(metric.startsWith('pooled AUC')
      ? { measureAll: pooledAreas }
      : { measure: (truth: Truth, scores: Scores) => measure(truth, scores, within.get(truth)) }),
  };
}

/** Documents that are ranked for a query. */
const DEPTH = 10;

/** A metric of one ranking of the ten best, e.g. `ndcg@10`. @param among documents that are ranked. Default: all. */
export function rankingMetric(
  metric: string,
): (truth: Truth, scores: Scores, among?: readonly [from: number, to: number]) => number {
  return (truth, scores, [from, to] = [0, scores.length]) => {
    const best = greatest(scores.subarray(from, to), DEPTH);
    const list = { ids: Array.from(best, (row) => String(row + from)), scores: Array.from(best, (_, rank) => -rank) };
    const grades = new Map([...truth].map((row) => [String(row), 1]));
    return evaluate(new Map([['', list]]), new Map([['', grades]]), { metrics: [metric], pooled: false }).mean(metric);
  };
}

/** Documents of greatest score of each query that do not answer it: these take part in the pooled area. */
const NEGATIVES = 50;

/** The share of all queries' hardest negatives that a query's answers are above; the mean is the pooled AUC. */
export function pooledAreas(
  truth: ReadonlyMap<string, Truth>,
  answers: ReadonlyMap<string, Scores>,
): Map<string, number> {
  const negatives: number[] = [];
  for (const [unit, scores] of answers) {
    const own = truth.get(unit)!;
    const best = greatest(scores, NEGATIVES + own.size);
    const others = [...best].filter((row) => !own.has(row)).slice(0, NEGATIVES);
    for (const row of others) negatives.push(scores[row]!);
  }
  const sorted = Float64Array.from(negatives).sort();
  const below = (score: number): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < score) low = middle + 1;
      else high = middle;
    }
    return low / sorted.length;
  };
  return new Map(
    [...answers].map(([unit, scores]) => [unit, mean([...truth.get(unit)!].map((row) => below(scores[row]!)))]),
  );
}
