import {
  add,
  and,
  cast,
  clip,
  constantly,
  diagonal,
  diagonalMask,
  divide,
  exp,
  expandDims,
  gather,
  greater,
  logSumExp,
  matmul,
  mean,
  multiply,
  not,
  reshape,
  type Scope,
  scale,
  slice,
  softplus,
  stopGradient,
  subtract,
  sum,
  type Tensor,
  transposeLast,
  where,
} from '../../tensor/index.ts';

/** Added to, or put in place of, scores that must not count. */
export const LEFT_OUT = -1e9;

/** Cosines of every query with every document: `[queries, dim]` and `[documents, dim]` unit rows to `[queries, documents]`. */
export function cosines(queries: Tensor, documents: Tensor): Tensor {
  return matmul(queries, transposeLast(documents));
}

/** Cosines row by row: unit rows `[n, dim]` of both to `[n]`. */
export function rowCosines(a: Tensor, b: Tensor): Tensor {
  return sum(multiply(a, b), 1);
}

/**
 * Scores of each query with a list of its own: of `[n, n + n * list]`, where the columns after the first `n` are the lists of all queries one after
 * the other, the `[n, list]` that are of its list.
 */
export function ownLists(scores: Tensor, list: number): Tensor {
  const n = scores.shape[0] as number;
  const lists = reshape(slice(scores, 1, n), [n, n, list]);
  return sum(where(reshape(diagonalMask(n), [n, n, 1]), lists, 0), 1);
}

/** What scores are divided by: a number, a scalar, or one per query `[queries, 1]`. */
export type Temperature = number | Tensor;

/** Options of {@link learnedTemperature}. */
export interface TemperatureOptions {
  /** Default 0.05. */
  readonly start?: number;
  /** Default 0.005. */
  readonly least?: number;
  /** Default 0.2. */
  readonly most?: number;
  /** The task of each query, `[queries]` whole numbers below `count`: each task then has a temperature of its own. */
  readonly tasks?: { readonly ids: Tensor; readonly count: number };
}

/**
 * A learned temperature, `exp(theta)` within bounds that keep it from collapsing (RzenEmbed 2025, arXiv 2510.27350,
 * learns one per task). Give its parameter `temperature` no weight decay.
 * @returns a scalar, or `[queries, 1]` with tasks.
 */
export function learnedTemperature(scope: Scope, options: TemperatureOptions = {}): Tensor {
  const { start = 0.05, least = 0.005, most = 0.2, tasks } = options;
  const theta = scope.parameter('temperature', [tasks?.count ?? 1, 1], constantly(Math.log(start)));
  const all = clip(exp(theta), least, most);
  return tasks === undefined ? reshape(all, []) : gather(all, tasks.ids);
}

/** Options of {@link infoNCE}. */
export interface InfoNCEOptions {
  /** Default 0.05. See {@link learnedTemperature}. */
  readonly temperature?: Temperature;
  /**
   * 1 where a document is no negative of the query although it is not its positive (duplicates, other known positives),
   * 0 elsewhere; in the shape of the scores. The positive itself always counts.
   */
  readonly exclude?: Tensor;
  /**
   * Leave out negatives whose cosine is above this share of the positive's, as probably relevant (RzenEmbed 2025, delta
   * 0.95). Applies only where the positive's cosine is above 0.05. Default: off.
   */
  readonly falseNegatives?: number;
  /**
   * Weigh each negative by `exp(hardness * cosine)`, without gradient through the weight (RzenEmbed 2025, alpha 9).
   * Default 0.
   */
  readonly hardness?: number;
  /** One weight per query, `[queries]`, taken without gradient; their mean should be 1. See {@link progressiveWeights}. */
  readonly weights?: Tensor;
  /** Also ask which query a document belongs to, and take the mean; needs as many documents as queries. Default false. */
  readonly symmetric?: boolean;
}

/**
 * InfoNCE (van den Oord et al. 2018, arXiv 1807.03748, equation 4) with in-batch and given negatives:
 *
 * `L_i = -log( exp(s_i+ / t) / (exp(s_i+ / t) + sum_j w_ij exp(s_ij / t)) )`
 *
 * @param scores cosines `[queries, documents]`; the positive of query `i` is document `i`, so there are at least as many
 * documents as queries, and those beyond are further negatives of every query.
 * @returns the mean over queries.
 */
export function infoNCE(scores: Tensor, options: InfoNCEOptions = {}): Tensor {
  const { weights, symmetric = false, ...rest } = options;
  const losses = infoNCEPerQuery(scores, rest);
  const loss = mean(weights === undefined ? losses : multiply(losses, stopGradient(weights)));
  if (!symmetric) return loss;
  const turned = rest.exclude === undefined ? rest : { ...rest, exclude: transposeLast(rest.exclude) };
  return scale(add(loss, mean(infoNCEPerQuery(transposeLast(scores), turned))), 0.5);
}

