// Does a damaged or hostile file ever bring a run of reading down, hold it up, or make it take memory without bound? Real files of all formats are
// changed, cut and put together, and read as `sagitta index` reads them.
//
//   npm run build && npm run bench -- readers [N] [FOLDER...] [--seed S] [--from AT] [--minutes M] [--keep FOLDER]
//
// N: 1,000 files by default. FOLDERs: where real files are taken from; the documentation and node_modules by default. --from AT, --minutes M: a
// sitting of a longer run. --keep: a folder for those files that took too long, too much memory, or ended the process that read them.
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../src/base/random.ts';
import { peakMemory, report } from './harness.ts';
import { bundled } from './lib-built.ts';
import { mutateFile, seeds } from './lib-reader-seeds.ts';
import { SITTING_OPTIONS, Sitting } from './lib-sitting.ts';

const BATCH = 500;
const MAX_SECONDS = 10;
const MAX_MEMORY = 256 * 2 ** 20;
/** What a run may take itself, in MB, whatever it reads: the rest is in the process that reads. */
const MOST_MB = 600;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ...SITTING_OPTIONS, keep: { type: 'string' } },
});
const sitting = new Sitting(values, Number(positionals[0] ?? 1000));
const all = seeds(positionals.slice(1), new Random(sitting.seed));
const extensions = [...new Set(all.map(({ extension }) => extension))].sort();
const byExtension = new Map(extensions.map((one) => [one, all.filter(({ extension }) => extension === one)]));
const counts = { read: 0, failed: 0, skipped: 0, time: 0, memory: 0, died: 0, defects: 0, late: 0 };
const told: string[] = [];
const home = mkdtempSync(join(tmpdir(), 'sagitta-readers-'));
const folder = join(home, 'files');
mkdirSync(folder);
const [built] = await bundled(home, ['lib-reader-built']);
const { readDocuments } = (await import(pathToFileURL(built!).href)) as typeof import('./lib-reader-built.ts');
let slowest = 0;
let made = sitting.from;
try {
  while (!sitting.over(made)) {
    for (let i = 0; i < BATCH && made < sitting.end; i++, made++) {
      const random = sitting.random(made);
      const of = byExtension.get(extensions[made % extensions.length]!)!;
      const seed = of[random.below(of.length)]!;
      writeFileSync(join(folder, `f${made}${seed.extension}`), mutateFile(seed, all, random));
    }
    // What remains after a defect is read by another run.
    while (readdirSync(folder).length > 0) await read();
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
const memory = peakMemory();
report({
  name: 'readers',
  threads: 2,
  columns: ['what', 'files'],
  rows: [
    { what: 'read', files: counts.read },
    { what: 'refused with a reason', files: counts.failed },
    { what: 'passed over', files: counts.skipped },
    { what: `ended after ${MAX_SECONDS} s, and reported`, files: counts.time },
    { what: `ended at ${MAX_MEMORY / 2 ** 20} MB, and reported`, files: counts.memory },
    { what: 'ended the process that read it, and reported', files: counts.died },
    { what: 'defects', files: counts.defects },
    { what: 'beyond the limit of time', files: counts.late },
  ],
  notes: [
    sitting.note(`changed files of ${extensions.length} extensions, from ${all.length} real ones,`, made),
    `The longest took ${(slowest / 1000).toFixed(1)} s; the run itself took at most ${memory.toFixed(0)} MB of memory.`,
    ...told.slice(0, 20),
  ],
});
if (counts.defects > 0 || counts.late > 0 || memory > MOST_MB) process.exitCode = 1;

/** Reads what is in the folder, and removes each file when it is done with. */
async function read(): Promise<void> {
  let from = performance.now();
  let path: string | undefined;
  let outcome: keyof typeof counts = 'read';
  const next = (file: string): void => {
    if (file === path) return;
    done();
    path = file;
    outcome = 'read';
  };
  const done = (): void => {
    const took = performance.now() - from;
    from = performance.now();
    if (path === undefined) return;
    slowest = Math.max(slowest, took);
    if (took > (MAX_SECONDS + 10) * 1000) outcome = 'late';
    counts[outcome]++;
    if (['time', 'memory', 'died', 'defects', 'late'].includes(outcome)) {
      told.push(`${path}: ${outcome}`);
      if (values.keep !== undefined) {
        mkdirSync(values.keep, { recursive: true });
        copyFileSync(join(folder, path), join(values.keep, `${sitting.seed}-${path}`));
      }
    }
    rmSync(join(folder, path), { force: true });
    path = undefined;
  };
  try {
    const options = { base: folder, maxSeconds: MAX_SECONDS, maxMemory: MAX_MEMORY, ignoreFiles: false, hidden: true };
    for await (const event of readDocuments(['.'], options)) {
      if (event.kind === 'document') next(event.document.path ?? event.document.id.split('#')[0]!);
      else if (event.kind === 'failure') {
        next(event.failure.path);
        const { reason } = event.failure;
        if (/^Nothing came of it in/.test(reason)) outcome = 'time';
        else if (/of memory/.test(reason)) outcome = 'memory';
        else if (/process that read it ended/.test(reason)) outcome = 'died';
        else if (outcome === 'read') outcome = 'failed';
      } else if (event.kind === 'skipped') {
        next(event.skipped.path);
        outcome = 'skipped';
      } else if (event.kind === 'file') {
        next(event.file.path);
        done();
      }
    }
    done();
    for (const left of readdirSync(folder)) rmSync(join(folder, left), { force: true });
  } catch (error) {
    // A defect ends a run: the file is the first that is still there.
    path ??= readdirSync(folder).sort()[0];
    told.push(`${path}: ${(error as Error).message.split('\n').slice(0, 2).join(' ')}`);
    outcome = 'defects';
    done();
  }
}
