import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { interleave } from './interleave.ts';
import type { Retriever } from './types.ts';

const fixed =
  (stage: string, passages: readonly number[], abstained = false): Retriever =>
  async (_query, { k }) => ({
    hits: passages.slice(0, k).map((passage, i) => ({ passage, score: 9 - i })),
    ...(abstained ? { abstained } : {}),
    trace: { stage, tookMs: 0, examined: passages.length, returned: Math.min(k, passages.length) },
  });

const query = { content: 'anything' };

async function order(retrievers: readonly Retriever[], k: number): Promise<number[]> {
  return (await interleave(retrievers)(query, { k })).hits.map(({ passage }) => passage);
}

describe('interleave', () => {
  it('takes the next of each in turn that nobody has taken, and says what each found', async () => {
    const lists = [fixed('words', [1, 2, 3]), fixed('meaning', [1, 4, 2, 5])];
    expect(await order(lists, 10)).toEqual([1, 4, 2, 5, 3]);
    const { hits, trace } = await interleave(lists)(query, { k: 3 });
    expect(hits.map(({ score }) => score)).toEqual([1, 1 / 2, 1 / 3]);
    expect(hits[0]!.contributions).toEqual([
      { stage: 'words', rank: 1, score: 9, share: 1 },
      { stage: 'meaning', rank: 1, score: 9, share: 0 },
    ]);
    expect(trace).toMatchObject({
      stage: 'interleave',
      returned: 3,
      inputs: [{ stage: 'words' }, { stage: 'meaning' }],
    });
  });

  it('leaves the turns of who abstains or has nothing more to the others', async () => {
    expect(await order([fixed('a', [8], true), fixed('b', [1]), fixed('c', [2, 3, 4])], 10)).toEqual([1, 2, 3, 4]);
    expect(await interleave([fixed('a', [], true)])(query, { k: 2 })).toMatchObject({ hits: [], abstained: true });
    expect(await interleave([fixed('a', [])])(query, { k: 2 })).not.toHaveProperty('abstained');
    expect(() => interleave([])).toThrow(/no retrievers/);
  });

  it('gives each an equal share, nothing twice, and the head of any longer list', async () => {
    const random = new Random(5);
    for (let round = 0; round < 50; round++) {
      const lists = Array.from({ length: 1 + random.below(4) }, (_, i) =>
        fixed(`${i}`, random.shuffle(Array.from({ length: 12 }, (_, passage) => passage)).slice(0, random.below(13))),
      );
      const all = await order(lists, 100);
      expect(new Set(all).size).toBe(all.length);
      const found = await Promise.all(lists.map(async (list) => (await list(query, { k: 100 })).hits));
      expect(new Set(all)).toEqual(new Set(found.flat().map(({ passage }) => passage)));
      for (let k = 1; k <= all.length; k++) expect(await order(lists, k)).toEqual(all.slice(0, k));
      if (found.some(({ length }) => length < 12)) continue;
      const { hits } = await interleave(lists)(query, { k: 2 * lists.length });
      const shares = lists.map((_, i) =>
        hits.filter(({ contributions }) => contributions!.some((one) => one.stage === `${i}` && one.share > 0)),
      );
      for (const own of shares) expect(own).toHaveLength(2);
    }
  });
});
