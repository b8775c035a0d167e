import { beforeAll, describe, expect, it } from 'vitest';
import { BitSet } from '../base/bits.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import { type MemoryCorpus, memoryCorpus } from '../corpus/index.ts';
import { inverseDocumentFrequency } from '../index/index.ts';
import { bm25 } from './bm25.ts';
import { namesIn } from './names.ts';
import { walk } from './walk.ts';

const documents = [
  {
    id: 'light',
    title: 'North light',
    text: 'The lighthouse at the cape was built by Ansgar Thielemann.',
    language: 'en',
  },
  { id: 'man', title: 'Ansgar Thielemann', text: 'He was born in Husum and learned masonry there.', language: 'en' },
  { id: 'town', title: 'Husum', text: 'A town by the sea where many ships lie in winter.', language: 'en' },
  { id: 'letter', text: 'A letter of thielemann was sold at an auction, with a stamp.', language: 'en' },
  { id: 'cape', title: 'Cape', text: 'Ships pass it at night.', language: 'en' },
];
const query = { content: 'who was the builder of the lighthouse', language: 'en' };
let corpus: MemoryCorpus;
const at = async (id: string): Promise<number> => (await corpus.find(id))!.from;

beforeAll(async () => {
  corpus = await memoryCorpus(documents, [{ name: 'words', kind: 'terms' }], { settings: { detectLanguage: false } });
});

describe('a walk', () => {
  it('comes by rare names to passages that have nothing of the question', async () => {
    const before = await bm25(corpus)(query, { k: 10 });
    expect(before.hits.map(({ passage }) => passage)).toEqual([await at('light')]);
    const one = await walk(corpus, bm25(corpus))(query, { k: 10 });
    const found = one.hits.map(({ passage }) => passage);
    // A title counts more than a mention; Husum is a step further.
    expect(found.indexOf(await at('man'))).toBeLessThan(found.indexOf(await at('letter')));
    expect(found).toContain(await at('letter'));
    expect(found).not.toContain(await at('town'));
    expect(one.trace).toMatchObject({ stage: 'walk', examined: one.hits.length });
    const two = await walk(corpus, bm25(corpus), { steps: 2 })(query, { k: 10 });
    expect(two.hits.map(({ passage }) => passage)).toContain(await at('town'));
  });

  it('deals what is at a passage to its names by how they tell, and to those that hold them by BM25', async () => {
    const { hits } = await walk(corpus, bm25(corpus))(query, { k: 10 });
    // What the passage on the light names, of which others hold something; it is the only one to begin with.
    const names = ['cape', 'ansgar', 'thielemann', 'light', 'north'];
    const holding = await corpus.frequencies('words', names);
    const told = names.flatMap((name, i) =>
      holding[i]! < 2 || name === 'cape' ? [] : [{ name, tells: inverseDocumentFrequency(5, holding[i]!) }],
    );
    const all = told.reduce((sum, { tells }) => sum + tells, 0);
    const expected = new Map<number, number>();
    for (const { name, tells } of told) {
      const { ids, scores } = await corpus.search('words', [{ term: name, weight: 1 }], { k: 10 });
      const sum = scores.reduce((total, score) => total + score, 0);
      ids.forEach((id, i) => {
        expected.set(id, (expected.get(id) ?? 0) + ((tells / all) * scores[i]!) / sum);
      });
    }
    expect(hits).toHaveLength(expected.size);
    for (const { passage, score } of hits) expect(score).toBeCloseTo(expected.get(passage)!, 6);
    expect(hits.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6);
    const two = await walk(corpus, bm25(corpus), { steps: 2, damping: 0.3 })(query, { k: 10 });
    // What goes on from a passage without names is gone.
    expect(two.hits.reduce((sum, { score }) => sum + score, 0)).toBeLessThanOrEqual(1 + 1e-6);
  });

  it('is one list whatever k, and stays within what is allowed', async () => {
    const walked = walk(corpus, bm25(corpus), { steps: 3 });
    const { hits } = await walked(query, { k: 10 });
    expect((await walked(query, { k: 2 })).hits).toEqual(hits.slice(0, 2));
    const allowed = new BitSet(corpus.passageSpace);
    for (const id of ['light', 'letter', 'town']) allowed.add(await at(id));
    const found = (await walked(query, { k: 10, allowed })).hits.map(({ passage }) => passage);
    expect(found).toContain(await at('letter'));
    for (const passage of found) expect(allowed.has(passage)).toBe(true);
  });

  it('finds nothing where there is nothing to begin with', async () => {
    const { hits, trace } = await walk(corpus, bm25(corpus))({ content: 'zeppelin', language: 'en' }, { k: 5 });
    expect(hits).toEqual([]);
    expect(trace.note).toBe('by 0 names to 0 passages beside those that it began with');
  });

  it('ends when it is told to', async () => {
    const walked = walk(corpus, bm25(corpus));
    const own = { ...query };
    await expect(walked(own, { k: 5, signal: AbortSignal.abort() })).rejects.toThrow();
    // And is not remembered as ended.
    expect((await walked(own, { k: 5 })).hits.length).toBeGreaterThan(0);
  });

  it.each([
    [{ seeds: 0 }, '"seeds" of a walk is 0. Give a whole number, at least 1.'],
    [{ steps: 6 }, '"steps" of a walk is 6. Give a whole number, at least 1 and at most 5.'],
    [{ common: 1 }, '"common" of a walk is 1. Give a whole number, at least 2.'],
    [{ damping: 1 }, '"damping" of a walk is 1. Give a number between 0 and 1.'],
  ])('refuses %j', (options, message) => {
    expect(() => walk(corpus, bm25(corpus), options)).toThrow(InvalidArgumentError);
    expect(() => walk(corpus, bm25(corpus), options)).toThrow(message);
  });
});

describe('names in a text', () => {
  it('are capitalised words, with small ones between them; everything where letters have no case', () => {
    expect(namesIn('in 1963 the Bank of England and Dr. R. Smith met O’Neill')).toEqual([
      'Bank of England and Dr',
      'R',
      'Smith',
      'O’Neill',
    ]);
    expect(namesIn('nothing here')).toEqual([]);
    expect(namesIn('東京タワー')).toEqual(['東京タワー']);
  });
});
