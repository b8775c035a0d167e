import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportCommand } from '../src/cli/export-command.ts';
import { openCollection } from '../src/collection/index.ts';
import { embeddingText } from '../src/corpus/index.ts';
import { MeaningIndex, StaticIndex, type StaticManifest } from '../src/element/index.ts';
import { shippedTable, staticEncoder } from '../src/encode/index.ts';
import { dot } from '../src/math/index.ts';
import { CHROMIUM, launchChromium } from './support/chromium.ts';
import { testFolder } from './support/files.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

const site = testFolder();
const DOCUMENTS = [
  ...NOTES,
  {
    id: 'guides/rotation.md',
    title: 'Rotation',
    text: 'How keys are rotated, and why rotating them matters.',
    format: 'markdown',
  },
  {
    id: 'tokyo',
    title: '東京',
    text: '東京の灯台は港の入り口に立っている。',
    metadata: { url: 'https://example.org/tokyo' },
  },
  {
    id: 'evil',
    title: '<img src=x onerror=alert(1)>',
    text: 'Zebra <script>window.pwned = 1</script>',
    metadata: { url: 'javascript:window.pwned=2' },
  },
  ...Array.from({ length: 300 }, (_, i) => ({
    id: `filler/${i}.md`,
    title: `Filler ${i}`,
    text: `Filler text number ${i} about gulls and terns.`,
  })),
];

let server: TestServer;
let files: Server;
let address: string;
const fetched: string[] = [];
beforeAll(async () => {
  server = await testServer(DOCUMENTS, { cors: ['http://127.0.0.1:1'] });
  await exportCommand({ in: server.directory, json: true, static: site.at('site/search'), url: '/docs/{stem}.html' });
  const { default: config } = await import('../element.config.ts');
  await build({ ...config, configFile: false, logLevel: 'error', build: { ...config.build, outDir: site.at('site') } });
  files = createServer((request, response) => {
    fetched.push(request.url!);
    if (request.url === '/') return void response.setHeader('content-type', 'text/html').end(PAGE);
    const path = join(site.at('site'), decodeURIComponent(request.url!));
    if (!existsSync(path)) return void response.writeHead(404).end();
    response
      .setHeader('content-type', extname(path) === '.js' ? 'text/javascript' : 'application/json')
      .end(readFileSync(path));
  });
  await new Promise<void>((ready) => files.listen(0, '127.0.0.1', ready));
  address = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
}, 90_000);
afterAll(async () => {
  files?.close();
  await server[Symbol.asyncDispose]();
  site[Symbol.dispose]();
});

const PAGE = `<!doctype html><html lang="en"><title>Docs</title><main><h1>Docs</h1>
<sagitta-search src="search" label="Search the docs"></sagitta-search></main><script src="/sagitta-search.js" defer></script></html>`;

