import { existsSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage, type PageInBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';

const DOCUMENTS = [
  { id: 'jam', text: 'Boil the strawberries with sugar and lemon until a drop of the jam sets on a cold plate.' },
  { id: 'tyre', text: 'To mend a flat tyre, take out the inner tube, find the hole and glue a patch on it.' },
  { id: 'lamp', text: 'The keeper of the lighthouse lit the lamp every evening, and wound the clockwork.' },
  { id: 'bees', text: 'In winter the bees form a cluster around their queen and live on honey.' },
  {
    id: 'violin',
    text: 'Tune the violin from the A string, by fifths, and turn the pegs gently so that no string breaks.',
  },
];

describe.skipIf(!existsSync(CHROMIUM))('relevance on the page', () => {
  let browser: PageInBrowser;
  let page: Page;
  beforeAll(async () => {
    browser = await openPage(DOCUMENTS, {}, 'static');
    ({ page } = browser);
    // The encoder is loaded before anybody waits for the page.
    await browser.server.ask('POST', '/v1/search', { query: 'violin', judged: true });
  }, 120_000);
  afterAll(() => browser?.[Symbol.asyncDispose]());

  /** Strokes that are full, of each hit that has them. */
  const strokes = (): Promise<number[]> =>
    page
      .locator('.found .relevance')
      .evaluateAll((all) => all.map((element) => element.querySelectorAll('i.on').length));

  it('is a bar of five strokes for what answers, and none for what probably does not', async () => {
    await browser.open('/?q=tune+a+violin+string');
    await page.waitForSelector('.found .relevance');
    const [first, ...others] = await strokes();
    expect(first).toBeGreaterThanOrEqual(3);
    expect(Math.max(...others)).toBeLessThan(first!);
    expect(await page.locator('.found .relevance').first().getAttribute('aria-label')).toMatch(/^Relevant with \d+/);
    expect(await page.getByText('Nothing here is probably relevant').count()).toBe(0);
    await browser.look('relevant');
  });

  it.each(['zzkjhq flurbgnax', 'who won the world cup in 1998'])(
    'says that nothing is relevant to %s',
    async (query) => {
      await browser.open(`/?q=${encodeURIComponent(query)}`);
      await page.waitForSelector('.nothing, .empty');
      expect(await page.locator('main').textContent()).toMatch(
        /Nothing here is probably relevant|No passage answers this/,
      );
      // Whatever is shown below that claims nothing.
      expect((await strokes()).filter((count) => count > 0)).toEqual([]);
      for (const label of await page.locator('.found .relevance').all())
        expect(await label.getAttribute('aria-label')).toMatch(/^Probably not relevant/);
      await browser.look(`irrelevant-${query.length}`);
    },
  );
});
