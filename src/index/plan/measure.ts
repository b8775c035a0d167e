import type { Vectors } from '../../base/vectors.ts';
import type { VectorIndex } from '../vector-index.ts';
import type { OperatingPoint } from './types.ts';

/** Queries and what exact search finds for them. */
export interface Truth {
  readonly queries: Vectors;
  /** Neighbours of each query, at most 100. */
  readonly depth: number;
  readonly neighbours: readonly Uint32Array[];
}

type Search = OperatingPoint['search'];
type Measured = Pick<OperatingPoint, 'recall10' | 'recall100' | 'p50' | 'p95' | 'deviation'>;

/** Of the lists, so many are probed. */
const SHARES = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.35];
const REFINES = [8, 30];
/** Without lists everything is scanned, so that only the depth of refinement is to be chosen. */
const FLAT_REFINES = [4, 8, 15, 30, 60];
/** Settings beyond this recall only cost more. */
const ENOUGH = 0.9985;
/** The 100 nearest take longer to find, and their share varies less between queries. */
const DEEP_QUERIES = 100;
/** Queries that warm up caches and compilers. */
const WARM = 20;

/** Measures recall and time of indexes on the same queries. */
export class Measurer {
  constructor(private readonly truth: Truth) {}

  /** How many queries there are. */
  get count(): number {
    return this.truth.queries.count;
  }

  /** Measures a range of settings; of those that another beats, only recall@10 and time are measured. */
  async sweep(index: VectorIndex, signal?: AbortSignal): Promise<OperatingPoint[]> {
    const bytes = (index.memory.scan + index.memory.refine) / index.vectorCount;
    const refined = index.spec.includes('refine:');
    const depths = !refined ? [1] : index.lists === 1 ? FLAT_REFINES : REFINES;
    const found: (OperatingPoint & { readonly search: Search })[] = [];
    for (const refine of depths) {
      for (const nprobe of probes(index.lists)) {
        signal?.throwIfAborted();
        const search = { nprobe, refine };
        found.push({ spec: index.spec, search, bytes, ...this.#ten(index, search), recall100: Number.NaN });
        await new Promise((resolve) => setTimeout(resolve));
        if (found.at(-1)!.recall10 >= ENOUGH) break;
      }
    }
    return found.map((point) =>
      found.some((other) => other.recall10 >= point.recall10 && other.p50 < point.p50)
        ? point
        : { ...point, recall100: this.#hundred(index, point.search) },
    );
  }

  measure(index: VectorIndex, search: Search): Measured {
    return { ...this.#ten(index, search), recall100: this.#hundred(index, search) };
  }

  #ten(index: VectorIndex, search: Search): Omit<Measured, 'recall100'> {
    const { queries } = this.truth;
    const params = { k: 10, ...search, earlyStop: false };
    for (let q = 0; q < Math.min(WARM, queries.count); q++) index.search(queries.row(q), params);
    const times = new Float64Array(queries.count);
    let sum = 0;
    let squares = 0;
    for (let q = 0; q < queries.count; q++) {
      const start = performance.now();
      const { ids } = index.search(queries.row(q), params);
      times[q] = performance.now() - start;
      const share = this.#share(q, ids, 10);
      sum += share;
      squares += share * share;
    }
    times.sort();
    const recall10 = sum / queries.count;
    const deviation = Math.sqrt(Math.max(0, squares / queries.count - recall10 ** 2));
    return { recall10, deviation, p50: quantile(times, 0.5), p95: quantile(times, 0.95) };
  }

  #hundred(index: VectorIndex, search: Search): number {
    const { queries, depth } = this.truth;
    const params = { k: 100, ...search, earlyStop: false };
    const count = Math.min(DEEP_QUERIES, queries.count);
    let sum = 0;
    for (let q = 0; q < count; q++) sum += this.#share(q, index.search(queries.row(q), params).ids, depth);
    return sum / count;
  }

  /** Share of the query's `k` nearest that were found. */
  #share(q: number, ids: Uint32Array, k: number): number {
    const { neighbours, depth } = this.truth;
    const wanted = Math.min(k, depth);
    const nearest = new Set(neighbours[q]!.subarray(0, wanted));
    let found = 0;
    for (const id of ids) if (nearest.has(id)) found++;
    return found / wanted;
  }
}

function probes(lists: number): number[] {
  return [...new Set(SHARES.map((share) => Math.max(1, Math.round(share * lists))))];
}

function quantile(ascending: Float64Array, share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))]!;
}
