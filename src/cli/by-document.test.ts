import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SearchHit, SearchResult } from '../collection/index.ts';
import { CONDITIONS } from '../search/index.ts';
import { byDocument, withPlaces } from './by-document.ts';

/** A search whose list of passages belongs to these documents; `asked` says how deep it was asked. */
function searchOf(owners: readonly string[], retriever = 'bm25') {
  const asked: number[] = [];
  const search = async (k: number): Promise<SearchResult> => {
    asked.push(k);
    const hits = owners.slice(0, k).map((id, i) => {
      const hit: Partial<SearchHit> = { id, rank: i + 1, start: i, end: i + 1, score: 1 / (i + 1), headings: [] };
      return hit as SearchHit;
    });
    const reason = `the collection holds only ${owners.length} passages`;
    return {
      query: 'q',
      retriever,
      language: 'en',
      tookMs: 1,
      examined: owners.length,
      hits,
      trace: { stage: retriever, tookMs: 1, examined: owners.length, returned: hits.length },
      ...(hits.length < k
        ? { shortfall: { requested: k, returned: hits.length, allowed: owners.length, reason } }
        : { next: 'more' }),
    };
  };
  return { search, asked };
}

describe('byDocument', () => {
  it('gives documents by their best passages, with what else was found of them', async () => {
    const { search, asked } = searchOf(['a', 'b', 'a', 'c', 'a', 'b']);
    const { hits, shortfall } = await byDocument(2, search);
    expect(hits.map(({ rank, id, start }) => [rank, id, start])).toEqual([
      [1, 'a', 0],
      [2, 'b', 1],
    ]);
    expect(hits.map(({ further }) => further.map(({ start }) => start))).toEqual([[2, 4], [5]]);
    expect(asked).toEqual([50]);
    expect(shortfall).toBeUndefined();
    expect(withPlaces(hits[1]!)).toMatchObject({ further: [{ start: 5, end: 6, score: 1 / 6, headings: [] }] });
    expect(JSON.stringify(withPlaces(hits[0]!))).not.toMatch(/rank.*rank/);
  });

  it('looks further where one document has all of the first passages, and says why there are no more', async () => {
    const { search, asked } = searchOf([...Array<string>(300).fill('book'), 'leaflet']);
    const { hits, shortfall, next } = await byDocument(3, search);
    expect(asked).toEqual([50, 200, 800]);
    expect(hits.map(({ id, further }) => [id, further.length])).toEqual([
      ['book', 299],
      ['leaflet', 0],
    ]);
    const reason = 'the collection holds only 301 passages, in 2 documents';
    expect(shortfall).toMatchObject({ requested: 3, returned: 2, reason });
    expect(next).toBeUndefined();
  });

  it('takes what satisfies conditions for documents', async () => {
    const { search, asked } = searchOf(Array<string>(60).fill('a'), CONDITIONS);
    expect((await byDocument(5, search)).hits).toHaveLength(1);
    expect(asked).toEqual([50]);
  });

  it('has the documents of the whole list, in its order, whatever the list', async () => {
    const lists = fc.array(fc.constantFrom(...'abcdefgh'), { maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(lists, fc.integer({ min: 1, max: 12 }), async (owners, k) => {
        const { hits, shortfall } = await byDocument(k, searchOf(owners).search);
        expect(hits.map(({ id }) => id)).toEqual([...new Set(owners)].slice(0, k));
        expect(shortfall === undefined).toBe(hits.length === k);
      }),
    );
  });
});
