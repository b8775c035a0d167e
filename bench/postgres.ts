// What does a collection cost in PostgreSQL, on one server and on two, beside one in a folder? WordNet entries with 384-d vectors of hashed
// words; every query is new, and is encoded. Needs PostgreSQL on this machine (apt-get install postgresql), and starts it on free ports of the
// loopback. `npm run bench -- postgres [--passages N]`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import { type Collection, openCollection, type RetrieverName } from '../src/collection/index.ts';
import { divide, noServer, startServer } from '../test/support/postgres.ts';
import { interleave, median, report } from './harness.ts';
import { drawQuery, readWordNet } from './lib-wordnet.ts';

const missing = noServer();
if (missing !== undefined) {
  console.error(missing);
  process.exit(2);
}

const at = process.argv.indexOf('--passages');
const PASSAGES = at < 0 ? 100_000 : Number(process.argv[at + 1]);
const ENCODER = 'hash:384';
const ROUNDS = 5;
/** Queries that each retriever answers in a round. */
const PER_ROUND = 20;
/** Queries whose hits are compared. */
const COMPARED = 200;
/** Documents of one call of `add`. */
const ADDED = 5_000;
const SEED = 20_261_129;
const retrievers: readonly RetrieverName[] = ['bm25', 'dense', 'hybrid'];

const entries = readWordNet()
  .slice(0, PASSAGES)
  .map((entry) => ({ ...entry, language: 'en' }));
const random = new Random(SEED);
const nextQuery = (): string => drawQuery(entries, random);

const folder = mkdtempSync(join(tmpdir(), 'sagitta-bench-postgres-'));
const near = await startServer();
const far = await startServer();
const whole = await startServer();
const rows: Record<string, string | number>[] = [];
try {
  for (const server of [near, far])
    await (await openCollection(server.url, { create: true, encoder: ENCODER })).close();
  await divide(near, far);
  const places: readonly (readonly [name: string, location: string])[] = [
    ['folder', join(folder, 'collection')],
    ['PostgreSQL', whole.url],
    ['PostgreSQL, parts on two servers', near.url],
  ];
  let local: Collection | undefined;
  for (const [where, location] of places) {
    const row: Record<string, string | number> = { where, passages: entries.length };
    const words = location.includes('://') ? `${location}?collection=words` : join(folder, 'words');
    {
      // Without an encoder: what keeping costs.
      await using plain = await openCollection(words, { create: true, encoder: 'none' });
      const start = performance.now();
      for (let from = 0; from < entries.length; from += ADDED) await plain.add(entries.slice(from, from + ADDED));
      row['added/s, words'] = Math.round((1000 * entries.length) / (performance.now() - start));
    }
    const collection = await openCollection(location, { create: true, encoder: ENCODER });
    const start = performance.now();
    for (let from = 0; from < entries.length; from += ADDED) await collection.add(entries.slice(from, from + ADDED));
    row['added/s'] = Math.round((1000 * entries.length) / (performance.now() - start));
    await collection.compact({ full: true });
    const reopened = await openCollection(location, { encoder: ENCODER });
    const first = performance.now();
    await reopened.search(nextQuery());
    row['first hybrid, ms'] = (performance.now() - first).toFixed(0);
    const times = await interleave(
      retrievers.map((retriever) => ({
        name: retriever,
        run: async () => {
          for (let i = 0; i < PER_ROUND; i++) await reopened.search(nextQuery(), { retriever });
        },
      })),
      { rounds: ROUNDS },
    );
    for (const retriever of retrievers)
      row[`${retriever}, ms`] = (median(times.get(retriever)!) / PER_ROUND).toFixed(2);
    row.MB = Math.round((await collection.inspect()).bytes / 1e6);
    if (local === undefined) local = collection;
    else {
      let equal = 0;
      for (let i = 0; i < COMPARED; i++) {
        const query = nextQuery();
        const [a, b] = await Promise.all([local, reopened].map((one) => one.search(query)));
        if (JSON.stringify(a!.hits.map(({ id }) => id)) === JSON.stringify(b!.hits.map(({ id }) => id))) equal++;
      }
      row['same order'] = `${equal} of ${COMPARED}`;
      await collection.close();
    }
    await reopened.close();
    rows.push(row);
  }
  await local?.close();
} finally {
  for (const server of [near, far, whole]) server.remove();
  rmSync(folder, { recursive: true, force: true });
}

report({
  name: 'postgres',
  threads: 1,
  columns: [
    'where',
    'passages',
    'added/s, words',
    'added/s',
    'first hybrid, ms',
    'bm25, ms',
    'dense, ms',
    'hybrid, ms',
    'MB',
    'same order',
  ],
  rows,
  notes: [
    `${ENCODER}; ${ADDED} documents a call of add; 10 hits; the median of ${ROUNDS} rounds of ${PER_ROUND} queries; servers on the same machine, without pgvector.`,
    'same order: hybrid queries whose ten hits are those of the folder in its order.',
  ],
});
