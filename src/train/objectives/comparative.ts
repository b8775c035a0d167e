import {
  add,
  constantOf,
  divide,
  greater,
  logSumExp,
  matmul,
  max,
  mean,
  negate,
  relu,
  softplus,
  subtract,
  type Tensor,
  where,
} from '../../tensor/index.ts';
import { LEFT_OUT, type Temperature } from './contrastive.ts';

/**
 * Softmax cross-entropy of each query's lowest positive against everything that is not relevant to it, the other positives left out (LoL 2022, SIGIR, the loss of a reformulated
 * query): `-log( exp(s_+ / t) / (exp(s_+ / t) + sum over negatives of exp(s / t)) )`.
 *
 * @param scores cosines `[queries, documents]`. @param relevant 1 where a document is relevant, at least once a row, else 0. @param exclude 1 where a document is neither relevant nor wrong, such
 * as another passage of a relevant one; in the shape of the scores. Default: none. @returns one loss for each query, `[queries]`.
 */
export function hardestPositiveNCE(
  scores: Tensor,
  relevant: Tensor,
  temperature: Temperature = 0.05,
  exclude?: Tensor,
): Tensor {
  const mask = greater(relevant, 0.5);
  const logits = divide(scores, temperature);
  const lowest = negate(max(where(mask, negate(logits), LEFT_OUT), 1));
  const passedOver = exclude === undefined ? mask : greater(add(relevant, exclude), 0.5);
  return softplus(subtract(logSumExp(where(passedOver, LEFT_OUT, logits), 1), lowest));
}

/**
 * Comparative regularisation (LoL 2022, SIGIR, "loss over loss"): of several versions of one query, the one that was given more is not to have the greater loss; the mean over queries and
 * pairs of versions of `max(0, loss of the richer - loss of the poorer)`. The gradient goes to both, so that the poorer version can also be made worse: watch its loss.
 *
 * @param losses `[queries, versions]`, the version that was given most first. @returns a scalar, 0 for a single version.
 */
export function comparativeLoss(losses: Tensor): Tensor {
  const versions = losses.shape[1] as number;
  const pairs = Array.from({ length: versions }, (_, rich) =>
    Array.from({ length: versions - rich - 1 }, (_, i) => [rich, rich + 1 + i] as const),
  ).flat();
  if (pairs.length === 0) return mean(relu(subtract(losses, losses)));
  // Differences as a product with a matrix of a column for each pair.
  const signs = new Float32Array(versions * pairs.length);
  for (const [column, [rich, poor]] of pairs.entries()) {
    signs[rich * pairs.length + column] = 1;
    signs[poor * pairs.length + column] = -1;
  }
  return mean(relu(matmul(losses, constantOf(signs, [versions, pairs.length]))));
}
