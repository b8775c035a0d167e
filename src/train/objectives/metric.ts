import {
  add,
  and,
  cast,
  concat,
  constantOf,
  diagonalMask,
  divide,
  equal,
  expandDims,
  greater,
  greaterOrEqual,
  less,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  multiply,
  norm,
  not,
  reshape,
  scale,
  scatterAdd,
  stopGradient,
  subtract,
  sum,
  type Tensor,
  take,
  transposeLast,
  unitLength,
  where,
} from '../../tensor/index.ts';
import type { Temperature } from './contrastive.ts';

const NEVER = -1e9;

/** Which pairs of a batch are of one class and which are not: masks `[n, n]`, the diagonal in neither. */
export interface PairMasks {
  readonly positives: Tensor;
  readonly negatives: Tensor;
}

/** Masks of pairs from class labels `[n]`, whole numbers. */
export function pairsOf(labels: Tensor): PairMasks {
  const n = labels.shape[0] as number;
  const same = equal(expandDims(labels, 1), expandDims(labels, 0));
  return { positives: and(same, not(diagonalMask(n))), negatives: not(same) };
}

/**
 * The pairs that the multi-similarity miner keeps (Wang et al. 2019, arXiv 1904.06627, equations 11 and 12), by current
 * similarities `[n, n]`: negatives above the anchor's least similar positive minus `margin`, positives below its most
 * similar negative plus `margin`. Positives above `1 - 1e-5` are taken for copies and dropped.
 */
export function minePairs(similarities: Tensor, pairs: PairMasks, margin = 0.1): PairMasks {
  const s = stopGradient(similarities);
  const positives = and(pairs.positives, less(s, 1 - 1e-5));
  const leastPositive = scale(max(where(positives, scale(s, -1), NEVER), 1, true), -1);
  const mostNegative = max(where(pairs.negatives, s, NEVER), 1, true);
  return {
    positives: and(positives, less(s, add(mostNegative, margin))),
    negatives: and(pairs.negatives, greater(s, add(leastPositive, -margin))),
  };
}

/** Options of {@link multiSimilarity}; defaults as in the authors' code. */
export interface MultiSimilarityOptions {
  /** Sharpness for positives. Default 2. */
  readonly alpha?: number;
  /** Sharpness for negatives. Default 40. */
  readonly beta?: number;
  /** Similarity that separates. Default 0.5. */
  readonly lambda?: number;
  /** Margin of the miner; null takes all pairs. Default 0.1. */
  readonly margin?: number | null;
}

/**
 * Multi-similarity loss (Wang et al. 2019, arXiv 1904.06627, equation 15):
 * `1/n sum_i [ log(1 + sum_P exp(-alpha (s - lambda))) / alpha + log(1 + sum_N exp(beta (s - lambda))) / beta ]` over the
 * pairs that {@link minePairs} keeps; an anchor without both kinds contributes 0.
 *
 * @param vectors unit rows `[n, dim]`. @param labels `[n]` whole numbers; see the sampler `pkBatches`.
 */
export function multiSimilarity(vectors: Tensor, labels: Tensor, options: MultiSimilarityOptions = {}): Tensor {
  const { alpha = 2, beta = 40, lambda = 0.5, margin = 0.1 } = options;
  const s = matmul(vectors, transposeLast(vectors));
  const all = pairsOf(labels);
  const { positives, negatives } = margin === null ? all : minePairs(s, all, margin);
  const both = and(anyOf(positives), anyOf(negatives));
  const pull = logOnePlus(where(positives, scale(subtract(lambda, s), alpha), NEVER));
  const push = logOnePlus(where(negatives, scale(add(s, -lambda), beta), NEVER));
  const losses = add(scale(pull, 1 / alpha), scale(push, 1 / beta));
  return mean(where(both, losses, 0));
}

/** Options of {@link thresholdConsistentMargin}. */
export interface ThresholdConsistentOptions {
  /** Cosine that pairs of a class should exceed. Default 0.9. */
  readonly positive?: number;
  /** Cosine that other pairs should stay below. Default 0.5. */
  readonly negative?: number;
  /** Weights of both terms. Default 1 each. */
  readonly weights?: readonly [positive: number, negative: number];
}

/**
 * Threshold-consistent margin (Zhang et al. 2023, arXiv 2307.04047), a term to add to another loss: mean hinge of the
 * pairs beyond absolute margins, over those pairs only, so that one threshold serves all classes.
 * @param vectors unit rows `[n, dim]`. @param labels `[n]` whole numbers.
 */
