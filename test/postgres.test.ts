import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Collection, type CopyOptions, copyCollection, type InputDocument, openCollection } from 'sagitta-search';
import { testEncoder } from 'sagitta-search/encode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../src/base/random.ts';
import type { SearchOptions } from '../src/search/index.ts';
import { noServer, pglite, startServer } from './support/postgres.ts';

const WORDS = 'ferry harbour ice lamp rope tide wind sail gull crane pier storm Straße über cargo anchor buoy'.split(
  ' ',
);
const encoder = testEncoder({ dim: 16, languages: ['en'] });
const settings = { passageTokens: 10, passageOverlap: 2, detectLanguage: false };
const folder = mkdtempSync(join(tmpdir(), 'sagitta-postgres-test-'));
let made = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function someDocuments(random: Random, count: number): InputDocument[] {
  const words = (most: number): string =>
    Array.from(
      { length: random.below(most) },
      () => WORDS[Math.floor(random.next() * random.next() * WORDS.length)],
    ).join(' ');
  return Array.from({ length: count }, () => ({
    id: `d${random.below(count)}'"\\`,
    title: words(4),
    text: `${words(30)}\n\n# ${words(3)}\n\n${words(20)}`,
    format: 'markdown',
    language: random.next() < 0.2 ? 'de' : 'en',
    metadata: { part: random.below(3), tags: ['a', WORDS[random.below(5)]!], 'o\'clock"': random.below(2) === 0 },
  }));
}

interface Reached {
  /** Of a collection that is not there yet. */
  address(): { readonly address: string; readonly options: Pick<CopyOptions, 'connect'> };
  /** Opens a collection of a new name, or of one that was given. */
  open(name?: string, options?: object): Promise<Collection>;
  end(): Promise<void>;
}

const KINDS: Readonly<Record<string, { readonly skip: string | undefined; reach(): Promise<Reached> }>> = {
  'PGlite, vectors as bytes': { skip: undefined, reach: () => inPglite(false) },
  'PGlite with pgvector': { skip: undefined, reach: () => inPglite(true) },
  'PGlite with pgvector, codes of 2 bytes': { skip: undefined, reach: () => inPglite(true, 'half') },
  'a server of its own': {
    skip: noServer(),
    reach: async () => {
      const server = await startServer();
      return {
        address: () => ({ address: addressAt(server.url), options: {} }),
        open: (name, options) => openAt(server.url, name, options),
        end: async () => server.remove(),
      };
    },
  },
  'the server that SAGITTA_POSTGRES names': {
    skip: process.env['SAGITTA_POSTGRES'] === undefined ? 'SAGITTA_POSTGRES names none' : undefined,
    reach: async () => ({
      address: () => ({ address: addressAt(process.env['SAGITTA_POSTGRES']!), options: {} }),
      open: (name, options) => openAt(process.env['SAGITTA_POSTGRES']!, name, options),
      end: async () => undefined,
    }),
  },
};

async function inPglite(pgvector: boolean, vectors?: string): Promise<Reached> {
  const url = `postgres://nobody@localhost/none${vectors === undefined ? '' : `?vectors=${vectors}`}`;
  const { connect, end } = await pglite({ pgvector });
  return {
    address: () => ({ address: addressAt(url), options: { connect } }),
    open: (name, options) => openAt(url, name, { connect, ...options }),
    end,
  };
}

function openAt(url: string, name?: string, options: object = {}): Promise<Collection> {
  return openCollection(addressAt(url, name), { create: true, encoder, settings, ...options });
}

function addressAt(url: string, name = `c${process.pid}-${made++}`): string {
  const address = new URL(url);
  address.searchParams.set('collection', name);
  return address.href;
}

