// Does any damage to a collection's files go unnoticed, bring a process down, or hold it up for ever? Every file of a collection with everything
// that a collection may have is changed in every way; half of the changes come with checksums that match, as somebody makes them who means harm.
//
//   npm run build && npm run bench -- mutations [N] [--seed S] [--from AT] [--minutes M]
//
// N: 1,000 by default, of which every second one has checksums that match; 100,000 take some hours. --from AT: begin with that change, to look at
// one again, or for a sitting of a longer run, which ends after M minutes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { openCollection } from '../src/collection/index.ts';
import { adapterGraph } from '../src/encode/index.ts';
import { HIT_SCORES, LIST_FEATURES } from '../src/search/index.ts';
import { given, Parameters, toOnnx } from '../src/tensor/index.ts';
import { report } from './harness.ts';
import { bundled } from './lib-built.ts';
import { type Checksums, checksumsOf, type MutationLine } from './lib-mutations-lines.ts';
import { SITTING_OPTIONS, Sitting } from './lib-sitting.ts';
import { Watchdog } from './lib-watchdog.ts';

const DIM = 16;
/** A change that takes so long hangs. */
const PATIENCE_S = 30;
/** Heap of the process that reads what was changed, in MB: what asks for more ends it. */
const HEAP = 512;
/** Faults after which there is no point in going on. */
const ENOUGH = 20;

type Row = Record<'changes' | 'refused' | 'unharmed' | 'silent' | 'unnoticed' | 'unclear' | 'hung' | 'died', number>;
const WRONG = ['silent', 'unnoticed', 'unclear', 'hung', 'died'] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: SITTING_OPTIONS,
});
const sitting = new Sitting(values, Number(positionals[0] ?? 1000));

const folder = mkdtempSync(join(tmpdir(), 'sagitta-mutations-'));
const faults: string[] = [];
const start = (): Row => ({
  changes: 0,
  refused: 0,
  unharmed: 0,
  silent: 0,
  unnoticed: 0,
  unclear: 0,
  hung: 0,
  died: 0,
});
const rows: Record<Checksums, Row> = { old: start(), forged: start() };
try {
  const [worker] = await bundled(folder, ['lib-mutations-worker']);
  const original = join(folder, 'original');
  await makeCollection(original);
  let at = sitting.from;
  while (!sitting.over(at) && faults.length < ENOUGH) at = await changeFrom(worker!, original, at);
  const bad = Object.values(rows).some((row) => WRONG.some((kind) => row[kind] !== 0));
  report({
    name: 'mutations',
    threads: 1,
    columns: ['checksums', ...Object.keys(start())],
    rows: Object.entries(rows).map(([checksums, row]) => ({ checksums, ...row })),
    notes: [
      sitting.note('changes of the files of one collection', at),
      '"refused": at least one question was answered with an error that says what is wrong; "unharmed": none was. Not one may be answered',
      'wrongly without a word ("silent"), be found sound ("unnoticed"; both where checksums are as they were), fail for another reason ("unclear"),',
      `take longer than ${PATIENCE_S} s ("hung") or end the process ("died", at ${HEAP} MB of heap).`,
      ...[...new Set(faults)].slice(0, 20),
    ],
  });
  if (bad) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs changes in a process of its own until it has done enough, ends, or the sitting is over. @returns the next change. */
async function changeFrom(worker: string, original: string, first: number): Promise<number> {
  const directory = join(folder, 'changed');
  rmSync(directory, { recursive: true, force: true });
  cpSync(original, directory, { recursive: true });
  // A new process every now and then: what one change leaves in memory is not to matter to a thousand others.
  const last = Math.min(sitting.end, first + 2000);
  const args = [worker, directory, String(first), String(last), String(sitting.seed)];
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP}`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4000);
  });
  let at = first;
  let under = '';
  let hung = false;
  const watchdog = new Watchdog(PATIENCE_S, () => {
    hung = true;
    child.kill('SIGKILL');
  });
  for await (const text of createInterface(child.stdout)) {
    watchdog.hear();
    const line = JSON.parse(text) as MutationLine;
    const row = rows[checksumsOf(line.at)];
    if ('what' in line) under = line.what;
    else if ('wrong' in line) {
      row[line.kind]++;
      fault(`${line.at}: ${line.kind}: ${line.wrong.split('\n').slice(0, 4).join(' ')}`);
    } else {
      row.changes++;
      if (line.outcome !== 'nothing') row[line.outcome]++;
      at = line.at + 1;
      if (sitting.over(at)) break;
    }
  }
  watchdog.stop();
  if (at === last || sitting.over(at)) {
    child.kill('SIGKILL');
    await exited;
    return at;
  }
  await exited;
  const row = rows[checksumsOf(at)];
  row.changes++;
  row[hung ? 'hung' : 'died']++;
  fault(`${at}: ${hung ? 'hung' : 'died'}: ${under}: ${stderr.trim().split('\n').slice(0, 3).join(' ')}`);
  return at + 1;
}

function fault(what: string): void {
  faults.push(what);
  console.error(what);
}

/** A collection with a file of every kind. */
async function makeCollection(directory: string): Promise<void> {
  await using collection = await openCollection(directory, { create: true, encoder: `hash:${DIM}` });
  const documents = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({
      id: `d${from + i}`,
      title: `Page ${from + i}`,
      text: `The copper lamp number ${from + i}, by the river. `.repeat(1 + (i % 3)),
      metadata: { part: i % 3, tags: ['lamp', `tag${i % 5}`] },
    }));
  await collection.add(documents(0, 24));
  await collection.deploy(adapter());
  await collection.addField('titles', { of: 'title', encoder: 'hash:8' });
  await collection.addField('tokens', { kind: 'vectors', encoder: 'hash:8' });
  await collection.rebuild({ spec: 'ivf2,sq8,refine:full' });
  await collection.add(documents(24, 30));
  await collection.remove(['d3']);
  await collection.setRelevance({
    weights: Array.from({ length: HIT_SCORES + 1 }, () => Array.from({ length: LIST_FEATURES + 1 }, () => 0.1)),
    threshold: 0.5,
  });
}

function adapter() {
  const map = Float32Array.from({ length: DIM * DIM }, (_, i) => (i % (DIM + 1) === 0 ? 1 : 0.01));
  const parameters = new Parameters(1);
  parameters.ensure('map', [DIM, DIM], given(map));
  const model = toOnnx(adapterGraph(parameters, DIM, { form: 'linear' }));
  return {
    description: { form: 'adapter', of: 'queries', base: `hash:${DIM}`, dim: DIM } as const,
    files: new Map([['model.onnx', model]]),
  };
}
