import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { memoryCorpus } from '../corpus/index.ts';
import { searchCorpus } from './searching.ts';
import { wordVariants } from './variants.ts';

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

describe('words that questions are made with', () => {
  it('are no mistakes, though no document has them', async () => {
    const corpus = await memoryCorpus([
      { id: 'a', text: 'That otters eat fish is well known; then they sleep, and wheat is not for them.' },
      { id: 'b', text: 'Whales eat krill.' },
    ]);
    for (const query of ['what do they eat', 'When do otters sleep', 'which whales']) {
      const { suggestion, hits } = await searchCorpus(corpus, query);
      expect(suggestion, query).toBeUndefined();
      expect(hits.length, query).toBeGreaterThan(0);
    }
    expect((await searchCorpus(corpus, 'what do ottres eat')).suggestion).toBe('what do otters eat');
  });
});

describe('numbers between dots', () => {
  it('find what goes on with a dot where nobody has them, and nothing else', async () => {
    const corpus = await memoryCorpus([
      { id: 'release', text: 'Release v2.4.1 of the library.' },
      { id: 'address', text: 'The printer is at 192.168.0.17, the camera at 192.168.1.9.' },
      { id: 'other', text: 'Release v2.41 and 192168 things; 10.5 and 10.50.' },
    ]);
    const found = async (query: string): Promise<string[]> =>
      (await searchCorpus(corpus, query)).hits.map(({ id }) => id);
    expect(await found('v2.4')).toEqual(['release']);
    expect(await found('2.4')).toEqual(['release']);
    expect(await found('192.168.0')).toEqual(['address']);
    expect(await found('192.16')).toEqual([]);
    expect(await found('10.5')).toEqual(['other']);
    expect((await searchCorpus(corpus, 'v2.4')).suggestion).toBeUndefined();
    expect((await searchCorpus(corpus, 'v2.4', { variants: false })).hits).toEqual([]);
  });
});

describe('words written together', () => {
  it('are no mistakes where their parts are words, and their parts are corrected where they are not', async () => {
    const corpus = await memoryCorpus([
      { id: 'a', text: 'A third of the children keep the policy. Resistance to stress.' },
      { id: 'b', text: 'onethird stressful childhood, resistances' },
    ]);
    const variants = async (text: string) => {
      const { terms, corrections } = await wordVariants(corpus, text, ['en']);
      return [terms.map(({ term }) => term), corrections.map(({ start, end }) => text.slice(start, end))];
    };
    expect(await variants('third-policy')).toEqual([[], []]);
    expect(await variants('stress-resistance')).toEqual([[], []]);
    const [terms, corrected] = await variants('stress-polyci');
    expect(terms).toContain('polici');
    expect(corrected).toEqual(['polyci']);
    expect((await searchCorpus(corpus, 'third-policy')).suggestion).toBeUndefined();
  });
});

describe('a form of a word', () => {
  it('finds it where it is written alike, and is no mistake', async () => {
    const corpus = await memoryCorpus([
      { id: 'a', text: 'We write letters. The analysis of a tooth, by the woman who drives.', language: 'en' },
      { id: 'b', text: 'A wrong letter.', language: 'en' },
    ]);
    for (const form of ['wrote', 'analyses', 'women', 'drove']) {
      const { hits, suggestion } = await searchCorpus(corpus, form, { language: 'en' });
      expect([form, hits[0]?.id, suggestion]).toEqual([form, 'a', undefined]);
    }
    expect((await searchCorpus(corpus, 'wrute', { language: 'en' })).suggestion).toBe('write');
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

describe('phrases through words that ends of lines broke', () => {
  const finder = async (...texts: string[]) => {
    const corpus = await memoryCorpus(texts.map((text, i) => ({ id: `${i}`, text })));
    return async (phrase: string) => [...new Set((await searchCorpus(corpus, `"${phrase}"`)).hits.map(({ id }) => id))];
  };

  it('are found as they are read, and as they are written', async () => {
    const found = await finder(
      'The lock keeper was a self-\nmade man of some co\u00ad\r\n  operation.\n\nHis infor-\n   mation was un-\nques-\ntioned.',
      'The lock keepers: information is un questioned.',
    );
    for (const phrase of [
      'keeper was a self-made man of',
      'keeper was a selfmade man of some cooperation',
      'his information was unquestioned',
      'cooperation his information',
      'man of some co operation his infor mation was un ques tioned',
    ])
      expect([phrase, await found(phrase)]).toEqual([phrase, ['0']]);
    expect(await found('unquestioned the lock')).toEqual([]);
    expect(await found('information was un questioned')).toEqual([]);
  });

  it('are found in long texts wherever they stand', async () => {
    const random = new Random(11);
    const words = Array.from({ length: 3_000 }, () =>
      Array.from({ length: 4 + random.below(6) }, () => String.fromCharCode(97 + random.below(26))).join(''),
    );
    const broken = words.map((word, i) =>
      i % 17 === 3 || i % 101 === 4 ? `${word.slice(0, 2)}-\n${word.slice(2)}` : word,
    );
    const found = await finder(broken.join(' '), 'nothing of it');
    for (let at = 0; at + 12 < words.length; at += 29) {
      const phrase = words.slice(at, at + 1 + random.below(12)).join(' ');
      expect([phrase, await found(phrase)]).toEqual([phrase, ['0']]);
    }
  });
});

describe('a query of conditions alone', () => {
  it('finds the documents that satisfy them, in order, each once', async () => {
    const corpus = await memoryCorpus([
      { id: 'a', text: 'Ships.', language: 'en', metadata: { year: 1970 } },
      { id: 'b', text: 'Schiffe.', language: 'de', metadata: { year: 1971 } },
      { id: 'c', text: 'Ice.', language: 'en', metadata: { year: 1971 } },
    ]);
    const found = async (query: string, filter?: string): Promise<string> => {
      const { hits, shortfall } = await searchCorpus(corpus, query, filter === undefined ? {} : { filter });
      return `${hits.map(({ id }) => id).join()}: ${shortfall?.reason}`;
    };
    const satisfied = 'documents satisfy the conditions, and the query has no words';
    expect(await found('language:en')).toBe(`a,c: 2 ${satisfied}`);
    expect(await found('lang:en')).toBe(`a,c: 2 ${satisfied}`);
    expect(await found('year:1971 -language:de')).toMatch(/^c: 1 document satisfies/);
    expect(await found('', 'year = 1971')).toBe(`b,c: 2 ${satisfied}`);
    expect(await found('language:fr')).toMatch(/^: no passage has language "fr"/);
    await expect(found('')).rejects.toThrow('The query is empty.');
  });
});
