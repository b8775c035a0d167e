// How fast does indexing go on the demo's corpus (the Markdown files of node_modules), and does its memory grow with the
// corpus? Each run is a process of its own on the built package; the larger corpora hold every file several times.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report } from './harness.ts';

const COPIES = 24;
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
    if (!name.endsWith('.md')) continue;
    for (let copy = 0; copy < COPIES; copy++) {
      const target = join(folder, 'docs', String(copy), name);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(root, 'node_modules', name), target);
    }
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
    const added = Number(/indexed ([\d,]+) added/.exec(text)?.[1]?.replaceAll(',', ''));
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
  run('once', copies(1), 'none');
  run('8 copies', copies(8), 'none');
  run('24 copies', copies(24), 'none');
  run('once', copies(1), 'static');
  run('24 copies', copies(24), 'static');
  run('once', copies(1), 'minilm');
  run('8 copies', copies(8), 'minilm');
  report({
    name: 'indexing',
    threads: 2,
    columns: ['corpus', 'encoder', 'files', 'passages', 'seconds', 'files/s', 'passages/s', 'peak memory'],
    rows,
    notes: [
      `Markdown files of node_modules; peak memory of the whole process, its JavaScript heap limited to ${HEAP} MB`,
    ],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
