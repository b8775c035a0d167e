import type { Query, WeightedTerm } from '../content/index.ts';
import { type Corpus, fieldOf, WORDS } from '../corpus/index.ts';
import { termsOf } from './represent.ts';
import { hitsOf, type Retriever } from './types.ts';

/**
 * Lexical retrieval: BM25 over the corpus' passages (Robertson and Zaragoza 2009; the idf of Lucene 8 and later).
 * @throws InvalidArgumentError for a field that is not there, or holds no terms.
 */
export function bm25(corpus: Corpus, field: string = WORDS): Retriever {
  const own = fieldOf(corpus, field, ['terms'], 'BM25');
  const stage = field === WORDS ? 'bm25' : `bm25 ${field}`;
  const retriever: Retriever = async (query, { k, allowed }) => {
    const start = performance.now();
    const terms = termsOf(own, query);
    const found = await corpus.search(field, terms, { k, ...(allowed === undefined ? {} : { allowed }) });
    return {
      hits: hitsOf(found),
      trace: {
        stage,
        tookMs: performance.now() - start,
        examined: found.examined,
        returned: found.ids.length,
        note: terms.length === 0 ? 'the query has no terms to match' : `terms: ${describe(terms)}`,
      },
    };
  };
  return Object.assign(retriever, {
    score: (query: Query, passages: Uint32Array) => corpus.score(field, termsOf(own, query), passages),
  });
}

function describe(terms: readonly WeightedTerm[]): string {
  const shown = terms
    .slice(0, 12)
    .map(({ term, weight }) => (weight === 1 ? term : `${term}^${Number(weight.toPrecision(3))}`));
  return shown.join(' ') + (terms.length > shown.length ? ` and ${terms.length - shown.length} more` : '');
}
