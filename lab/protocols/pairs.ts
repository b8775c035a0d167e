import { Random } from '../../src/base/random.ts';
import type { Vectors } from '../../src/base/vectors.ts';
import { evaluate, type RankedList } from '../../src/eval/index.ts';
import { type Batch, type Scope, type Tensor, type Tensors, toValue } from '../../src/tensor/index.ts';
import { cosines, exactTop } from '../../src/train/index.ts';
import { embed } from '../datasets/embeddings.ts';
import { requestsOf } from '../datasets/requests.ts';
import type { Lab } from '../grading/lab.ts';
import {
  type ComparativeClaim,
  type Config,
  type Contestant,
  type Material,
  material,
  type Split,
} from '../grading/types.ts';
import { type Fit, fitting, type HeadOptions, type TrainedHeads } from './heads.ts';

/** Queries, documents and which answers which, as frozen vectors. Queries are split; documents are shared. */
export interface Pairs {
  readonly documentIds: readonly string[];
  readonly documents: Vectors;
  readonly queryIds: readonly string[];
  readonly queries: Vectors;
  /** Rows of the relevant documents of each query. */
  readonly relevant: readonly ReadonlySet<number>[];
  readonly splits: readonly Split[];
  readonly sources: Readonly<Record<string, string>>;
}

/** A query and a document that is to be near to it: rows. */
export interface PairExample {
  readonly query: number;
  readonly document: number;
}

/** Shares of the queries for training and for choosing; the rest is for reporting. */
const SHARES = { train: 0.6, dev: 0.15 } as const;
const SPLIT_SEED = 6;

/** The queries of a collection, split at random, with vectors. @param most queries taken. @throws NeedsData. */
export function pairs(lab: Lab, name: string, most = Number.POSITIVE_INFINITY): Promise<Pairs> {
  return lab.once(`pairs ${name} ${most}`, async () => {
    const { documents, vectors, queryIds, queries, judgements, rows, sources } = await embed(lab, name);
    const order = new Random(SPLIT_SEED).shuffle([...queryIds.keys()]).slice(0, most);
    const [train, dev] = [order.length * SHARES.train, order.length * (SHARES.train + SHARES.dev)];
    return {
      documentIds: documents.map(({ id }) => id),
      documents: vectors,
      queryIds: order.map((row) => queryIds[row]!),
      queries: queries.pick(order),
      relevant: order.map(
        (row) =>
          new Set(
            [...judgements.get(queryIds[row]!)!].flatMap(([id, grade]) =>
              grade > 0 && rows.has(id) ? [rows.get(id)!] : [],
            ),
          ),
      ),
      splits: order.map((_, i) => (i < train ? 'train' : i < dev ? 'dev' : 'test')),
      sources,
    };
  });
}

/** Requests and tools of MetaTool, split at random; all tools are ranked. @throws NeedsData. */
export async function toolRequestPairs(lab: Lab): Promise<Pairs> {
  const { vectors, tool, rows, toolTexts, toolVectors, sources } = await requestsOf(lab, lab.pick(4, 20));
  const [train, dev] = [tool.length * SHARES.train, tool.length * (SHARES.train + SHARES.dev)];
  return {
    documentIds: toolTexts.map((_, number) => String(number)),
    documents: toolVectors,
    queryIds: [...rows.keys()],
    queries: vectors,
    relevant: tool.map((number) => new Set([number])),
    splits: tool.map((_, row) => (row < train ? 'train' : row < dev ? 'dev' : 'test')),
    sources,
  };
}

/** Every query of a split with each of its documents. */
export function examplesOf({ relevant, splits }: Pairs, split: Split): PairExample[] {
  return relevant.flatMap((documents, query) =>
    splits[query] === split ? [...documents].map((document) => ({ query, document })) : [],
  );
}

/** What a batch of pairs is made of. */
export interface PairBatchOptions {
  readonly size: number;
  /** Default: all training pairs. */
  readonly examples?: readonly PairExample[];
  /** Rows of documents that are hard negatives, by query; `count` of them are drawn for each query. */
  readonly hard?: { readonly of: readonly ArrayLike<number>[]; readonly count: number };
  /** Mark other known answers and copies, which are then no negatives. Default true. */
  readonly mask?: boolean;
}

