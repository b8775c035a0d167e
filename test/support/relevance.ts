import { HIT_SCORES, LIST_FEATURES, type RelevanceParameters } from '../../src/search/index.ts';

/** Relevance that grows with BM25 alone: even at a score of a third. */
export const BY_WORDS: RelevanceParameters = {
  weights: Array.from({ length: HIT_SCORES + 1 }, (_, row) =>
    Array.from({ length: LIST_FEATURES + 1 }, (_, i) => (i < LIST_FEATURES ? 0 : [30, -30, -30, -30, -30, -1][row]!)),
  ),
  threshold: 0.5,
};
