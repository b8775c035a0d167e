import type { Vectors } from '../../base/vectors.ts';
import { LinearMap } from '../../math/linear.ts';

/** Queries that are scored at a time. */
const BATCH = 256;

/** For each query the numbers of the `k` documents of greatest inner product, best first; equal ones in ascending order. */
export function exactTop(documents: Vectors, queries: Vectors, k: number): Uint32Array[] {
  // Documents are the columns: scores of a query then lie side by side.
  const map = new LinearMap(documents.data, documents.dim);
  const lists: Uint32Array[] = [];
  for (let from = 0; from < queries.count; from += BATCH) {
    const scores = map.apply(queries.slice(from, Math.min(queries.count, from + BATCH)));
    for (let i = 0; i < scores.count; i++) lists.push(greatest(scores.row(i), k));
  }
  return lists;
}

/** Numbers of the `k` greatest scores, best first; equal ones in ascending order. */
export function greatest(scores: Float32Array, k: number): Uint32Array {
  if (k >= scores.length) return sorted(Uint32Array.from(scores.keys()), scores);
  const threshold = Float32Array.from(scores).sort()[scores.length - k]!;
  const kept: number[] = [];
  for (let i = 0; i < scores.length; i++) if (scores[i]! >= threshold) kept.push(i);
  return sorted(Uint32Array.from(kept), scores).slice(0, k);
}

function sorted(rows: Uint32Array, scores: Float32Array): Uint32Array {
  return rows.sort((a, b) => scores[b]! - scores[a]! || a - b);
}
