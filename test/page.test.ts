import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InputDocument } from '../src/collection/index.ts';
import { KeyFile } from '../src/server/index.ts';
import { testFolder } from './support/files.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

/**
 * The page in a real browser. Needs Chromium (`apt-get install chromium`; `.ci/run` does it), or its path in
 * SAGITTA_CHROMIUM; the tests are skipped where there is none. Screenshots of every state go to test/.screenshots/.
 */
const browser = process.env['SAGITTA_CHROMIUM'] ?? '/usr/bin/chromium';
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const screenshots = fileURLToPath(new URL('./.screenshots/', import.meta.url));

const MANY: readonly InputDocument[] = Array.from({ length: 40 }, (_, i) => ({
  id: `birds/${i}`,
  title: `Bird ${i}`,
  text: `The ${['gull', 'tern', 'auk', 'puffin'][i % 4]} number ${i} nests on the ${i % 2 === 0 ? 'northern' : 'southern'} cliff above the sea.`,
  metadata: { kind: ['gull', 'tern', 'auk', 'puffin'][i % 4]!, year: 1990 + i },
}));
const HOSTILE: readonly InputDocument[] = [
  {
    id: 'evil/<img src=x onerror=alert(1)>',
    title: '<script>window.pwned = 1</script>',
    text: 'A scripted text: <script>window.pwned = 2</script><img src="https://evil.example/x.png" onerror="window.pwned = 3"> javascript:alert(1) [x](javascript:alert(1))',
    metadata: { kind: '"><svg onload=window.pwned=4>' },
  },
  {
    id: 'evil/bidi',
    title: 'Overrides \u202egnp.exe',
    text: 'An override turns \u202eedisni eht\u202c around, and \u0007 rings.',
  },
  { id: 'evil/line', title: 'One line', text: `megabyte ${'x'.repeat(500_000)} ${'y '.repeat(250_000)}end` },
];

