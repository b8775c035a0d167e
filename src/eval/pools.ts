import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { mean } from '../math/index.ts';
import { type Agreement, agreement } from './agreement.ts';
import { evaluate, parseMetrics } from './evaluate.ts';
import { rankedOrder } from './order.ts';
import type { Judgements, RankedList, Run } from './types.ts';

/**
 * The documents that matter for telling systems apart (Enevoldsen et al. 2025, MMTEB, section 2.3; https://arxiv.org/abs/2502.13595): the
 * first `depth` of each run for every judged query, and every document that is judged relevant. Evaluating on this sub-corpus
 * costs a fraction; pool from systems of different kinds, or those that were pooled from are favoured.
 *
 * @param depth documents of each run and query. Default 250, as there.
 */
export function hardNegativePool(runs: readonly Run[], judgements: Judgements, depth = 250): Set<string> {
  if (!Number.isInteger(depth) || depth < 1) {
    throw new InvalidArgumentError(`The depth of the pool is ${depth}.`, 'Give a whole number, at least 1.');
  }
  const pool = new Set<string>();
  for (const [query, grades] of judgements) {
    for (const [id, grade] of grades) if (grade > 0) pool.add(id);
    for (const run of runs) {
      const list = run.get(query);
      if (list === undefined) continue;
      const order = rankedOrder(list, query);
      for (let rank = 0; rank < Math.min(depth, list.ids.length); rank++) pool.add(list.ids[order?.[rank] ?? rank]!);
    }
  }
  return pool;
}

/** A run without the documents outside the pool: what a system would have returned on the sub-corpus, if its scores do not depend on the corpus. */
export function restrictRun(run: Run, pool: ReadonlySet<string>): Run {
  return new Map(
    [...run].map(([query, { ids, scores }]): [string, RankedList] => {
      const kept = ids.flatMap((id, i) => (pool.has(id) ? [i] : []));
      return [query, { ids: kept.map((i) => ids[i]!), scores: kept.map((i) => scores[i]!) }];
    }),
  );
}

/** Options of {@link poolOf}. */
export interface PoolOptions {
  /** Documents of each run and query. Default 250, as in MMTEB. */
  readonly depth?: number;
  /** What systems are ranked by. Default ndcg@10. */
  readonly metric?: string;
  /** Seed of the random sub-corpora. Default 1234. */
  readonly seed?: number;
}

/** A system's mean by the metric, on several corpora. */
export interface PooledSystem {
  readonly name: string;
  /** On everything. */
  readonly full: number;
  /** On the pool. */
  readonly pool: number;
  /** On the pool that the other systems make: what a newcomer gets. Only with three systems or more. */
  readonly others?: number;
  /** On as many documents drawn at random beside the relevant ones (mean of five draws). */
  readonly random: number;
}

/** A sub-corpus, and how far it tells systems apart as the whole corpus does. */
export interface Pool {
  readonly documents: ReadonlySet<string>;
  readonly metric: string;
  readonly systems: readonly PooledSystem[];
  readonly agreement: { readonly pool: Agreement; readonly others?: Agreement; readonly random: Agreement };
  /**
   * Share of queries and systems with fewer documents left than the metric looks at, on the pool and on random corpora: runs that
   * are not deep enough make a figure too low.
   */
  readonly short: { readonly pool: number; readonly random: number };
}

const DRAWS = 5;

/**
 * The hard-negative pool of some runs (`hardNegativePool`), and the evidence that it suffices: scores of each system on it and on
 * the whole corpus, beside a pool without the system itself and random corpora of the same size, which flatter. Scores on a part of the corpus are
 * those of the run without the other documents, as if scores did not depend on the corpus; BM25's do, a little.
 *
 * @param corpus ids of all documents; what runs or judgements name beside them is in no pool. @throws InvalidArgumentError for no runs, a depth below 1, an unknown metric.
 */
export function poolOf(
  runs: ReadonlyMap<string, Run>,
  judgements: Judgements,
  corpus: ReadonlySet<string>,
  options: PoolOptions = {},
): Pool {
  const { depth = 250, seed = 1234 } = options;
  if (runs.size === 0) throw new InvalidArgumentError('There is no run to pool from.', 'Give at least one.');
  const [metric] = parseMetrics([options.metric ?? 'ndcg@10']).map(({ name }) => name) as [string];
  const places = Number(/@(\d+)$/.exec(metric)?.[1] ?? 1);
  const names = [...runs.keys()];
  const all = [...runs.values()];
  const score = (run: Run): number => evaluate(run, judgements, { metrics: [metric], pooled: false }).mean(metric);
  const within = (documents: ReadonlySet<string>): Run[] => all.map((run) => restrictRun(run, documents));

  const pooledFrom = (some: readonly Run[]): Set<string> =>
    new Set([...hardNegativePool(some, judgements, depth)].filter((id) => corpus.has(id)));
  const documents = pooledFrom(all);
  const relevant = pooledFrom([]);
  const rest = [...corpus].filter((id) => !relevant.has(id));
  const pooled = within(documents);
  const draws = Array.from({ length: DRAWS }, (_, i) => {
    const drawn = new Random(seed + i).shuffle([...rest]).slice(0, documents.size - relevant.size);
    return within(new Set([...relevant, ...drawn]));
  });
  const full = all.map(score);
  const pool = pooled.map(score);
  const random = all.map((_, i) => mean(draws.map((drawn) => score(drawn[i]!))));
  const others =
    all.length < 3
      ? undefined
      : all.map((run, i) => score(restrictRun(run, pooledFrom(all.filter((_, j) => j !== i)))));
  const short = (lists: readonly Run[]): number =>
    mean(
      lists.map((run) => mean([...judgements.keys()].map((id) => ((run.get(id)?.ids.length ?? 0) < places ? 1 : 0)))),
    );
  return {
    documents,
    metric,
    systems: names.map((name, i) => ({
      name,
      full: full[i]!,
      pool: pool[i]!,
      ...(others === undefined ? {} : { others: others[i]! }),
      random: random[i]!,
    })),
    agreement: {
      pool: agreement(full, pool),
      ...(others === undefined ? {} : { others: agreement(full, others) }),
      random: agreement(full, random),
    },
    short: { pool: short(pooled), random: mean(draws.map(short)) },
  };
}
