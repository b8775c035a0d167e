/**
 * Scalar twins of the kernels: what each computes, written for reading. Tests hold every kernel to these on every build;
 * integers and selections must be equal, float sums close. Sums are float64 here.
 */
import type { BitSet } from '../base/bits.ts';

export function dotRows(query: Float32Array, rows: Float32Array): Float32Array {
  return overRows(query, rows, (q, x) => q * x);
}

export function l2Rows(query: Float32Array, rows: Float32Array): Float32Array {
  return overRows(query, rows, (q, x) => (q - x) * (q - x));
}

function overRows(query: Float32Array, rows: Float32Array, term: (q: number, x: number) => number): Float32Array {
  const dim = query.length;
  return Float32Array.from({ length: rows.length / dim }, (_, r) => {
    let sum = 0;
    for (let i = 0; i < dim; i++) sum += term(query[i]!, rows[r * dim + i]!);
    return sum;
  });
}

/** @param query without padding. */
export function dotRowsInt8(query: Int16Array, rows: Int8Array): Int32Array {
  const dim = query.length;
  return Int32Array.from({ length: rows.length / dim }, (_, r) => {
    let sum = 0;
    for (let i = 0; i < dim; i++) sum += query[i]! * rows[r * dim + i]!;
    return sum;
  });
}

/** Positions of the `k` best scores, best first, equal scores by ascending position; NaN is left out. */
export function selectTop(scores: Float32Array, k: number, allowed?: BitSet): number[] {
  return [...scores.keys()]
    .filter((i) => !Number.isNaN(scores[i]) && (allowed === undefined || allowed.has(i)))
    .sort((a, b) => (scores[a]! === scores[b]! ? a - b : scores[a]! > scores[b]! ? -1 : 1))
    .slice(0, k);
}

/** Every row's score as `scanInt8` computes it; the kernel keeps `selectTop` of these. */
export function scoresInt8(query: Int16Array, rows: Int8Array, scales: Float32Array): Float32Array {
  return Float32Array.from(dotRowsInt8(query, rows), (dot, r) => Math.fround(dot) * scales[r]!);
}
