import {
  add,
  divide,
  expandDims,
  matmul,
  max,
  multiply,
  reshape,
  sum,
  type Tensor,
  transposeLast,
} from '../../tensor/index.ts';
import { LEFT_OUT } from './contrastive.ts';

/**
 * Scores of late interaction (Khattab & Zaharia 2020, ColBERT, arXiv 2004.12832, equation 3): for each token of a query its best cosine with a token
 * of the document, here the mean over the query's tokens, so that it is at most 1 and suits the temperatures of cosines. `infoNCE` of them trains
 * token vectors.
 *
 * @param queries unit vectors of tokens, `[queries, length, dim]`. @param documents `[documents, length, dim]`.
 * @param asked, present 1 where there is a token, 0 where there is none: `[queries, length]` and `[documents, length]`; at least one in each row.
 * @returns `[queries, documents]`.
 */
export function maxSimScores(queries: Tensor, documents: Tensor, asked: Tensor, present: Tensor): Tensor {
  const [n, own, dim] = queries.shape as [number, number, number];
  const [m, other] = documents.shape as [number, number];
  const all = matmul(reshape(queries, [n * own, dim]), transposeLast(reshape(documents, [m * other, dim])));
  const absent = reshape(multiply(add(present, -1), -LEFT_OUT), [1, m, other]);
  const best = max(add(reshape(all, [n * own, m, other]), absent), 2);
  const counted = multiply(reshape(best, [n, own, m]), expandDims(asked, 2));
  return divide(sum(counted, 1), sum(asked, 1, true));
}
