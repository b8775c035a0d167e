import type { Address } from './address.ts';

/**
 * Products of many rows with many centroids, four rows against eight centroids at a time. Sums run over the components in
 * order, in float32 (fused in the relaxed build), starting from the bias: the same for a row wherever it stands.
 */
export interface KMeansKernels {
  /**
   * For every row the centroid with the greatest `row . centroid + biases[centroid]`, provided that it exceeds `best[row]`:
   * its number plus `first` goes to `out[row]` (uint32), the value to `best[row]` (float32). Equal values go to the lower
   * number. Fill `best` with -Infinity before the first call; further calls go on with other centroids.
   *
   * With zero biases that is the greatest inner product; with `-|centroid|^2 / 2` the least Euclidean distance, whose square
   * is `|row|^2 - 2 best[row]`.
   *
   * Component `c` of centroid `i` lies at byte `(i >> 3) * panel + c * step + (i & 7) * 4` of `centroids`: panels of eight
   * (`step` 32, `panel` `32 * dim`, see {@link packPanels}) or the transposed matrix (`step` `4 * k`, `panel` 32).
   *
   * @param stride bytes from a row to the next. @param k a multiple of 8; a bias of -Infinity makes a centroid absent.
   */
  assignRows(
    rows: Address,
    stride: number,
    count: number,
    dim: number,
    centroids: Address,
    panel: number,
    step: number,
    k: number,
    biases: Address,
    first: number,
    out: Address,
    best: Address,
  ): void;

  /**
   * `out[r * columns + i] = row r . centroid i + biases[i]`: a matrix product with the transposed matrix of centroids, which
   * lie in panels of eight.
   *
   * @param columns a multiple of 8.
   */
  multiplyRows(
    rows: Address,
    stride: number,
    count: number,
    dim: number,
    centroids: Address,
    columns: number,
    biases: Address,
    out: Address,
  ): void;
}

/** `count` rounded up to whole panels of eight. */
export function panelCount(count: number): number {
  return Math.ceil(count / 8) * 8;
}

/** Rows of `dim` floats as panels of eight, zeros in place of absent rows: `panelCount(rows) * dim` floats. */
export function packPanels(rows: Float32Array, dim: number): Float32Array<ArrayBuffer> {
  const count = rows.length / dim;
  const panels = new Float32Array(panelCount(count) * dim);
  for (let i = 0; i < count; i++) {
    const start = (i >> 3) * 8 * dim + (i & 7);
    for (let c = 0; c < dim; c++) panels[start + 8 * c] = rows[i * dim + c]!;
  }
  return panels;
}
