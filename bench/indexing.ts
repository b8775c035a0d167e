// How fast does indexing go on the demo's corpus (the Markdown files of node_modules), and does its memory grow with the
// corpus? Each run is a process of its own on the built package; the second corpus holds every file four times.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report } from './harness.ts';

const COPIES = 4;
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
    const args = [main, 'index', ...paths, '--no-ignore', '--encoder', encoder, '--in', collection, '--quiet'];
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
  const once = [join('docs', '0')];
  const all = ['docs'];
  run('once', once, 'none');
  run(`${COPIES} copies`, all, 'none');
  run('once', once, 'use-lite');
  run(`${COPIES} copies`, all, 'use-lite');
  report({
    name: 'indexing',
    threads: 2,
    columns: ['corpus', 'encoder', 'files', 'passages', 'seconds', 'files/s', 'passages/s', 'peak memory'],
    rows,
    notes: ['Markdown files of node_modules; peak memory of the whole process'],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