/** Searches of every kind. */
const SEARCHES: readonly (readonly [query: string, options: SearchOptions])[] = [
  ['harbour ice', { retriever: 'bm25' }],
  ['harbour ice', { retriever: 'dense' }],
  ['harbour ice', { retriever: 'hybrid' }],
  ['harbour ice', { k: 100 }],
  ['"ferry ice"', { retriever: 'bm25' }],
  ['lamp -rope', {}],
  ['+storm pier', { k: 3, perDocument: 1 }],
  ['frry harb', {}],
  ['Straße über', { language: 'de' }],
  ['cargo', { filter: 'part = 1 and tags = ferry' }],
  ['cargo harbour', { filter: { field: 'o\'clock"', op: '=', value: true }, retriever: 'hybrid' }],
  ['wind', { sort: 'part' }],
  ['harbour ice', { pipeline: 'fuse(words, meaning) > group(1)' }],
];

/** Ids, places and scores, as far as two ways of keeping documents are to agree on them. */
async function answers(collection: Collection): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const [query, options] of SEARCHES) {
    const found = await collection.search(query, { k: 20, ...options }).catch((error: Error) => error.message);
    all.push(
      typeof found === 'string'
        ? [query, found]
        : [
            query,
            found.hits.map(({ id, start, text, title, headings, score }) => [id, start, text, title, headings, score]),
            found.shortfall,
          ],
    );
  }
  return all;
}

