import type { Vectors } from '../base/vectors.ts';
import {
  type Address,
  Arena,
  drainHeap,
  heapBytes,
  type KernelBuild,
  type Selection,
  selectTop,
} from '../kernels/index.ts';

/** How scores of vectors are defined; greater is better in all three. */
export type Metric = 'ip' | 'cosine' | 'l2';

/** Bytes of vectors that stay in the second-level cache while all queries pass over them. */
const CHUNK_BYTES = 1 << 19;
/** Queries at once: bounds the memory of their heaps. */
const QUERIES = 1024;

/** Options of {@link exactSelections}. */
export interface ExactOptions {
  /** Default `ip`, the inner product. For `l2`, scores are squared distances below 0. */
  readonly metric?: Metric;
  /** Default `baseline`, which gives the same on every machine; without a name the fastest that runs here. */
  readonly build?: KernelBuild | 'fastest';
  readonly signal?: AbortSignal;
}

/**
 * The truth that approximate search is held to: the `k` best vectors of each query by exhaustive search in float32, with their scores, best first,
 * equal ones in ascending order; all of them where there are no more.
 */
export function exactSelections(
  vectors: Vectors,
  queries: Vectors,
  k: number,
  options: ExactOptions = {},
): Selection[] {
  const depth = Math.min(k, vectors.count);
  const lists: Selection[] = [];
  for (let from = 0; from < queries.count; from += QUERIES) {
    lists.push(...selectionsOf(vectors, queries.slice(from, Math.min(queries.count, from + QUERIES)), depth, options));
  }
  return lists;
}

/** {@link exactSelections} without scores: row numbers. */
export function exactTop(vectors: Vectors, queries: Vectors, k: number, options?: ExactOptions): Uint32Array[] {
  return exactSelections(vectors, queries, k, options).map(({ ids }) => ids);
}

/** Memory for scores, kept because making it takes longer than most selections. */
let scratch: Arena | undefined;

/** Numbers of the `k` greatest scores, best first; equal ones in ascending order. NaN is none of them. */
export function greatest(scores: Float32Array, k: number): Uint32Array {
  scratch ??= new Arena('baseline');
  return selectTop(scratch, scores, Math.min(k, scores.length)).ids;
}

function selectionsOf(
  vectors: Vectors,
  queries: Vectors,
  k: number,
  { metric = 'ip', build = 'baseline', signal }: ExactOptions,
): Selection[] {
  const { dim } = vectors;
  const arena = build === 'fastest' ? new Arena() : new Arena(build);
  const { kernels } = arena;
  const rows = Math.max(64, Math.floor(CHUNK_BYTES / (4 * dim)));
  const chunk = arena.allocate(4 * dim * rows, 64);
  const scores = arena.allocate(4 * rows, 64);
  const all = arena.put(queries.data);
  const heaps: Address[] = Array.from({ length: queries.count }, () => {
    const heap = arena.allocate(heapBytes(k), 8);
    kernels.heapReset(heap, k);
    return heap;
  });
  for (let from = 0; from < vectors.count; from += rows) {
    signal?.throwIfAborted();
    const count = Math.min(rows, vectors.count - from);
    arena.f32(chunk, count * dim).set(vectors.data.subarray(from * dim, (from + count) * dim));
    const norms = metric === 'cosine' ? inverseNorms(vectors.slice(from, from + count)) : undefined;
    for (let q = 0; q < queries.count; q++) {
      const query = all + 4 * dim * q;
      if (metric === 'l2') kernels.l2Rows(query, chunk, count, dim, scores);
      else kernels.dotRows(query, chunk, count, dim, scores);
      if (metric !== 'ip') {
        const values = arena.f32(scores, count);
        for (let i = 0; i < count; i++) values[i] = norms === undefined ? -values[i]! : values[i]! * norms[i]!;
      }
      kernels.heapOfferAll(heaps[q]!, scores, count, 0, from);
    }
  }
  return heaps.map((heap) => drainHeap(arena, heap, k));
}

function inverseNorms(vectors: Vectors): Float32Array {
  return Float32Array.from({ length: vectors.count }, (_, i) => {
    let squared = 0;
    for (const value of vectors.row(i)) squared += value * value;
    return squared === 0 ? 0 : 1 / Math.sqrt(squared);
  });
}
