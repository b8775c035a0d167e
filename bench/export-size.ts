// What does a visitor of a website fetch to search what `sagitta export --static` wrote? Sizes of the export and of the first and further queries, by
// words alone and with meaning: of this manual, and of a set of data where there is one. `npm run bench -- export-size [FOLDER]`: of a folder's files.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { exportCommand } from '../src/cli/export-command.ts';
import { type Collection, openCollection } from '../src/collection/index.ts';
import { StaticIndex, type StaticManifest } from '../src/element/index.ts';
import { median, report } from './harness.ts';
import { readCollection } from './lib-beir.ts';
import { builtCli } from './lib-serve.ts';

const MOST_QUERIES = 20;
const QUESTIONS = [
  'how are files excluded',
  'install without network',
  'rotate api keys',
  'which encoder is the default',
  'filter by year',
  'stop a running server',
  'search several collections',
  'what survives a crash',
  'train on my own data',
  'regular expression syntax',
];
const root = fileURLToPath(new URL('..', import.meta.url));

interface Source {
  readonly name: string;
  fill(collection: Collection): Promise<unknown>;
  readonly queries: readonly string[];
}

builtCli();
const named = process.argv.slice(2).find((argument) => !argument.startsWith('-'));
const sources: Source[] = [
  {
    name: named ?? 'this manual',
    fill: (collection) => collection.index([resolve(named ?? join(root, 'docs'))]),
    queries: QUESTIONS,
  },
];
const scifact = named === undefined ? await readCollection('scifact', { qrels: 'qrels-train.tsv' }) : undefined;
if (scifact !== undefined) {
  const queries = [...scifact.queries.values()].slice(0, MOST_QUERIES);
  sources.push({ name: 'scifact', fill: (collection) => collection.add(scifact.documents), queries });
}

const bytesOf = (folder: string): number =>
  (readdirSync(folder, { recursive: true }) as string[]).reduce((sum, name) => {
    const stat = statSync(join(folder, name));
    return sum + (stat.isFile() ? stat.size : 0);
  }, 0);

const rows: Record<string, string | number>[] = [];
let script = 0;
for (const { name, fill, queries } of sources) {
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-export-'));
  try {
    const directory = join(folder, 'collection');
    let documents: number;
    {
      await using collection = await openCollection(directory, { create: true, encoder: 'none' });
      await fill(collection);
      ({ documents } = await collection.inspect());
    }
    for (const meaning of [false, true]) {
      const out = join(folder, meaning ? 'meaning' : 'words');
      const start = performance.now();
      await exportCommand({ in: directory, json: true, static: out, url: '/{id}', ...(meaning ? {} : { meaning }) });
      const seconds = (performance.now() - start) / 1000;
      script = gzipSync(readFileSync(join(out, 'sagitta-search.js')), { level: 9 }).length / 1000;
      const { passages } = JSON.parse(readFileSync(join(out, 'index.json'), 'utf8')) as StaticManifest;
      const first = await fetched(out, queries, true);
      const next = await fetched(out, queries, false);
      rows.push({
        what: `${name}, ${meaning ? 'words and meaning' : 'words alone'}`,
        documents,
        passages,
        'MB on the server': bytesOf(out) / 1e6,
        'export s': seconds,
        'first query kB': median(first.map(({ kB }) => kB)),
        files: median(first.map(({ files }) => files)),
        'further query kB': median(next.slice(1).map(({ kB }) => kB)),
        'further files': median(next.slice(1).map(({ files }) => files)),
        'ms from disk': median(next.slice(1).map(({ ms }) => ms)),
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
report({
  name: 'export-size',
  threads: 1,
  columns: [
    'what',
    'documents',
    'passages',
    'MB on the server',
    'export s',
    'first query kB',
    'files',
    'further query kB',
    'further files',
    'ms from disk',
  ],
  rows,
  notes: [
    `kB as servers send them (gzip), without the script of ${script.toFixed(1)} kB; medians of ${QUESTIONS.length} questions of this manual, or the first ${MOST_QUERIES} queries of a set.`,
    'The first query is asked by a visitor who has nothing yet; further ones find what earlier ones fetched. Time: from a disk, all work of the search included.',
  ],
});

/** What each query fetches. @param anew whether every query is the first of its visitor. */
async function fetched(
  out: string,
  queries: readonly string[],
  anew: boolean,
): Promise<{ kB: number; files: number; ms: number }[]> {
  let now = { bytes: 0, files: 0 };
  const load = async (address: string): Promise<unknown> => {
    const bytes = readFileSync(address);
    now = { bytes: now.bytes + gzipSync(bytes).length, files: now.files + 1 };
    return JSON.parse(bytes.toString());
  };
  const all: { kB: number; files: number; ms: number }[] = [];
  let index = new StaticIndex(out, load);
  for (const query of queries) {
    if (anew) index = new StaticIndex(out, load);
    now = { bytes: 0, files: 0 };
    const start = performance.now();
    await index.search(query, 10);
    all.push({ kB: now.bytes / 1000, files: now.files, ms: performance.now() - start });
  }
  return all;
}
