import {
  add,
  cast,
  divide,
  greater,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  scale,
  softplus,
  subtract,
  sum,
  type Tensor,
  transposeLast,
  where,
} from '../../tensor/index.ts';
import { pairsOf } from './metric.ts';

// The classical losses over pairs of a batch by class, to compare `multiSimilarity` with. All take unit rows `[n, dim]` and labels
// `[n]`, whole numbers of which each occurs at least twice (see the sampler `pkBatches`); the notation is that of Wang et al. 2019
// (arXiv 1904.06627), section 3: `s` are cosines, P and N the positives and negatives of an anchor, and losses are means over anchors.

const NEVER = -1e9;

/**
 * Contrastive loss (Hadsell et al. 2006): `mean_P (1 - s) + mean_N (s - margin)`, the latter over the negatives above the margin.
 * @param margin cosine. Default 0.5.
 */
export function contrastivePairs(vectors: Tensor, labels: Tensor, margin = 0.5): Tensor {
  const { s, positives, negatives } = cosinesWithin(vectors, labels);
  const push = where(negatives, maximum(subtract(s, margin), 0), 0);
  const active = sum(cast(greater(push, 0), 'float32'), 1);
  return mean(add(averageOver(subtract(1, s), positives), divide(sum(push, 1), maximum(active, 1))));
}

/**
 * Binomial deviance (Yi et al. 2014, arXiv 1407.4979): `mean_P log(1 + exp(-alpha (s - lambda))) / alpha + mean_N log(1 +
 * exp(beta (s - lambda))) / beta`. Defaults alpha 2, beta 40, lambda 0.5, as in `multiSimilarity`.
 */
export function binomialDeviance(
  vectors: Tensor,
  labels: Tensor,
  {
    alpha = 2,
    beta = 40,
    lambda = 0.5,
  }: { readonly alpha?: number; readonly beta?: number; readonly lambda?: number } = {},
): Tensor {
  const { s, positives, negatives } = cosinesWithin(vectors, labels);
  const pull = averageOver(softplus(scale(subtract(lambda, s), alpha)), positives);
  const push = averageOver(softplus(scale(subtract(s, lambda), beta)), negatives);
  return mean(add(scale(pull, 1 / alpha), scale(push, 1 / beta)));
}

/**
 * Lifted structure loss by anchor (Song et al. 2016, arXiv 1511.06452, equation 4, in the form of Hermans et al. 2017):
 * `max(0, t log sum_P exp(-s / t) + t log sum_N exp(s / t) + margin)`.
 */
export function liftedStructure(
  vectors: Tensor,
  labels: Tensor,
  { temperature = 0.1, margin = 0.2 }: { readonly temperature?: number; readonly margin?: number } = {},
): Tensor {
  const { s, positives, negatives } = cosinesWithin(vectors, labels);
  const pull = logSumExp(where(positives, scale(s, -1 / temperature), NEVER), 1);
  const push = logSumExp(where(negatives, scale(s, 1 / temperature), NEVER), 1);
  return mean(maximum(add(scale(add(pull, push), temperature), margin), 0));
}

/**
 * Triplet loss with the hardest of the batch (Hermans et al. 2017, arXiv 1703.07737, equation 5), on cosines:
 * `max(0, max_N s - min_P s + margin)`. @param margin cosine. Default 0.2.
 */
export function batchHardTriplet(vectors: Tensor, labels: Tensor, margin = 0.2): Tensor {
  const { s, positives, negatives } = cosinesWithin(vectors, labels);
  const farthest = scale(max(where(positives, scale(s, -1), NEVER), 1), -1);
  const nearest = max(where(negatives, s, NEVER), 1);
  return mean(maximum(add(subtract(nearest, farthest), margin), 0));
}

function cosinesWithin(vectors: Tensor, labels: Tensor) {
  return { s: matmul(vectors, transposeLast(vectors)), ...pairsOf(labels) };
}

/** Mean by row over what the mask marks. */
function averageOver(x: Tensor, mask: Tensor): Tensor {
  return divide(sum(where(mask, x, 0), 1), maximum(sum(cast(mask, 'float32'), 1), 1));
}
