import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InputDocument, openCollection } from '../src/collection/index.ts';
import { readJudgements, readQueries } from '../src/eval/index.ts';
import { openPage, type PageInBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { testFolder } from './support/files.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

const BIRDS: readonly InputDocument[] = Array.from({ length: 60 }, (_, i) => {
  const kind = ['gull', 'tern', 'auk', 'puffin'][i % 4]!;
  return {
    id: `birds/${i}`,
    title: `Bird ${i}`,
    text: `The ${kind} number ${i} nests on the ${i % 2 === 0 ? 'northern' : 'southern'} cliff, as ${kind} pairs always do.`,
    metadata: { kind, year: 1990 + i },
  };
});

/** A picture of one colour. */
function png(width: number, height: number): Uint8Array {
  const rows = Buffer.alloc(height * (1 + 3 * width), 0x55);
  for (let y = 0; y < height; y++) rows[y * (1 + 3 * width)] = 0;
  const crcTable = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    let crc = 0xffffffff;
    for (const byte of body) crc = crcTable[(crc ^ byte) & 255]! ^ (crc >>> 8);
    const out = Buffer.alloc(8 + body.length);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4 + body.length);
    return out;
  };
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe.skipIf(!existsSync(CHROMIUM))('views of the page', () => {
  let browser: PageInBrowser;
  let server: TestServer;
  let page: Page;
  let open: PageInBrowser['open'];
  let look: PageInBrowser['look'];
  const until = (what: string): Promise<unknown> => page.waitForSelector(what);
  const settled = (): Promise<unknown> =>
    page.waitForFunction(
      () =>
        /passages, \d+ documents( · \d+ hits)?$/.test(
          document.querySelector('.map-tools [role=status]')?.textContent ?? '',
        ),
      null,
      { timeout: 30_000 },
    );

  beforeAll(async () => {
    browser = await openPage([...NOTES, ...BIRDS]);
    ({ server, page, open, look } = browser);
  }, 120_000);
  afterAll(() => browser?.[Symbol.asyncDispose]());

  it('draws a map: counts, names of its parts, hits of a query, hover, zoom, colours, and a lasso to filter', async () => {
    await open(`/?view=map&where=${encodeURIComponent('id ^= "birds/"')}`);
    await settled();
    expect(await page.locator('.map-tools [role=status]').textContent()).toBe('60 passages, 60 documents');
    await page.getByLabel('Colour by').selectOption('kind');
    await expect.poll(() => page.locator('.legend li').count()).toBeGreaterThanOrEqual(4);
    await page.getByRole('searchbox', { name: 'Show on the map' }).fill('puffin southern cliff');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.map-tools [role=status]').textContent()).toMatch(/ · 50 hits$/);
    await page.locator('canvas').focus();
    await page.keyboard.press('ArrowRight');
    await until('.tip');
    await page.keyboard.press('+');
    await page.getByRole('button', { name: 'Show all' }).click();
    await look('map');
    await page.getByRole('button', { name: 'Lasso' }).click();
    const box = (await page.locator('canvas').boundingBox())!;
    const corners = [
      [0.02, 0.1],
      [0.98, 0.1],
      [0.98, 0.98],
      [0.02, 0.98],
      [0.02, 0.12],
    ] as const;
    await page.mouse.move(box.x + box.width * corners[0][0], box.y + box.height * corners[0][1]);
    await page.mouse.down();
    for (const [x, y] of corners) await page.mouse.move(box.x + box.width * x, box.y + box.height * y, { steps: 4 });
    await page.mouse.up();
    await until('.selection');
    expect(await page.locator('.selection h2').textContent()).toMatch(/^\d+ passages of \d+ documents$/);
    await look('lasso');
    await page.getByRole('button', { name: 'Search within them' }).click();
    await until('.ask');
    expect(new URL(page.url()).searchParams.get('where')).toMatch(/^id in \[/);
    await until('.found');
  });

  it('lists what lies under a click where points lie on each other', async () => {
    await open(`/?view=map&where=${encodeURIComponent('id ^= "birds/"')}`);
    await settled();
    for (let i = 0; i < 14; i++) await page.getByRole('button', { name: 'Zoom out' }).click();
    const box = (await page.locator('canvas').boundingBox())!;
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await until('.selection');
    expect(await page.locator('.selection li').count()).toBeGreaterThan(1);
    await page.locator('.selection li button').first().click();
    await until('.document');
  });

  it('opens a document from the map, and goes back to it', async () => {
    await open('/?view=map');
    await settled();
    await page.locator('canvas').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await until('.document');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.document', { state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('CANVAS');
    await browser.everywhere('map', '/?view=map&q=harbour', settled);
  });

  it('makes a test collection: judges with keys, keeps, measures, and gives files out', async () => {
    await open('/?view=judge');
    await until('.empty');
    await look('judge-empty');
    await page.getByRole('textbox', { name: 'A query to judge' }).fill('harbour closed by ice');
    await page.keyboard.press('Enter');
    await until('.candidate');
    const cards = page.locator('.candidate');
    await cards.first().focus();
    const total = await cards.count();
    for (let i = 0; i < total; i++) {
      const isIt = /closed by ice/.test((await cards.nth(i).textContent())!);
      await page.keyboard.press(isIt ? '3' : '0');
    }
    await expect
      .poll(() => page.locator('.judge-pool [role=status]').textContent())
      .toBe(`All ${total} documents are judged.`);
    await page.keyboard.press('u');
    await expect
      .poll(() => page.locator('.judge-pool [role=status]').textContent())
      .toMatch(/^1 of \d+ documents left/);
    await page.keyboard.press('0');
    await page.getByRole('button', { name: 'Measure pipelines' }).click();
    await until('.measures');
    expect(await page.locator('.judge-measures table').textContent()).toMatch(/hybrid.*bm25.*dense/s);
    await look('judged');
    await expect.poll(() => existsSync(`${server.directory}/judgements/qrels.tsv`)).toBe(true);
    const { judgements } = await readJudgements(`${server.directory}/judgements/qrels.tsv`);
    expect(judgements.get('q1')?.get('harbour')).toBe(3);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'queries.jsonl' }).click(),
    ]);
    const file = browser.site.at('queries.jsonl');
    await download.saveAs(file);
    expect((await readQueries(file)).queries.get('q1')).toBe('harbour closed by ice');
    await page.reload();
    await until('.candidate.judged.grade3');
    await browser.everywhere('judge', '/?view=judge&q=harbour+closed+by+ice', () => until('.candidate.judged'));
    await page.getByRole('button', { name: 'Remove harbour closed by ice' }).click();
    await until('.judge .empty');
  });

  it('keeps judgements in the browser where the server only reads', async () => {
    const collections = [{ name: 'notes', directory: server.directory }];
    await using reading = await testServer([], { web: browser.web, collections, readOnly: true });
    const other = await browser.context.newPage();
    await other.goto(`${reading.url}/?view=judge&q=signing+key`);
    await other.waitForSelector('.candidate');
    expect(await other.locator('.judge-queries').textContent()).toContain('stay in this browser');
    await other.locator('.candidate').first().focus();
    for (let i = 0; i < 4; i++) await other.keyboard.press('2');
    await other.getByRole('button', { name: 'Measure pipelines' }).click();
    await other.waitForSelector('.measures');
    await other.reload();
    await other.waitForSelector('.candidate.judged');
    expect(await other.getByText('Add files').count()).toBe(0);
    await other.close();
  });

  it('adds files that are dropped', async () => {
    await open('/');
    await until('.idle-notes');
    const drop = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(
        new File(['# Lanterns\n\nA lantern hangs at every jetty.\n'], 'lanterns.md', { type: 'text/markdown' }),
      );
      data.items.add(new File([new Uint8Array([0, 1, 2, 3, 0, 255])], 'noise.bin'));
      return data;
    });
    await page.dispatchEvent('body', 'dragenter', { dataTransfer: drop });
    await until('.drop');
    await look('drop');
    await page.dispatchEvent('body', 'drop', { dataTransfer: drop });
    await expect.poll(() => page.locator('.uploads h2').textContent(), { timeout: 20_000 }).toBe('1 file added');
    expect(await page.locator('.uploads').textContent()).toMatch(
      /lanterns\.md1 document.*noise\.binNothing could be read/s,
    );
    await look('added');
    await page.getByRole('searchbox').fill('lantern jetty');
    await page.waitForFunction(() => document.querySelector('.found h2')?.textContent === 'Lanterns');
    await open('/?view=collection');
    await page.setInputFiles('input[type=file]', {
      name: 'rope.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('Rope is sold by the fathom.'),
    });
    await expect.poll(() => page.locator('.uploads h2').textContent(), { timeout: 20_000 }).toBe('1 file added');
  });

  it('describes the collection, and does work on it', async () => {
    const point = (spec: string, bytes: number, recall10: number) => ({
      spec,
      search: { nprobe: 8, refine: 4 },
      bytes,
      recall10,
      recall100: recall10,
      deviation: 0.1,
      p50: 0.4,
      p95: 0.9,
    });
    const frontier = [point('pq8x4', 8, 0.91), point('pq16x4', 16, 0.97), point('sq8', 64, 0.999)];
    const plan = { vectors: 60, dim: 64, frontier, choice: { point: frontier[1], why: '', proof: {} } };
    writeFileSync(`${server.directory}/plan.json`, JSON.stringify(plan));
    const results = [
      { retriever: 'bm25', metrics: { 'ndcg@10': 0.69, map: 0.65 } },
      { retriever: 'hybrid', metrics: { 'ndcg@10': 0.712, map: null } },
    ];
    writeFileSync(
      `${server.directory}/evaluation.json`,
      JSON.stringify({ collection: 'scifact', queries: 300, results }),
    );
    await open('/?view=collection');
    await until('.tiles');
    await until('.frontier circle.chosen');
    const judged = page.locator('section[aria-labelledby=evaluation]');
    await judged.locator('table').waitFor();
    expect(await judged.locator('strong').allTextContents()).toEqual(['0.650', '0.712']);
    expect(await page.locator('.frontier circle').count()).toBe(4);
    await page.getByText('Figures').click();
    expect(await page.locator('.figures').first().textContent()).toMatch(/pq16x4.*0\.970/s);
    await page.getByRole('button', { name: 'Verify every byte' }).click();
    await page.waitForFunction(() => /verify done/.test(document.querySelector('[role=status]')?.textContent ?? ''));
    expect(await page.locator('[role=status]').textContent()).toMatch(/sound/);
    await browser.everywhere('collection', '/?view=collection', () => until('.frontier circle.chosen'));
  });

  it('never complained, and fetched nothing from elsewhere', () => {
    expect(browser.complaints.filter((text) => !/status of 4\d\d|Failed to load resource/.test(text))).toEqual([]);
  });
});

