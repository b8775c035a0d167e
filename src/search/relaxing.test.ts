import { expect, it } from 'vitest';
import { memoryCorpus } from '../corpus/index.ts';
import { searchCorpus } from './searching.ts';

const corpus = await memoryCorpus([
  { id: 'tides', text: 'Low water comes twice a day, and the tide turns late.', language: 'en' },
  { id: 'harbour', text: 'The harbour master reads the gauge at low tide.', language: 'en' },
]);

it('offers the words of a phrase that nobody has, and says that nobody has it', async () => {
  const none = await searchCorpus(corpus, '"tide gauge" harbour', { retriever: 'bm25' });
  expect(none.hits).toEqual([]);
  expect(none.shortfall?.reason).toBe('no passage has the phrase "tide gauge"');
  expect(none.suggestion).toBe('tide gauge harbour');
  const found = await searchCorpus(corpus, none.suggestion!, { retriever: 'bm25' });
  expect(found.hits[0]!.id).toBe('harbour');
});

it('keeps the other signs, and offers nothing where no word is known or the phrase is there', async () => {
  const kept = await searchCorpus(corpus, '+low "gauge tide" -"twice a day" har* lang:en', { retriever: 'bm25' });
  expect(kept.suggestion).toBe('+low gauge tide -"twice a day" har* lang:en');
  const unknown = await searchCorpus(corpus, '"quartz obelisk"', { retriever: 'bm25' });
  expect(unknown.shortfall?.reason).toBe('no passage has the phrase "quartz obelisk"');
  expect(unknown.suggestion).toBeUndefined();
  const there = await searchCorpus(corpus, '"low tide"', { retriever: 'bm25' });
  expect(there.hits.map(({ id }) => id)).toEqual(['harbour']);
  expect(there.suggestion).toBeUndefined();
  const both = await searchCorpus(corpus, '+twice +gauge', { retriever: 'bm25' });
  expect(both.shortfall?.reason).toBe('no passage has all that the query demands by its signs');
  const word = await searchCorpus(corpus, '+obelisk', { retriever: 'bm25' });
  expect(word.shortfall?.reason).toBe('no passage has the word "obelisk"');
});
