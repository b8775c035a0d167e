import { HIT_SCORES, LEAST_BASE, LEAST_EXPONENT, type RelevanceMap } from '../../search/index.ts';
import {
  add,
  exp,
  log,
  max,
  maximum,
  mean,
  multiply,
  power,
  reshape,
  scale,
  slice,
  softplus,
  subtract,
  sum,
  type Tensor,
} from '../../tensor/index.ts';

/**
 * Binary cross-entropy of calibrated hits, mean over all places of all lists; and, by `listWeight`, of their best hits, mean over all lists, as the
 * best hit says whether a list holds anything relevant. `softplus(f) - y f` is the cross-entropy of the logit `f` that `relevanceOf`
 * describes.
 *
 * @param theta numbers of each query's map, `[queries, numbers]`, before they pass a softplus.
 * @param scores of hits, `[queries, depth * HIT_SCORES]`: the scores of a hit next to each other; standardised for the map `standard`.
 * @param targets 1 where a hit is relevant, `[queries, depth]`.
 * @param present 1 where there is a hit, `[queries, depth]`.
 */
export function calibrationLoss(
  theta: Tensor,
  scores: Tensor,
  targets: Tensor,
  present: Tensor,
  map: RelevanceMap = 'linear',
  listWeight = 0,
): Tensor {
  const [count, depth] = targets.shape as [number, number];
  const column = (i: number): Tensor => slice(theta, 1, i, i + 1);
  const byScore = reshape(scores, [count, depth, HIT_SCORES]);
  let logits = column(HIT_SCORES);
  for (let i = 0; i < HIT_SCORES; i++) {
    const score = reshape(slice(byScore, 2, i, i + 1), [count, depth]);
    const mapped = i === COSINE ? mappedCosine(score, map, column) : score;
    logits = add(logits, multiply(softplus(column(i)), mapped));
  }
  const entropy = (logit: Tensor, target: Tensor) => subtract(softplus(logit), multiply(target, logit));
  const hits = scale(sum(multiply(entropy(logits, targets), present)), 1 / (count * depth));
  if (listWeight === 0) return hits;
  // No hit is worse than any: its logit is that of a probability of 0.
  const best = max(add(multiply(add(logits, -ABSENT), present), ABSENT), 1);
  return add(hits, scale(mean(entropy(best, max(targets, 1))), listWeight));
}

const ABSENT = -20;

/** Place of the cosine among the scores of a hit. */
const COSINE = 1;

function mappedCosine(cosine: Tensor, map: RelevanceMap, column: (i: number) => Tensor): Tensor {
  if (map === 'linear' || map === 'standard') return cosine;
  const base = maximum(scale(add(cosine, 1), 0.5), LEAST_BASE);
  if (map === 'root') return power(base, 0.5);
  if (map === 'quadratic') return power(base, 2);
  return exp(multiply(log(base), add(softplus(column(HIT_SCORES + 1)), LEAST_EXPONENT)));
}
