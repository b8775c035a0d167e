import {
  abs,
  add,
  cast,
  constantOf,
  diagonal,
  divide,
  equal,
  exp,
  expandDims,
  greater,
  log,
  logSoftmax,
  maximum,
  mean,
  multiply,
  negate,
  product,
  reshape,
  scale,
  slice,
  softmax,
  softplus,
  square,
  stopGradient,
  subtract,
  sum,
  type Tensor,
} from '../../tensor/index.ts';
import { positives } from './contrastive.ts';

/** Temperatures of {@link listwiseKL}. */
export interface ListwiseOptions {
  /** Of the student's cosines. Default 0.05. */
  readonly student?: number;
  /** Of the teacher's scores, which should be normalised to 0 .. 1. Default 0.3. */
  readonly teacher?: number;
}

/**
 * Distillation of a teacher's graded list: `KL(softmax(teacher / t_t) || softmax(student / t_s))`, mean over queries
 * (Tamber et al. 2025, arXiv 2502.19712; temperatures 0.3 and 0.05 as there).
 * @param student and teacher: scores `[queries, n]` of the same documents.
 */
export function listwiseKL(student: Tensor, teacher: Tensor, options: ListwiseOptions = {}): Tensor {
  const { student: studentTemperature = 0.05, teacher: teacherTemperature = 0.3 } = options;
  const target = logSoftmax(stopGradient(divide(teacher, teacherTemperature)));
  const prediction = logSoftmax(divide(student, studentTemperature));
  return mean(sum(multiply(exp(target), subtract(target, prediction)), 1));
}

/**
 * ListNet with the top-one distribution (Cao et al. 2007): cross entropy of `softmax(relevance)` and `softmax(scores)`,
 * mean over queries. Both `[queries, n]`.
 */
export function listNet(scores: Tensor, relevance: Tensor): Tensor {
  return negate(mean(sum(multiply(softmax(stopGradient(relevance)), logSoftmax(scores)), 1)));
}

/**
 * Margin-MSE (Hofstätter et al. 2020, arXiv 2010.02666, equation 8): squared difference of the student's and the
 * teacher's margins between the first document and each other. Both `[queries, n]`, first document the positive.
 */
export function marginMSE(student: Tensor, teacher: Tensor): Tensor {
  const margins = (scores: Tensor) => subtract(slice(scores, 1, 0, 1), slice(scores, 1, 1));
  return mean(square(subtract(margins(student), stopGradient(margins(teacher)))));
}

/**
 * RankNet (Burges et al. 2005, equation 3): `softplus(-(s_i - s_j))` for every pair of a list of which `i` is more
 * relevant, mean over pairs. Both `[queries, n]`; a batch without such a pair has loss 0.
 */
export function rankNet(scores: Tensor, relevance: Tensor, temperature = 1): Tensor {
  const better = cast(greater(expandDims(relevance, 2), expandDims(relevance, 1)), 'float32');
  return weightedPairs(scores, better, temperature);
}

/**
 * LambdaRank as a loss (Burges 2010, MSR-TR-2010-82; the LambdaLoss view of Wang et al. 2018): RankNet pairs weighted by
 * how much exchanging both would change nDCG, `|gain_i - gain_j| |1 / log2(1 + rank_i) - 1 / log2(1 + rank_j)|`, ranks
 * by the current scores, divided by the ideal DCG. Gains are `2^relevance - 1`. Both `[queries, n]`.
 */
export function lambdaRank(scores: Tensor, relevance: Tensor, temperature = 1): Tensor {
  return weightedPairs(scores, lambdaWeights(scores, relevance), temperature);
}

/** Weights of pairs `[queries, n, n]` for {@link lambdaRank}, without gradient; 0 unless `i` is more relevant than `j`. */
export function lambdaWeights(scores: Tensor, relevance: Tensor): Tensor {
  const gains = subtract(exp(scale(relevance, Math.LN2)), 1);
  const discounts = discountOf(ranksOf(stopGradient(scores)));
  const ideal = sum(multiply(gains, discountOf(ranksOf(relevance))), 1, true);
  const gap = (x: Tensor) => abs(subtract(expandDims(x, 2), expandDims(x, 1)));
  const better = cast(greater(expandDims(relevance, 2), expandDims(relevance, 1)), 'float32');
  const change = divide(multiply(gap(gains), gap(discounts)), expandDims(maximum(ideal, 1e-9), 2));
  return stopGradient(multiply(better, change));
}

/** `1 / log2(1 + rank)`, ranks from 1. */
function discountOf(ranks: Tensor): Tensor {
  return divide(Math.LN2, log(add(ranks, 1)));
}

/** Ranks from 1 along the last axis, greatest first; of equal elements the earlier comes first. */
function ranksOf(x: Tensor): Tensor {
  const n = x.shape[1] as number;
  const [own, other] = [expandDims(x, 2), expandDims(x, 1)];
  const earlier = greater(placesOf(n, 'row'), placesOf(n, 'column'));
  const ahead = add(
    cast(greater(other, own), 'float32'),
    multiply(cast(equal(other, own), 'float32'), cast(earlier, 'float32')),
  );
  return add(sum(ahead, 2), 1);
}

function placesOf(n: number, axis: 'row' | 'column'): Tensor {
  const places = constantOf(
    Float32Array.from({ length: n }, (_, i) => i),
    [n],
  );
  return expandDims(places, axis === 'row' ? 1 : 0);
}

/**
 * Pairwise AUC (MW loss 2025, arXiv 2510.00137): every positive of the batch against every negative of every query,
 * `mean softplus((s- - s+) / t)`. It bounds the area over the ROC curve of one threshold for all queries, and unlike
 * InfoNCE changes when a query's scores shift. The mean over pairs is taken where the paper's batch formula sums.
 *
 * @param positives scores of any shape. @param negatives scores of any shape. @param keep 1 where a negative counts, in
 * their shape: 0 at false negatives and at a positive's own cell. Default: all count.
 */
export function pairwiseAUC(positives: Tensor, negatives: Tensor, temperature = 0.01, keep?: Tensor): Tensor {
  const flat = (x: Tensor) => reshape(x, [product(x.shape)]);
  const gaps = subtract(expandDims(flat(negatives), 0), expandDims(flat(positives), 1));
  const losses = softplus(divide(gaps, temperature));
  if (keep === undefined) return mean(losses);
  const counted = cast(greater(flat(keep), 0.5), 'float32');
  const byNegative = divide(sum(multiply(losses, expandDims(counted, 0)), 1), maximum(sum(counted), 1));
  return mean(byNegative);
}

/**
 * {@link pairwiseAUC} of a batch laid out as for `infoNCE` (MW loss 2025, the batch formula): every query's positive against all
 * other cells of `scores` `[queries, documents]`, those of other queries included.
 * @param exclude 1 where a document is no negative of the query, in the shape of the scores. Default: none.
 */
export function batchAUC(scores: Tensor, temperature = 0.01, exclude?: Tensor): Tensor {
  const others = subtract(1, cast(positives(scores), 'float32'));
  const keep = exclude === undefined ? others : multiply(others, subtract(1, exclude));
  return pairwiseAUC(diagonal(scores), scores, temperature, keep);
}

function weightedPairs(scores: Tensor, weights: Tensor, temperature: number): Tensor {
  const margins = divide(subtract(expandDims(scores, 2), expandDims(scores, 1)), temperature);
  const losses = sum(multiply(softplus(negate(margins)), weights));
  const pairs = sum(cast(greater(weights, 0), 'float32'));
  return divide(losses, maximum(pairs, 1));
}