/** {@link infoNCE} by query, `[queries]`. */
export function infoNCEPerQuery(scores: Tensor, options: Omit<InfoNCEOptions, 'weights' | 'symmetric'> = {}): Tensor {
  const { temperature = 0.05, exclude, falseNegatives, hardness = 0 } = options;
  const own = positives(scores);
  const scaled = divide(scores, temperature);
  let logits = scaled;
  if (hardness !== 0) logits = add(logits, where(own, 0, stopGradient(scale(scores, hardness))));
  if (exclude !== undefined) logits = where(and(greater(exclude, 0.5), not(own)), LEFT_OUT, logits);
  if (falseNegatives !== undefined) logits = where(probablyRelevant(scores, falseNegatives), LEFT_OUT, logits);
  return subtract(logSumExp(logits, 1), diagonal(scaled));
}

/**
 * Negatives that are too close to their query's positive to be called negatives: cosine above `share` times the
 * positive's, which must itself be above 0.05. A mask `[queries, documents]`, false at the positives.
 */
export function probablyRelevant(scores: Tensor, share: number): Tensor {
  const fixed = stopGradient(scores);
  const best = expandDims(diagonal(fixed), 1);
  return and(and(greater(fixed, scale(best, share)), greater(best, 0.05)), not(positives(scores)));
}

/**
 * InfoNCE of each query against its own negatives only, for batches in which other rows are often of the same class
 * (NV-Embed 2024, arXiv 2405.17428, second stage).
 * @param scores `[queries, 1 + n]` cosines, the positive first.
 */
export function ownNegativesNCE(scores: Tensor, temperature: Temperature = 0.05): Tensor {
  const logits = divide(scores, temperature);
  return mean(subtract(logSumExp(logits, 1, true), slice(logits, 1, 0, 1)));
}

/** How several positives of one query enter {@link multiPositiveNCE}. */
export type MultiPositive =
  /** `(1 / |D+|) sum over D+ of -log p(d)`: every positive must score high. */
  | 'conjunctive'
  /** `-log (sum over D+ of p(d))`: it is enough that some do; wrong positives get little weight. */
  | 'disjunctive'
  /** `sum over D+ of -log p(d)`. */
  | 'summed'
  /** As `conjunctive`, but the other positives of the query are left out of the denominator. */
  | 'sibling-exclusion';

/**
 * InfoNCE for queries with several positives `D+`; `p(d) = exp(s_d / t) / Z`, `Z` the sum over all documents. `conjunctive`
 * and `disjunctive` as in Utility-Focused Annotation 2025 (arXiv 2504.05220), for labels of which some are wrong;
 * `sibling-exclusion` as in CoDiEmb 2025 (arXiv 2508.11442), where siblings are never negatives.
 *
 * A positive is pulled by `1 / |D+| - p(d)` in the conjunctive form and by `p(d) / P - p(d)`, `P` the sum of `p` over `D+`, in
 * the disjunctive one: there a positive that scores low, as wrong ones do, gets little, but so does a right one that is hard. It is
 * computed as `logsumexp(all) - logsumexp(D+)`, whose gradient does not vanish however low the positives score.
 *
 * The third form of that paper, one positive drawn at random, is `relevant` with one 1 a row and the others in `exclude`.
 *
 * @param scores cosines `[queries, documents]`. @param relevant 1 where a document is relevant, at least once a row.
 * @param exclude 1 where a document is neither positive nor negative of the query, such as a second copy of a passage; in the
 * shape of the scores. What is relevant always counts. Default: none.
 */
export function multiPositiveNCE(
  scores: Tensor,
  relevant: Tensor,
  variant: MultiPositive,
  temperature: Temperature = 0.05,
  exclude?: Tensor,
): Tensor {
  const mask = greater(relevant, 0.5);
  const scaled = divide(scores, temperature);
  const logits = exclude === undefined ? scaled : where(and(greater(exclude, 0.5), not(mask)), LEFT_OUT, scaled);
  if (variant === 'disjunctive') {
    return mean(subtract(logSumExp(logits, 1), logSumExp(where(mask, logits, LEFT_OUT), 1)));
  }
  const hits = cast(mask, 'float32');
  // With siblings left out: log(exp(s) + sum of negatives) - s, which is softplus(log sum of negatives - s).
  const losses =
    variant === 'sibling-exclusion'
      ? softplus(subtract(logSumExp(where(mask, LEFT_OUT, logits), 1, true), logits))
      : subtract(logSumExp(logits, 1, true), logits);
  const perQuery = sum(multiply(losses, hits), 1);
  return mean(variant === 'summed' ? perQuery : divide(perQuery, sum(hits, 1)));
}

/** True where the document is the query's own: row and column number are equal. */
export function positives(scores: Tensor): Tensor {
  const [rows, columns] = scores.shape as [number, number];
  const square = cast(diagonalMask(Math.max(rows, columns)), 'float32');
  return cast(slice(slice(square, 0, 0, rows), 1, 0, columns), 'bool');
}
