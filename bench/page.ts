// How much script does the page transfer, how soon is the first result visible, and how soon the results for each key while one types? Over the
// collection that `npm run demo` makes, or the one in the folder that is named, in Chromium.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { createClient } from '../src/client/index.ts';
import { CHROMIUM, launchChromium } from '../test/support/chromium.ts';
import { median, quantile, report } from './harness.ts';
import { builtCli, startServer } from './lib-serve.ts';

const ROUNDS = 9;
/** What is typed, letter by letter, in a page that is warm. */
const TYPED = ['how are files excluded', 'install without network', 'regular expression syntax'];
/** Milliseconds between keys: some 70 words a minute. */
const PACE = 120;

const root = fileURLToPath(new URL('..', import.meta.url));
const named = process.argv.slice(2).find((argument) => !argument.startsWith('-'));
const collection = named === undefined ? `${root}.sagitta-demo` : resolve(named);
builtCli();
if (!existsSync(`${collection}/manifest.json`) || !existsSync(CHROMIUM)) {
  console.error(
    existsSync(CHROMIUM)
      ? `There is no collection in ${collection}. Run: npm run demo`
      : 'There is no Chromium. Set SAGITTA_CHROMIUM.',
  );
  process.exit(2);
}

const assets = `${root}dist/web/assets`;
const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
const gzipped = (names: Iterable<string>): number =>
  [...names].reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name)), { level: 9 }).length, 0) / 1000;

/** The scripts that searching waits for: those that the page names, and what they import. */
function searchScripts(): ReadonlySet<string> {
  const html = readFileSync(`${root}dist/web/index.html`, 'utf8');
  const wanted = new Set(scripts.filter((name) => html.includes(name)));
  for (const name of wanted) {
    const text = readFileSync(join(assets, name), 'utf8');
    for (const [, other] of text.matchAll(/from\s*"\.\/([\w-]+\.js)"/g)) wanted.add(other!);
  }
  return wanted;
}

/** Types a text and notes, for each key, when the results for what is then in the box were drawn. */
async function typing(page: Page, text: string): Promise<number[]> {
  await page.evaluate(() => {
    const noted: number[] = [];
    let pressed: { value: string; at: number } | undefined;
    document.querySelector('input[type=search]')!.addEventListener('input', (event) => {
      pressed = { value: (event.target as HTMLInputElement).value, at: performance.now() };
    });
    // Not a named function: the loader would give it a helper that the browser does not have.
    new MutationObserver(() => {
      const list = document.querySelector<HTMLElement>('.hits:not(.stale)');
      if (pressed === undefined || list?.dataset['query'] !== pressed.value) return;
      noted.push(performance.now() - pressed.at);
      pressed = undefined;
    }).observe(document.querySelector('#results')!, {
      subtree: true,
      childList: true,
      attributes: true,
    });
    (window as { noted?: number[] }).noted = noted;
  });
  await page.getByRole('searchbox').fill('');
  await page.getByRole('searchbox').pressSequentially(text, { delay: PACE });
  await page.waitForTimeout(1000);
  return page.evaluate(() => (window as { noted?: number[] }).noted!);
}

const profile = mkdtempSync(join(tmpdir(), 'sagitta-page-'));
const server = await startServer(['--in', `demo=${collection}`]);
try {
  const context = await launchChromium(profile);
  const first: number[] = [];
  const shared: number[] = [];
  const keys: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const page = await context.newPage();
    await page.goto(server.url);
    const input = page.getByRole('searchbox');
    await input.waitFor();
    let start = performance.now();
    await input.pressSequentially('p');
    await page.waitForSelector('.found');
    first.push(performance.now() - start);
    start = performance.now();
    await page.goto(`${server.url}/?q=exclude+files+${round}`);
    await page.waitForSelector('.found');
    shared.push(performance.now() - start);
    const times = await typing(page, TYPED[round % TYPED.length]!);
    if (round > 0) keys.push(...times);
    await page.close();
  }
  await context.close();
  const [info] = await createClient({ url: server.url }).collections();
  const row = (what: string, times: readonly number[]) => ({ what, median: median(times), p95: quantile(times, 0.95) });
  report({
    name: 'page',
    threads: 2,
    columns: ['what', 'median', 'p95'],
    rows: [
      { what: 'script of searching, gzip, kB', median: gzipped(searchScripts()) },
      { what: 'script of all views, gzip, kB', median: gzipped(scripts) },
      row('first key typed to first result visible, ms', first),
      row('shared address opened to first result visible, ms', shared),
      row('search while typing, warm: key to its results drawn, ms', keys),
    ],
    notes: [
      `${info!.documents} documents, ${info!.passages} passages, encoder ${info!.encoder}, hybrid with relevance, ${ROUNDS} rounds; server and Chromium on the same cores. Keys whose results the next key overtook are not counted.`,
    ],
  });
} finally {
  await server.stop();
  rmSync(profile, { recursive: true, force: true });
}