/**
 * Batches of pairs without end: `queries` `[n, dim]`, `documents` `[n + n * hard, dim]` of which document `i` answers query `i`,
 * `exclude` `[n, documents]` (1 where a document is no negative of the query), and `progress` `[1]`.
 */
export function pairBatches(data: Pairs, options: PairBatchOptions): HeadOptions<string>['batch'] {
  const { size, examples = examplesOf(data, 'train'), hard, mask = true } = options;
  let deck: Deck | undefined;
  return (random, _, progress): Batch => {
    deck ??= new Deck(examples.length, random);
    const chosen = deck.next(size).map((i) => examples[i]!);
    const documents = chosen.map(({ document }) => document);
    for (const { query } of hard === undefined ? [] : chosen) {
      const own = hard!.of[query]!;
      for (let i = 0; i < hard!.count; i++) documents.push(own[random.below(own.length)]!);
    }
    const exclude = new Float32Array(size * documents.length);
    if (mask) {
      chosen.forEach(({ query, document }, i) => {
        documents.forEach((other, j) => {
          if (j !== i && (other === document || data.relevant[query]!.has(other)))
            exclude[i * documents.length + j] = 1;
        });
      });
    }
    return {
      queries: toValue(data.queries.pick(chosen.map(({ query }) => query))),
      documents: toValue(data.documents.pick(documents)),
      exclude: { data: exclude, shape: [size, documents.length] },
      progress: { data: Float32Array.of(progress), shape: [1] },
    };
  };
}

/** Documents near to each training query that do not answer it, by the frozen vectors. @param window ranks, from 0. */
export function hardNegatives(data: Pairs, window: { readonly from: number; readonly to: number }): number[][] {
  const most = Math.max(...data.relevant.map(({ size }) => size));
  return exactTop(data.documents, data.queries, window.to + most).map((top, query) =>
    [...top].filter((document) => !data.relevant[query]!.has(document)).slice(window.from, window.to),
  );
}

/** Truth of a query: grades by document. */
export type Grades = ReadonlyMap<string, number>;

/** Truth of all queries, for a claim's material. */
export function gradesOf({ queryIds, relevant, documentIds }: Pairs): Map<string, Grades> {
  return new Map(
    queryIds.map((id, query) => [id, new Map([...relevant[query]!].map((row) => [documentIds[row]!, 1]))]),
  );
}

/** The split of each query, for a claim's material. */
export function splitsOf({ queryIds, splits }: Pairs): (unit: string) => Split | undefined {
  const rows = new Map(queryIds.map((id, row) => [id, row]));
  return (unit) => splits[rows.get(unit)!];
}

/** A metric of one ranking, e.g. `ndcg@10`. */
export function rankingMetric(metric: string): (truth: Grades, answer: RankedList) => number {
  return (truth, answer) =>
    evaluate(new Map([['', answer]]), new Map([['', truth]]), { metrics: [metric], pooled: false }).mean(metric);
}

/** Heads of queries and documents. */
export type PairTower = 'query' | 'document';

/** Documents that are ranked for a query. */
const DEPTH = 10;

/** An objective as a contestant: trains heads, and answers a query with its ranking. */
export function pairContestant(
  name: string,
  data: Pairs,
  configs: readonly Config[],
  train: Fit<PairTower>,
): Contestant<Grades, RankedList> {
  return {
    name,
    configs,
    fit: async (config, context) => {
      const heads = await train(config, context);
      const ranked = await rankings(data, heads);
      return { answer: (unit) => ranked.get(unit)!, costs: { 's to train': heads.seconds } };
    },
  };
}

