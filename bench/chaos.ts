// Is anything lost that was acknowledged, or anything damaged, whatever happens? A collection is indexed, written, compacted, rebuilt, given
// trained encoders and served, and all that is killed, runs into a full disk, into errors of the disk, and into clients that are slow. After each
// of these everything in the collection is looked at.
//
//   npm run build && npm run bench -- chaos [MINUTES] [--kills N] [--seed S]
//
// MINUTES: 30 by default; the run ends by itself. --kills N: nothing but kills, and the run ends after so many, however long that takes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'tsdown';
import { Random } from '../src/base/random.ts';
import { openCollection } from '../src/collection/index.ts';
import { report } from './harness.ts';
import { smallDisk } from './lib-chaos-disk.ts';
import { FAULT_VARIABLE, type InjectedFault } from './lib-chaos-inject.ts';
import { examine, Ledger } from './lib-chaos-ledger.ts';
import { servedRound } from './lib-chaos-server.ts';
import { chaosText, WORKS, type Work, type WriterLine } from './lib-chaos-text.ts';
import { builtCli } from './lib-serve.ts';
import { Watchdog } from './lib-watchdog.ts';

const MEGABYTES = 64;
/** A writer that says nothing for so many seconds hangs. */
const PATIENCE_S = 60;
/** Failures after which there is no point in going on. */
const ENOUGH = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { kills: { type: 'string' }, seed: { type: 'string', default: '1' }, json: { type: 'boolean' } },
});
const kills = values.kills === undefined ? undefined : Number(values.kills);
const minutes = Number(positionals[0] ?? 30);
const seed = Number(values.seed);
if (!(minutes > 0 && minutes <= 24 * 60) || !Number.isInteger(seed) || (kills !== undefined && !(kills >= 1))) {
  console.error('Give minutes from 0 to 1440, a number of kills from 1, and a whole number as seed.');
  process.exit(2);
}

const dist = dirname(dirname(builtCli()));
const folder = mkdtempSync(join(tmpdir(), 'sagitta-chaos-'));
const directory = join(folder, 'collection');
const disk = smallDisk(directory, MEGABYTES);
const sources = join(folder, 'sources');
const random = new Random(seed);
let ledger = new Ledger();
const failures: string[] = [];
const rows = new Map<string, Record<string, number>>();
const count = (what: string, column: string, by = 1): void => {
  const row = rows.get(what) ?? {};
  row[column] = (row[column] ?? 0) + by;
  rows.set(what, row);
};

type Fault = 'kill' | 'disk full' | 'disk error' | 'served';

