import type { Address } from './address.ts';

/** Float queries against rows of narrower numbers, which begin `stride` bytes apart, at any address. Sums are float32. */
export interface ScalarKernels {
  /** `out[r] = bias + query . row r`, whose components are unsigned bytes. */
  dotRowsBytes(
    query: Address,
    rows: Address,
    stride: number,
    count: number,
    dim: number,
    bias: number,
    out: Address,
  ): void;

  /** `out[r] = query . row r`, whose components are finite half-precision floats (2 bytes each). */
  dotRowsHalf(query: Address, rows: Address, stride: number, count: number, dim: number, out: Address): void;
}