describe.skipIf(!existsSync(browser))('the page', () => {
  let server: TestServer;
  let context: BrowserContext;
  let page: Page;
  let web: string;
  const site = testFolder();
  const complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    web = site.at('web');
    const root = fileURLToPath(new URL('../web/', import.meta.url));
    await build({ configFile: `${root}vite.config.ts`, logLevel: 'error', build: { outDir: web } });
    server = await testServer([...NOTES, ...MANY, ...HOSTILE], { web });
    context = await chromium.launchPersistentContext(site.at('profile'), {
      executablePath: browser,
      args: ARGUMENTS,
      viewport: { width: 1440, height: 900 },
    });
    context.setDefaultTimeout(10_000);
    page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url) && !request.url().startsWith('data:'))
        complaints.push(`fetched ${request.url()}`);
    });
  }, 90_000);
  afterAll(async () => {
    await context?.close();
    await server?.[Symbol.asyncDispose]();
    site[Symbol.dispose]();
  });

  const shot = (name: string): Promise<Buffer> => page.screenshot({ path: `${screenshots}${name}.png` });
  const open = async (path = '/'): Promise<void> => {
    await page.goto(server.url + path);
  };
  const hits = (): Promise<string[]> => page.locator('.hit h2').allTextContents();

  /** Nothing that axe calls serious or critical. */
  async function accessible(): Promise<void> {
    await page.evaluate(axe.source);
    const violations = await page.evaluate(async () => {
      // biome-ignore lint/suspicious/noExplicitAny: axe puts itself on the window
      const results = await (window as any).axe.run(document, { resultTypes: ['violations'] });
      return results.violations.map(
        (violation: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }) =>
          `${violation.impact} ${violation.id}: ${violation.nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`,
      ) as string[];
    });
    expect(violations.filter((text) => /^(serious|critical)/.test(text))).toEqual([]);
  }

  it('shows passages as one types', async () => {
    await open();
    await page.waitForSelector('.idle-notes .chip');
    await shot('idle');
    await accessible();
    const input = page.getByRole('searchbox', { name: 'Search' });
    expect(await input.evaluate((element) => element === document.activeElement)).toBe(true);
    const start = performance.now();
    await input.pressSequentially('harbour ice');
    await page.waitForSelector('.hit');
    // `npm run bench -- page` measures; a busy machine is no failure here.
    expect(performance.now() - start).toBeLessThan(8000);
    await page.waitForFunction(() => document.querySelector('.hit')?.textContent?.includes('closed by'));
    expect(await page.locator('.hit mark').first().textContent()).toMatch(/harbour|ice/i);
    expect(new URL(page.url()).searchParams.get('q')).toBe('harbour ice');
    await shot('results');
    await accessible();
  });

  it('cancels what is no longer asked for: the last question wins', async () => {
    await open();
    await page.route('**/v1/search', async (route) => {
      const slow = route.request().postDataJSON().query === 'harbour';
      if (slow) await new Promise((next) => setTimeout(next, 600));
      await route.continue().catch(() => undefined);
    });
    const input = page.getByRole('searchbox');
    await input.fill('harbour');
    await input.fill('puffin');
    await page.waitForFunction(() => document.querySelector('.hit')?.textContent?.includes('puffin'));
    await page.waitForTimeout(900);
    expect((await hits())[0]).toMatch(/Bird/);
    await page.unroute('**/v1/search');
  });

  it('filters by metadata, and shares what is on screen by its address', async () => {
    await open('/?q=cliff');
    await page.waitForSelector('.facet');
    await page
      .getByRole('group', { name: 'kind' })
      .getByRole('checkbox', { name: /puffin/ })
      .check();
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.hit')].every((hit) => hit.textContent?.includes('puffin')),
    );
    await page.getByLabel('year, from').fill('2010');
    await page.getByLabel('year, from').press('Enter');
    await page.getByLabel('year, from').blur();
    await page.waitForFunction(() => document.querySelectorAll('.hit').length === 5);
    await shot('filtered');
    await accessible();
    const shared = page.url();
    const before = await hits();
    const other = await context.newPage();
    await other.goto(shared);
    await other.waitForFunction(() => document.querySelectorAll('.hit').length === 5);
    expect(await other.locator('.hit h2').allTextContents()).toEqual(before);
    await other.close();
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll('.hit').length === 10);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.hit').length === 20);
    await page.getByRole('textbox', { name: 'Filter' }).fill('kind = gull and year < 1995');
    await page.getByRole('textbox', { name: 'Filter' }).press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('.hit').length === 2);
  });

  it('tells why a hit ranks where it does', async () => {
    await open('/?q=signing+key');
    await page.waitForSelector('.hit');
    const first = page.locator('.hit').first();
    await first.getByRole('button', { name: 'Why' }).click();
    await expect.poll(() => first.locator('table.why tbody tr').count()).toBe(3);
    expect(await first.locator('table.why').textContent()).toMatch(/bm25.*dense.*together/s);
    await page.getByRole('button', { name: 'Stages' }).click();
    expect(await page.getByRole('region', { name: 'Stages of the search' }).textContent()).toMatch(
      /fuse.*bm25.*terms: /s,
    );
    await shot('why');
    await accessible();
  });

  it('opens the document at the passage, and finds similar passages', async () => {
    await open('/?q=lost+key+revoked');
    await page.waitForSelector('.hit');
    await page.locator('.hit h2 a').first().click();
    await page.waitForSelector('.document .here');
    expect(await page.locator('.document .here').textContent()).toContain('revoked');
    expect(new URL(page.url()).searchParams.get('doc')).toBe('docs/keys.md');
    await shot('document');
    await accessible();
    await page.getByRole('button', { name: 'Close the document' }).click();
    await page.waitForSelector('.document', { state: 'detached' });
    await open('/?q=puffin');
    await page.waitForSelector('.hit');
    await page.locator('.hit').first().getByRole('button', { name: 'Similar' }).click();
    await page.waitForSelector('.like');
    expect(await page.locator('.like').textContent()).toMatch(/similar to one of birds\//);
    await page.waitForFunction(() => document.querySelectorAll('.hit').length === 20);
    await shot('similar');
  });

  it('is used with the keyboard alone', async () => {
    await open('/?q=puffin');
    await page.waitForSelector('.hit');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(
      await page.evaluate(() => document.activeElement?.closest('.hit')?.querySelector('.rank')?.textContent),
    ).toBe('2');
    await page.keyboard.press('e');
    await page.waitForSelector('.hit table.why');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.document .here');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.document', { state: 'detached' });
    await page.keyboard.press('s');
    await page.waitForSelector('.like');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    await shot('help');
    await accessible();
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.keyboard.press('/');
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).type)).toBe('search');
  });

  it('draws a map: hover, zoom, colours, lasso to filter, and the keyboard', async () => {
    await open(`/?view=map&where=${encodeURIComponent('id ^= "birds/"')}`);
    await page.waitForFunction(
      () => /passages$/.test(document.querySelector('.map-tools [role=status]')?.textContent ?? ''),
      null,
      {
        timeout: 20_000,
      },
    );
    await page.getByLabel('Colour by').selectOption('kind');
    await expect.poll(() => page.locator('.legend li').count()).toBeGreaterThanOrEqual(4);
    await page.locator('canvas').focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForSelector('.tip');
    await page.keyboard.press('+');
    await page.getByRole('button', { name: 'Show all' }).click();
    await shot('map');
    await accessible();
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
    await page.waitForSelector('.selection');
    await shot('lasso');
    await accessible();
    await page.getByRole('button', { name: 'Search within them' }).click();
    await page.waitForSelector('.ask');
    expect(new URL(page.url()).searchParams.get('where')).toMatch(/^id in \[/);
    await page.getByRole('searchbox').fill('puffin');
    await page.waitForSelector('.hit');
    await page.keyboard.press('Tab');
  });

  it('shows hostile documents as text', async () => {
    await open('/?q=scripted+text');
    await page.waitForSelector('.hit');
    expect((await hits())[0]).toBe('<script>window.pwned = 1</script>');
    expect(await page.locator('.hit').first().locator('img, script, svg:not(.icon)').count()).toBe(0);
    await page.locator('.hit h2 a').first().click();
    await page.waitForSelector('.document .here');
    expect(await page.locator('.document .text').textContent()).toContain('<script>window.pwned = 2</script>');
    await shot('hostile');
    expect(await page.evaluate(() => (window as { pwned?: number }).pwned)).toBeUndefined();

    await open('/?q=override+turns');
    await page.waitForSelector('.hit');
    const shown = (await page.locator('main').textContent())!;
    for (const sign of ['\u202e', '\u202c', '\u0007']) expect(shown).not.toContain(sign);
    expect((await hits())[0]).toBe('Overrides \ufffdgnp.exe');

    await open('/?q=megabyte&by=bm25');
    await page.waitForSelector('.hit');
    const start = performance.now();
    await page.locator('.hit h2 a').first().click();
    await page.waitForSelector('.document .here');
    expect(performance.now() - start).toBeLessThan(15_000);
    expect(
      await page.evaluate(
        () =>
          document.querySelector('.document .text')!.scrollWidth <=
          document.querySelector('.document .text')!.clientWidth,
      ),
    ).toBe(true);
    await shot('one-line');
  });

  it('explains empty results, mistakes and a server that is gone', async () => {
    await open('/?q=zxqvy&by=bm25');
    await page.waitForSelector('.empty');
    expect(await page.locator('.empty').textContent()).toMatch(/No passage answers this.*Try other words/s);
    await shot('nothing');
    await open('/?q=key&where=yaer+%3D+1');
    await page.waitForSelector('.trouble');
    expect(await page.locator('.trouble').textContent()).toMatch(
      /No document has the field "yaer".*Did you mean "year"/s,
    );
    await shot('mistake');
    await accessible();
    complaints.length = 0;
    await page.route('**/v1/search', (route) => route.abort('connectionrefused'));
    await open('/?q=key');
    await page.waitForSelector('.trouble');
    expect(await page.locator('.trouble').textContent()).toMatch(/The server does not answer/);
    await shot('gone');
    await page.unroute('**/v1/search');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('.hit');
    complaints.length = 0;
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
    await page.waitForSelector('.tiles');
    await page.waitForSelector('.frontier circle.chosen');
    const judged = page.locator('section[aria-labelledby=evaluation]');
    await judged.locator('table').waitFor();
    expect(await judged.locator('strong').allTextContents()).toEqual(['0.650', '0.712']);
    expect(await page.locator('.frontier circle').count()).toBe(4);
    await page.getByText('Figures').click();
    expect(await page.locator('.figures').first().textContent()).toMatch(/pq16x4.*0\.970/s);
    await page.getByRole('button', { name: 'Verify every byte' }).click();
    await page.waitForFunction(() => /verify done/.test(document.querySelector('[role=status]')?.textContent ?? ''));
    expect(await page.locator('[role=status]').textContent()).toMatch(/sound/);
    await shot('collection');
    await accessible();
  });

  it('is at home in the dark and on a telephone', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const [name, path] of [
      ['dark-results', '/?q=cliff'],
      ['dark-document', '/?q=key&doc=docs/keys.md&at=0'],
    ] as const) {
      await open(path);
      await page.waitForSelector('.hit');
      await shot(name);
      await accessible();
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 390, height: 844 });
    await open('/?q=cliff');
    await page.waitForSelector('.hit');
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await shot('phone-results');
    await page.getByRole('button', { name: /Filters/ }).click();
    await page.waitForSelector('.facets.open');
    await shot('phone-filters');
    await accessible();
    await page.locator('.hit h2 a').first().click();
    await page.waitForSelector('.document .here');
    await shot('phone-document');
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('asks for a key where the server wants one, and is strict about where things come from', async () => {
    const keys = new KeyFile(site.at('keys.json'));
    const { key } = await keys.add('page', 'read');
    await using guarded = await testServer(NOTES, { web, keys });
    const other = await context.newPage();
    await other.goto(guarded.url);
    await other.getByRole('textbox', { name: 'Key' }).fill('wrong');
    await other.getByRole('button', { name: 'Open' }).click();
    await other.waitForSelector('text=The key was not accepted');
    await other.screenshot({ path: `${screenshots}key.png` });
    await other.getByRole('textbox', { name: 'Key' }).fill(key);
    await other.getByRole('button', { name: 'Open' }).click();
    await other.getByRole('searchbox').fill('harbour');
    await other.waitForSelector('.hit');
    await other.close();
    const { headers } = await fetch(server.url);
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'; style-src 'self'/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('shows what an empty collection needs', async () => {
    await using empty = await testServer([], { web });
    const other = await context.newPage();
    await other.goto(empty.url);
    await other.waitForSelector('.empty');
    expect(await other.locator('.empty').textContent()).toMatch(/The collection is empty.*npx sagitta index/s);
    await other.screenshot({ path: `${screenshots}empty.png` });
    await other.close();
  });

  it('never complained, and fetched nothing from elsewhere', () => {
    expect(complaints.filter((text) => !/status of 4\d\d|Failed to load resource/.test(text))).toEqual([]);
  });
});
