import { type Corpus, fieldOf, WORDS } from '../corpus/index.ts';
import type { Encoder } from '../encode/encoder.ts';
import { inverseDocumentFrequency } from '../index/index.ts';
import { analyzerFor } from '../text/index.ts';

/** A word of a query, in all the forms that it is looked for in. */
export interface QueryWord {
  /** As it was typed. */
  readonly text: string;
  readonly terms: readonly string[];
  /** How much it tells: ln(1 + (N - n + 0.5) / (n + 0.5)) for the n of N passages that hold it, also where n is 0. */
  readonly weight: number;
  /** Whether some passage holds it. */
  readonly found: boolean;
}

/** What is known of a query's words; stop words are none. */
export interface QueryWords {
  readonly count: number;
  /** Share, by weight, of the words that no passage holds: 0 to 1; 0 for a query without words. */
  readonly missing: number;
  /** Share of those that the encoder's vocabulary does not hold in one piece either: gibberish, rare names, mistakes. At most `missing`. */
  readonly strange: number;
}

/** How a passage matches a query's words. */
export interface WordMatch {
  /** Share, by weight, of the query's words that the passage holds: 0 to 1. Words that no passage holds count in full as missing. */
  readonly coverage: number;
  /** Its BM25 score as a share of what endless repetition of all words would reach: 0 to 1. */
  readonly reach: number;
}

/** The words of a query as they are known to a corpus and to an encoder. */
export class QueryMatcher {
  readonly #total: number;

  /** Use {@link QueryMatcher.of}. */
  private constructor(
    private readonly corpus: Corpus,
    /** The words, each once. */
    readonly asked: readonly QueryWord[],
  ) {
    this.#total = asked.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** By the field `words`. @param language of the query. */
  static async of(corpus: Corpus, text: string, language: string): Promise<QueryMatcher> {
    const { analysis } = fieldOf(corpus, WORDS, ['terms']);
    return new QueryMatcher(corpus, await wordsOf(corpus, text, analysis.languagesFor(language).own));
  }

  /** @param encoder counts the pieces of a word; without one, or where it cannot tell, every missing word is strange. */
  async words(encoder?: Pick<Encoder, 'window'>): Promise<QueryWords> {
    const missing = this.asked.filter(({ found }) => !found);
    const pieces = await Promise.all(
      missing.map(({ text }) => encoder?.window?.count(text) ?? Number.POSITIVE_INFINITY),
    );
    const share = (words: readonly QueryWord[]): number =>
      words.reduce((sum, { weight }) => sum + weight, 0) / (this.#total || 1);
    return {
      count: this.asked.length,
      missing: share(missing),
      strange: share(missing.filter((_, i) => pieces[i]! > 1)),
    };
  }

  /** One match for each passage, in the order given. */
  async match(passages: readonly number[]): Promise<WordMatch[]> {
    const ascending = Uint32Array.from(new Set(passages)).sort();
    const [covered, reached] = [new Float64Array(ascending.length), new Float64Array(ascending.length)];
    for (const { terms, weight, found } of this.asked) {
      if (!found) continue;
      const plain = terms.map((term) => ({ term, weight: 1 }));
      const scores = await this.corpus.score(WORDS, plain, ascending);
      scores.forEach((score, i) => {
        if (score > 0) covered[i]! += weight;
        reached[i]! += Math.min(score, weight);
      });
    }
    const places = new Map(Array.from(ascending, (passage, i) => [passage, i]));
    const total = this.#total || 1;
    return passages.map((passage) => {
      const i = places.get(passage)!;
      return { coverage: covered[i]! / total, reach: reached[i]! / total };
    });
  }
}

/** What several analyses find at one place is one word; a word that comes again counts once. */
async function wordsOf(corpus: Corpus, text: string, languages: Iterable<string>): Promise<QueryWord[]> {
  const byPlace = new Map<string, { text: string; terms: Set<string> }>();
  for (const language of languages) {
    for (const { term, start, end } of analyzerFor(language).tokens(text)) {
      const place = `${start} ${end}`;
      const known = byPlace.get(place);
      if (known === undefined) byPlace.set(place, { text: text.slice(start, end), terms: new Set([term]) });
      else known.terms.add(term);
    }
  }
  const byTerms = new Map<string, QueryWord>();
  for (const { text: word, terms: set } of byPlace.values()) {
    const terms = [...set];
    const holding = Math.max(...(await corpus.frequencies(WORDS, terms)));
    const weight = inverseDocumentFrequency(corpus.passageCount, holding);
    byTerms.set(terms.join(' '), { text: word, terms, weight, found: holding > 0 });
  }
  return [...byTerms.values()];
}
