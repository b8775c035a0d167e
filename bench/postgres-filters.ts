// What does a filter cost in PostgreSQL that the database evaluates, beside one that the engine asks of the records of all documents? WordNet
// entries with metadata. Needs PostgreSQL on this machine (apt-get install postgresql), and starts it on a free port of the loopback.
// `npm run bench -- postgres-filters [--documents N]`.
import { Random } from '../src/base/random.ts';
import { openCollection } from '../src/collection/index.ts';
import { compileFilter, parseFilter } from '../src/search/index.ts';
import { parsePostgresAddress } from '../src/store/postgres/address.ts';
import { connectPostgres } from '../src/store/postgres/connect.ts';
import { type Counted, counting, noServer, startServer } from '../test/support/postgres.ts';
import { median, report } from './harness.ts';
import { readWordNet } from './lib-wordnet.ts';

const missing = noServer();
if (missing !== undefined) {
  console.error(missing);
  process.exit(2);
}

const at = process.argv.indexOf('--documents');
const DOCUMENTS = at < 0 ? 100_000 : Number(process.argv[at + 1]);
const ADDED = 5_000;
const ROUNDS = 5;
const FILTERS = [
  'year >= 1990 and topics = t7',
  'title contains "house"',
  'id matches noun-*7 and not topics in [t1, t2, t3]',
  'year exists',
];

const random = new Random(20_261_201);
const entries = readWordNet()
  .slice(0, DOCUMENTS)
  .map((entry) => ({
    ...entry,
    title: entry.text.slice(0, entry.text.indexOf(':')),
    language: 'en',
    metadata: {
      year: 1900 + random.below(100),
      topics: [`t${random.below(20)}`, `t${random.below(20)}`],
      draft: false,
    },
  }));

const server = await startServer();
const rows: Record<string, string | number>[] = [];
try {
  const counted: Counted = { bytes: 0, records: 0 };
  const open = () =>
    openCollection(server.url, {
      create: true,
      encoder: 'none',
      connect: async () => counting(await connectPostgres(parsePostgresAddress(server.url)), counted),
    });
  {
    await using collection = await open();
    for (let from = 0; from < entries.length; from += ADDED) await collection.add(entries.slice(from, from + ADDED));
  }
  await using collection = await open();
  await collection.read(async (corpus) => {
    for (const source of FILTERS) {
      const filter = parseFilter(source);
      const ways = {
        'by the database': () => corpus.filters!.select(filter),
        'by the engine': () => corpus.select(compileFilter(filter)),
      };
      for (const [way, select] of Object.entries(ways)) {
        const times: number[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          Object.assign(counted, { bytes: 0, records: 0 });
          const start = performance.now();
          const allowed = await select();
          times.push(performance.now() - start);
          if (round > 0) continue;
          rows.push({ filter: source, evaluated: way, allowed: allowed.count, records: counted.records });
          rows.at(-1)!['kB read'] = Math.round(counted.bytes / 1000);
        }
        rows.at(-1)!.ms = median(times).toFixed(0);
      }
    }
    Object.assign(counted, { bytes: 0, records: 0 });
    const start = performance.now();
    await corpus.filters!.fields();
    const ms = (performance.now() - start).toFixed(0);
    rows.push({ filter: 'names of all fields', evaluated: 'by the database', records: counted.records, ms });
    rows.at(-1)!['kB read'] = Math.round(counted.bytes / 1000);
  });
} finally {
  server.remove();
}

report({
  name: 'postgres-filters',
  threads: 1,
  columns: ['filter', 'evaluated', 'allowed', 'records', 'kB read', 'ms'],
  rows,
  notes: [
    `${entries.length} documents; the median of ${ROUNDS} evaluations; kB of rows written as JSON; a server on the same machine.`,
    'Names of fields are read once for each state, as filters that name none that is there are refused.',
  ],
});
