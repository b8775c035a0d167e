import { MemorySections } from '../../src/base/sections.ts';
import { InvertedIndex, InvertedIndexBuilder } from '../../src/index/index.ts';
import { analyzerFor } from '../../src/text/index.ts';

/** How BM25 reads and weighs. */
export interface LexicalOptions {
  /** Terms of a text. Default: stems of English words. */
  readonly terms?: (text: string) => string[];
  readonly k1?: number;
  readonly b?: number;
}

/** Numbers of the `k` best texts for a query and their scores, best first; fewer where fewer share a term. */
export type LexicalSearch = (
  query: string,
  k: number,
) => { readonly ids: ArrayLike<number>; readonly scores: ArrayLike<number> };

/** BM25 over texts. */
export function lexical(texts: readonly string[], options: LexicalOptions = {}): LexicalSearch {
  const english = analyzerFor('en');
  const { terms = (text: string) => english.terms(text), k1 = 0.9, b = 0.4 } = options;
  const builder = new InvertedIndexBuilder({ k1, b });
  for (const text of texts) builder.add([{ terms: terms(text), boost: 1 }]);
  const index = InvertedIndex.open(new MemorySections(builder.build()));
  return (query, k) =>
    index.search(
      terms(query).map((term) => ({ term, weight: 1 })),
      { k },
    );
}

/** The numbers of the `k` best English texts. */
export function lexicalTop(texts: readonly string[]): (query: string, k: number) => number[] {
  const search = lexical(texts);
  return (query, k) => Array.from(search(query, k).ids);
}

/** Scores of all English texts that share a word with a query. */
export function lexicalScores(texts: readonly string[]): (query: string) => ReadonlyMap<number, number> {
  const search = lexical(texts);
  return (query) => {
    const { ids, scores } = search(query, texts.length);
    return new Map(Array.from(ids, (id, i) => [id, scores[i]!]));
  };
}
