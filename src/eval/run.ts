import { quantile } from '../math/index.ts';
import { listWithout } from './self.ts';
import { type Finding, Findings, type RankedList, type Run } from './types.ts';

/** A system under evaluation: ranks documents for a query. */
export type System = (query: string, depth: number) => Promise<RankedList & { readonly abstained?: boolean }>;

/** Options of {@link collectRun}. */
export interface CollectOptions {
  /** Documents wanted for a query. Default 100. */
  readonly depth?: number;
  /** Queries answered before time is taken, to load what is loaded on first use. Default 3. */
  readonly warmup?: number;
  /** Leave out the document that has the query's own id; `depth` others come. For collections whose queries are documents. Default false. */
  readonly excludeSelf?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Time a query took, in milliseconds, one query at a time. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly mean: number;
}

/** A run together with what it cost. */
export interface CollectedRun {
  readonly run: Run;
  readonly latency: Latency;
  readonly findings: readonly Finding[];
}

/** Asks a system all queries, one after the other. A query that it abstains from is an empty list, and reported. */
export async function collectRun(
  queries: ReadonlyMap<string, string>,
  system: System,
  options: CollectOptions = {},
): Promise<CollectedRun> {
  const { depth = 100, warmup = 3, excludeSelf = false, signal, onProgress } = options;
  const asked = excludeSelf ? depth + 1 : depth;
  const findings = new Findings();
  const run = new Map<string, RankedList>();
  const times: number[] = [];
  for (const text of [...queries.values()].slice(0, warmup)) if (text.trim() !== '') await system(text, asked);
  for (const [query, text] of queries) {
    signal?.throwIfAborted();
    if (text.trim() === '') {
      findings.add('empty-text', 'queries without text, answered by nothing', query);
      run.set(query, { ids: [], scores: [] });
      continue;
    }
    const start = performance.now();
    const { ids, scores, abstained } = await system(text, asked);
    times.push(performance.now() - start);
    if (abstained === true) {
      findings.add('abstained', 'queries from which the system abstained, counted as nothing found', query);
    }
    run.set(query, excludeSelf ? firstOf(listWithout({ ids, scores }, query), depth) : { ids, scores });
    onProgress?.(run.size, queries.size);
  }
  return { run, latency: latencyOf(times), findings: findings.list() };
}

function firstOf({ ids, scores }: RankedList, depth: number): RankedList {
  return { ids: ids.slice(0, depth), scores: scores.slice(0, depth) };
}

/** Percentiles of times. */
export function latencyOf(times: ArrayLike<number>): Latency {
  const sum = Array.from(times).reduce((total, time) => total + time, 0);
  return {
    p50: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    p99: quantile(times, 0.99),
    mean: sum / times.length,
  };
}
