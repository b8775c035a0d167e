import { beforeAll, describe, expect, it } from 'vitest';
import { type MemoryCorpus, memoryCorpus } from '../corpus/index.ts';
import { bm25 } from './bm25.ts';
import type { Feedback } from './feedback/index.ts';
import { hopSearch } from './hop-search.ts';

const CHAIN = ['alpha beta', 'beta gamma', 'gamma delta', 'delta omega', 'alpha other', 'lonely'];
let corpus: MemoryCorpus;

/** Asks for the last word of the passage. */
const next: Feedback = {
  id: 'last word',
  async refine(query, { hits }, where) {
    const [found] = await where.passages(hits.map(({ passage }) => passage));
    const word = found!.text.split(' ').at(-1)!;
    return word === 'omega'
      ? query
      : { content: word, ...(query.language === undefined ? {} : { language: query.language }) };
  },
};

beforeAll(async () => {
  corpus = await memoryCorpus(
    CHAIN.map((text, i) => ({ id: String(i), text, language: 'en' })),
    [{ name: 'words', kind: 'terms' }],
  );
});

const found = async (options: { hops?: number; width?: number }, k = 10) => {
  const { hits } = await hopSearch(corpus, bm25(corpus), { next, ...options })(
    { content: 'alpha', language: 'en' },
    { k },
  );
  return hits;
};
const ids = async (options: { hops?: number; width?: number }, k?: number) =>
  (await found(options, k)).map(({ passage }) => passage);

describe('searching hop by hop', () => {
  it('goes on from what each query found, and finds nothing twice', async () => {
    expect(await ids({ hops: 1 })).toEqual([0, 4]);
    expect(await ids({ hops: 2 })).toEqual([0, 4, 1]);
    expect(await ids({ hops: 5 })).toEqual([0, 4, 1, 2, 3]);
    expect(await ids({ hops: 5 }, 3)).toEqual([0, 4, 1]);
    expect(await ids({ hops: 3, width: 1 })).toEqual([0, 1, 2]);
    const scores = (await found({ hops: 5 })).map(({ score }) => score);
    expect([...scores].sort((a, b) => b - a)).toEqual(scores);
    await expect(async () => hopSearch(corpus, bm25(corpus), { next, hops: 6 })).rejects.toThrow(/1 to 5 hops/);
  });

  it('says how much it asked, and stops where a query stays as it is', async () => {
    const { trace } = await hopSearch(corpus, bm25(corpus), { next, hops: 5 })(
      { content: 'delta', language: 'en' },
      { k: 9 },
    );
    expect(trace.note).toMatch(/searches found 2 passages, 2 of them the first/);
    expect(trace.inputs!.length).toBeGreaterThan(1);
  });
});
