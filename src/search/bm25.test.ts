import { describe, expect, it } from 'vitest';
import { fieldOf, memoryCorpus, WORDS } from '../corpus/index.ts';
import { bm25 } from './bm25.ts';
import { termsOf } from './represent.ts';

const TEXTS = [
  'The ferry to the island leaves at noon.',
  'Ice on the island, and no ferry until spring.',
  'A harbour without ferries is a pond.',
  'Die Fähre zur Insel legt mittags ab, das Eis ist dünn.',
];

describe('what a query could reach by its words', () => {
  it('is more than any passage reaches, and grows with words that no passage holds', async () => {
    const corpus = await memoryCorpus(TEXTS.map((text, i) => ({ id: `${i}`, text, language: i < 3 ? 'en' : 'de' })));
    const retriever = bm25(corpus);
    const ask = async (content: string, language = 'en') => {
      const { hits, limit } = await retriever({ content, language }, { k: 10, limit: true });
      return { best: hits[0]?.score ?? 0, limit: limit! };
    };
    for (const query of ['ferry', 'ferry island ice', 'ferry ferry ice', 'harbour pond', 'xyzzyq']) {
      const { best, limit } = await ask(query);
      expect(limit, query).toBeGreaterThan(best);
    }
    const known = await ask('ferry island');
    const strange = await ask('ferry island xyzzyq');
    expect(strange.best).toBeCloseTo(known.best, 6);
    expect(strange.limit).toBeGreaterThan(1.5 * known.limit);
    // Twice is twice, in either language; a query without words has no limit.
    expect((await ask('ferry ferry')).limit).toBeCloseTo(2 * (await ask('ferry')).limit, 6);
    expect((await ask('... !')).limit).toBe(0);
    // Read by several analyses, it is what the one of them makes of it that knows most of the words.
    const either = await ask('ferry island', 'und');
    expect(either.limit).toBeLessThan(1.5 * known.limit);
  });

  it('counts neither what stands in for words nor more than the terms weigh that were given', async () => {
    const corpus = await memoryCorpus(TEXTS.map((text, i) => ({ id: `${i}`, text })));
    const retriever = bm25(corpus);
    const query = { content: 'ferry island', language: 'en' };
    const terms = termsOf(fieldOf(corpus, WORDS, ['terms']), query);
    const limitOf = async (given: typeof terms) =>
      (await retriever({ ...query, encoded: new Map([[WORDS, given]]) }, { k: 1, limit: true })).limit!;
    const plain = (await retriever(query, { k: 1, limit: true })).limit!;
    expect(await limitOf([...terms, { term: 'ice', weight: 0.5 }])).toBeCloseTo(plain, 6);
    const total = terms.reduce((sum, { weight }) => sum + weight, 0);
    const scaled = terms.map(({ term, weight }) => ({ term, weight: weight / total }));
    expect(await limitOf(scaled)).toBeLessThan(0.6 * plain);
  });
});