const GUIDE = `---
title: Winter ice
year: 2023
---

# Winter ice

![The harbour](images/harbour.png)

When **ice** closes the harbour, ships wait. See [signals](signals.md#red) and [below](#rules).

| Signal | Meaning |
|:-------|--------:|
| Red lamp | Closed |

## Rules

1. Look at the lamp.
   - twice

\`\`\`ts
const x = '<b>';
\`\`\`

[external](https://example.org/ice) ![elsewhere](https://tracker.example/pixel.png)
`;
const ATTACKS = `# Attack

<script>window.pwned = 1</script>
<img src=x onerror="window.pwned = 2">
<svg onload="window.pwned = 3"><script>window.pwned = 4</script><a xlink:href="javascript:window.pwned=5">x</a></svg>
<a href="javascript:window.pwned=6">one</a> <a href="JaVa&#x0A;ScRiPt:window.pwned=7">two</a> <a href="&#1;javascript:window.pwned=8">three</a>
<a href="data:text/html,<script>window.pwned=9</script>">four</a> <a href="vbscript:msgbox(1)">five</a> [six](javascript:window.pwned=10)
<iframe src="https://evil.example/"></iframe><object data="x.swf"></object><embed src="x">
<form action="https://evil.example/"><input name="q"><button formaction="javascript:window.pwned=11">go</button></form>
<style>body { display: none }</style><link rel="stylesheet" href="https://evil.example/x.css"><base href="https://evil.example/">
<meta http-equiv="refresh" content="0;url=https://evil.example/">
<math><mtext><table><mglyph><style><img src=x onerror="window.pwned = 12"></style></mglyph></table></mtext></math>
<p id="app" class="trouble" style="position:fixed" onclick="window.pwned=13" data-lines="0-99">clobbered</p>
<details open ontoggle="window.pwned = 14"><summary>Details</summary>inside</details>
<noscript><p title="</noscript><img src=x onerror=window.pwned=15>"></noscript>
<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIj48L3N2Zz4=" alt="svg within">
![md](javascript:window.pwned=16) ![up](../../secret.png) ![abs](/etc/passwd.png)
`;

