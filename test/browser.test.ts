import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, utimesSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { openCollection } from 'sagitta-search';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as entry from '../src/browser/index.ts';
import { buildBrowserEntry } from './support/browser-entry.ts';
import { CHROMIUM, launchChromium } from './support/chromium.ts';
import { testFolder } from './support/files.ts';
import { type RangeServer, rangeServer } from './support/range-server.ts';

declare global {
  // What the page's script leaves for its tests.
  var sagitta: typeof entry;
}

const site = testFolder();
const TOPICS = ['gulls', 'harbours', 'lighthouses', 'tides', 'ropes'];
const DOCUMENTS = [
  {
    id: 'keys',
    title: 'Signing keys',
    text: 'A key that is lost is revoked at once.',
    metadata: { kind: 'guide', year: 2024 },
  },
  {
    id: 'copies',
    title: 'Backups',
    text: 'Copies are made at night, and kept for a month.',
    metadata: { kind: 'guide', year: 2021 },
  },
  { id: 'odd', title: 'Odd', text: `Lone \ud800 surrogate, 灯台 and Straße. ${'long '.repeat(9000)}end` },
  {
    id: 'deutsch',
    title: 'Schlüssel',
    text: 'Wenn ein Schlüssel verloren wurde, wird er sofort gesperrt und durch einen neuen ersetzt.',
  },
  {
    id: 'français',
    title: 'Clés',
    text: 'Quand une clé est perdue, elle est révoquée tout de suite et remplacée par une nouvelle.',
  },
  ...Array.from({ length: 400 }, (_, i) => ({
    id: `filler/${i}`,
    title: `About ${TOPICS[i % 5]}`,
    text: `Text number ${i} about ${TOPICS[i % 5]} and ${TOPICS[(i * 7) % 5]}, written in the year ${1900 + (i % 90)}.`,
    metadata: { topic: TOPICS[i % 5]!, year: 1900 + (i % 90) },
  })),
];

