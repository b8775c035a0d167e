import type { Address } from './address.ts';

/**
 * Kernels of late interaction over codes of residuals. Query vectors are lanes: an entry of a table holds one number for each of them,
 * {@link lanesOf} in all. Results are the same on every build. Scalar twins in reference-late.ts.
 */
export interface LateKernels {
  /**
   * Raises `best[q]` to the greatest `scales[r] * (near[ids[r]][q] + steps[ids[r]] * sum over g of table[g][codes[r][g]][q])` of the rows of one
   * item; fill it with -Infinity first.
   *
   * @param codes `groups` bytes for each row. @param stride bytes from one to the next. @param ids the centroid of each row (uint16). @param scales of each row (float32).
   * @param near an entry (float32) for each centroid: its products with the query's vectors. @param steps of each centroid (float32).
   * @param table 256 entries (float32) for each group.
   */
  maxSimCodes(
    codes: Address,
    stride: number,
    ids: Address,
    scales: Address,
    count: number,
    groups: number,
    near: Address,
    steps: Address,
    table: Address,
    lanes: number,
    best: Address,
  ): void;

  /**
   * `out[i] = sum over q of the greatest near[ids[r]][q]` of the rows `offsets[items[i]]` to `offsets[items[i] + 1]` (exclusive), as int32.
   * @param items numbers of items (uint32). @param near an entry (bytes) for each centroid; lanes without a query vector hold 0.
   */
  maxSimCentroids(
    items: Address,
    count: number,
    offsets: Address,
    ids: Address,
    near: Address,
    lanes: number,
    out: Address,
  ): void;
}

/** Lanes of an entry for so many query vectors: a multiple of 16. */
export function lanesOf(queryVectors: number): number {
  return Math.ceil(queryVectors / 16) * 16;
}