/** The first ten documents of every query that is not trained on. */
export async function rankings(
  data: Pairs,
  heads: Pick<TrainedHeads<PairTower>, 'encode'>,
): Promise<Map<string, RankedList>> {
  const asked = [...data.splits.keys()].filter((query) => data.splits[query] !== 'train');
  const lists = exactTop(
    await heads.encode('document', data.documents),
    await heads.encode('query', data.queries.pick(asked)),
    DEPTH,
  );
  return new Map(
    asked.map((query, i) => [
      data.queryIds[query]!,
      // Ranks stand for scores: only the order counts.
      {
        ids: Array.from(lists[i]!, (row) => data.documentIds[row]!),
        scores: Array.from(lists[i]!, (_, rank) => -rank),
      },
    ]),
  );
}

/** What a claim about rankings says, and what it compares on which pairs. */
export interface PairClaim
  extends Pick<ComparativeClaim, 'id' | 'statement' | 'seconds'>,
    Partial<Pick<ComparativeClaim, 'margin'>> {
  /** As it is shown, e.g. `nDCG@10`. */
  readonly metric: string;
  readonly load: (lab: Lab) => Promise<{ readonly data: Pairs } & PairSides>;
}

export type PairSides = Pick<Material<Grades, RankedList>, 'baseline' | 'method' | 'controls' | 'notes'>;

/** A claim about a metric of rankings, over three seeds. Margin by default: none. */
export function pairClaim({ load, margin = {}, ...claim }: PairClaim): ComparativeClaim {
  return {
    ...claim,
    kind: 'comparative',
    margin,
    seeds: [1, 2, 3],
    load: async (lab) => {
      const { data, ...sides } = await load(lab);
      return material({ ...pairMaterial(data), measure: rankingMetric(claim.metric.toLowerCase()), ...sides });
    },
  };
}

/** Truth, splits and sources of pairs, for a claim's material. */
export function pairMaterial(data: Pairs) {
  return { truth: gradesOf(data), split: splitsOf(data), sources: data.sources };
}

/** A loss of the cosines of a batch's queries (rows) and documents (columns). */
export type ScoreLoss = (scores: Tensor, config: Config, batch: Tensors, scope: Scope) => Tensor;

/** Trains one head of low rank for queries and documents. @param steps zero: vectors stay as they are. */
export function sharedHead(batch: HeadOptions<string>['batch'], steps: number, loss: ScoreLoss): Fit<PairTower> {
  return fitting((config) => ({
    towers: { query: { form: steps === 0 ? 'frozen' : 'low-rank' }, document: 'query' },
    loss: (encode, inputs, scope) => {
      const scores = cosines(encode('query', inputs['queries']!), encode('document', inputs['documents']!));
      return loss(scores, config, inputs, scope);
    },
    batch,
    steps,
    learningRate: Number(config['learningRate'] ?? 0),
  }));
}

/** Every combination of settings, the last varying fastest. */
export function grid(settings: Readonly<Record<string, readonly (number | string)[]>>): Config[] {
  return Object.entries(settings).reduce<Config[]>(
    (configs, [name, values]) => configs.flatMap((config) => values.map((value) => ({ ...config, [name]: value }))),
    [{}],
  );
}

/** Documents that answer another query of the batch and this one as well, or again: `[n, n]`, 1 where one is no negative. */
export function knownAnswers(
  { relevant }: Pick<Pairs, 'relevant'>,
  chosen: readonly PairExample[],
  size = chosen.length,
) {
  const known = new Float32Array(size * size);
  chosen.forEach(({ query }, i) => {
    chosen.forEach(({ document }, j) => {
      if (i !== j && relevant[query]!.has(document)) known[i * size + j] = 1;
    });
  });
  return { data: known, shape: [size, size] };
}

/** Numbers `0 .. count`, shuffled anew each time all have been taken: `next(n)` gives the following `n`. */
export class Deck {
  #at = 0;
  #order: number[];

  constructor(
    count: number,
    readonly random: Random,
  ) {
    this.#order = random.shuffle(Array.from({ length: count }, (_, i) => i));
  }

  next(n: number): number[] {
    const taken: number[] = [];
    while (taken.length < n) {
      if (this.#at === this.#order.length) {
        this.random.shuffle(this.#order);
        this.#at = 0;
      }
      taken.push(this.#order[this.#at++]!);
    }
    return taken;
  }
}
