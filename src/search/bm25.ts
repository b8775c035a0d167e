import type { Query, WeightedTerm } from '../content/index.ts';
import { type Corpus, fieldOf, type TermsField, WORDS } from '../corpus/index.ts';
import { inverseDocumentFrequency } from '../index/index.ts';
import { termsOf, wordsOf } from './represent.ts';
import { hitsOf, type Retriever } from './types.ts';

/**
 * Lexical retrieval: BM25 over the corpus' passages (Robertson and Zaragoza 2009; the idf of Lucene 8 and later).
 * @throws InvalidArgumentError for a field that is not there, or holds no terms.
 */
export function bm25(corpus: Corpus, field: string = WORDS): Retriever {
  const own = fieldOf(corpus, field, ['terms'], 'BM25');
  const stage = field === WORDS ? 'bm25' : `bm25 ${field}`;
  const retriever: Retriever = async (query, { k, allowed, limit = false }) => {
    const start = performance.now();
    const terms = termsOf(own, query);
    const found = await corpus.search(field, terms, { k, ...(allowed === undefined ? {} : { allowed }) });
    return {
      hits: hitsOf(found),
      ...(limit ? { limit: await limitOf(corpus, own, query) } : {}),
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

/**
 * What endless repetition of every word of the query would score: the sum of the words' weights, those that no passage holds included. Of
 * several analyses the one counts that most of the words are known to. Further forms and words that stand in for others add nothing; where
 * the terms given weigh less than the words (as feedback may have it), the limit shrinks with them.
 */
async function limitOf(corpus: Corpus, field: TermsField, query: Query): Promise<number> {
  const { readings } = wordsOf(field, query);
  const limits = await Promise.all(
    readings.map(async (terms) => {
      const holding = await corpus.frequencies(
        field.name,
        terms.map(({ term }) => term),
      );
      return terms.reduce(
        (sum, { weight }, i) => sum + weight * inverseDocumentFrequency(corpus.passageCount, holding[i]!),
        0,
      );
    }),
  );
  const given = query.encoded?.has(field.name) === true ? weightOf(termsOf(field, query)) : undefined;
  const own = Math.min(...readings.map(weightOf));
  return Math.min(...limits) * (given === undefined || !(own > 0) ? 1 : Math.min(1, given / own));
}

function weightOf(terms: readonly WeightedTerm[]): number {
  return terms.reduce((sum, { weight }) => sum + weight, 0);
}

function describe(terms: readonly WeightedTerm[]): string {
  const shown = terms
    .slice(0, 12)
    .map(({ term, weight }) => (weight === 1 ? term : `${term}^${Number(weight.toPrecision(3))}`));
  return shown.join(' ') + (terms.length > shown.length ? ` and ${terms.length - shown.length} more` : '');
}
