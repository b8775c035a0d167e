// How soon does a page search 20,000 passages that lie on a web server, and what share of their bytes does it fetch? WordNet's glosses, encoder static,
// as they were indexed and with lists of codes, in Chromium, on this machine's loopback.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import type * as entry from '../src/browser/index.ts';
import { openCollection } from '../src/collection/index.ts';
import { buildBrowserEntry } from '../test/support/browser-entry.ts';
import { CHROMIUM, launchChromium } from '../test/support/chromium.ts';
import { rangeServer } from '../test/support/range-server.ts';
import { median, quantile, report } from './harness.ts';
import { drawQuery, readWordNet } from './lib-wordnet.ts';

declare global {
  var sagitta: typeof entry;
}

const PASSAGES = 20_000;
const ROUNDS = 3;
const QUERIES = 10;

if (!existsSync(CHROMIUM)) {
  console.error('There is no Chromium. Set SAGITTA_CHROMIUM.');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'sagitta-'));
const at = (name: string): string => join(folder, name);
const entries = readWordNet().slice(0, PASSAGES);
const random = new Random(7);
const queries = Array.from({ length: QUERIES }, () => drawQuery(entries, random));

await buildBrowserEntry(at('www/sagitta/browser'));
mkdirSync(at('www/sagitta/models'));
copyFileSync(new URL('../src/encode/static/static.bin', import.meta.url), at('www/sagitta/models/static.bin'));
writeFileSync(
  at('www/index.html'),
  `<!doctype html><title>Bench</title><script type="module">
  globalThis.sagitta = await import('/sagitta/browser/index.js'); document.title = 'ready';</script>`,
);
const collection = await openCollection(at('www/plain'), { create: true, encoder: 'static' });
await collection.add(entries.map(({ text }, i) => ({ id: `w${i}`, text })));
await collection.compact({ full: true });
await collection.close();
cpSync(at('www/plain'), at('www/lists'), { recursive: true });
const coded = await openCollection(at('www/lists'));
await coded.rebuild({ spec: 'opq,pq64x8' });
await coded.close();

const rows: Record<string, string | number>[] = [];
/** The first ten of each query, ranked by vectors. */
let truth: readonly (readonly string[])[] = [];
const server = await rangeServer({ '/': at('www') });
const context = await launchChromium(at('profile'));
try {
  for (const [name, retriever, exact] of [
    ['plain', 'bm25', false],
    // First: what the others find is compared with it.
    ['plain', 'hybrid', true],
    ['plain', 'hybrid', false],
    ['lists', 'hybrid', false],
  ] as const) {
    const bytes = readdirSync(at(`www/${name}`), { recursive: true, encoding: 'utf8' })
      .map((file) => statSync(join(at(`www/${name}`), file)))
      .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
    const first: number[] = [];
    const later: number[] = [];
    let fetched = { requests: 0, bytes: 0 };
    let all = fetched;
    let ids: readonly (readonly string[])[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const page = await context.newPage();
      await page.goto(`${server.url}/index.html`);
      await page.waitForFunction(() => document.title === 'ready');
      const run = await page.evaluate(
        async ([url, queries, retriever, exact]) => {
          const start = performance.now();
          const opened = await sagitta.openBrowserCollection({ url }, { exact });
          const found = [await opened.search(queries[0]!, { retriever })];
          const first = performance.now() - start;
          const { fetched } = await opened.about();
          const later: number[] = [];
          for (const query of queries.slice(1)) {
            const start = performance.now();
            found.push(await opened.search(query, { retriever }));
            later.push(performance.now() - start);
          }
          const { fetched: all } = await opened.about();
          await opened.close();
          const ids = found.map(({ hits }) => hits.map(({ id }) => id));
          return { first, later, fetched: fetched!, all: all!, ids };
        },
        [`${server.url}/${name}`, queries, retriever, exact] as const,
      );
      first.push(run.first);
      later.push(...run.later);
      ({ fetched, all, ids } = run);
      await page.close();
    }
    if (exact) truth = ids;
    const shared = ids.flatMap((own, i) => own.filter((id) => truth[i]?.includes(id)));
    rows.push({
      searched: `${retriever}, ${name === 'plain' ? 'as it was indexed' : 'codes of 64 bytes'}${exact ? ', exact' : ''}`,
      'collection, MB': bytes / 1e6,
      'first query, ms': median(first),
      'later, ms': median(later),
      'later, p95, ms': quantile(later, 0.95),
      'read for the first, %': (100 * fetched.bytes) / bytes,
      'requests for the first': fetched.requests,
      'read for all, %': (100 * all.bytes) / bytes,
      'of the hits by vectors': retriever === 'bm25' ? '' : shared.length / truth.flat().length,
    });
  }
  report({
    name: 'browser',
    threads: 1,
    columns: Object.keys(rows[0]!),
    rows,
    notes: [
      `${PASSAGES} glosses of WordNet, encoder static, from a server on this machine; ${ROUNDS} pages of ${QUERIES} queries each.`,
      'The first query counts from the call that opens the collection: the worker, the manifest and the table of vectors are loaded in it.',
    ],
  });
} finally {
  await context.close();
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
