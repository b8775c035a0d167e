import fs from 'node:fs';
import { join } from 'node:path';
import { openCollection } from 'sagitta-search';
import { CorruptFileError } from 'sagitta-search/base';
import { type TermEncoder, testEncoder } from 'sagitta-search/encode';
import { memoryCorpus, searchCorpus } from 'sagitta-search/search';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Collection } from '../src/collection/index.ts';
import { type TestFolder, testFolder } from './support/files.ts';

/** What is marked with an exclamation mark counts 1.5, what with a question mark nothing, "huge" more than is kept; all else 0.25. */
const marks: TermEncoder = {
  id: 'marks',
  languages: ['en'],
  weigh: async (texts) =>
    texts.map(({ text, words }) =>
      Float32Array.from(words, ({ term, end }) => {
        if (term === 'huge') return 7;
        return text[end] === '!' ? 1.5 : text[end] === '?' ? 0 : 0.25;
      }),
    ),
};
const documents = [
  { id: 'often', text: 'harbour harbour harbour, and the harbour again.' },
  { id: 'marked', text: 'Here is some ice, and there the harbour! It is closed.' },
  { id: 'doubted', text: 'Is it a harbour? Nobody knows the ferry.' },
  { id: 'german', text: 'Der harbour! ist geschlossen', language: 'de' },
  { id: 'great', text: 'A huge thing of winter', metadata: { part: 1 } },
].map((document) => ({ language: 'en', ...document }));

let folder: TestFolder;
let collection: Collection;
beforeAll(async () => {
  folder = testFolder();
  collection = await openCollection(folder.at('c'), { create: true, encoder: 'none', encoders: [marks] });
  await collection.add(documents.slice(0, 3));
  await collection.addField('impact', { kind: 'impacts', encoder: marks });
  await collection.add(documents.slice(3));
});
afterAll(async () => {
  await collection.close();
  folder[Symbol.dispose]();
});

const idsOf = async (query: string, options: object = {}, from: Pick<Collection, 'search'> = collection) =>
  (await from.search(query, { pipeline: 'impact', k: 10, language: 'en', ...options })).hits.map(({ id }) => id);

describe('a field of impacts', () => {
  it('ranks by what its encoder says of words, and not by how often they stand there', async () => {
    expect(await idsOf('harbour', { pipeline: 'words' })).toContain('doubted');
    expect(await idsOf('harbours')).toEqual(['marked', 'often']);
    const { hits, trace } = await collection.search('huge harbour', { pipeline: 'impact', language: 'en' });
    expect(hits.map(({ id }) => id)).toEqual(['great', 'marked', 'often']);
    expect(trace).toMatchObject({ stage: 'impacts impact', returned: 3, note: '2 terms' });
    // idf of a term that one of five passages has, times the greatest impact.
    expect(hits[0]!.score).toBeCloseTo(Math.log(1 + 4.5 / 1.5) * (255 / 128), 5);
  });

  it('has its place in pipelines, under filters, and beside other fields', async () => {
    expect(await idsOf('harbour', { pipeline: 'fuse(words, impact)' })).toContain('doubted');
    expect(await idsOf('harbour ice', { pipeline: 'words > rerank(impact)' })).toEqual(
      expect.arrayContaining(['marked', 'often']),
    );
    expect(await idsOf('huge harbour', { filter: 'part = 1' })).toEqual(['great']);
    await expect(idsOf('harbour', { pipeline: 'impact(nprobe=3)' })).rejects.toThrow('nprobe');
    await expect(idsOf('hafen', { language: 'de' })).rejects.toThrow('which the encoder marks does not know');
    await expect(idsOf('harbour', { pipeline: 'words > neighbours(field=impact)' })).rejects.toThrow(
      'holds impacts of terms',
    );
  });

  it('counts what was clipped, and passes its checks', async () => {
    const { fields } = await collection.inspect();
    expect(fields).toMatchObject([{ name: 'impact', kind: 'impacts', encoder: 'marks', dim: 1, full: 1 }]);
    expect(fields[0]!.vectors).toBeGreaterThan(8);
    expect(await collection.verify()).toMatchObject({ sound: true, faults: [] });
  });

  it('stays what it is when documents go, segments are merged, and it is opened again', async () => {
    await collection.add([{ id: 'late', text: 'A harbour! A harbour!', language: 'en' }]);
    await collection.remove(['often']);
    const before = await collection.search('harbour winter', { pipeline: 'impact', language: 'en' });
    await collection.compact({ full: true });
    const after = await collection.search('harbour winter', { pipeline: 'impact', language: 'en' });
    expect(after.hits).toEqual(before.hits);
    expect(after.hits).toHaveLength(3);
    await using again = await openCollection(folder.at('c'), { encoders: [marks] });
    expect(await idsOf('harbour winter', {}, again)).toEqual(before.hits.map(({ id }) => id));
    expect((await again.verify()).sound).toBe(true);
  });

  it('does not answer from a damaged file, and names it', async () => {
    const segments = folder.at('c/segments');
    const file = fs.readdirSync(segments).find((name) => name.endsWith('.vectors'))!;
    const bytes = fs.readFileSync(join(segments, file));
    for (const place of [0.1, 0.5, 0.9]) {
      const damaged = Buffer.from(bytes);
      damaged[Math.floor(place * bytes.length)]! ^= 4;
      fs.writeFileSync(join(segments, file), damaged);
      await using open = await openCollection(folder.at('c'), { encoders: [marks] });
      expect((await open.verify()).faults.map((fault) => fault.file).join()).toContain(file);
      await expect(idsOf('harbour winter', {}, open)).rejects.toThrow(CorruptFileError);
    }
    fs.writeFileSync(join(segments, file), bytes);
    expect((await collection.verify()).sound).toBe(true);
  });

  it('needs an encoder that weighs words, whose weights are numbers of 0 or more', async () => {
    await expect(collection.addField('other', { kind: 'impacts', encoder: 'static' })).rejects.toThrow(
      'is to have impacts of terms, and the encoder "static" gives one vector for each passage only',
    );
    const negative: TermEncoder = {
      ...marks,
      id: 'negative',
      weigh: async (texts) => texts.map(() => new Float32Array(9).fill(-1)),
    };
    await expect(collection.addField('other', { kind: 'impacts', encoder: negative })).rejects.toThrow('is -1');
    await collection.removeField('other');
    await expect(collection.addField('other', { kind: 'impactz' as 'impacts', encoder: marks })).rejects.toThrow(
      'Did you mean "impacts"?',
    );
  });

  it('is the same in memory, and opens by a specification', async () => {
    const corpus = await memoryCorpus(documents, [
      { name: 'words', kind: 'terms' },
      { name: 'impact', kind: 'impacts', encoder: testEncoder() },
    ]);
    await using other = await openCollection(folder.at('d'), { create: true, encoder: 'none' });
    await other.add(documents);
    await other.addField('impact', { kind: 'impacts', encoder: 'hash:64' });
    for (const query of ['harbour ice', 'the ferry and the harbour', 'winter']) {
      const options = { pipeline: 'impact', language: 'en' };
      const { hits } = await searchCorpus(corpus, query, options);
      expect((await other.search(query, options)).hits).toEqual(hits);
      expect(hits.length).toBeGreaterThan(0);
    }
  });
});
