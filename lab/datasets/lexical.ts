import { MemorySections } from '../../src/base/sections.ts';
import { InvertedIndex, InvertedIndexBuilder } from '../../src/index/index.ts';
import { analyzerFor } from '../../src/text/index.ts';

/** BM25 over English texts, as a function to the numbers of the `k` best for a query, best first; fewer where fewer share a word. */
export function lexicalTop(texts: readonly string[]): (query: string, k: number) => number[] {
  const analyzer = analyzerFor('en');
  const builder = new InvertedIndexBuilder({ k1: 0.9, b: 0.4 });
  for (const text of texts) builder.add([{ terms: analyzer.terms(text), boost: 1 }]);
  const index = InvertedIndex.open(new MemorySections(builder.build()));
  return (query, k) => {
    const terms = analyzer.terms(query).map((term) => ({ term, weight: 1 }));
    return Array.from(index.search(terms, { k }).ids);
  };
}
