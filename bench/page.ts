// How much script does the page transfer, and how soon is the first result visible? Over the collection that `npm run demo`
// makes, in Chromium, from the first key typed and from opening a shared address.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { median, quantile, report } from './harness.ts';
import { builtCli, startServer } from './lib-serve.ts';

const ROUNDS = 9;
const root = fileURLToPath(new URL('..', import.meta.url));
const collection = `${root}.sagitta-demo`;
const browser = process.env['SAGITTA_CHROMIUM'] ?? '/usr/bin/chromium';
builtCli();
if (!existsSync(`${collection}/manifest.json`) || !existsSync(browser)) {
  console.error(
    existsSync(browser)
      ? 'There is no demo collection. Run: npm run demo'
      : 'There is no Chromium. Set SAGITTA_CHROMIUM.',
  );
  process.exit(2);
}

const assets = `${root}dist/web/assets`;
const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
const gzipped = (names: readonly string[]): number =>
  names.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name)), { level: 9 }).length, 0) / 1000;

const profile = mkdtempSync(join(tmpdir(), 'sagitta-page-'));
const server = await startServer(['--in', `demo=${collection}`]);
try {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browser,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const typed: number[] = [];
  const shared: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const page = await context.newPage();
    await page.goto(server.url);
    const input = page.getByRole('searchbox');
    await input.waitFor();
    let start = performance.now();
    await input.pressSequentially(`pattern ${round}`);
    await page.waitForSelector('.hit');
    typed.push(performance.now() - start);
    start = performance.now();
    await page.goto(`${server.url}/?q=exclude+files+${round}`);
    await page.waitForSelector('.hit');
    shared.push(performance.now() - start);
    await page.close();
  }
  await context.close();
  report({
    name: 'page',
    threads: 2,
    columns: ['what', 'median', 'p95'],
    rows: [
      { what: 'script of the page, gzip, kB', median: gzipped(scripts) },
      { what: 'first key typed to first result visible, ms', median: median(typed), p95: quantile(typed, 0.95) },
      {
        what: 'shared address opened to first result visible, ms',
        median: median(shared),
        p95: quantile(shared, 0.95),
      },
    ],
    notes: [
      `The collection of \`npm run demo\`, ${ROUNDS} rounds, server and Chromium on the same cores, use-lite, hybrid.`,
    ],
  });
} finally {
  await server.stop();
  rmSync(profile, { recursive: true, force: true });
}
