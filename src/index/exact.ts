import type { Vectors } from '../base/vectors.ts';
import { type Address, Arena, drainHeap, heapBytes, type KernelBuild } from '../kernels/index.ts';
import type { Metric } from './spec.ts';

/** Bytes of vectors that stay in the second-level cache while all queries pass over them. */
const CHUNK_BYTES = 1 << 19;
/** Queries at once: bounds the memory of their heaps. */
const QUERIES = 1024;

/**
 * The truth that approximate search is held to: the `k` best vectors of each query, best first, by exhaustive search in float32.
 *
 * @param k at most as many as vectors. @returns `k` row numbers for each query.
 */
export function exactNeighbours(
  vectors: Vectors,
  queries: Vectors,
  k: number,
  metric: Metric,
  options: { readonly build?: KernelBuild; readonly signal?: AbortSignal } = {},
): Uint32Array {
  const out = new Uint32Array(queries.count * k);
  for (let from = 0; from < queries.count; from += QUERIES) {
    const some = queries.slice(from, Math.min(queries.count, from + QUERIES));
    out.set(exactOf(vectors, some, k, metric, options), from * k);
  }
  return out;
}

function exactOf(
  vectors: Vectors,
  queries: Vectors,
  k: number,
  metric: Metric,
  options: { readonly build?: KernelBuild; readonly signal?: AbortSignal },
): Uint32Array {
  const { dim } = vectors;
  const arena = new Arena(options.build);
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
    options.signal?.throwIfAborted();
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
  const out = new Uint32Array(queries.count * k);
  heaps.forEach((heap, q) => {
    out.set(drainHeap(arena, heap, k).ids, q * k);
  });
  return out;
}

function inverseNorms(vectors: Vectors): Float32Array {
  return Float32Array.from({ length: vectors.count }, (_, i) => {
    let squared = 0;
    for (const value of vectors.row(i)) squared += value * value;
    return squared === 0 ? 0 : 1 / Math.sqrt(squared);
  });
}
