import type { Address } from './arena.ts';

/** Float32 kernels; each has a scalar twin in reference.ts. */
export interface FloatKernels {
  /** `out[r] = query . rows[r]` for `count` rows of `dim` floats. */
  dotRows(query: Address, rows: Address, count: number, dim: number, out: Address): void;
}
