import { InvalidArgumentError } from '../base/errors.ts';
import type { Vectors } from '../base/vectors.ts';
import { dot, exactSelections } from '../math/index.ts';

/** When a pair counts as consistent; both conditions have to hold. */
export interface Consistency {
  /**
   * Of all documents no more than so many, itself counted, are as near to the query. It is laxer the fewer documents there are: 2 of a thousand says
   * little, 2 of a million much. `Infinity`: any rank will do. Default 2.
   */
  readonly rank?: number;
  /** Least score, for unit vectors a cosine. What it should be depends on the encoder: look at the scores of some pairs. Default: none. */
  readonly score?: number;
}

/**
 * The pairs that an encoder confirms, by rank and by score (the dual consistency filter of CoRNStack, Suresh et al. 2024, arXiv 2412.01007, with
 * rank 2 and score 0.7): labels that were found by some rule, such as a comment and the function below it, are often wrong, and hardly ever in a way that
 * puts the document nearest to the query nevertheless. It also drops right pairs that the encoder does not understand. Exact: costs a product
 * of every query with every document.
 * @param queries unit vectors. @param documents unit vectors: all that rank. @param positives rows of the documents of each query; those of one query do
 * not count against each other. @returns of each query the rows that are left, in their order; none where no pair is consistent.
 * @throws InvalidArgumentError for a rank that is none, and for lists that are not one for each query.
 */
export function consistentPairs(
  queries: Vectors,
  documents: Vectors,
  positives: readonly (readonly number[])[],
  { rank = 2, score: least = Number.NEGATIVE_INFINITY, signal }: Consistency & { readonly signal?: AbortSignal } = {},
): number[][] {
  if (rank !== Number.POSITIVE_INFINITY && !(Number.isInteger(rank) && rank >= 1)) {
    throw new InvalidArgumentError(
      `A rank of ${rank} is impossible.`,
      'Give a whole number of at least 1, or Infinity for any rank.',
    );
  }
  if (positives.length !== queries.count) {
    throw new InvalidArgumentError(
      `There are ${positives.length} lists of documents for ${queries.count} queries.`,
      'Give one list for each query, empty where it has no document.',
    );
  }
  if (rank >= documents.count) {
    return positives.map((own, query) => own.filter((row) => dot(queries.row(query), documents.row(row)) >= least));
  }
  const most = positives.reduce((greatest, own) => Math.max(greatest, own.length), 0);
  // So deep, that all documents of a query may stand before the last one that decides.
  const lists = exactSelections(documents, queries, rank + most, signal === undefined ? {} : { signal });
  return positives.map((own, query) => {
    const asked = new Set(own);
    const kept = new Set<number>();
    const { ids, scores } = lists[query]!;
    let others = 0;
    for (let i = 0; i < ids.length && others < rank && scores[i]! >= least; i++) {
      if (asked.has(ids[i]!)) kept.add(ids[i]!);
      else others++;
    }
    return own.filter((row) => kept.has(row));
  });
}
