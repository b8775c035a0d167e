import { InvalidArgumentError } from '../../base/errors.ts';

/** Options of {@link balancedAssignment}. */
export interface BalanceOptions {
  /** Of the entropy; smaller follows distances more closely and balances all the same. Default 0.003, at least 0.0015. */
  readonly epsilon?: number;
  /** Rounds of Sinkhorn's scaling. 0 gives the nearest. Default 100. */
  readonly iterations?: number;
}

/**
 * Assigns points to centroids so that each centroid gets about as many (Zhan et al. 2022, RepCONC, https://arxiv.org/abs/2110.05789,
 * section 4.2): Sinkhorn's scaling of `exp(-distance / epsilon)` to uniform marginals, then the greatest entry of each row.
 * Distances are shifted and scaled to -1 .. 1 first, over the whole batch, which must hold many more points than centroids.
 *
 * @param distances `[points, centroids]`, e.g. squared Euclidean. @returns the centroid of each point.
 */
export function balancedAssignment(
  distances: Float32Array,
  centroids: number,
  options: BalanceOptions = {},
): Uint32Array {
  const { epsilon = 0.003, iterations = 100 } = options;
  if (!(epsilon >= 0.0015)) {
    throw new InvalidArgumentError(`epsilon is ${epsilon}.`, 'Give 0.0015 or more: less leaves the range of doubles.');
  }
  const points = distances.length / centroids;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const distance of distances) {
    if (distance < low) low = distance;
    if (distance > high) high = distance;
  }
  const middle = (low + high) / 2;
  const plan = Float64Array.from(distances, (value) => Math.exp(-(value - middle) / (high - middle + 1e-5) / epsilon));
  const rows = new Float64Array(points).fill(1);
  const columns = new Float64Array(centroids).fill(1);
  for (let round = 0; round < iterations; round++) {
    const masses = new Float64Array(centroids);
    for (let p = 0, at = 0; p < points; p++) {
      for (let c = 0; c < centroids; c++, at++) masses[c]! += rows[p]! * plan[at]!;
    }
    for (let c = 0; c < centroids; c++) columns[c] = 1 / (centroids * Math.max(masses[c]!, Number.MIN_VALUE * 2 ** 60));
    for (let p = 0, at = 0; p < points; p++) {
      let mass = 0;
      for (let c = 0; c < centroids; c++, at++) mass += plan[at]! * columns[c]!;
      rows[p] = 1 / (points * Math.max(mass, Number.MIN_VALUE * 2 ** 60));
    }
  }
  return Uint32Array.from({ length: points }, (_, p) => {
    let best = 0;
    for (let c = 1; c < centroids; c++) {
      if (plan[p * centroids + c]! * columns[c]! > plan[p * centroids + best]! * columns[best]!) best = c;
    }
    return best;
  });
}

/** How evenly numbers below `count` are used: entropy in bits, `log2(count)` at most. */
export function usageEntropy(numbers: ArrayLike<number>, count: number): number {
  const uses = new Float64Array(count);
  for (let i = 0; i < numbers.length; i++) uses[numbers[i]!]!++;
  return uses.reduce(
    (sum, use) => (use === 0 ? sum : sum - (use / numbers.length) * Math.log2(use / numbers.length)),
    0,
  );
}
