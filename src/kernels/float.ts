import type { Address } from './address.ts';

/**
 * Float32 kernels. Matrices are row-major and contiguous, addresses are byte offsets of any alignment, `dim` is any
 * positive number; `count` may be 0. Sums are float32 in four or sixteen interleaved parts (fused multiply-add where the
 * relaxed build offers it), so results differ between builds in the last bits. NaN and infinities propagate as in scalar
 * arithmetic. Scalar twins: `dotRows` and `l2Rows` in reference.ts.
 */
export interface FloatKernels {
  /** `out[r] = query . rows[r]` for `count` rows of `dim` floats. */
  dotRows(query: Address, rows: Address, count: number, dim: number, out: Address): void;
  /** `out[r] = |query - rows[r]|^2` for `count` rows of `dim` floats. */
  l2Rows(query: Address, rows: Address, count: number, dim: number, out: Address): void;
  /** `out[i] = query . rows[ids[i]]` for `count` row numbers (uint32, 4-byte aligned or not). The same sums as `dotRows`. */
  dotRowsAt(query: Address, rows: Address, ids: Address, count: number, dim: number, out: Address): void;
  /** `out[i] = |query - rows[ids[i]]|^2` for `count` row numbers (uint32). The same sums as `l2Rows`. */
  l2RowsAt(query: Address, rows: Address, ids: Address, count: number, dim: number, out: Address): void;
}
