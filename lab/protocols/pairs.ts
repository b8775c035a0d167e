import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { contentOf, embed } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import type { Split } from '../grading/types.ts';
import { head, type Items, type LastLayer, lastLayer, type Start, vectorItems } from './learning.ts';

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