let files: RangeServer;
let elsewhere: RangeServer;
beforeAll(async () => {
  await buildBrowserEntry(site.at('www/sagitta/browser'));
  mkdirSync(site.at('www/sagitta/models'));
  copyFileSync(new URL('../src/encode/static/static.bin', import.meta.url), site.at('www/sagitta/models/static.bin'));
  site.write({
    'www/index.html': `<!doctype html><html lang="en"><title>Notes</title><script type="module">
      globalThis.sagitta = await import('/sagitta/browser/index.js'); document.title = 'ready';</script></html>`,
  });
  const collection = await openCollection(site.at('www/notes'), { create: true, encoder: 'static' });
  await collection.add(DOCUMENTS.slice(0, 200));
  await collection.add(DOCUMENTS.slice(200));
  await collection.remove(['filler/7', 'filler/300']);
  await collection.namePipeline('both', 'fuse(words, meaning) > group(1)');
  await collection.close();
  cpSync(site.at('www/notes'), site.at('www/coded'), { recursive: true });
  const coded = await openCollection(site.at('www/coded'));
  await coded.compact({ full: true });
  await coded.rebuild({ spec: 'ivf4,pq32x4,refine:full' });
  await coded.close();
  files = await rangeServer({ '/': site.at('www') });
  elsewhere = await rangeServer(
    { '/': site.at('www') },
    { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Content-Range, ETag, Last-Modified' },
  );
}, 120_000);
afterAll(async () => {
  await files?.[Symbol.asyncDispose]();
  await elsewhere?.[Symbol.asyncDispose]();
  site[Symbol.dispose]();
});

/** What must be the same wherever a search runs; the last bits of logarithms are not in every engine. */
const plain = ({ hits, shortfall, language }: entry.SearchResult): unknown =>
  JSON.parse(
    JSON.stringify({ hits, shortfall, language }, (_, value) =>
      typeof value === 'number' ? Number(value.toPrecision(6)) : value,
    ),
  );

describe.skipIf(!existsSync(CHROMIUM))('in Chromium', () => {
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    context = await launchChromium(site.at('profile'));
    page = await fresh();
  }, 60_000);
  afterAll(() => context?.close());

  const fresh = async (): Promise<Page> => {
    const made = await context.newPage();
    made.on('pageerror', (error) => complaints.push(String(error)));
    await made.goto(`${files.url}/index.html`);
    await made.waitForFunction(() => document.title === 'ready');
    return made;
  };
  /** What opening and searching in the page comes to, or the error that it comes to. */
  const attempt = (
    source: Parameters<typeof entry.openBrowserCollection>[0],
    options: entry.OpenBrowserOptions = {},
    query = 'lost key',
  ) =>
    page.evaluate(
      async ([source, options, query]) => {
        try {
          const collection = await sagitta.openBrowserCollection(source, options);
          try {
            return { ids: (await collection.search(query)).hits.map(({ id }) => id) };
          } finally {
            await collection.close();
          }
        } catch (error) {
          const { name, message, code } = error as Error & { code?: string };
          return { name, message, code };
        }
      },
      [source, options, query] as const,
    );

  describe('a collection on a server', () => {
    const SEARCHES = [
      ['lost key', {}],
      ['harbours 1950', { k: 20 }],
      ['harbours', { pipeline: 'both', k: 5 }],
      ['gulls', { retriever: 'dense', k: 5 }],
      ['copies at night', { retriever: 'bm25', explain: true }],
      ['"number 12"', { filter: 'topic = "lighthouses" or year > 1980', k: 3 }],
      ['灯台', {}],
      ['verlorene Schlüssel', {}],
      ['les clés perdues', { k: 3 }],
      ['gulls', { filter: 'kind = "guide"', k: 3 }],
    ] as const;

    it.each(['notes', 'coded'])('%s is searched as it is where it lies, if it is to be exact', async (name) => {
      const found = await page.evaluate(
        async ([url, searches]) => {
          const collection = await sagitta.openBrowserCollection({ url }, { exact: true });
          const results = [];
          for (const [query, options] of searches) results.push(await collection.search(query, options));
          const odd = await collection.document('odd');
          const facets = await collection.facets({ fields: ['topic'] });
          const ids = await collection.ids(['filler/1']);
          const about = await collection.about();
          await collection.close();
          return { results, odd, facets, ids, about };
        },
        [`${files.url}/${name}/`, SEARCHES] as const,
      );
      await using local = await openCollection(site.at(`www/${name}`));
      for (const [i, [query, options]] of SEARCHES.entries()) {
        const expected = await local.search(query, options);
        expect(plain(found.results[i]!), query).toEqual(plain(expected));
      }
      expect(found.odd).toEqual(await local.document('odd'));
      expect(found.facets).toEqual(await local.facets({ fields: ['topic'] }));
      expect(found.ids).toEqual(await local.ids(['filler/1']));
      expect(found.about).toMatchObject({ documents: DOCUMENTS.length - 2, encoder: 'static', writable: false });
    });

    it.each(['notes', 'coded'])('%s is ranked by the codes of vectors, without a request for each', async (name) => {
      const searched = async (exact: boolean) =>
        page.evaluate(
          async ([url, searches, exact]) => {
            const collection = await sagitta.openBrowserCollection({ url }, { exact });
            const results = [];
            for (const [query, options] of searches) results.push(await collection.search(query, options));
            const { fetched } = await collection.about();
            await collection.close();
            return { results, fetched: fetched!.requests };
          },
          [`${files.url}/${name}/`, SEARCHES, exact] as const,
        );
      const [coded, exact] = [await searched(false), await searched(true)];
      expect(coded.fetched).toBeLessThan(exact.fetched);
      SEARCHES.forEach(([query], i) => {
        const [own, other] = [coded.results[i]!.hits, exact.results[i]!.hits];
        expect(own.length, query).toBe(other.length);
        // Texts that say the same but for a number stand so near one another that codes may put others of them there.
        own.forEach((hit, rank) => {
          expect(Math.abs(hit.score - other[rank]!.score), query).toBeLessThan(0.02);
        });
      });
    });

    it('fetches parts of files, and those that it has once', async () => {
      files.log.length = 0;
      await attempt({ url: `${files.url}/notes` });
      const parts = files.log.filter(({ path }) => path.startsWith('/notes/segments/'));
      expect(parts.length).toBeGreaterThan(0);
      expect(parts.every(({ range }) => range !== undefined)).toBe(true);
      expect(new Set(parts.map(({ path, range }) => `${path} ${range}`)).size).toBe(parts.length);
    });

    it('searches by words without the table of vectors', async () => {
      files.log.length = 0;
      expect(await attempt({ url: `${files.url}/notes` }, { encoder: 'none' })).toMatchObject({
        ids: expect.arrayContaining(['keys']),
      });
      expect(files.log.some(({ path }) => path.endsWith('static.bin'))).toBe(false);
    });

    it('asks an encoder of the page for vectors', async () => {
      const { asked, ids } = await page.evaluate(async (url) => {
        const asked: string[] = [];
        const collection = await sagitta.openBrowserCollection(
          { url },
          {
            encoder: {
              id: 'static',
              dim: 256,
              async encode(texts) {
                asked.push(...(texts as string[]));
                return { data: new Float32Array(256 * texts.length).fill(1 / 16) } as never;
              },
            },
          },
        );
        const { hits } = await collection.search('lost key', { retriever: 'dense' });
        await collection.close();
        return { asked, ids: hits.map(({ id }) => id) };
      }, `${files.url}/notes`);
      expect(asked).toEqual(['lost key']);
      expect(ids).toHaveLength(10);
    });

    it('is read from another origin that allows it', async () => {
      expect(await attempt({ url: `${elsewhere.url}/notes` })).toMatchObject({ ids: expect.arrayContaining(['keys']) });
    });

    it('says what is wrong with an address or a server', async () => {
      const saying = async (url: string, options?: entry.OpenBrowserOptions) => {
        const { message } = (await attempt({ url }, options)) as { message: string };
        return message;
      };
      expect(await saying(`${files.url}/none`)).toMatch(/There is no collection at .*none.*sagitta index/);
      expect(await saying('http://127.0.0.1:1/notes')).toMatch(
        /could not be fetched.*CORS.*Access-Control-Allow-Origin/,
      );
      expect(await saying(`${files.url}/notes`, { create: true })).toMatch(/cannot be made from a page/);
      const kept = (await attempt('notes', { exact: true })) as { message: string };
      expect(kept.message).toMatch(/keeps is ranked by its vectors.*Leave `exact` out/);
      expect(await saying(`${files.url}/notes`, { encodre: 'none' } as never)).toMatch(/Did you mean "encoder"/);
      expect(await saying(`${files.url}/notes`, { weights: '/missing.bin' })).toMatch(
        /404 for the table of the encoder static/,
      );
      expect(await saying(`${files.url}/notes`, { worker: '/missing.js' })).toMatch(/worker.js/);

      files.before = (request, response) => {
        if (!request.url!.startsWith('/notes/segments')) return false;
        delete request.headers.range;
        return response.headersSent;
      };
      expect(await saying(`${files.url}/notes`)).toMatch(/sends all of .* range requests/);
      files.before = (request, response) => {
        if (request.url!.startsWith('/notes/segments')) response.writeHead(503).end();
        return response.headersSent;
      };
      expect(await saying(`${files.url}/notes`)).toMatch(/answered 503/);
      files.before = (request, response) => {
        if (request.url!.startsWith('/notes/segments')) response.writeHead(404).end();
        return response.headersSent;
      };
      expect(await saying(`${files.url}/notes`)).toMatch(/it is missing/);
      files.before = undefined;
      elsewhere.before = (request, response) => {
        if (request.url!.startsWith('/notes/segments')) response.removeHeader('access-control-expose-headers');
        return false;
      };
      expect(await saying(`${elsewhere.url}/notes`)).toMatch(
        /does not let this page see.*Access-Control-Expose-Headers/,
      );
      elsewhere.before = undefined;
    });

    it('never mixes two states of a file', async () => {
      const folder = site.at('www/changing');
      cpSync(site.at('www/notes'), folder, { recursive: true });
      const outcome = (await page.evaluate(async (url) => {
        const collection = await sagitta.openBrowserCollection({ url }, { encoder: 'none', cacheBytes: 1 });
        await collection.search('gulls');
        globalThis.collection = collection;
        return 'open';
      }, `${files.url}/changing`)) as string;
      expect(outcome).toBe('open');
      const segments = `${folder}/segments`;
      for (const name of await readdir(segments)) {
        const { mtimeMs } = await stat(`${segments}/${name}`);
        utimesSync(`${segments}/${name}`, mtimeMs / 1000 + 5, mtimeMs / 1000 + 5);
      }
      const failure = () =>
        page.evaluate(() =>
          globalThis.collection!.document('odd').then(
            () => 'read',
            (error: Error & { code: string }) => `${error.code}: ${error.message}`,
          ),
        );
      expect(await failure()).toMatch(
        /corrupt-file: .*is not what it was when the collection was opened.*Open the collection again/,
      );
      renameSync(folder, `${folder}-gone`);
      expect(await failure()).toMatch(/is gone.*Open the collection again/);
      await page.evaluate(() => globalThis.collection!.close());
      expect(
        await page.evaluate(() => globalThis.collection!.search('gulls').catch((error: Error) => error.message)),
      ).toMatch(/is closed.*Open it again/);
    });

    it('gives a search up', async () => {
      const name = await page.evaluate(async (url) => {
        const collection = await sagitta.openBrowserCollection({ url });
        const abort = new AbortController();
        const search = collection.search('gulls', { signal: abort.signal });
        abort.abort();
        const [first, then] = await Promise.allSettled([search, collection.search('gulls', { signal: abort.signal })]);
        await collection.close();
        return [first.status, (then as PromiseRejectedResult).reason.name];
      }, `${files.url}/notes`);
      expect(name[1]).toBe('AbortError');
    });

    it('is only read', async () => {
      const message = await page.evaluate(async (url) => {
        const collection = await sagitta.openBrowserCollection({ url });
        const message = await collection.add([{ id: 'a', text: 'a' }]).catch((error: Error) => error.message);
        await collection.close();
        return message;
      }, `${files.url}/notes`);
      expect(message).toMatch(/is on a server, and only read from here/);
    });
  });

  describe('a collection of the browser', () => {
    it('is made, searched and changed, and is there after a reload and in another tab', async () => {
      const made = await page.evaluate(async (documents) => {
        const missing = await sagitta.openBrowserCollection('notes').catch((error: Error) => error.message);
        const collection = await sagitta.openBrowserCollection('notes', { create: true });
        const phases = new Set<string>();
        const report = await collection.add(documents, { onProgress: ({ phase }) => void phases.add(phase) });
        const again = await collection.add(documents.slice(0, 3));
        const removed = await collection.remove(['filler/7', 'filler/300', 'none']);
        const results = [];
        for (const query of ['lost key', 'harbours 1950', 'verlorene Schlüssel'])
          results.push(await collection.search(query));
        await collection.close();
        return { missing, report, again, removed, phases: [...phases], results };
      }, DOCUMENTS);
      expect(made).toMatchObject({
        missing: expect.stringMatching(/keeps no collection "notes" here.*create: true/),
        report: { added: DOCUMENTS.length, updated: 0 },
        again: { added: 0, unchanged: 3 },
        removed: 2,
      });
      expect(made.phases).toContain('publishing');
      await using local = await openCollection(site.at('www/notes'));
      for (const { query, ...result } of made.results) {
        expect(plain({ query, ...result }), query).toEqual(plain(await local.search(query)));
      }
      await page.reload();
      await page.waitForFunction(() => document.title === 'ready');
      expect(await attempt('notes')).toMatchObject({ ids: expect.arrayContaining(['keys']) });

      // What one tab adds, another finds.
      const other = await fresh();
      await page.evaluate(async () => {
        globalThis.collection = await sagitta.openBrowserCollection('notes', { encoder: 'static' });
        await globalThis.collection.search('gulls');
      });
      await other.evaluate(async () => {
        const collection = await sagitta.openBrowserCollection('notes');
        await collection.add([{ id: 'new', text: 'An albatross came.' }]);
        await collection.compact();
        await collection.close();
      });
      await other.close();
      const found = await page.evaluate(async () => {
        const { hits } = await globalThis.collection!.search('albatross');
        await globalThis.collection!.close();
        return hits[0]?.id;
      });
      expect(found).toBe('new');
    });

    it('has the same files as on a machine', async () => {
      const contents = await page.evaluate(async () => {
        const contents: Record<string, string> = {};
        const walk = async (folder: FileSystemDirectoryHandle, at: string): Promise<void> => {
          for await (const [name, entry] of folder.entries()) {
            if (entry.kind === 'directory') await walk(entry as FileSystemDirectoryHandle, `${at}${name}/`);
            else {
              const bytes = new Uint8Array(await (await (entry as FileSystemFileHandle).getFile()).arrayBuffer());
              contents[at + name] = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
            }
          }
        };
        const root = await navigator.storage.getDirectory();
        await walk(await (await root.getDirectoryHandle('sagitta')).getDirectoryHandle('notes'), '');
        return contents;
      });
      for (const [name, bytes] of Object.entries(contents))
        site.write({ [`out/${name}`]: Buffer.from(bytes, 'base64') });
      await using out = await openCollection(site.at('out'));
      expect((await out.verify()).faults).toEqual([]);
      expect((await out.document('odd')).text).toBe(DOCUMENTS[2]!.text);
      await out.add([{ id: 'here', text: 'Added on the machine.' }]);
      expect((await out.search('machine', { retriever: 'bm25' })).hits[0]!.id).toBe('here');
    });

    it('has one writer, and says so', async () => {
      const message = await page.evaluate(async () => {
        let release!: () => void;
        const held = new Promise<void>((done) => {
          release = done;
        });
        void navigator.locks.request('sagitta/notes', () => held);
        const collection = await sagitta.openBrowserCollection('notes');
        const message = await collection.remove(['keys']).catch((error: Error) => `${error.name}: ${error.message}`);
        release();
        await new Promise((done) => setTimeout(done, 50));
        await collection.remove(['keys']);
        await collection.close();
        return message;
      });
      expect(message).toMatch(/CollectionLockedError: .*written by another tab.*close that tab/);
      expect(await attempt('notes', {}, 'revoked')).not.toMatchObject({ ids: expect.arrayContaining(['keys']) });
    });

    it('is whole after a tab that wrote was closed', async () => {
      const other = await fresh();
      await other.evaluate(() => {
        const documents = Array.from({ length: 3000 }, (_, i) => ({ id: `lost/${i}`, text: `Lost text ${i}.` }));
        void sagitta.openBrowserCollection('notes').then((collection) => collection.add(documents));
        return new Promise((done) => setTimeout(done, 700));
      });
      await other.close();
      const after = await page.evaluate(async () => {
        const collection = await sagitta.openBrowserCollection('notes');
        await collection.add([{ id: 'later', text: 'Written later.' }]);
        const { hits } = await collection.search('written later', { retriever: 'bm25' });
        await collection.close();
        return hits[0]?.id;
      });
      expect(after).toBe('later');
    });

    it('keeps what it has where the browser gives no more room', async () => {
      const session = await context.newCDPSession(page);
      const origin = files.url;
      await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 200_000 });
      const filled = await page.evaluate(async () => {
        const collection = await sagitta.openBrowserCollection('notes');
        const text = () => Array.from({ length: 20_000 }, () => Math.random().toString(36).slice(2)).join(' ');
        const error = await collection
          .add(Array.from({ length: 2 }, (_, i) => ({ id: `full/${i}`, text: text() })))
          .catch((error: Error & { code: string }) => `${error.code}: ${error.message}`);
        const { hits } = await collection.search('written later', { retriever: 'bm25' });
        await collection.close();
        return { error, first: hits[0]?.id };
      });
      await session.send('Storage.overrideQuotaForOrigin', { origin });
      expect(filled).toEqual({
        error: expect.stringMatching(/storage: .*gives this site no more room.*published before is intact/),
        first: 'later',
      });
      const after = await page.evaluate(async () => {
        const collection = await sagitta.openBrowserCollection('notes');
        const { added } = await collection.add([{ id: 'fits', text: 'It fits now.' }]);
        await collection.close();
        return added;
      });
      expect(after).toBe(1);
    });

    it('says what a browser lacks, and what cannot be a name', async () => {
      site.write({
        'www/without.js': `import './lack.js'; import '/sagitta/browser/worker.js';`,
        'www/lack.js': `Object.defineProperty(StorageManager.prototype, 'getDirectory', { value: undefined });`,
      });
      expect(await attempt('notes', { worker: '/without.js' })).toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(/no files of its own.*HTTPS.*by its URL/),
      });
      expect(await attempt('a/b')).toMatchObject({ message: expect.stringMatching(/cannot be the name/) });
      expect(await attempt('notes', { encoder: { id: 'mine', dim: 3 } as never })).toMatchObject({
        message: expect.stringMatching(/was made with the encoder "static", not "mine"/),
      });
    });

    it('notices damage', async () => {
      await page.evaluate(async () => {
        const root = await navigator.storage.getDirectory();
        const notes = await (await root.getDirectoryHandle('sagitta')).getDirectoryHandle('notes');
        const file = await notes.getFileHandle('manifest.json');
        const text = await (await file.getFile()).text();
        const writable = await file.createWritable();
        await writable.write(text.replace('"generation": ', '"generation": 1'));
        await writable.close();
      });
      expect(await attempt('notes')).toMatchObject({ code: 'corrupt-file' });
    });

    it('is erased', async () => {
      const erased = await page.evaluate(async () => [
        await sagitta.eraseBrowserCollection('notes'),
        await sagitta.eraseBrowserCollection('notes'),
      ]);
      expect(erased).toEqual([true, false]);
      expect(await attempt('notes')).toMatchObject({ code: 'not-found' });
    });
  });

  it('complains of nothing in the console', () => void expect(complaints).toEqual([]));
});

declare global {
  var collection: entry.BrowserCollection | undefined;
}
