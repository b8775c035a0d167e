/**
 * How do time and memory grow with the corpus? Collections of 10,000 to a million passages: WordNet's entries, again and again with other words in them.
 *
 *   npm run build && npm run bench -- scale [--passages N,N,...] [--encoder none|hash:384]
 *
 * Each is built by one process, and opened and searched by another.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { report } from './harness.ts';
import { bundled } from './lib-built.ts';
import { readWordNet } from './lib-wordnet.ts';

const option = (name: string, standard: string): string => {
  const at = process.argv.indexOf(name);
  return at < 0 ? standard : process.argv[at + 1]!;
};
const sizes = option('--passages', '10000,100000,1000000').split(',').map(Number);
const encoders = option('--encoder', 'none,hash:384').split(',');

const folder = mkdtempSync(join(tmpdir(), 'sagitta-scale-'));
try {
  const entries = join(folder, 'entries.json');
  writeFileSync(entries, JSON.stringify(readWordNet()));
  const [worker] = await bundled(folder, ['lib-scale-worker']);
  const run = (...args: readonly string[]): Record<string, number> => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [worker!, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>;
  };
  const rows: Record<string, string | number>[] = [];
  for (const encoder of encoders) {
    for (const passages of sizes) {
      const collection = join(folder, `${encoder.replace(':', '-')}-${passages}`);
      const built = run('build', collection, entries, String(passages), encoder);
      const searched = run('search', collection, entries, String(passages), encoder);
      rmSync(collection, { recursive: true, force: true });
      const shown = (value: number | undefined, digits: number) => (value === undefined ? '' : value.toFixed(digits));
      rows.push({
        encoder,
        passages,
        'passages/s': (passages / built['addSeconds']!).toFixed(0),
        'compact s': shown(built['compactSeconds'], 1),
        'MB on disk': shown(built['megabytes'], 0),
        segments: built['segments']!,
        'memory to build, MB': shown(built['memory'], 0),
        'open and first hit, ms': shown(searched['open'], 0),
        'BM25 ms': shown(searched['bm25'], 2),
        'BM25 p95': shown(searched['bm2595'], 2),
        'hybrid ms': shown(searched['hybrid'], 1),
        'hybrid p95': shown(searched['hybrid95'], 1),
        'memory to search, MB': shown(searched['memory'], 0),
      });
      console.error(`${encoder}, ${passages} passages: done`);
    }
  }
  report({
    name: 'scale',
    threads: 1,
    columns: Object.keys(rows[0]!),
    rows,
    notes: [
      "WordNet's entries; beyond the 117,791 of them, the same with a fifth of their words drawn anew (seed 1).",
      'Five words of an entry, top 10, 100 queries after 20; memory: the greatest resident size of a process, of which files in the page cache are no part.',
    ],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
