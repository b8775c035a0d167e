import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { BrowserContext, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InputDocument, openCollection } from '../src/collection/index.ts';
import { KeyFile } from '../src/server/index.ts';
import { NARROW, openPage, type PageInBrowser, WIDE } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

const MANY: readonly InputDocument[] = Array.from({ length: 40 }, (_, i) => ({
  id: `birds/${i}`,
  title: `Bird ${i}`,
  text: `The ${['gull', 'tern', 'auk', 'puffin'][i % 4]} number ${i} nests on the ${i % 2 === 0 ? 'northern' : 'southern'} cliff above the sea.`,
  metadata: { kind: ['gull', 'tern', 'auk', 'puffin'][i % 4]!, year: 1990 + i },
}));
const LONG: InputDocument = {
  id: 'log/long.md',
  title: `A logbook ${'of the lighthouse and all that happened there '.repeat(20)}`,
  format: 'markdown',
  text: Array.from(
    { length: 60 },
    (_, i) =>
      `## Watch ${i}\n\nDuring watch ${i} the lamp burned well, and the keeper noted the wind ${'again and '.repeat(60)}again.\n`,
  ).join('\n'),
};
const PERSIAN: InputDocument = {
  id: 'fa/book',
  title: 'کتاب',
  text: 'Quran نام کتاب مقدس دین اسلام است و مسلمانان آن را سخنان خدا می‌دانند که بر پیامبر نازل شده است.',
  language: 'fa',
};
const HOSTILE: readonly InputDocument[] = [
  {
    id: 'evil/<img src=x onerror=alert(1)>',
    title: '<script>window.pwned = 1</script>',
    text: 'A scripted text: <script>window.pwned = 2</script><img src="https://evil.example/x.png" onerror="window.pwned = 3"> javascript:alert(1) [x](javascript:alert(1))',
    metadata: { kind: '"><svg onload=window.pwned=4>', url: 'javascript:alert(1)' },
  },
  {
    id: 'evil/bidi',
    title: 'Overrides \u202egnp.exe',
    text: 'An override turns \u202eedisni eht\u202c around, and \u0007 rings.',
  },
  { id: 'evil/line', title: 'One line', text: `megabyte ${'x'.repeat(500_000)} ${'y '.repeat(250_000)}end` },
];

