// What do codes of pgvector (`vectors=half`, `vectors=bit`) leave to be scanned, and what do they find? WordNet entries with vectors of `static`, in
// PostgreSQL within this process (PGlite with pgvector). `npm run bench -- postgres-codes [--passages N]`.
import { Random } from '../src/base/random.ts';
import { openCollection } from '../src/collection/index.ts';
import { pglite } from '../test/support/postgres.ts';
import { interleave, median, report } from './harness.ts';
import { drawQuery, readWordNet } from './lib-wordnet.ts';

const at = process.argv.indexOf('--passages');
const PASSAGES = at < 0 ? 20_000 : Number(process.argv[at + 1]);
const ADDED = 2_000;
const QUERIES = 100;
const ROUNDS = 3;
const K = 10;

const random = new Random(20_261_202);
const entries = random
  .shuffle(readWordNet())
  .slice(0, PASSAGES)
  .map((entry) => ({ ...entry, language: 'en' }));
const queries = Array.from({ length: QUERIES }, () => drawQuery(entries, random));

const { connect, end } = await pglite({ pgvector: true });
const forms = ['', 'half', 'bit'];
const rows: Record<string, string | number>[] = [];
try {
  const found: string[][][] = [];
  const contestants: { name: string; run: () => Promise<void> }[] = [];
  const open = async (form: string) => {
    const address = new URL('postgres://nobody@localhost/none');
    address.searchParams.set('schema', `codes_${form || 'none'}`);
    if (form !== '') address.searchParams.set('vectors', form);
    return openCollection(address.href, { create: true, encoder: 'static', connect });
  };
  for (const form of forms) {
    const collection = await open(form);
    for (let from = 0; from < entries.length; from += ADDED) await collection.add(entries.slice(from, from + ADDED));
    const search = async (query: string) =>
      (await collection.search(query, { retriever: 'dense', k: K })).hits.map(({ id }) => id);
    const hits: string[][] = [];
    for (const query of queries) hits.push(await search(query));
    found.push(hits);
    contestants.push({
      name: form,
      run: async () => {
        for (const query of queries) await search(query);
      },
    });
    const sql = await connect();
    const [size] = await sql.rows<{ megabytes: number }>(
      `select sum(pg_relation_size(inhrelid))::float8 / 1e6 as megabytes from pg_inherits where inhparent = to_regclass($1)`,
      [`codes_${form || 'none'}.vectors`],
    );
    rows.push({ vectors: form === '' ? 'pgvector' : form, 'MB scanned': size!.megabytes.toFixed(1) });
  }
  const times = await interleave(contestants, { rounds: ROUNDS });
  forms.forEach((form, i) => {
    const shared = queries.map((_, q) => found[i]![q]!.filter((id) => found[0]![q]!.includes(id)).length);
    const wanted = found[0]!.reduce((sum, hits) => sum + hits.length, 0);
    rows[i]!['ms'] = (median(times.get(form)!) / QUERIES).toFixed(1);
    rows[i]![`of the ${K} best`] = (shared.reduce((sum, one) => sum + one, 0) / wanted).toFixed(3);
  });
} finally {
  await end();
}

report({
  name: 'postgres-codes',
  threads: 1,
  columns: ['vectors', 'MB scanned', 'ms', `of the ${K} best`],
  rows,
  notes: [
    `${entries.length} passages, \`static\`, ${QUERIES} queries of up to five words; the median of ${ROUNDS} rounds. MB scanned: pages of the table of codes, or of vectors.`,
  ],
});
