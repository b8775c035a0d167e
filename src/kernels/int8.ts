import type { Address } from './address.ts';

/**
 * Kernels over signed bytes. Rows are contiguous, `dim` bytes each, at any address; the query is int16, padded with
 * zeros to {@link paddedDim} components, its magnitudes bounded so that no sum leaves int32 (see {@link quantizeQuery}).
 * Integer results are exact and the same on every build. Up to 15 bytes after the last row are read and do not matter.
 */
export interface Int8Kernels {
  /** `out[r] = query . rows[r]` as int32, for `count` rows. */
  dotRowsInt8(query: Address, rows: Address, count: number, dim: number, out: Address): void;
  /**
   * Scores rows and keeps the best in one pass: offers `(float32(query . rows[r]) * scales[r], base + r)` to `heap` (see
   * topk.ts) for every `r < count` with bit `r % 8` of byte `r >> 3` of `mask` set, or for every row when `mask` is 0.
   * NaN scores (from a NaN scale) are ignored. Returns how many rows were scored. The mask is read in steps of 8 bytes.
   */
  scanInt8(
    query: Address,
    rows: Address,
    scales: Address,
    count: number,
    dim: number,
    mask: Address,
    base: number,
    heap: Address,
  ): number;
}

/** Components of a padded query: `dim` rounded up to a multiple of 16. */
export function paddedDim(dim: number): number {
  return Math.ceil(dim / 16) * 16;
}

/**
 * Rounds a query to int16 for {@link Int8Kernels}, as finely as int32 sums against any int8 row allow: 15 bits up to 512
 * components, one fewer for each doubling. Against 8-bit codes the query is thus almost exact (asymmetric scoring).
 *
 * @param query finite components.
 * @param out receives {@link paddedDim} components, the last ones 0.
 * @returns the step: `query[i]` is about `out[i] * step`; 0 for a zero query.
 */
export function quantizeQuery(query: Float32Array, out: Int16Array): number {
  const limit = Math.min(32_767, Math.floor(0x7fff_ffff / (128 * query.length)));
  const step = largest(query) / limit;
  out.fill(0, query.length);
  for (let i = 0; i < query.length; i++) out[i] = step === 0 ? 0 : Math.round(query[i]! / step);
  return step;
}

/**
 * Rounds a vector to signed bytes, symmetric around 0, so that the largest magnitude becomes 127.
 *
 * @param vector finite components.
 * @param codes receives as many bytes, -127 to 127.
 * @returns the scale: `vector[i]` is about `codes[i] * scale`, off by half a scale at most; 0 for a zero vector.
 */
export function encodeInt8(vector: Float32Array, codes: Int8Array): number {
  const scale = largest(vector) / 127;
  for (let i = 0; i < vector.length; i++) codes[i] = scale === 0 ? 0 : Math.round(vector[i]! / scale);
  return scale;
}

function largest(vector: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < vector.length; i++) {
    const magnitude = Math.abs(vector[i]!);
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}
