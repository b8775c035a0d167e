import type { Query } from '../../content/index.ts';
import type { Corpus } from '../../corpus/index.ts';
import type { Ranking } from '../types.ts';

/** Refines a query by what it found: pseudo-relevance feedback, a rewritten or longer question, the next hop. */
export interface Feedback {
  readonly id: string;
  /**
   * @param ranking the best of a first ranking, as many as `depth` of the operator says.
   * @returns another query; the given one never changes. The same one, where there is nothing to refine it by.
   */
  refine(query: Query, ranking: Ranking, corpus: Corpus, options: { readonly signal?: AbortSignal }): Promise<Query>;
}
