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

describe('phrases', () => {
  it('stand word for word in the text, the title or a heading, and nowhere across', async () => {
    const corpus = await memoryCorpus([
      { id: 'verse', text: 'To be, or not to be: that is *the question*.' },
      { id: 'titled', title: 'The question of Müller’s bridge', text: 'A bridge.' },
      { id: 'apart', title: 'The', text: 'question' },
      { id: 'tokyo', text: '東京タワーに登る。' },
    ]);
    const found = async (query: string): Promise<string[]> => {
      const { hits } = await searchCorpus(corpus, query);
      return hits.map(({ id }) => id).sort();
    };
    expect(await found('"to be or not to be"')).toEqual(['verse']);
    expect(await found('"be to or"')).toEqual([]);
    expect(await found('"the question"')).toEqual(['titled', 'verse']);
    expect(await found('"THE QUESTION" -"muller s"')).toEqual(['verse']);
    expect(await found('"京タワ"')).toEqual(['tokyo']);
    expect(await found('"question of" OR "タワー"')).toEqual(['titled', 'tokyo']);
  });
});
