// How fast does indexing go on the demo's corpus (the Markdown files of node_modules) and on passages of 128 words, and does its memory grow
// with the corpus? Each run is a process of its own on the built package; the larger corpus of files holds every file several times.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report } from './harness.ts';
import { readWordNet } from './lib-wordnet.ts';

const COPIES = 24;
const WORDS = 128;
const [FEW, MANY] = [2_500, 20_000];
/** Megabytes of JavaScript heap that a run may use: what lies beyond would be garbage that V8 has not collected yet. */
const HEAP = 128;
const root = fileURLToPath(new URL('..', import.meta.url));
const main = join(root, 'dist/cli/main.js');
if (!existsSync(main)) {
  console.error('dist/ is not built. Run: npm run build');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'sagitta-indexing-'));
try {
  for (const name of readdirSync(join(root, 'node_modules'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.md') || !statSync(join(root, 'node_modules', name)).isFile()) continue;
    for (let copy = 0; copy < COPIES; copy++) {
      const target = join(folder, 'docs', String(copy), name);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(root, 'node_modules', name), target);
    }
  }
  const words = readWordNet().flatMap(({ text }) => text.split(' '));
  for (const count of [FEW, MANY]) {
    const lines = Array.from({ length: count }, (_, i) => {
      const start = (i * WORDS) % (words.length - WORDS);
      return JSON.stringify({ id: `p${i}`, text: words.slice(start, start + WORDS).join(' ') });
    });
    writeFileSync(join(folder, `${count}.jsonl`), `${lines.join('\n')}\n`);
  }
  const rows: Record<string, string | number>[] = [];
  const run = (corpus: string, paths: string[], encoder: string) => {
    const collection = join(folder, `collection-${rows.length}`);
    const args = [
      `--max-old-space-size=${HEAP}`,
      main,
      'index',
      ...paths,
      '--no-ignore',
      '--encoder',
      encoder,
      '--in',
      collection,
      '--quiet',
    ];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder });
    const text = stdout + stderr;
    const added = Number(/indexed: ([\d,]+) documents? added/.exec(text)?.[1]?.replaceAll(',', ''));
    const passages = Number(/document[s]?, ([\d,]+) passage/.exec(text)?.[1]?.replaceAll(',', ''));
    const [, value, unit] = /in ([\d.]+) (ms|s)/.exec(text) ?? [];
    const minutes = /in (\d+) min (\d+) s/.exec(text);
    const seconds = minutes ? Number(minutes[1]) * 60 + Number(minutes[2]) : Number(value) / (unit === 'ms' ? 1000 : 1);
    rows.push({
      corpus,
      encoder,
      files: added,
      passages,
      seconds: seconds.toFixed(1),
      'files/s': (added / seconds).toFixed(1),
      'passages/s': (passages / seconds).toFixed(0),
      'peak memory': /peak memory ([\d.]+ \w+)/.exec(text)?.[1] ?? '?',
    });
    rmSync(collection, { recursive: true, force: true });
  };
  const copies = (count: number) => Array.from({ length: count }, (_, copy) => join('docs', String(copy)));
  for (const encoder of ['none', 'static', 'minilm']) {
    run('files', copies(1), encoder);
    if (encoder === 'none') run(`files, ${COPIES} times`, copies(COPIES), encoder);
    for (const count of [FEW, MANY]) run(`${count} of ${WORDS} words`, [`${count}.jsonl`], encoder);
  }
  report({
    name: 'indexing',
    threads: 2,
    columns: ['corpus', 'encoder', 'files', 'passages', 'seconds', 'files/s', 'passages/s', 'peak memory'],
    rows,
    notes: [
      `files: Markdown of node_modules; of words: WordNet's glosses one after the other; peak memory of the whole process, its JavaScript heap limited to ${HEAP} MB`,
    ],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
