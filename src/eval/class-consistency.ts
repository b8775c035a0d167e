import type { Vectors } from '../base/vectors.ts';
import { dot } from '../math/index.ts';

/** How alike the classes are served by one threshold on the cosine. */
export interface ClassConsistency {
  /**
   * Operating-point inconsistency (Zhang et al. 2023, "Threshold-Consistent Margin Loss", section 3): mean over classes of
   * `deviation`. 0 is best. A collapsed model can have a low one too: read it beside Recall@1.
   */
  readonly opis: number;
  /** By class: mean squared deviation of its utility from the mean utility, over the range of thresholds. NaN for a class of one. */
  readonly deviation: Float64Array;
  /** By class: share of its pairs that a threshold refuses at which 5% of all pairs of different classes pass. */
  readonly refused: Float64Array;
}

const STEPS = 100;
const RANGE = [0.01, 0.1] as const;
const AT = 0.05;

/**
 * Consistency of classes over pairs of vectors. Positives of a class are its pairs, negatives the pairs with one member in it;
 * utility at a threshold is the harmonic mean of the share of positives that pass and of negatives that do not. Thresholds are
 * 100 equal steps between those at which 10% and 1% of all pairs of different classes pass.
 * @param vectors unit rows `[n, dim]`; costs `n * n / 2` products. @param labels classes, from 0.
 */
export function classConsistency(vectors: Vectors, labels: readonly number[]): ClassConsistency {
  const classes = Math.max(...labels) + 1;
  const cosines = new Float32Array((vectors.count * (vectors.count - 1)) / 2);
  const apart = new Float32Array(cosines.length);
  let [at, others] = [0, 0];
  forEachPair(labels, (i, j) => {
    const cosine = dot(vectors.row(i), vectors.row(j));
    cosines[at++] = cosine;
    if (labels[i] !== labels[j]) apart[others++] = cosine;
  });
  const sorted = apart.subarray(0, others).sort();
  const passing = (share: number): number => sorted[Math.max(0, others - 1 - Math.floor(share * others))]!;
  const [low, high, middle] = [passing(RANGE[1]), passing(RANGE[0]), passing(AT)];
  // How many pairs of each class pass the first thresholds: counts by the number of thresholds that a pair is above.
  const own = Array.from({ length: classes }, () => new Uint32Array(STEPS + 1));
  const foreign = Array.from({ length: classes }, () => new Uint32Array(STEPS + 1));
  const refused = new Float64Array(classes);
  at = 0;
  forEachPair(labels, (i, j) => {
    const cosine = cosines[at++]!;
    const above = Math.min(STEPS, Math.max(0, Math.ceil(((cosine - low) / (high - low)) * (STEPS - 1))));
    const [a, b] = [labels[i]!, labels[j]!];
    if (a === b) {
      own[a]![above]!++;
      if (cosine <= middle) refused[a]!++;
    } else {
      foreign[a]![above]!++;
      foreign[b]![above]!++;
    }
  });
  const utilities = own.map((counts, label) => utilityOf(counts, foreign[label]!));
  const counted = utilities.filter((utility) => utility !== undefined);
  const means = Float64Array.from(
    { length: STEPS },
    (_, step) => counted.reduce((total, utility) => total + utility[step]!, 0) / counted.length,
  );
  const deviation = Float64Array.from(utilities, (utility) => {
    if (utility === undefined) return Number.NaN;
    return utility.reduce((sum, value, step) => sum + (value - means[step]!) ** 2 / STEPS, 0);
  });
  const defined = deviation.filter((value) => !Number.isNaN(value));
  return {
    opis: defined.reduce((sum, value) => sum + value, 0) / defined.length,
    deviation,
    refused: refused.map((count, label) => count / own[label]!.reduce((sum, pairs) => sum + pairs, 0)),
  };
}

/** Utility at each threshold; undefined for a class without pairs of its own. */
function utilityOf(own: Uint32Array, foreign: Uint32Array): Float64Array | undefined {
  const [positives, negatives] = [own, foreign].map((counts) => counts.reduce((sum, count) => sum + count, 0));
  if (positives === 0) return undefined;
  const utility = new Float64Array(STEPS);
  let [accepted, confused] = [positives!, negatives!];
  for (let step = 0; step < STEPS; step++) {
    accepted -= own[step]!;
    confused -= foreign[step]!;
    const [sensitivity, specificity] = [accepted / positives!, 1 - confused / Math.max(1, negatives!)];
    const sum = sensitivity + specificity;
    utility[step] = sum === 0 ? 0 : (2 * sensitivity * specificity) / sum;
  }
  return utility;
}

function forEachPair(labels: readonly number[], visit: (i: number, j: number) => void): void {
  for (let i = 0; i < labels.length; i++) for (let j = i + 1; j < labels.length; j++) visit(i, j);
}
