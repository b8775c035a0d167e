import { describe, expect, it } from 'vitest';
import { memoryCorpus } from '../corpus/index.ts';
import { searchCorpus } from './searching.ts';

describe('words that stand for others', () => {
  it('are left out where the search says so', async () => {
    const corpus = await memoryCorpus([
      { id: 'a', text: 'The lighthouse keeper wrote a letter.' },
      { id: 'b', text: 'A letter came for the miller.' },
    ]);
    const found = async (query: string, variants?: boolean): Promise<string[]> => {
      const { hits } = await searchCorpus(corpus, query, variants === undefined ? {} : { variants });
      return hits.map(({ id }) => id);
    };
    for (const query of ['lighthuose', 'lightho']) {
      expect(await found(query), query).toEqual(['a']);
      expect(await found(query, false), query).toEqual([]);
    }
    expect(await found('lightho*', false)).toEqual(['a']);
    expect((await found('letters', false)).sort()).toEqual(['a', 'b']);
  });
});
