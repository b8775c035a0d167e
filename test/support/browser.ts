import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { expect } from 'vitest';
import type { InputDocument } from '../../src/collection/index.ts';
import type { ServeOptions } from '../../src/server/index.ts';
import { launchChromium } from './chromium.ts';
import { type TestFolder, testFolder } from './files.ts';
import { type TestServer, testServer } from './server.ts';

/** Screenshots of every state. */
const SCREENSHOTS = process.env['SAGITTA_SCREENSHOTS'] ?? join(tmpdir(), 'sagitta-page');

/** Screens that the page is looked at on. */
export const WIDE = { width: 1400, height: 900 };
export const NARROW = { width: 390, height: 844 };

/** The built page in a real browser, on a server over some documents. */
export interface PageInBrowser extends AsyncDisposable {
  readonly server: TestServer;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Folder of the built page. */
  readonly web: string;
  readonly site: TestFolder;
  /** What the browser complained of, and what was fetched from elsewhere. */
  readonly complaints: string[];
  open(path?: string): Promise<void>;
  shot(name: string): Promise<void>;
  /**
   * Looks at what is on screen in light and dark, wide and narrow: a screenshot of each; holds that axe finds nothing, and that nothing is
   * wider than the screen. The screen is wide and light again afterwards. @param on the page; the first one by default.
   */
  look(name: string, on?: Page): Promise<void>;
  /**
   * The same of a state that is opened anew on each screen.
   * @param ready waits until the state is there; called after every opening.
   */
  everywhere(name: string, path: string, ready: () => Promise<unknown>): Promise<void>;
}

export async function openPage(
  documents: readonly InputDocument[],
  options: Partial<ServeOptions> = {},
  encoder?: string,
): Promise<PageInBrowser> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const site = testFolder();
  const web = site.at('web');
  const root = fileURLToPath(new URL('../../web/', import.meta.url));
  await build({ configFile: `${root}vite.config.ts`, logLevel: 'error', build: { outDir: web } });
  const server = await testServer(documents, { web, ...options }, encoder);
  const context = await launchChromium(site.at('profile'), {
    viewport: WIDE,
    // Nothing is looked at on its way from one colour to another.
    reducedMotion: 'reduce',
    acceptDownloads: true,
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !/^(data|blob):/.test(request.url()))
      complaints.push(`fetched ${request.url()}`);
  });
  const open = async (path = '/'): Promise<void> => {
    await page.goto(server.url + path);
  };
  const shot = async (name: string, on: Page = page): Promise<void> => {
    await on.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  };
  /** Holds that axe finds nothing, and that nothing is wider than the screen. */
  const accessible = async (on: Page): Promise<void> => {
    await on.evaluate(axe.source);
    const violations = await on.evaluate(async () => {
      // biome-ignore lint/suspicious/noExplicitAny: axe puts itself on the window
      const results = await (window as any).axe.run(document, { resultTypes: ['violations'] });
      return results.violations.map(
        ({ impact, id, nodes }: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }) =>
          `${impact} ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`,
      ) as string[];
    });
    expect(violations).toEqual([]);
    expect(await on.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  };
  const onEveryScreen = async (name: string, ready: () => Promise<unknown>, on: Page = page): Promise<void> => {
    for (const [screen, size] of [
      ['narrow', NARROW],
      ['wide', WIDE],
    ] as const) {
      for (const colorScheme of ['dark', 'light'] as const) {
        await on.setViewportSize(size);
        await on.emulateMedia({ colorScheme });
        await ready();
        await shot(`${name}-${screen}-${colorScheme}`, on);
        await accessible(on);
      }
    }
  };
  // A frame, so that what follows the size of the screen has followed.
  const frame = (on: Page): Promise<unknown> => on.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  return {
    server,
    context,
    page,
    web,
    site,
    complaints,
    open,
    shot,
    look: (name, on = page) => onEveryScreen(name, () => frame(on), on),
    everywhere: (name, path, ready) =>
      onEveryScreen(name, async () => {
        await open(path);
        await ready();
      }),
    async [Symbol.asyncDispose]() {
      await context.close();
      await server[Symbol.asyncDispose]();
      site[Symbol.dispose]();
    },
  };
}
