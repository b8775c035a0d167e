// How long does a new process take to open a collection of 100,000 passages and answer its first BM25 query, beyond
// what Node itself takes to start? Runs the built package, as a user's process would.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCollection } from '../src/collection/index.ts';
import { interleave, median, quantile, report } from './harness.ts';
import { readWordNet } from './lib-wordnet.ts';

const PASSAGES = 100_000;
const ROUNDS = 15;
const dist = fileURLToPath(new URL('../dist', import.meta.url));
if (!existsSync(`${dist}/index.js`)) {
  console.error('dist/ is not built. Run: npm run build');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'sagitta-open-'));
try {
  const collection = await openCollection(join(folder, 'collection'), { create: true, encoder: 'hash:512' });
  const entries = readWordNet().slice(0, PASSAGES);
  await collection.add(entries.map(({ text }, i) => ({ id: String(i), text, language: 'en' })));
  const built = await collection.inspect();
  await collection.compact({ full: true });
  const compacted = await collection.inspect();
  await collection.close();

  const nothing = join(folder, 'nothing.mjs');
  writeFileSync(nothing, '');
  const library = join(folder, 'library.mjs');
  writeFileSync(
    library,
    `import { openCollection } from ${JSON.stringify(`${dist}/index.js`)};
const collection = await openCollection(${JSON.stringify(join(folder, 'collection'))});
const { hits } = await collection.search('domestic animal that barks', { retriever: 'bm25' });
if (hits.length === 0) throw new Error('found nothing');
`,
  );
  const node = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const search = ['search', 'domestic animal that barks', '--retriever', 'bm25', '--in', join(folder, 'collection')];
  const times = await interleave(
    [
      { name: 'Node alone', run: () => node(nothing) },
      { name: 'library', run: () => node(library) },
      { name: 'command line', run: () => node(`${dist}/cli/main.js`, ...search) },
    ],
    { rounds: ROUNDS },
  );
  const start = median(times.get('Node alone')!);
  report({
    name: 'open',
    threads: 1,
    columns: ['process', 'median ms', 'p95 ms', 'ms beyond Node'],
    rows: [...times].map(([process, values]) => ({
      process,
      'median ms': median(values).toFixed(0),
      'p95 ms': quantile(values, 0.95).toFixed(0),
      'ms beyond Node': (median(values) - start).toFixed(0),
    })),
    notes: [
      `${compacted.passages} passages (WordNet entries) with 512-d embeddings, ${(compacted.bytes / 1e6).toFixed(0)} MB, one segment (written as ${built.segments.length})`,
      `${ROUNDS} new processes each, interleaved; files in the page cache`,
    ],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
