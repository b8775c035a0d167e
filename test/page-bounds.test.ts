import { existsSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InputDocument, openCollection } from '../src/collection/index.ts';
import { NARROW, openPage, type PageInBrowser, WIDE } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { NOTES, testServer } from './support/server.ts';

/** Twelve lines of a telephone, in words and as one word, in titles, ids, headings and values of metadata. */
const WORDY = `A logbook ${'of the lighthouse and all that happened there '.repeat(12)}`.trim();
const WORDLESS = 'Leuchtturmwaerterlogbuch'.repeat(24);
const LONG: readonly InputDocument[] = [WORDY, WORDLESS].map((title, i) => ({
  id: `log/${title.slice(0, 300)}.md`,
  title,
  format: 'markdown',
  text: `# ${title}\n\nThe lamp burned well in watch ${i}.\n\n## ${title} again\n\nThe lamp was lit at dusk in watch ${i}.\n`,
  metadata: { keeper: title, year: 1890 + i },
}));
const SIZES = [
  ['wide', WIDE],
  ['narrow', NARROW],
] as const;

describe.skipIf(!existsSync(CHROMIUM))('what is long on the page', () => {
  let browser: PageInBrowser;
  let page: Page;
  let open: PageInBrowser['open'];

  beforeAll(async () => {
    browser = await openPage([...NOTES, ...LONG, ...LONG.map((one, i) => ({ ...one, id: `copy-${i}` }))]);
    ({ page, open } = browser);
  }, 120_000);
  afterAll(() => browser?.[Symbol.asyncDispose]());

  const until = (what: string): Promise<unknown> => page.waitForSelector(what);
  /** The most lines that an element of these has. */
  const lines = (what: string, on: Page = page): Promise<number> =>
    on.locator(what).evaluateAll((all) =>
      Math.max(
        0,
        ...all.map((element) => {
          const { lineHeight, fontSize } = getComputedStyle(element);
          const line = Number.parseFloat(lineHeight) || 1.2 * Number.parseFloat(fontSize);
          return Math.round((element as HTMLElement).clientHeight / line);
        }),
      ),
    );

  it('are titles, of which two or three lines are shown, and the rest where one points', {
    timeout: 120_000,
  }, async () => {
    const { everywhere } = browser;
    await everywhere('long-results', '/?q=lamp&by=bm25', async () => {
      await until('.found');
      expect(await lines('.found h2')).toBe(2);
      expect(await lines('.found .place')).toBeLessThanOrEqual(3);
    });
    expect(await page.locator('.found h2 a').first().getAttribute('title')).toMatch(/^(A logbook|Leuchtturm)/);
    await everywhere('long-browse', '/?all=1', async () => {
      await until('.found');
      expect(await lines('.found h2')).toBe(2);
      expect(await lines('.facet .name')).toBeLessThanOrEqual(2);
    });
    for (const { id, title } of LONG) {
      const name = title === WORDY ? 'wordy' : 'wordless';
      await everywhere(`long-${name}`, `/?q=lamp&by=bm25&doc=${encodeURIComponent(id)}`, async () => {
        await until('.rendered h3');
        expect(await lines('.document h2')).toBe(3);
        expect(await lines('.document header .place')).toBeLessThanOrEqual(2);
        // Half of the screen is the text's.
        const [top, height] = await page
          .locator('.document .text')
          .evaluate((element) => [element.getBoundingClientRect().top, innerHeight]);
        expect(top).toBeLessThan(height! / 2);
      });
    }
  });

  it('are candidates to judge, files that were added, and what was asked before', { timeout: 120_000 }, async () => {
    await browser.everywhere('long-judge', '/?view=judge&q=lamp', async () => {
      await until('.candidate');
      expect(await lines('.candidate h2, .candidate h3')).toBeLessThanOrEqual(3);
    });
    await browser.everywhere('long-query', `/?q=${encodeURIComponent(`lamp ${WORDY}`)}`, () => until('.found'));
    await open();
    await browser.everywhere('long-asked', '/', () => until('.idle-notes'));
    await page.setViewportSize(NARROW);
    await open('/?view=collection');
    await until('.tiles');
    await page.setInputFiles('input[type=file]', {
      name: `${'rope-and-anchor-'.repeat(12)}.txt`,
      mimeType: 'text/plain',
      buffer: Buffer.from('Rope is sold by the fathom.'),
    });
    await expect.poll(() => page.locator('.uploads h2').textContent(), { timeout: 20_000 }).toBe('1 file added');
    await browser.look('long-upload');
  });

  it('is the header, which stays one line with many collections of long names, and a menu within the screen', {
    timeout: 120_000,
  }, async () => {
    const names = [
      `${'archive-of-the-lighthouse-'.repeat(3)}north`,
      'mail',
      ...Array.from({ length: 20 }, (_, i) => `part-${i}`),
    ];
    const collections = [];
    for (const name of names) {
      const directory = browser.site.at(name);
      await using fill = await openCollection(directory, { create: true, encoder: 'none' });
      await fill.add([{ id: 'a', title: `Of ${name}`, text: 'The lamp is lit at dusk.' }]);
      collections.push({ name, directory });
    }
    await using many = await testServer([], { web: browser.web, collections, readOnly: true });
    const other = await browser.context.newPage();
    for (const [, size] of SIZES) {
      await other.setViewportSize(size);
      await other.goto(`${many.url}/?in=${names[0]}&q=lamp`);
      await other.waitForSelector('.found');
      expect(await other.locator('header.bar').evaluate((element) => element.clientHeight)).toBeLessThan(64);
      const boxes = await other.locator('header.bar :is(button, summary, a):not(.menu *)').evaluateAll((all) =>
        all
          .filter((element) => (element as HTMLElement).offsetParent !== null)
          .map((element) => element.getBoundingClientRect())
          .map(({ left, right, top, bottom }) => ({ left, right, top, bottom })),
      );
      // Nothing is off the screen, or on top of another.
      for (const [i, box] of boxes.entries()) {
        expect(box.left).toBeGreaterThanOrEqual(0);
        expect(box.right).toBeLessThanOrEqual(size.width);
        for (const next of boxes.slice(i + 1)) {
          const beside = Math.min(box.right, next.right) - Math.max(box.left, next.left) <= 1;
          const below = Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top) <= 1;
          expect(beside || below).toBe(true);
        }
      }
      await other.locator('.picker summary').click();
      const menu = await other.locator('.picker .menu').evaluate((element) => {
        const { left, right, bottom } = element.getBoundingClientRect();
        return { left, right, bottom, scrolls: getComputedStyle(element).overflowY };
      });
      expect(menu.left).toBeGreaterThanOrEqual(0);
      expect(menu.right).toBeLessThanOrEqual(size.width);
      expect(menu.bottom).toBeLessThanOrEqual(size.height);
      expect(menu.scrolls).toBe('auto');
    }
    await browser.look('long-header', other);
    await other.close();
  });
});

