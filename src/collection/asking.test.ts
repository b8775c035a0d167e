import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collection, openCollection, type SearchOptions } from './index.ts';

describe('a query with signs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sagitta-asking-'));
  let collection: Collection;
  beforeAll(async () => {
    collection = await openCollection(directory, { create: true, encoder: 'none' });
    await collection.add([
      { id: 'north', text: 'The north harbour gate opens at dawn.', metadata: { year: 2020, kind: 'gate' } },
      { id: 'south', text: 'At dawn the gate of the south harbour opens.', metadata: { year: 2021, kind: 'gate' } },
      { id: 'title', title: 'Harbour gate rules', text: 'Nobody may enter without a permit.' },
      { id: 'config', text: 'Configuration lies in configs; RFC7231 and std::vector matter.' },
      { id: 'be', text: 'To be, or not to be: that is the question.' },
      { id: 'cjk', text: '昨日は東京の港へ行きました。' },
      { id: 'de', text: 'Die Versicherung zahlt nicht, wenn der Vertrag gekündigt ist und die Beiträge fehlen.' },
      { id: 'de2', text: 'Ein Versicherungsvertrag ist schriftlich, und er wird nicht am Telefon geschlossen.' },
    ]);
  });
  afterAll(async () => {
    await collection.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const found = async (query: string, options: SearchOptions = {}): Promise<string[]> =>
    (await collection.search(query, options)).hits.map(({ id }) => id).sort();

  it.each<[string, string[]]>([
    ['"harbour gate"', ['north', 'title']],
    ['“Harbour Gate” dawn', ['north', 'title']],
    ['"gate harbour"', []],
    ['"to be or not to be"', ['be']],
    ['"東京の港"', ['cjk']],
    ['"harb gate"', []],
    ['harbour -south', ['north', 'title']],
    ['harbour -"at dawn"', ['title']],
    ['+harbour +south', ['south']],
    ['harbour year:2020', ['north']],
    ['harbour -kind:gate', ['title']],
    ['title:rules permit', ['title']],
    ['harbour year:2020 OR year:2021', ['north', 'south']],
    ['"south harbour" OR "that is"', ['be', 'south']],
    ['conf*', ['config']],
    ['+conf* vector', ['config']],
    ['std::vector', ['config']],
    ['"harbour', ['north', 'south', 'title']],
  ])('%s', async (query, ids) => expect(await found(query)).toEqual(ids));

  it('is text where that is wanted', async () => {
    expect(await found('"gate harbour" -south', { syntax: false })).toEqual(['north', 'south', 'title']);
  });

  it('corrects words that no document has, and says so; never in quotation marks, never identifiers', async () => {
    const { hits, suggestion } = await collection.search('harbuor gates');
    expect(hits[0]!.id).toBe('north');
    expect(hits[0]!.highlights.length).toBeGreaterThan(1);
    expect(suggestion).toBe('harbour gates');
    expect((await collection.search('configuraton')).suggestion).toBe('configuration');
    expect(await found('"harbuor"')).toEqual([]);
    expect(await found('RFC7232')).not.toContain('harbour');
    expect((await collection.search('RFC7239')).suggestion).toBeUndefined();
    expect((await collection.search('harbour')).suggestion).toBeUndefined();
    expect((await collection.search('xylophone')).suggestion).toBeUndefined();
  });

  it('completes the last word as it is typed', async () => {
    expect(await found('harb', { complete: true })).toEqual(['north', 'south', 'title']);
    expect(await found('permi', { complete: true })).toEqual(['title']);
    expect(await found('sou', { complete: false })).toEqual([]);
  });

  it('knows compounds by their parts, and parts within compounds', async () => {
    expect(await found('Vertragsversicherung', { language: 'de' })).toEqual(['de']);
    expect(await found('Vertrag', { language: 'de' })).toEqual(['de', 'de2']);
  });

  it('has the synonyms of its collection, as long as they stand there', async () => {
    expect(await collection.setSynonyms('port => harbour\npolicy, Versicherung')).toBe(2);
    expect(await found('port')).toEqual(['north', 'south', 'title']);
    expect(await found('policy')).toContain('de');
    expect(collection.synonyms()).toMatch(/^port/);
    await expect(collection.setSynonyms('alone')).rejects.toThrow(/Line 1/);
    expect(await collection.setSynonyms('')).toBe(0);
    expect(await found('port')).not.toContain('north');
  });

  it('says why there is nothing', async () => {
    const { shortfall } = await collection.search('"gate harbour"');
    expect(shortfall?.reason).toBe('no passage has the phrase "gate harbour"');
    expect((await collection.search('+harbour', { k: 9 })).shortfall?.reason).toBe('the query allows only 3 passages');
  });
});