try {
  await build({
    config: false,
    entry: ['writer', 'inject'].map((name) => fileURLToPath(new URL(`./lib-chaos-${name}.ts`, import.meta.url))),
    outDir: join(folder, 'built'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    fixedExtension: true,
    dts: false,
    logLevel: 'silent',
  });
  symlinkSync(fileURLToPath(new URL('../node_modules', import.meta.url)), join(folder, 'node_modules'));
  await begin();
  const start = performance.now();
  const over = (): boolean =>
    kills === undefined ? performance.now() - start > minutes * 60_000 : (rows.get('all')?.['kills'] ?? 0) >= kills;
  let rounds = 0;
  for (; !over() && failures.length < ENOUGH; rounds++) {
    const fault: Fault =
      kills !== undefined
        ? rounds % 12 === 11
          ? 'served'
          : 'kill'
        : (['kill', 'disk full', 'kill', 'disk error', 'served', 'disk error'] as const)[rounds % 6]!;
    const wrong = fault === 'served' ? await served(rounds) : await written(fault, rounds);
    wrong.push(...(await settle()));
    for (const what of wrong) {
      failures.push(`round ${rounds}, ${fault}: ${what}`);
      console.error(failures.at(-1));
    }
    if (wrong.length > 0) {
      const kept = join(tmpdir(), `sagitta-chaos-kept-${process.pid}-${rounds}`);
      cpSync(directory, kept, { recursive: true });
      console.error(`kept in ${kept}`);
      await begin();
    }
    if (rounds % 200 === 199)
      console.error(`${rounds + 1} rounds, ${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
  }
  failures.push(...(await inOrder()));
  const took = (performance.now() - start) / 60_000;
  report({
    name: 'chaos',
    threads: 2,
    columns: ['while at', 'kills', 'disk full', 'disk error', 'acknowledged', 'refused'],
    rows: [...[...WORKS, 'served', 'all'].entries()].map(([, what]) => ({ 'while at': what, ...rows.get(what) })),
    notes: [
      `${rounds} rounds in ${took.toFixed(1)} minutes (seed ${seed}); after each, everything in the collection was read, verified and searched.`,
      `Lost, unsound, wrong or hanging: ${failures.length}.`,
      disk.real
        ? `The collection lies on a file system of ${MEGABYTES} MB in memory, which is filled to the last pages.`
        : 'No file system could be mounted here: full disks were injected into the calls that write.',
      'Disk errors (EIO) are injected into calls that open, read, write, rename and sync. "refused": reported to the caller as failed.',
      ...failures.slice(0, 10),
    ],
  });
  if (failures.length > 0) process.exitCode = 1;
} finally {
  disk.remove();
  rmSync(folder, { recursive: true, force: true });
}

/** A new collection, for the start and after a failure. */
async function begin(): Promise<void> {
  rmSync(sources, { recursive: true, force: true });
  mkdirSync(sources);
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true });
  ledger = new Ledger();
  const changes = Array.from({ length: 200 }, (_, i) => [`d${i}`, i] as const);
  await using collection = await openCollection(directory, { create: true, encoder: 'hash:32' });
  await collection.add(changes.map(([id, version]) => ({ id, text: chaosText(id, version), language: 'en' })));
  ledger.acknowledge(changes);
}

/** Looks at everything. @returns what should not be. */
async function settle(): Promise<string[]> {
  try {
    const { held, wrong } = await examine(directory, random);
    return [...ledger.settle(held), ...wrong];
  } catch (error) {
    return [`the collection cannot be read: ${(error as Error).message}`];
  }
}

function injected(fault: Fault, round: number): InjectedFault | undefined {
  if (fault === 'disk full') {
    if (disk.real) return undefined;
    return { folder: directory, code: 'ENOSPC', call: 'write', after: random.below(30), times: 1000 };
  }
  if (fault === 'kill') return undefined;
  const call = (['sync', 'write', 'rename', 'sync', 'open', 'read'] as const)[
    round % 6 === 3 ? random.below(4) : random.below(6)
  ]!;
  const after = call === 'read' ? random.below(400) : random.below(call === 'sync' ? 40 : 25);
  return { folder: directory, code: 'EIO', call, after, times: random.below(3) === 0 ? 3 : 1 };
}

/** One writer, until it is killed or has run into its fault. */
async function written(fault: Exclude<Fault, 'served'>, round: number): Promise<string[]> {
  const wrong: string[] = [];
  const target = fault === 'kill' ? WORKS[random.below(WORKS.length)]! : 'any';
  const inject = injected(fault, round);
  const child = startWriter(String(random.below(2 ** 30)), fault === 'kill' ? 1000 * PATIENCE_S : 700, target, inject);
  if (fault === 'disk full' && disk.real) disk.fill(random.below(400_000));
  const exited = once(child, 'exit');
  const watchdog = new Watchdog(PATIENCE_S, () => {
    wrong.push(`nothing came of ${under?.begin ?? 'starting'} for ${PATIENCE_S} s`);
    child.kill('SIGKILL');
  });
  let under: Extract<WriterLine, { begin: Work }> | undefined;
  const passed = random.below(3);
  const delay = random.next() ** 2 * 60;
  let seen = 0;
  for await (const text of createInterface(child.stdout!)) {
    const line = JSON.parse(text) as WriterLine;
    watchdog.hear();
    if ('begin' in line) {
      under = line;
      if (fault === 'kill' && line.begin === target && seen++ >= passed)
        void sleep(delay).then(() => child.kill('SIGKILL'));
      continue;
    }
    const { begin, changes, whole } = under!;
    under = undefined;
    if ('done' in line) {
      ledger.acknowledge(changes);
      count(begin, 'acknowledged');
      count('all', 'acknowledged');
    } else {
      ledger.leaveOpen(changes, whole);
      count(begin, 'refused');
      count('all', 'refused');
      count(begin, fault);
      count('all', fault);
      if (fault === 'kill' || !expected(line, fault)) wrong.push(`${begin} failed: ${line.code}: ${line.refused}`);
    }
  }
  const [code, signal] = (await exited) as [number | null, string | null];
  watchdog.stop();
  disk.clear();
  if (under !== undefined) {
    ledger.leaveOpen(under.changes, under.whole);
    count(under.begin, 'kills');
  }
  if (signal === 'SIGKILL' && fault === 'kill') count('all', 'kills');
  else if (code !== 0 && !(code === 3 && inject !== undefined)) wrong.push(`the writer ended with ${signal ?? code}`);
  return wrong;
}

/** Whether a refusal is one that a user can understand: of the disk, or of a file that could not be read. */
function expected({ code, refused }: Extract<WriterLine, { refused: string }>, fault: Fault): boolean {
  return code === 'storage' || (fault === 'disk error' && code === 'corrupt-file' && refused.includes('EIO'));
}

async function served(round: number): Promise<string[]> {
  const gentle = random.below(3) === 0 && kills === undefined;
  const inject = kills === undefined && random.below(2) === 0 ? injected('disk error', round) : undefined;
  const environment = inject === undefined ? {} : preload(inject);
  try {
    const { acknowledged, refused, end, wrong } = await servedRound(directory, ledger, random, gentle, environment);
    count('served', 'acknowledged', acknowledged);
    count('served', 'refused', refused);
    count('all', 'acknowledged', acknowledged);
    count('all', 'refused', refused);
    if (inject !== undefined) count('served', 'disk error');
    if (end === 'killed') {
      count('served', 'kills');
      count('all', 'kills');
    }
    return [...wrong];
  } catch (error) {
    // A disk that fails while a server starts may keep it from starting.
    return inject === undefined ? [(error as Error).message] : [];
  }
}

function preload(fault: InjectedFault): Record<string, string> {
  const file = pathToFileURL(join(folder, 'built', 'lib-chaos-inject.mjs')).href;
  return { NODE_OPTIONS: `--import ${file}`, [FAULT_VARIABLE]: JSON.stringify(fault) };
}

function startWriter(seed: string, time: number, target: string, inject: InjectedFault | undefined): ChildProcess {
  const file = join(folder, 'built', 'lib-chaos-writer.mjs');
  return spawn(process.execPath, [file, dist, directory, sources, seed, String(time), target], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...(inject === undefined ? {} : preload(inject)) },
  });
}

/** After all that a writer finds nothing in its way and leaves nothing behind, and no process of ours is left. */
async function inOrder(): Promise<string[]> {
  const wrong: string[] = [];
  {
    await using collection = await openCollection(directory);
    if ((await collection.pendingField()) !== undefined) await collection.abandonReencode();
    await collection.compact({ full: true });
    const named = new Set((await collection.inspect()).segments.map(({ name }) => name));
    for (const name of readdirSync(join(directory, 'segments'))) {
      if (name.endsWith('.part') || (name.endsWith('.seg') && !named.has(name.slice(0, -4))))
        wrong.push(`${name} is left over`);
    }
  }
  const left = (readdirSync(directory, { recursive: true }) as string[]).filter((name) =>
    /\.new(-|$)|\.held$/.test(name),
  );
  wrong.push(...left.map((name) => `${name} is left over`));
  if (readFileSync(join(directory, 'writer.lock'), 'utf8') !== '') wrong.push('writer.lock names somebody');
  await sleep(500);
  if (process.platform === 'linux')
    wrong.push(...readersWithoutParent().map((pid) => `process ${pid} reads for nobody`));
  return [...wrong, ...(await settle())];
}

/** Processes that read files for a process of this package that is gone. */
function readersWithoutParent(): string[] {
  const reader = join(dist, 'ingest', 'process.js');
  return readdirSync('/proc').filter((pid) => {
    try {
      if (!/^\d+$/.test(pid) || !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(reader)) return false;
      return /^\d+ \(.*\) \S+ 1 /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  });
}
