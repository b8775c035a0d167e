// Uses the packed package in Chromium, without a bundler: indexes, learned and searched by Web Workers.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

/** Folders that browsers load; .dependency-cruiser.cjs keeps their sources free of Node. */
const ENTRIES = ['base', 'tensor', 'codec', 'index', 'threads', 'threads/worker', 'search', 'client'];

/** What the page runs: the same index by one thread and by two Web Workers, and the same hits from both. */
const PROGRAM = `
  const { Random, Vectors } = await import('sagitta-search/base');
  const { buildIndex } = await import('sagitta-search/index');
  const { openThreads } = await import('sagitta-search/threads');
  ${ENTRIES.filter((entry) => entry !== 'threads/worker')
    .map(
      (entry) =>
        `if (Object.keys(await import('sagitta-search/${entry}')).length === 0) throw new Error('${entry} is empty');`,
    )
    .join('\n  ')}
  const random = new Random(7);
  const vectors = new Vectors(Float32Array.from({ length: 20_000 * 32 }, () => random.normal()), 32);
  const spec = 'ivf64,apq16x4,refine:full';
  const alone = await buildIndex(spec, vectors, { metric: 'cosine' });
  const threads = await openThreads({ threads: 2 });
  const shared = await threads.buildIndex(spec, vectors, { metric: 'cosine' });
  const queries = vectors.slice(0, 200);
  const batch = await shared.searchBatch(queries, { k: 10, nprobe: 8 });
  const same = batch.every(({ ids }, i) =>
    String([...ids]) === String([...alone.search(queries.row(i), { k: 10, nprobe: 8 }).ids]) && ids[0] === i);
  await threads.close();
  return { same, queries: batch.length };
`;

/**
 * @param folder where the package is installed. @param manifest its package.json.
 * @returns what went well, or undefined where there is no Chromium. @throws Error when anything else happens.
 */
export async function checkInBrowser(folder, manifest) {
  const browser = process.env['SAGITTA_CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(browser)) return undefined;
  const imports = Object.fromEntries(
    ENTRIES.map((entry) => {
      const target = manifest.exports[`./${entry}`];
      return [`sagitta-search/${entry}`, `/${(target.default ?? target).slice(2)}`];
    }),
  );
  const page = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>`;
  const root = join(folder, 'node_modules/sagitta-search');
  const server = createServer((request, response) => {
    // Memory that threads share: only on pages that are cross-origin isolated.
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    if (request.url === '/') return response.setHeader('content-type', 'text/html').end(page);
    const file = join(root, normalize(new URL(request.url, 'http://localhost').pathname));
    if (!file.startsWith(root) || !existsSync(file)) return response.writeHead(404).end();
    response.setHeader('content-type', 'text/javascript').end(readFileSync(file));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const profile = mkdtempSync(join(tmpdir(), 'sagitta-browser-'));
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
  const context = await chromium.launchPersistentContext(profile, { executablePath: browser, args });
  try {
    const tab = await context.newPage();
    await tab.goto(`http://127.0.0.1:${server.address().port}/`);
    const { same, queries } = await tab.evaluate(`(async () => {${PROGRAM}})()`);
    if (!same) throw new Error('Web Workers find other hits than one thread does');
    return `${ENTRIES.length} entries load in Chromium without a bundler, and two Web Workers answer ${queries} queries as one thread does`;
  } finally {
    await context.close();
    server.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