export function thresholdConsistentMargin(
  vectors: Tensor,
  labels: Tensor,
  options: ThresholdConsistentOptions = {},
): Tensor {
  const { positive = 0.9, negative = 0.5, weights = [1, 1] } = options;
  const s = matmul(vectors, transposeLast(vectors));
  const pairs = pairsOf(labels);
  const hardPositives = cast(and(pairs.positives, not(greater(s, positive))), 'float32');
  const hardNegatives = cast(and(pairs.negatives, greaterOrEqual(s, negative)), 'float32');
  const average = (losses: Tensor, mask: Tensor) => divide(sum(multiply(losses, mask)), maximum(sum(mask), 1));
  return add(
    scale(average(subtract(positive, s), hardPositives), weights[0]),
    scale(average(add(s, -negative), hardNegatives), weights[1]),
  );
}

/** Mean of the rows of each group: `[n, dim]` and group numbers `[n]` below `count` to `[count, dim]`. No group is empty. */
export function groupCentroids(vectors: Tensor, groups: Tensor, count: number): Tensor {
  const ones = constantOf(new Float32Array(vectors.shape[0] as number).fill(1), [vectors.shape[0] as number, 1]);
  return divide(scatterAdd(vectors, groups, count), scatterAdd(ones, groups, count));
}

/**
 * Triplet loss with margin (Schroff et al. 2015): mean of `max(0, |a - p| - |a - n| + margin)`. Rows may be vectors or
 * {@link groupCentroids}: with centroids it is the centroid triplet loss (Wieczorek et al. 2021, arXiv 2104.13643).
 * All `[n, dim]`.
 */
export function tripletLoss(anchors: Tensor, positives: Tensor, negatives: Tensor, margin = 0.1): Tensor {
  const distance = (a: Tensor, b: Tensor) => reshape(norm(subtract(a, b), 1e-6), [a.shape[0]!]);
  const gaps = subtract(distance(anchors, positives), distance(anchors, negatives));
  return mean(maximum(add(gaps, margin), 0));
}

/** Options of {@link marginSoftmax}. */
export interface MarginSoftmaxOptions {
  /** Default 0.05. */
  readonly temperature?: Temperature;
  /** Subtracted from the cosine of the own class: a number for all, or one per sample `[n]`. Default 0.2. */
  readonly margin?: number | Tensor;
}

/**
 * Softmax over class centres with an additive cosine margin (Wang et al. 2018, CosFace, arXiv 1801.09414, equation 4).
 * With margins per sample it is the adaptive form (AdaCos and Margin-Matching kin): see {@link frequencyMargins}.
 * @param vectors unit rows `[n, dim]`. @param centres `[classes, dim]`, scaled to unit length here. @param labels `[n]`.
 */
export function marginSoftmax(
  vectors: Tensor,
  centres: Tensor,
  labels: Tensor,
  options: MarginSoftmaxOptions = {},
): Tensor {
  const { temperature = 0.05, margin = 0.2 } = options;
  const s = matmul(vectors, transposeLast(unitLength(centres)));
  const [n, classes] = s.shape as [number, number];
  const numbers = constantOf(
    Int32Array.from({ length: classes }, (_, i) => i),
    [1, classes],
  );
  const own = equal(expandDims(labels, 1), numbers);
  const penalty = typeof margin === 'number' ? margin : expandDims(margin, 1);
  const logits = divide(subtract(s, where(own, penalty, 0)), temperature);
  const right = take(logits, expandDims(labels, 1));
  return mean(subtract(logSumExp(logits, 1), reshape(right, [n])));
}

/** Margins by class size, wider for rarer classes: `most * (n_min / n)^(1/4)` (LDAM, Cao et al. 2019, equation 12). */
export function frequencyMargins(counts: readonly number[], most = 0.5): Float32Array {
  const least = Math.min(...counts);
  return Float32Array.from(counts, (count) => most * (least / count) ** 0.25);
}

function anyOf(mask: Tensor): Tensor {
  return greater(sum(cast(mask, 'float32'), 1), 0.5);
}

/** `log(1 + sum exp(x))` by row. */
function logOnePlus(x: Tensor): Tensor {
  const zeros = constantOf(new Float32Array(x.shape[0] as number), [x.shape[0] as number, 1]);
  return logSumExp(concat([zeros, x], 1), 1);
}
