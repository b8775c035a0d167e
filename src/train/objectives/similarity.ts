import {
  add,
  cast,
  concat,
  divide,
  equal,
  exp,
  expandDims,
  greater,
  logSoftmax,
  logSumExp,
  max,
  maximum,
  mean,
  multiply,
  norm,
  scale,
  softplus,
  sqrt,
  square,
  stopGradient,
  subtract,
  sum,
  type Tensor,
  where,
} from '../../tensor/index.ts';
import { weightedSum } from './weighted.ts';

/** `1 - cos` of student and teacher vectors of the same texts, mean over rows; both `[texts, dim]`, of any length. */
export function cosineDistillation(student: Tensor, teacher: Tensor): Tensor {
  const products = sum(multiply(student, stopGradient(teacher)), 1, true);
  return mean(subtract(1, divide(products, multiply(norm(student), norm(stopGradient(teacher))))));
}

/** Squared Euclidean distance of student and teacher vectors, mean over rows; both `[texts, dim]`. */
export function mseDistillation(student: Tensor, teacher: Tensor): Tensor {
  return mean(sum(square(subtract(student, stopGradient(teacher))), 1));
}

/**
 * Distillation of a query tower while documents stay as they are (ScalingNote 2024, arXiv 2411.15766, stage 2):
 * `|S - T|^2 + (1 - cos(S, T))`, mean over queries, for student `S` and teacher `T`, both `[queries, dim]`. No score is then further from
 * the teacher's than the vectors are: `|<S, d> - <T, d>| <= |S - T| |d|`. That the terms weigh alike is a reconstruction.
 */
export function queryDistillation(student: Tensor, teacher: Tensor): Tensor {
  return add(mseDistillation(student, teacher), cosineDistillation(student, teacher));
}

/** Constant in place of a deviation of 0. */
const SMALL = 1e-8;

/**
 * `1 - r`, Pearson's correlation of predicted similarities with given scores (CoDiEmb 2025, arXiv 2508.11442, weight 2).
 * Both `[pairs]`. With all scores equal the loss is 1 and has no gradient.
 */
export function pearsonLoss(similarities: Tensor, scores: Tensor): Tensor {
  const centered = (x: Tensor) => subtract(x, mean(x));
  const [x, y] = [centered(similarities), centered(stopGradient(scores))];
  const length = (v: Tensor) => maximum(sum(square(v)), SMALL * SMALL);
  return subtract(1, divide(sum(multiply(x, y)), sqrt(multiply(length(x), length(y)))));
}

/**
 * KL of ideal ranks and similarities as distributions over the pairs (CoDiEmb 2025, weight 5): with `r` the rank of a
 * score, 0 for the highest and ties averaged, the target is `softmax(((n - 1 - r) / (n - 1)) / t)`. Both `[pairs]`.
 * Divided by `n`, as the authors' code does.
 */
export function rankKL(similarities: Tensor, scores: Tensor, temperature = 0.05): Tensor {
  const n = similarities.shape[0] as number;
  const [own, other] = [expandDims(scores, 1), expandDims(scores, 0)];
  const ahead = sum(cast(greater(other, own), 'float32'), 1);
  const tied = sum(cast(equal(own, other), 'float32'), 1);
  const ranks = add(ahead, scale(add(tied, -1), 0.5));
  const ideal = scale(subtract(n - 1, ranks), 1 / Math.max(1, n - 1));
  const target = stopGradient(logSoftmax(scale(ideal, 1 / temperature)));
  const prediction = logSoftmax(scale(similarities, 1 / temperature));
  return scale(sum(multiply(exp(target), subtract(target, prediction))), 1 / n);
}

/**
 * Preference ranking of pairs by score (PRO, Song et al. 2023, as CoDiEmb 2025 weighs it, weight 0.5): for each pair `k`
 * and the tail of pairs with lower scores, `-log( exp(d_k x_k / t) / (exp(d_k x_k / t) + sum_j exp(d_kj x_j / t)) )` with
 * `d_kj = y_k - y_j` and `d_k = max_j d_kj`. Mean over pairs that have a tail. Both `[pairs]`, scores in 0 .. 1.
 */
export function preferenceRanking(similarities: Tensor, scores: Tensor, temperature = 0.05): Tensor {
  const y = stopGradient(scores);
  const gaps = subtract(expandDims(y, 1), expandDims(y, 0));
  const lower = greater(gaps, 1e-6);
  const widest = max(gaps, 1);
  const own = scale(multiply(widest, similarities), 1 / temperature);
  const others = where(lower, scale(multiply(gaps, expandDims(similarities, 0)), 1 / temperature), -1e9);
  const all = logSumExp(concat([expandDims(own, 1), others], 1), 1);
  const counted = cast(greater(widest, 1e-6), 'float32');
  return divide(sum(multiply(subtract(all, own), counted)), maximum(sum(counted), 1));
}

/**
 * CoSENT (Su 2022): `log(1 + sum exp((x_j - x_i) / t))` over pairs whose scores say `y_i > y_j`. The usual loss for
 * graded similarity. Both `[pairs]`.
 */
export function cosent(similarities: Tensor, scores: Tensor, temperature = 0.05): Tensor {
  const higher = greater(expandDims(scores, 1), expandDims(scores, 0));
  const x = similarities;
  const gaps = scale(subtract(expandDims(x, 0), expandDims(x, 1)), 1 / temperature);
  const masked = where(higher, gaps, -1e9);
  return softplus(logSumExp(masked));
}

/** Weights of the three terms of {@link gradedSimilarity}. */
export interface GradedWeights {
  /** Of {@link pearsonLoss}. Default 2. */
  readonly pearson?: number;
  /** Of {@link rankKL}. Default 5. */
  readonly rank?: number;
  /** Of {@link preferenceRanking}. Default 0.5. */
  readonly preference?: number;
}

/**
 * The loss of graded similarity of CoDiEmb (2025, arXiv 2508.11442): correlation, ranks and preferences of pairs, weighed as there. A weight of 0
 * leaves a term out. Both `[pairs]`, scores in 0 .. 1.
 */
export function gradedSimilarity(
  similarities: Tensor,
  scores: Tensor,
  { pearson = 2, rank = 5, preference = 0.5 }: GradedWeights = {},
  temperature = 0.05,
): Tensor {
  return weightedSum(
    [pearson, pearsonLoss(similarities, scores)],
    [rank, rankKL(similarities, scores, temperature)],
    [preference, preferenceRanking(similarities, scores, temperature)],
  );
}
