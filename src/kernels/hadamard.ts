import type { Address } from './address.ts';

export interface HadamardKernels {
  /**
   * Walsh-Hadamard transform of `count` rows of `dim` floats, in place, scaled by `1 / sqrt(dim)`: orthonormal and its own
   * inverse. `dim` is a power of two, at least 4. Costs `dim log2(dim)` additions.
   */
  hadamardRows(rows: Address, count: number, dim: number): void;
}
