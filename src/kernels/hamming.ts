import type { Address } from './address.ts';

/**
 * Kernels over codes of one bit a dimension: bit `i` is bit `i % 8` of byte `i >> 3`, rows are contiguous and `bytes` long.
 * Integer results are exact. Up to 7 bytes after the query and after the last row are read and do not
 * matter. For ids and masks see pq.ts.
 */
export interface HammingKernels {
  /** `out[r]` = number of bits in which row `r` differs from the query, uint32. */
  hammingRows(query: Address, rows: Address, count: number, bytes: number, out: Address): void;

  /** Offers `(-distance, id)` to the heap for every row that the mask allows; returns how many that were. */
  scanHamming(
    query: Address,
    rows: Address,
    count: number,
    bytes: number,
    ids: Address,
    base: number,
    mask: Address,
    heap: Address,
  ): number;

  /**
   * Tables for {@link scoreBits}: for each of the `2 * bytes` nibbles of a code the 16 sums of `query[i]` where bit `i` is
   * set and `-query[i]` where it is not. Components from `bits` on count as 0. 128 bytes of table for each byte of code.
   */
  tablesBits(query: Address, bits: number, bytes: number, out: Address): void;

  /** `out[r]` = sum of a float query's components, signed by the bits of row `r` (asymmetric distance to binary codes). */
  scoreBits(tables: Address, rows: Address, count: number, bytes: number, out: Address): void;
}
