import type { Query, WeightedTerm } from '../content/index.ts';
import { type Corpus, fieldOf, WORDS } from '../corpus/index.ts';
import { speaks } from '../encode/speaks.ts';
import { inverseDocumentFrequency } from '../index/index.ts';
import { wordsOf } from './represent.ts';
import { hitsOf, type Retriever } from './types.ts';

/**
 * Learned sparse retrieval: by the sum, over the terms of a query, of how much a term tells in the corpus (BM25's idf over the field `words`) times what it counts in a
 * passage, which an encoder said when the passage was indexed (Dai and Callan 2019, DeepCT; Mallia et al. 2021, DeepImpact). The query is analysed as for words, without
 * further forms and words that stand in for others, and no model runs. Abstains when it is in a language that the encoder does not declare.
 *
 * @throws InvalidArgumentError for a field that is not there, or holds no impacts, and for a corpus without words.
 */
export function impacts(corpus: Corpus, field: string): Retriever {
  const own = fieldOf(corpus, field, ['impacts'], 'Ranking by impacts');
  fieldOf(corpus, WORDS, ['terms'], 'What a term tells');
  const stage = `impacts ${field}`;
  const kept = new WeakMap<Query, Promise<readonly WeightedTerm[]>>();
  const termsOf = (query: Query): Promise<readonly WeightedTerm[]> => {
    let terms = kept.get(query);
    if (terms === undefined) {
      const given = query.encoded?.get(field) as readonly WeightedTerm[] | undefined;
      terms = given === undefined ? impactTerms(corpus, query) : Promise.resolve(given);
      kept.set(query, terms);
    }
    return terms;
  };
  const retriever: Retriever = async (query, { k, allowed }) => {
    const start = performance.now();
    const encoder = await own.open();
    const trace = (examined: number, returned: number, note: string) => ({
      stage,
      tookMs: performance.now() - start,
      examined,
      returned,
      note,
    });
    if (query.language !== undefined && !speaks(encoder, query.language)) {
      const known = encoder.languages?.join(', ');
      const note = `no vote: the query is in language "${query.language}", and ${encoder.id} knows ${known}`;
      return { hits: [], abstained: true, trace: trace(0, 0, note) };
    }
    const terms = await termsOf(query);
    const found = await corpus.search(field, terms, { k, ...(allowed === undefined ? {} : { allowed }) });
    return {
      hits: hitsOf(found),
      // As of BM25, which no passage reaches either: what impacts of 1 for every word would come to.
      limit: terms.reduce((sum, { weight }) => sum + weight, 0),
      trace: trace(
        found.examined,
        found.ids.length,
        terms.length === 0 ? 'the query has no terms to match' : `${terms.length} terms`,
      ),
    };
  };
  return Object.assign(retriever, {
    score: async (query: Query, passages: Uint32Array) => {
      if (query.language !== undefined && !speaks(await own.open(), query.language)) {
        return new Float32Array(passages.length).fill(Number.NaN);
      }
      return corpus.score(field, await termsOf(query), passages);
    },
  });
}

/** What a query asks impacts with: its words by all of its analyses, each with how often it stands there times what it tells in the corpus. */
export async function impactTerms(corpus: Corpus, query: Query): Promise<readonly WeightedTerm[]> {
  const words = fieldOf(corpus, WORDS, ['terms'], 'What a term tells');
  const greatest = new Map<string, number>();
  for (const { term, weight } of wordsOf(words, query).readings.flat()) {
    if (weight > (greatest.get(term) ?? 0)) greatest.set(term, weight);
  }
  const terms = [...greatest.keys()];
  const holding = await corpus.frequencies(words.name, terms);
  return terms.map((term, i) => ({
    term,
    weight: greatest.get(term)! * inverseDocumentFrequency(corpus.passageCount, holding[i]!),
  }));
}