describe.each(Object.entries(KINDS))('a collection in %s', (_, { skip, reach }) => {
  let reached: Reached;
  beforeAll(async () => {
    if (skip === undefined) reached = await reach();
    else console.warn(`skipped: ${skip}`);
  }, 120_000);
  afterAll(async () => reached?.end());
  const test = skip === undefined ? it : it.skip;

  test('answers as one in a folder does, whatever came and went', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 0, max: 40 }), async (seed, count) => {
        const random = new Random(seed);
        const documents = someDocuments(random, count);
        await using remote = await reached.open();
        await using local = await openCollection(join(folder, String(made++)), { create: true, encoder, settings });
        for (let from = 0; from < documents.length; from += 11) {
          const part = documents.slice(from, from + 11);
          const [a, b] = [await remote.add(part), await local.add(part)];
          expect({ ...a, generation: 0 }).toEqual({ ...b, generation: 0 });
          const gone = part.filter(() => random.next() < 0.2).map(({ id }) => id);
          expect(await remote.remove(gone)).toBe(await local.remove(gone));
        }
        // Languages of what was deleted count in a folder until segments are merged.
        await local.compact({ full: true });
        expect(await answers(remote)).toEqual(await answers(local));
        expect((await remote.ids()).sort()).toEqual((await local.ids()).sort());
        for (const id of (await local.ids()).slice(0, 3))
          expect(await remote.document(id)).toEqual(await local.document(id));
        const report = await remote.verify();
        expect(report.faults).toEqual([]);
        expect(report.documents).toBe((await local.verify()).documents);
      }),
      { numRuns: 5 },
    );
  });

  test('is found again, and refuses another encoder', async () => {
    {
      await using first = await reached.open('again');
      await first.add([{ id: 'a', text: 'ice in the harbour', metadata: { year: 1999, big: 1e21, none: null } }]);
    }
    await using second = await reached.open('again', { encoder: undefined, openEncoder: async () => encoder });
    const { hits } = await second.search('harbour');
    expect(hits.map(({ id, metadata }) => [id, metadata])).toEqual([['a', { year: 1999, big: 1e21, none: null }]]);
    expect((await second.inspect()).documents).toBe(1);
    await expect(reached.open('again', { encoder: testEncoder({ dim: 8 }) })).rejects.toThrow(
      'was made with the encoder',
    );
    await expect(reached.open('nowhere', { create: false, encoder: undefined })).rejects.toThrow(
      /no collection in .*collection=nowhere/,
    );
  });

  test('has several writers and readers at once, each of which sees whole states', { timeout: 60_000 }, async () => {
    const writers = await Promise.all([0, 1, 2].map(() => reached.open('shared')));
    await using reader = await reached.open('shared');
    let open = true;
    const reading = (async () => {
      let before = 0;
      while (open) {
        const { total, found } = await reader.read(async (corpus) => {
          const { hits } = await (async () => ({
            hits: await corpus.search('words', [{ term: 'ferri', weight: 1 }], { k: 1000 }),
          }))();
          return { total: corpus.documentCount, found: hits.ids.length };
        });
        expect(found).toBe(total);
        expect(total).toBeGreaterThanOrEqual(before);
        before = total;
      }
    })();
    await Promise.all(
      writers.map(async (writer, w) => {
        for (let i = 0; i < 6; i++) {
          await writer.add([
            { id: `${w}-${i}`, text: 'ferry one', language: 'en' },
            { id: 'same', text: `ferry of ${w} and ${i}`, language: 'en' },
          ]);
        }
      }),
    );
    open = false;
    await reading;
    expect((await reader.ids()).length).toBe(19);
    expect((await reader.verify()).faults).toEqual([]);
    await Promise.all(writers.map((writer) => writer.close()));
  });

  test('joins the rows of many publications, and forgets what was deleted', { timeout: 60_000 }, async () => {
    await using collection = await reached.open();
    const documents = someDocuments(new Random(9), 30);
    for (const document of documents) await collection.add([document]);
    await collection.remove(documents.slice(0, 9).map(({ id }) => id));
    const before = await answers(collection);
    const { segmentsBefore, segmentsAfter, bytesBefore, bytesAfter } = await collection.compact({ full: true });
    expect(segmentsBefore).toBeGreaterThan(20);
    expect(segmentsAfter).toBe(1);
    expect(bytesAfter).toBeLessThan(bytesBefore);
    expect(await answers(collection)).toEqual(before);
    expect((await collection.verify()).faults).toEqual([]);
    await collection.add(documents.slice(0, 2));
    expect((await collection.compact()).segmentsAfter).toBe(2);
    expect((await collection.verify()).faults).toEqual([]);
  });

  test('is copied from a folder, into one, and on after an interruption', { timeout: 60_000 }, async () => {
    const documents = someDocuments(new Random(12), 40);
    const [here, back] = [join(folder, String(made++)), join(folder, String(made++))];
    {
      await using local = await openCollection(here, { create: true, encoder, settings });
      await local.add(documents);
      await local.namePipeline('mine', 'words > group(1)');
    }
    const { address, options } = reached.address();
    const abort = new AbortController();
    const interrupted = copyCollection(here, address, {
      ...options,
      signal: abort.signal,
      onProgress: (phase) => phase === 'comparing' && abort.abort(),
    });
    await expect(interrupted).rejects.toThrow(/abort/);
    const counts = await copyCollection(here, address, options);
    expect(counts.copied).toBe(0);
    expect(counts.unchanged).toBe(counts.documents);
    expect((await copyCollection(address, back, options)).copied).toBe(counts.documents);
    await using local = await openCollection(here, { encoder });
    await using remote = await openCollection(address, { encoder, ...options });
    await using again = await openCollection(back, { encoder });
    for (const copy of [remote, again]) {
      expect(await answers(copy)).toEqual(await answers(local));
      expect((await copy.search('harbour', { pipeline: 'mine' })).hits.length).toBeGreaterThan(0);
      expect((await copy.verify()).faults).toEqual([]);
    }
    await remote.add([{ id: 'of its own', text: 'ice' }]);
    await expect(copyCollection(here, address, options)).rejects.toThrow(
      /holds documents that are not to be copied, such as "of its own"/,
    );
    await expect(copyCollection(here, here)).rejects.toThrow('onto itself');
  });

  test('keeps pipelines, and says what it does not do', async () => {
    await using collection = await reached.open();
    await collection.add([{ id: 'a', text: 'ice in the harbour' }]);
    await collection.namePipeline('mine', 'words > group(1)');
    expect((await collection.search('harbour', { pipeline: 'mine' })).hits).toHaveLength(1);
    const refused = [
      () => collection.rebuild({ spec: 'ivf2,sq8' }),
      () => collection.reencode('none'),
      () => collection.addField('titles', { encoder, of: 'title' }),
      () => collection.setSynonyms('car, automobile'),
      () => collection.describe('', 'About ferries.'),
      () => collection.snapshot(),
    ];
    for (const one of refused) await expect(one()).rejects.toMatchObject({ code: 'unsupported' });
    await expect(collection.add([{ id: 'nul', text: 'a\0b' }])).rejects.toThrow('U+0000');
    expect(collection.synonyms()).toBe('');
  });
});