describe.skipIf(!existsSync(CHROMIUM))('the page', () => {
  let browser: PageInBrowser;
  let server: TestServer;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  let open: PageInBrowser['open'];
  let shot: PageInBrowser['shot'];
  let look: PageInBrowser['look'];

  beforeAll(async () => {
    browser = await openPage([...NOTES, ...MANY, LONG, PERSIAN, ...HOSTILE]);
    ({ server, context, page, complaints, open, shot, look } = browser);
  }, 120_000);
  afterAll(() => browser?.[Symbol.asyncDispose]());

  const found = (): Promise<string[]> => page.locator('.found h2').allTextContents();
  const until = (what: string): Promise<unknown> => page.waitForSelector(what);
  const count = (most: number): Promise<unknown> =>
    page.waitForFunction((wanted) => document.querySelectorAll('.found').length === wanted, most);
  const address = (): URLSearchParams => new URL(page.url()).searchParams;

  it('keeps the script of searching small', () => {
    const assets = `${browser.web}/assets`;
    const html = readFileSync(`${browser.web}/index.html`, 'utf8');
    const first = readdirSync(assets).filter((name) => name.endsWith('.js') && html.includes(name));
    const linked = first.flatMap((name) =>
      [...readFileSync(`${assets}/${name}`, 'utf8').matchAll(/from\s*"\.\/([\w-]+\.js)"/g)].map(([, other]) => other!),
    );
    const size = [...new Set([...first, ...linked])].reduce(
      (sum, name) => sum + gzipSync(readFileSync(`${assets}/${name}`), { level: 9 }).length,
      0,
    );
    expect(first.length).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(60_000);
  });

  it('shows passages as one types, and finishes words', async () => {
    await open();
    await until('.idle-notes .chip');
    const input = page.getByRole('searchbox', { name: 'Search' });
    expect(await input.evaluate((element) => element === document.activeElement)).toBe(true);
    await input.pressSequentially('harbour clo');
    await until('.found');
    await until('.ghost');
    expect(await page.locator('#completion').textContent()).toBe('Right arrow completes to harbour closed');
    await look('completing');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => document.querySelector('.found')?.textContent?.includes('closed by'));
    expect(await input.inputValue()).toBe('harbour closed');
    expect(await page.locator('.found mark').first().textContent()).toMatch(/harbour|closed/i);
    expect(address().get('q')).toBe('harbour closed');
  });

  it('goes back to the last query, not letter by letter and not away', async () => {
    await open();
    const input = page.getByRole('searchbox');
    await input.pressSequentially('harbour');
    await page.keyboard.press('Enter');
    await until('.found');
    await input.fill('');
    await input.pressSequentially('puffin cliff');
    await page.waitForFunction(() => /puffin/.test(document.querySelector('.found')?.textContent ?? ''));
    await page.locator('.found h2 a').first().click();
    await until('.document .here');
    await page.goBack();
    await page.waitForSelector('.document', { state: 'detached' });
    expect(await input.inputValue()).toBe('puffin cliff');
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('input')?.value === 'harbour');
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('input')?.value === '');
    expect(new URL(page.url()).pathname).toBe('/');
    expect(await page.locator('.idle-notes').textContent()).toContain('harbour');
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
    await page.waitForFunction(() => document.querySelector('.found')?.textContent?.includes('puffin'));
    await page.waitForTimeout(900);
    expect((await found())[0]).toMatch(/Bird/);
    await page.unroute('**/v1/search');
  });

  it('groups passages by document', async () => {
    await open('/?q=lamp+keeper+watch&by=bm25');
    await until('.found');
    const titles = await found();
    expect(titles.filter((title) => title.startsWith('A logbook'))).toHaveLength(1);
    expect(await page.locator('.found').first().locator('.others a').count()).toBe(2);
    const height = await page
      .locator('.found h2')
      .first()
      .evaluate((element) => element.clientHeight);
    expect(height).toBeLessThan(60);
    await look('grouped');
    await page.locator('.others a').first().click();
    await until('.document .here');
    const start = address().get('at');
    expect(await page.locator('.document .here').first().textContent()).toMatch(/Watch|lamp/);
    await page.keyboard.press('Escape');
    await page.waitForSelector('.document', { state: 'detached' });
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('href') ?? '');
    expect(new URLSearchParams(focused.slice(2)).get('at')).toBe(start);
  });

  it('counts facets over what the query finds, and a field without its own filter', async () => {
    await open('/?q=northern');
    await until('.facet');
    const counts = async (field: string): Promise<Record<string, string>> =>
      Object.fromEntries(
        await page
          .getByRole('group', { name: field })
          .locator('label')
          .evaluateAll((labels) =>
            labels.map((label) => [
              label.querySelector('.name')!.textContent!,
              label.querySelector('.count')!.textContent!,
            ]),
          ),
      );
    await expect.poll(() => counts('kind')).toMatchObject({ gull: '10', auk: '10', tern: '0', puffin: '0' });
    await page.getByRole('group', { name: 'kind' }).getByRole('checkbox', { name: /gull/ }).check();
    await count(10);
    await expect.poll(() => counts('kind')).toMatchObject({ gull: '10', auk: '10' });
    await page.getByLabel('year, from').fill('2010');
    await page.getByLabel('year, from').press('Enter');
    await page.getByLabel('year, from').blur();
    await count(5);
    await expect.poll(() => counts('kind')).toMatchObject({ gull: '5', auk: '5' });
    await look('filtered');
    const shared = page.url();
    const before = await found();
    const other = await context.newPage();
    await other.goto(shared);
    await other.waitForFunction(() => document.querySelectorAll('.found').length === 5);
    expect(await other.locator('.found h2').allTextContents()).toEqual(before);
    await other.close();
    await page.goBack();
    await count(10);
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await page.getByRole('textbox', { name: 'Filter' }).fill('kind = gull and year < 1995');
    await page.getByRole('textbox', { name: 'Filter' }).press('Enter');
    await count(2);
  });

  it('browses by facets where nothing is asked, in an order of choice', async () => {
    await open();
    await page
      .getByRole('group', { name: 'kind' })
      .getByRole('checkbox', { name: /puffin/ })
      .check();
    await count(10);
    await page.getByRole('combobox', { name: 'Order' }).selectOption('year desc');
    await expect.poll(async () => (await found())[0]).toBe('Bird 39');
    expect(address().get('sort')).toBe('year desc');
    await page.locator('.found h2 a').first().click();
    await until('.document .text');
    await look('browsing');
    await open('/?all=1');
    await page.getByRole('button', { name: 'More documents' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.found').length > 45);
  });

  it('sorts hits, and shows more of them', async () => {
    await open('/?q=cliff&sort=year+desc');
    await until('.found');
    expect((await found())[0]).toBe('Bird 39');
    await open('/?q=cliff');
    await count(30);
    const above = await found();
    const asked: { k: number; cursor?: string }[] = [];
    const watch = (request: Request): void => {
      if (request.url().endsWith('/v1/search')) asked.push(request.postDataJSON());
    };
    page.on('request', watch);
    await page.getByRole('button', { name: 'More results' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.found').length >= 40);
    page.off('request', watch);
    expect(address().get('page')).toBe('2');
    // What follows is all that is fetched, and what was there stays where it is.
    expect(asked).toEqual([expect.objectContaining({ k: 30, cursor: expect.any(String) })]);
    expect((await found()).slice(0, above.length)).toEqual(above);
    const first = await found();
    await page.reload();
    await page.waitForFunction(() => document.querySelectorAll('.found').length >= 40);
    expect(await found()).toEqual(first);
  });

  it('tells why a hit ranks where it does', async () => {
    await open('/?q=signing+key');
    await until('.found');
    const first = page.locator('.found').first();
    await first.getByRole('button', { name: 'Why' }).click();
    await expect.poll(() => first.locator('table.why tbody tr').count()).toBe(3);
    expect(await first.locator('table.why').textContent()).toMatch(/bm25.*dense.*together/s);
    await page.getByRole('button', { name: 'Stages' }).click();
    expect(await page.getByRole('region', { name: 'Stages of the search' }).textContent()).toMatch(
      /fuse.*bm25.*terms: /s,
    );
    await look('why');
  });

  it('opens the document at the passage, links to passages, and finds similar ones', async () => {
    await open('/?q=lost+key+revoked');
    await until('.found');
    await page.locator('.found h2 a').first().click();
    await until('.document .here');
    expect(await page.locator('.document').textContent()).toContain('revoked');
    expect(address().get('doc')).toBe('docs/keys.md');
    await look('document');
    await page.getByRole('button', { name: 'Close the document' }).click();
    await page.waitForSelector('.document', { state: 'detached' });

    await open('/?q=watch+40&by=bm25&doc=log%2Flong.md');
    await page.waitForSelector('.rendered h4');
    const link = page.locator('.rendered .anchor').nth(20);
    const place = (await link.getAttribute('href'))!;
    await link.evaluate((element) => (element as HTMLElement).click());
    await page.waitForFunction(() => document.querySelector('.rendered .here') !== null);
    const seen = async (of: Page): Promise<boolean> =>
      of.evaluate(() => {
        const { top, bottom } = document.querySelector('.rendered .here')!.getBoundingClientRect();
        return top >= 0 && bottom > 0 && top < innerHeight;
      });
    await expect.poll(() => seen(page)).toBe(true);
    expect(await page.locator('.document .text').evaluate((element) => element.scrollTop)).toBeGreaterThan(500);
    const other = await context.newPage();
    await other.goto(server.url + place);
    await other.waitForSelector('.rendered .here');
    await expect.poll(() => seen(other)).toBe(true);
    await other.close();

    await open('/?q=puffin');
    await until('.found');
    await page.locator('.found').first().getByRole('button', { name: 'Similar' }).click();
    await until('.notice');
    expect(await page.locator('.notice').textContent()).toMatch(/similar to one of birds\//);
    await count(30);
    await shot('similar');
    await page.goBack();
    await page.waitForSelector('.notice', { state: 'detached' });
  });

  it('answers a question with sentences that open where they stand, or says that it is not answered here', async () => {
    await open('/?q=When+was+the+harbour+closed+by+ice%3F');
    await until('section.answer a');
    expect(await page.locator('section.answer q').first().textContent()).toBe('The harbour was closed by ice.');
    await look('answer');
    await page.locator('section.answer a').first().click();
    await until('.document .here');
    expect([address().get('doc'), address().get('at')]).toEqual(['harbour', '0']);
    await open('/?q=Who+won+the+football+cup%3F');
    await until('.answer.none');
    await look('not-answered');
    await open('/?q=harbour');
    await until('.found');
    expect(await page.locator('.answer').count()).toBe(0);
  });

  it('is used with the keyboard alone', async () => {
    await open('/?q=puffin');
    await until('.found');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset['rank'])).toBe('2');
    await page.keyboard.press('e');
    await until('.found table.why');
    await page.keyboard.press('Enter');
    await until('.document .here');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.document', { state: 'detached' });
    await expect.poll(() => page.evaluate(() => (document.activeElement as HTMLElement).dataset['rank'])).toBe('2');
    await page.keyboard.press('s');
    await until('.notice');
    await page.keyboard.press('?');
    await until('dialog[open]');
    await look('help');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.keyboard.press('/');
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).type)).toBe('search');

    await open('/?q=puffin');
    await until('.found');
    await page.locator('.brand').focus();
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to results');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('results');
    for (const path of ['/', '/?q=puffin', '/?view=map', '/?view=judge', '/?view=collection', '/?all=1']) {
      await open(path);
      await until('h1');
      // A view that is being loaded has a heading of its own, which goes when that of the view comes.
      await expect.poll(async () => [path, await page.locator('h1').count()]).toEqual([path, 1]);
    }
  });

  it('writes right to left what is read right to left, whatever it begins with', async () => {
    await open(`/?q=${encodeURIComponent('کتاب مقدس')}`);
    await until('.found');
    const first = page.locator('.found', { hasText: 'کتاب' }).first();
    expect(await first.locator('.passage').evaluate((element) => getComputedStyle(element).direction)).toBe('rtl');
    await look('right-to-left');
    await first.locator('h2 a').click();
    await until('.document .block');
    expect(
      await page
        .locator('.document .block')
        .first()
        .evaluate((element) => getComputedStyle(element).direction),
    ).toBe('rtl');
  });

  it('shows hostile documents as text', async () => {
    await open('/?q=scripted+text');
    await until('.found');
    expect((await found())[0]).toBe('<script>window.pwned = 1</script>');
    expect(
      await page.locator('.found').first().locator('img, script, svg:not(.icon), a[href^=javascript]').count(),
    ).toBe(0);
    await page.locator('.found h2 a').first().click();
    await until('.document .here');
    expect(await page.locator('.document .text').textContent()).toContain('<script>window.pwned = 2</script>');
    await shot('hostile');
    expect(await page.evaluate(() => (window as { pwned?: number }).pwned)).toBeUndefined();

    await open('/?q=override+turns');
    await until('.found');
    const shown = (await page.locator('main').textContent())!;
    for (const sign of ['\u202e', '\u202c', '\u0007']) expect(shown).not.toContain(sign);
    expect((await found())[0]).toBe('Overrides \ufffdgnp.exe');

    await open('/?q=megabyte&by=bm25');
    await until('.found');
    await page.locator('.found h2 a').first().click();
    await until('.document .here');
    const text = page.locator('.document .text');
    expect(await text.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)).toBe(true);
    await shot('one-line');
  });

  it('explains empty results, mistakes and a server that is gone', async () => {
    await open('/?q=zxqvy&by=bm25');
    await until('.empty');
    expect(await page.locator('.empty').textContent()).toMatch(/No passage answers this.*Try other words/s);
    await look('nothing');
    await open('/?q=harbuor&by=bm25');
    await until('.notice');
    expect(await page.locator('.notice').textContent()).toBe('Did you mean harbour?');
    await look('did-you-mean');
    await page.getByRole('button', { name: 'harbour' }).first().click();
    await page.waitForFunction(() => document.querySelector('input')?.value === 'harbour');
    await open('/?q=key&where=yaer+%3D+1');
    await until('.trouble');
    expect(await page.locator('.trouble').textContent()).toMatch(
      /No document has the field "yaer".*Did you mean "year"/s,
    );
    await look('mistake');
    complaints.length = 0;
    await page.route('**/v1/search', (route) => route.abort('connectionrefused'));
    await open('/?q=key');
    await until('.trouble');
    expect(await page.locator('.trouble').textContent()).toMatch(/The server does not answer/);
    await look('gone');
    await page.unroute('**/v1/search');
    await page.getByRole('button', { name: 'Try again' }).click();
    await until('.found');
    complaints.length = 0;
  });

  it('is at home in the dark and on a telephone', { timeout: 120_000 }, async () => {
    const { everywhere } = browser;
    await everywhere('idle', '/', () => until('.facet'));
    await everywhere('results', '/?q=cliff', () => until('.found'));
    await everywhere('document', '/?q=key&doc=docs/keys.md&at=0', () => until('.rendered h3'));
    await everywhere('browse', '/?all=1', () => until('.found'));
    await page.setViewportSize(NARROW);
    await open('/?q=cliff');
    await until('.found');
    expect(await page.locator('header.bar').evaluate((element) => element.clientHeight)).toBeLessThan(64);
    await page.getByRole('button', { name: /Filters/ }).click();
    await until('.facets.open');
    await page.getByRole('checkbox', { name: /puffin/ }).check();
    await look('filters');
    await page.setViewportSize(NARROW);
    await page.getByRole('button', { name: /^Show \d+ documents/ }).click();
    await count(10);
    await page.locator('.found h2 a').first().click();
    await until('.document .here');
    for (let i = 0; i < 12; i++) await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('.document') !== null)).toBe(true);
    await page.keyboard.press('Escape');
    await page.waitForSelector('.document', { state: 'detached' });
    await page.setViewportSize(WIDE);
  });

  it('asks for a key where the server wants one, and is strict about where things come from', async () => {
    const keys = new KeyFile(browser.site.at('keys.json'));
    const { key } = await keys.add('page', 'read');
    await using guarded = await testServer(NOTES, { web: browser.web, keys });
    const other = await context.newPage();
    await other.goto(guarded.url);
    await other.getByRole('textbox', { name: 'Key' }).fill('wrong');
    await look('locked', other);
    await other.getByRole('button', { name: 'Open' }).click();
    await other.waitForSelector('text=The key was not accepted');
    await look('refused', other);
    await other.getByRole('textbox', { name: 'Key' }).fill(key);
    await other.getByRole('button', { name: 'Open' }).click();
    await other.getByRole('searchbox').fill('harbour');
    await other.waitForSelector('.found');
    await other.close();
    const { headers } = await fetch(server.url);
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'; style-src 'self'/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('searches several collections at once, and says of which a result is', async () => {
    const more = browser.site.at('more');
    await using fill = await openCollection(more, { create: true, encoder: 'none' });
    await fill.add([{ id: 'buoy', title: 'Buoys', text: 'The outer buoy marks where ships wait for the harbour.' }]);
    await fill.namePipeline('short', 'words > group(1)');
    const collections = [
      { name: 'notes', directory: server.directory },
      { name: 'more', directory: more },
    ];
    await using both = await testServer([], { web: browser.web, collections, readOnly: true });
    const other = await context.newPage();
    await other.goto(`${both.url}/?in=notes&q=harbour`);
    await other.waitForSelector('.found');
    await other.locator('.picker summary').click();
    await other.getByRole('checkbox', { name: 'Search more too' }).check();
    await expect
      .poll(async () => [...new Set(await other.locator('.found .of').allTextContents())].sort())
      .toEqual(['more', 'notes']);
    await look('several-open', other);
    await other.keyboard.press('Escape');
    await look('several', other);
    const link = other.locator('.found', { hasText: 'Buoys' }).locator('h2 a');
    const href = new URLSearchParams((await link.getAttribute('href'))!.slice(2));
    expect([href.getAll('in'), href.get('from'), href.get('q')]).toEqual([['notes', 'more'], 'more', 'harbour']);
    await link.click();
    await other.waitForSelector('.document .here');
    await other.reload();
    await other.waitForSelector('.document .here');
    expect(await other.locator('.document h2').textContent()).toBe('Buoys');
    await other.goto(`${both.url}/?in=more&q=harbour`);
    await other.getByRole('radio', { name: 'short' }).check({ force: true });
    await other.waitForSelector('.found');
    expect(new URL(other.url()).searchParams.get('by')).toBe('short');
    await other.close();
  });

  it('shows what an empty collection needs', async () => {
    await using empty = await testServer([], { web: browser.web });
    const other = await context.newPage();
    await other.goto(empty.url);
    await other.waitForSelector('.empty');
    expect(await other.locator('.empty').textContent()).toMatch(
      /The collection is empty.*Drop files.*npx sagitta-search index/s,
    );
    await look('empty', other);
    await other.close();
  });

  it('never complained, and fetched nothing from elsewhere', () => {
    expect(complaints.filter((text) => !/status of 4\d\d|Failed to load resource/.test(text))).toEqual([]);
  });
});
