import fs from 'node:fs';
import { join } from 'node:path';
import { openCollection } from 'sagitta-search';
import { CorruptFileError } from 'sagitta-search/base';
import { MaxSim, memoryCorpus, searchCorpus } from 'sagitta-search/search';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../src/base/random.ts';
import type { Collection } from '../src/collection/index.ts';
import { testEncoder } from '../src/encode/index.ts';
import { type TestFolder, testFolder } from './support/files.ts';

const DIM = 32;
const encoder = testEncoder({ dim: DIM });
const random = new Random(11);
const vocabulary = Array.from({ length: 400 }, (_, i) => `w${i.toString(36)}x`);
/** Passages of 100 words of a few hundred: more token vectors than are kept as bytes. */
const documents = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => {
    const own = Array.from({ length: 12 }, () => vocabulary[random.below(vocabulary.length)]!);
    const text = Array.from({ length: 100 }, () => own[random.below(own.length)]).join(' ');
    return { id: `d${from + n}`, text, language: 'en', metadata: { part: (from + n) % 9 } };
  });
const first = documents(0, 220);

let folder: TestFolder;
let collection: Collection;
beforeAll(async () => {
  folder = testFolder();
  collection = await openCollection(folder.at('c'), { create: true, encoder: 'none' });
  await collection.add(first);
  await collection.addField('tokens', { kind: 'vectors', encoder: 'hash:32' });
}, 120_000);
afterAll(async () => {
  await collection.close();
  folder[Symbol.dispose]();
});

const bytesOfToken = async (): Promise<number> => {
  const field = (await collection.inspect()).fields.find(({ name }) => name === 'tokens')!;
  return field.bytes / field.vectors;
};
const queries = Array.from({ length: 8 }, () =>
  Array.from({ length: 4 }, () => vocabulary[random.below(vocabulary.length)]).join(' '),
);
const idsOf = async (query: string, options: object = {}): Promise<string[]> =>
  (await collection.search(query, { pipeline: 'tokens', k: 10, language: 'en', ...options })).hits.map(({ id }) => id);

describe('a field of many token vectors', () => {
  it('is kept in a quarter of a byte for each component, and finds nearly what exact late interaction finds', async () => {
    expect(await bytesOfToken()).toBeLessThan(DIM / 4 + 4 + 2);
    const tokens = await encoder.encodeTokens(first.map(({ text }) => text));
    let found = 0;
    for (const query of queries) {
      const scores = new MaxSim((await encoder.encodeTokens([query])).item(0)).score(tokens);
      const exact = [...first.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, 10);
      const ids = await idsOf(query);
      // Several documents may have the same words of the query, and so the same score.
      const least = scores[exact.at(-1)!]! - 0.02;
      found += ids.filter((id) => scores[Number(id.slice(1))]! >= least).length;
    }
    expect(found / (10 * queries.length)).toBeGreaterThan(0.9);
  });

  it('ranks again as it ranks, and takes its settings from the pipeline', async () => {
    const [direct, again] = await Promise.all(
      ['tokens', 'words > rerank(tokens)'].map((pipeline) =>
        collection.search(queries[0]!, { pipeline, k: 200, language: 'en' }),
      ),
    );
    const scores = new Map(direct!.hits.map(({ id, score }) => [id, score]));
    const both = again!.hits.slice(0, 10).filter(({ id }) => scores.has(id));
    expect(both.length).toBeGreaterThan(5);
    for (const { id, score } of both) expect(score).toBeCloseTo(scores.get(id)!, 5);
    const wide = await idsOf(queries[0]!, { pipeline: 'tokens(nprobe=64, refine=20)' });
    expect(wide).toHaveLength(10);
    await expect(idsOf(queries[0]!, { pipeline: 'tokens(nprobe=0)' })).rejects.toThrow('"nprobe" of "tokens" is 0');
  });

  it('gives k hits under a filter', async () => {
    const hits = await idsOf(queries[1]!, { filter: 'part = 4', k: 20 });
    expect(hits).toHaveLength(20);
    expect(hits.every((id) => Number(id.slice(1)) % 9 === 4)).toBe(true);
  });

  it('has what comes later, loses what goes, and stays what it is when segments are merged', async () => {
    const more = documents(220, 260);
    await collection.add(more);
    const query = more[7]!.text.split(' ').slice(0, 8).join(' ');
    expect((await idsOf(query))[0]).toBe('d227');
    await collection.remove(['d227', 'd3']);
    expect(await idsOf(query, { k: 300 })).not.toContain('d227');
    const before = await idsOf(query);
    await collection.compact({ full: true });
    expect(await bytesOfToken()).toBeLessThan(DIM / 4 + 4 + 2);
    const after = await idsOf(query);
    expect(after.filter((id) => before.includes(id)).length).toBeGreaterThanOrEqual(8);
    expect((await collection.verify()).sound).toBe(true);
    await using again = await openCollection(folder.at('c'));
    const { hits } = await again.search(query, { pipeline: 'tokens', k: 10, language: 'en' });
    expect(hits.map(({ id }) => id)).toEqual(after);
  });

  it('is the same field in memory, where vectors are bytes', async () => {
    const corpus = await memoryCorpus(first, [
      { name: 'words', kind: 'terms' },
      { name: 'tokens', kind: 'vectors', encoder },
    ]);
    const { hits } = await searchCorpus(corpus, queries[2]!, { pipeline: 'tokens', k: 5, language: 'en' });
    expect(hits).toHaveLength(5);
  });

  it('does not answer from a damaged file, and names it', async () => {
    const segments = folder.at('c/segments');
    const file = fs.readdirSync(segments).find((name) => name.endsWith('.vectors'))!;
    const bytes = fs.readFileSync(join(segments, file));
    for (const place of [0.1, 0.5, 0.9]) {
      const damaged = Buffer.from(bytes);
      damaged[Math.floor(place * bytes.length)]! ^= 4;
      fs.writeFileSync(join(segments, file), damaged);
      await using open = await openCollection(folder.at('c'));
      const { faults } = await open.verify();
      expect(faults.map((fault) => fault.file).join()).toContain(file);
      const answer = open.search(queries[0]!, { pipeline: 'tokens(nprobe=256)', k: 300, language: 'en' });
      await expect(answer).rejects.toThrow(CorruptFileError);
    }
    fs.writeFileSync(join(segments, file), bytes);
    expect((await collection.verify()).sound).toBe(true);
  });
});