describe('an exported index', () => {
  const index = new StaticIndex('search', async (name) => JSON.parse(readFileSync(site.at(`site/${name}`), 'utf8')));
  const ids = async (query: string): Promise<string[]> => (await index.search(query, 3)).map(({ id }) => id);

  it('finds words, other forms of them, beginnings, and words of scripts without spaces', async () => {
    expect((await ids('signing key'))[0]).toBe('docs/keys.md');
    expect((await ids('rotation'))[0]).toBe('guides/rotation.md');
    expect(await ids('rotate keys')).toEqual(expect.arrayContaining(['docs/keys.md', 'guides/rotation.md']));
    expect((await ids('harb')).sort()).toEqual(['harbour', 'ships']);
    expect(await ids('灯台')).toEqual(['tokyo']);
    expect(await ids('zxqvy')).toEqual([]);
    expect(await ids('...')).toEqual([]);
  });

  it('finds what is meant in other words, and nothing where nobody knows a word', async () => {
    expect((await ids('boats'))[0]).toBe('ships');
    expect(await ids('zxqvy wqzzx')).toEqual([]);
    const plain = new StaticIndex('search', async (name) => {
      const { meaning: _, ...manifest } = JSON.parse(readFileSync(site.at(`site/${name}`), 'utf8'));
      return name.endsWith('index.json') ? manifest : JSON.parse(readFileSync(site.at(`site/${name}`), 'utf8'));
    });
    expect(await plain.search('boats')).toEqual([]);
  });

  it('compares as the encoder does, in four bits', async () => {
    const manifest = JSON.parse(readFileSync(site.at('site/search/index.json'), 'utf8')) as StaticManifest;
    const file = async <T>(name: string): Promise<T> =>
      JSON.parse(readFileSync(site.at(`site/search/${name}`), 'utf8'));
    const meaning = new MeaningIndex(manifest.meaning!, manifest.passages, file);
    const query = 'the harbour was closed';
    const cosines = (await meaning.cosines(query.split(' ')))!;
    const encoder = staticEncoder('static', await shippedTable());
    const [asked, ...texts] = [
      'the harbour was closed',
      ...DOCUMENTS.slice(0, 3).map(({ title, text }) => embeddingText(title ?? '', [], text)),
    ];
    const vectors = await encoder.encode([asked!, ...texts]);
    const all = Array.from({ length: texts.length }, (_, i) => dot(vectors.row(0), vectors.row(i + 1)));
    const order = (values: ArrayLike<number>) => [0, 1, 2].sort((a, b) => values[b]! - values[a]!);
    expect(order(cosines)[0]).toBe(order(all)[0]);
    all.forEach((cosine, i) => void expect(Math.abs(cosines[i]! - cosine)).toBeLessThan(0.1));
  });

  it('finds first what the collection finds first by words', async () => {
    await using collection = await openCollection(server.directory);
    for (const query of ['copies at night', 'lost key revoked', 'ships waited', 'filler number 17']) {
      const { hits } = await collection.search(query, { retriever: 'bm25', k: 1 });
      expect((await ids(query))[0]).toBe(hits[0]!.id);
    }
  });

  it('reads texts of those passages alone that it gives', async () => {
    const read: string[] = [];
    const fresh = new StaticIndex('search', async (name) => {
      read.push(name);
      return JSON.parse(readFileSync(site.at(`site/${name}`), 'utf8'));
    });
    const { documents, passages } = JSON.parse(
      readFileSync(site.at('site/search/index.json'), 'utf8'),
    ) as StaticManifest;
    expect(documents.reduce((sum, count) => sum + count, 0)).toBe(passages);
    const [hit] = await fresh.search('filler', 1);
    expect(hit!.id).toMatch(/^filler/);
    expect(read.filter((name) => name.includes('/texts/'))).toHaveLength(1);
  });

  it('refuses a folder that it did not write, and an address that is the same for all', async () => {
    const wrong = { in: server.directory, json: true, url: '{id}', static: site.at('site') };
    await expect(exportCommand(wrong)).rejects.toThrow(/which no export wrote/);
    await expect(exportCommand({ ...wrong, url: '/x' })).rejects.toThrow(/same address/);
  });
});

describe('the script', () => {
  it('is at most 30 kB, compressed', () => {
    expect(gzipSync(readFileSync(site.at('site/sagitta-search.js'))).length).toBeLessThan(30_000);
  });
});

describe.skipIf(!existsSync(CHROMIUM))('<sagitta-search> in a browser', () => {
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    context = await launchChromium(site.at('profile'));
    context.setDefaultTimeout(15_000);
    page = await context.newPage();
    await page.goto(address);
  }, 60_000);
  afterAll(() => context?.close());

  it('searches without a server and fetches what it needs', async () => {
    fetched.length = 0;
    await page.getByRole('searchbox').fill('signing key');
    await page.getByRole('link').first().waitFor();
    expect(await page.getByRole('link').first().getAttribute('href')).toBe('/docs/docs/keys.html');
    expect((await page.locator('sagitta-search mark').allTextContents()).map((text) => text.toLowerCase())).toContain(
      'key',
    );
    expect(fetched.length).toBeLessThan(9);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() =>
      (window as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ['violations'] }),
    );
    expect(violations.map(({ id }) => id)).toEqual([]);
    await page.getByRole('searchbox').press('ArrowDown');
    await page.keyboard.press('Escape');
    await page.getByRole('searchbox').fill('qqqqqq');
    await page.getByText('Nothing found').waitFor();
  });

  it('takes documents for data', async () => {
    await page.getByRole('searchbox').fill('zebra');
    await page.getByText('<img src=x').waitFor();
    expect(await page.locator('sagitta-search a[href]').count()).toBe(0);
    expect(await page.evaluate(() => (window as unknown as { pwned?: number }).pwned)).toBeUndefined();
  });

  it('searches a server too', async () => {
    await using own = await testServer(NOTES, { cors: [address] });
    await page.evaluate((url) => {
      const element = document.createElement('sagitta-search');
      element.setAttribute('server', url);
      element.setAttribute('label', 'Served');
      document.querySelector('main')!.append(element);
    }, own.url);
    await page.getByRole('searchbox', { name: 'Served' }).fill('harbour ice');
    const shown = (): Promise<string> =>
      page.locator('sagitta-search[server]').evaluate(({ shadowRoot }) => shadowRoot!.textContent);
    await expect.poll(shown, { timeout: 25_000 }).toContain('was closed by ice');
  });
});
