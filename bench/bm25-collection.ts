// BM25 of whole collections: WordNet's entries are added to a collection without an encoder, and searched with four words, against SQLite's
// FTS5 in the same process. `npm run bench -- bm25-collection`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { Random } from '../src/base/random.ts';
import { openCollection } from '../src/collection/index.ts';
import { analyzerFor } from '../src/text/index.ts';
import { interleave, median, report } from './harness.ts';
import { readWordNet } from './lib-wordnet.ts';

const QUERIES = 1000;
const ROUNDS = 7;
/** FTS5 answers a part of the queries in a round; figures are per query. */
const PEER_QUERIES = 50;
const SEED = 20_240_501;

const entries = readWordNet();
const unstemmed = analyzerFor('en', { stem: false });
const random = new Random(SEED);
const queries = Array.from({ length: QUERIES }, () => {
  for (;;) {
    const words = [...new Set(unstemmed.terms(entries[random.below(entries.length)]!.text))];
    if (words.length >= 4) return random.shuffle(words).slice(0, 4).join(' ');
  }
});

async function perSecond(work: () => void | Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (1000 * entries.length) / (performance.now() - start);
}

const folder = mkdtempSync(join(tmpdir(), 'sagitta-bm25-collection-'));
try {
  await using collection = await openCollection(join(folder, 'collection'), { create: true, encoder: 'none' });
  const added = await perSecond(async () => {
    await collection.add(entries.map(({ id, text }) => ({ id, text, language: 'en' })));
  });
  const asAdded = (await collection.inspect()).segments.length;

  const database = new Database(join(folder, 'fts5.db'));
  database.exec('create virtual table entries using fts5(id unindexed, text)');
  const insert = database.prepare('insert into entries(id, text) values (?, ?)');
  const peerAdded = await perSecond(() => {
    database.exec('begin');
    for (const { id, text } of entries) insert.run(id, text);
    database.exec('commit');
  });
  const byRank = database.prepare('select rowid from entries where entries match ? order by rank limit 10').raw();
  const ask = (query: string) => byRank.all(query.replace(/[^\p{L}\p{N} ]/gu, ' ').replace(/ +/g, ' OR '));

  let next = 0;
  /** So that marks are made. */
  let shown = 0;
  const measured = async (label: string) => {
    const times = await interleave(
      [
        {
          name: 'rank',
          run: async () => {
            for (const query of queries) await collection.rank(query, { retriever: 'bm25' });
          },
        },
        {
          name: 'search',
          run: async () => {
            for (const query of queries) await collection.search(query, { retriever: 'bm25' });
          },
        },
        {
          name: 'marked',
          run: async () => {
            for (const query of queries) {
              for (const { snippet } of (await collection.search(query, { retriever: 'bm25' })).hits)
                shown += snippet.text.length;
            }
          },
        },
        {
          name: 'fts5',
          run: () => {
            for (let i = 0; i < PEER_QUERIES; i++) ask(queries[next++ % QUERIES]!);
          },
        },
      ],
      { rounds: ROUNDS, warmup: 2 },
    );
    const rate = (name: string, count = QUERIES) => (1000 * count) / median(times.get(name)!);
    const [rank, search, marked] = (['rank', 'search', 'marked'] as const).map((name) => rate(name)) as [
      number,
      number,
      number,
    ];
    return { label, rank, search, marked, fts5: rate('fts5', PEER_QUERIES) };
  };
  const first = await measured(`as added, ${asAdded} segments`);
  await collection.compact({ full: true });
  const second = await measured('compacted, 1 segment');
  report({
    name: 'bm25-collection',
    threads: 1,
    columns: ['engine', 'added/s', 'queries/s'],
    rows: [
      ...[first, second].flatMap(({ label, rank, search, marked }, i) => [
        { engine: `sagitta, rank, ${label}`, ...(i === 0 ? { 'added/s': added } : {}), 'queries/s': rank },
        { engine: `sagitta, search, ${label}`, 'queries/s': search },
        { engine: `sagitta, search, snippets read, ${label}`, 'queries/s': marked },
      ]),
      { engine: "SQLite's FTS5, numbers of rows", 'added/s': peerAdded, 'queries/s': second.fts5 },
    ],
    ratios: {
      'queries/s: rank / FTS5': second.rank / second.fts5,
      'queries/s: search / FTS5': second.search / second.fts5,
      'queries/s: rank as added / FTS5': first.rank / first.fts5,
      'added/s: sagitta / FTS5': added / peerAdded,
    },
    notes: [
      `${entries.length} WordNet entries; ${QUERIES} queries of 4 distinct words of one entry (seed ${SEED}), top 10, warm. \`rank\` gives ids and`,
      'scores, `search` texts as well, and highlights and snippets where they are read. FTS5 (libSQL) with its defaults, any of the words, in one transaction; it analyses by',
      'letters alone, without stems, languages, phrases across fields, or what words are found by besides.',
      `Characters of snippets that were read: ${shown}.`,
    ],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
