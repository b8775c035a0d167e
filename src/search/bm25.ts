import type { Snapshot, WeightedTerm } from '../store/types.ts';
import type { Query, Retriever } from './types.ts';

/** Turns a query into weighted terms, with the analysis that the collection was indexed with. */
export type QueryAnalysis = (query: Query) => readonly WeightedTerm[];

/** Lexical retrieval: BM25 over the snapshot's passages (Robertson and Zaragoza 2009; the idf of Lucene 8 and later). */
export function bm25(snapshot: Snapshot, analysis: QueryAnalysis): Retriever {
  const retriever: Retriever = async (query, params) => {
    const start = performance.now();
    const terms = analysis(query);
    const hits = snapshot.searchLexical(terms, params);
    return {
      hits: Array.from(hits.ids, (passage, i) => ({ passage, score: hits.scores[i]! })),
      trace: {
        stage: 'bm25',
        tookMs: performance.now() - start,
        examined: hits.examined,
        returned: hits.ids.length,
        note: terms.length === 0 ? 'the query has no terms to match' : `terms: ${describe(terms)}`,
      },
    };
  };
  return Object.assign(retriever, {
    score: async (query: Query, passages: Uint32Array) => snapshot.scoreLexical(analysis(query), passages),
  });
}

function describe(terms: readonly WeightedTerm[]): string {
  const shown = terms.slice(0, 12).map(({ term, weight }) => (weight === 1 ? term : `${term}^${weight}`));
  return shown.join(' ') + (terms.length > shown.length ? ` and ${terms.length - shown.length} more` : '');
}

/** Counts repeated terms: `['a', 'b', 'a']` becomes `a` with weight 2 and `b` with weight 1, in order of appearance. */
export function weightedTerms(terms: Iterable<string>): WeightedTerm[] {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return Array.from(counts, ([term, weight]) => ({ term, weight }));
}