describe.skipIf(!existsSync(CHROMIUM))('the first key of who uses no mouse', () => {
  it('leads past the header in every view, on every screen', { timeout: 120_000 }, async () => {
    await using browser = await openPage(NOTES);
    const { page, open } = browser;
    const views = [
      ['/', 'results'],
      ['/?q=key', 'results'],
      ['/?all=1', 'results'],
      ['/?q=key&doc=docs%2Fkeys.md', 'results'],
      ['/?view=map', 'main'],
      ['/?view=judge&q=key', 'results'],
      ['/?view=collection', 'main'],
    ] as const;
    for (const [screen, size] of SIZES) {
      await page.setViewportSize(size);
      for (const [path, target] of views) {
        // What is open above the page keeps the keys to itself there.
        if (screen === 'narrow' && path.includes('doc=')) continue;
        await open(path);
        await page.waitForSelector(`#${target}`);
        await page.waitForSelector('h1', { state: 'attached' });
        // From the very beginning of the page.
        await page.evaluate(() => {
          (document.activeElement as HTMLElement | null)?.blur();
          document.body.tabIndex = -1;
          document.body.focus();
          document.body.removeAttribute('tabindex');
        });
        await page.keyboard.press('Tab');
        const skip = page.locator('.skip');
        expect([screen, path, await skip.evaluate((element) => element === document.activeElement)]).toEqual([
          screen,
          path,
          true,
        ]);
        const box = (await skip.boundingBox())!;
        expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width).toBe(true);
        // Nothing lies on it.
        const on = await page.evaluate(({ x, y }) => document.elementFromPoint(x, y)?.className, {
          x: box.x + box.width / 2,
          y: box.y + box.height / 2,
        });
        expect([screen, path, on]).toEqual([screen, path, 'skip']);
        await page.keyboard.press('Enter');
        await expect
          .poll(async () => [screen, path, await page.evaluate(() => document.activeElement?.id)])
          .toEqual([screen, path, target]);
        // The next key is in what was skipped to, not in the header again.
        await page.keyboard.press('Tab');
        expect([
          screen,
          path,
          await page.evaluate(() => document.activeElement?.closest('header.bar') === null),
        ]).toEqual([screen, path, true]);
      }
    }
    await browser.look('skip');
  });
});
