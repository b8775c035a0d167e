import type { Corpus } from '../corpus/index.ts';
import { allPassages } from './selection.ts';
import type { Retriever } from './types.ts';

/** What a search is called that asks for no words, but for documents that satisfy conditions. */
export const CONDITIONS = 'conditions';

/** The first allowed passage of each document, in order of indexing: what a query of conditions alone finds. None scores. */
export function conditionsAlone(corpus: Corpus): Retriever {
  return async (_, { k, allowed }) => {
    const start = performance.now();
    const passages = allowed ?? (await allPassages(corpus));
    const ordinals = Uint32Array.from(passages);
    const owners = await corpus.documentsOf(ordinals);
    const first = ordinals.filter((_, i) => i === 0 || owners[i] !== owners[i - 1]);
    const hits = Array.from(first.subarray(0, k), (passage) => ({ passage, score: 0 }));
    return {
      hits,
      trace: {
        stage: CONDITIONS,
        tookMs: performance.now() - start,
        examined: ordinals.length,
        returned: hits.length,
        note: 'the query has no words: documents in order of indexing',
      },
    };
  };
}