describe.skipIf(!existsSync(CHROMIUM))('rendered documents', () => {
  let browser: PageInBrowser;
  let server: TestServer;
  let page: Page;
  const folder = testFolder();

  beforeAll(async () => {
    mkdirSync(folder.at('site/images'), { recursive: true });
    writeFileSync(folder.at('secret.png'), png(2, 2));
    writeFileSync(folder.at('site/images/harbour.png'), png(60, 40));
    writeFileSync(folder.at('site/guide.md'), GUIDE);
    writeFileSync(
      folder.at('site/signals.md'),
      '# Signals\n\n## Red\n\nThe red lamp is lit when ice closes the harbour.\n',
    );
    writeFileSync(folder.at('site/attack.md'), ATTACKS);
    const directory = folder.at('.sagitta');
    const collection = await openCollection(directory, { create: true, encoder: 'none' });
    await collection.index([folder.at('site')]);
    await collection.add([
      {
        id: 'elsewhere',
        title: 'Elsewhere',
        text: 'A page about icebergs.',
        metadata: { url: 'https://example.org/icebergs' },
      },
    ]);
    await collection.close();
    browser = await openPage([], { collections: [{ name: 'site', directory, sources: [folder.at('site')] }] });
    ({ server, page } = browser);
  }, 120_000);
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it('look as they are meant to, with pictures, and the words of the query marked', async () => {
    await browser.open('/?q=ice+harbour');
    await page.waitForSelector('.found');
    const thumb = page.locator('.found', { hasText: 'Winter ice' }).locator('img.thumb');
    expect(await thumb.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(60);
    await page.locator('.found', { hasText: 'Winter ice' }).locator('h2 a').click();
    const text = page.locator('.document .text');
    await text.locator('h3').waitFor();
    expect(await text.locator('h3').textContent()).toMatch(/Winter ice/);
    expect(await text.locator('td').allTextContents()).toEqual(['Red lamp', 'Closed']);
    expect(await text.locator('pre').textContent()).toContain("const x = '<b>';");
    expect(new Set((await text.locator('mark').allTextContents()).map((word) => word.toLowerCase()))).toEqual(
      new Set(['ice', 'harbour']),
    );
    expect(await text.locator('img.picture').evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(60);
    expect(await text.locator('.no-picture').textContent()).toBe('Picture: elsewhere');
    expect(await text.locator('.here').count()).toBeGreaterThan(0);
    expect(await text.textContent()).not.toContain('year: 2023');
    await browser.look('rendered');
    await page.getByRole('button', { name: 'Source' }).click();
    await page.waitForFunction(() => document.querySelector('.document .text')?.textContent?.includes('**ice**'));
    await page.getByRole('button', { name: 'Source' }).click();
    await text.getByRole('link', { name: 'signals' }).click();
    await page.waitForFunction(() => document.querySelector('.document h2')?.textContent === 'Signals');
    expect(new URL(page.url()).searchParams.get('doc')).toBe('site/signals.md');
    await browser.everywhere('rendered', '/?q=ice&doc=site%2Fguide.md', () => page.waitForSelector('.rendered h3'));
  });

  it('open their originals', async () => {
    await browser.open('/?q=ice&doc=site%2Fguide.md');
    await page.waitForSelector('.rendered h3');
    const original = page.locator('.document').getByRole('link', { name: 'Original' });
    expect(await original.getAttribute('rel')).toContain('noopener');
    const [opened] = await Promise.all([browser.context.waitForEvent('page'), original.click()]);
    await opened.waitForLoadState();
    expect(await opened.locator('body').textContent()).toContain('# Winter ice');
    await opened.close();
    await browser.open('/?q=icebergs');
    await page.waitForSelector('.found');
    expect(await page.locator('.found').getByRole('link', { name: 'Original' }).getAttribute('href')).toBe(
      'https://example.org/icebergs',
    );
  });

  it('can do nothing', async () => {
    await browser.open('/?doc=site%2Fattack.md');
    await page.waitForSelector('.rendered h3');
    await page.waitForTimeout(300);
    const text = page.locator('.document .text');
    for (const what of [
      'script',
      'iframe',
      'object',
      'embed',
      'form',
      'input',
      'style',
      'link',
      'meta',
      'base',
      'svg',
      'math',
      'noscript',
      '[style]',
      '#app',
      '[onclick]',
      '[onerror]',
      '[ontoggle]',
    ]) {
      expect([what, await text.locator(what).count()]).toEqual([what, 0]);
    }
    const addresses = await text
      .locator('a')
      .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).protocol));
    expect(addresses.filter((protocol) => !/^https?:$|^mailto:$/.test(protocol))).toEqual([]);
    const images = await text.locator('img').evaluateAll((all) => all.map((image) => (image as HTMLImageElement).src));
    expect(images.filter((source) => !source.startsWith(`${server.url}/v1/original?`))).toEqual([]);
    for (const link of await text.locator('a:not(.anchor)').all())
      expect(await link.getAttribute('href')).not.toMatch(/script:|^data:/i);
    expect(await page.evaluate(() => (window as { pwned?: number }).pwned)).toBeUndefined();
    expect(await page.evaluate(() => document.body.textContent)).toContain('clobbered');
    await browser.look('attack');
    expect(
      browser.complaints.filter((complaint) => !/status of 4\d\d|Failed to load resource/.test(complaint)),
    ).toEqual([]);
    expect(readFileSync(folder.at('secret.png')).length).toBeGreaterThan(0);
  });
});
