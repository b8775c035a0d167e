// Is anything lost that was acknowledged, or anything damaged, whatever happens? A collection is indexed, written, compacted, rebuilt, given
// trained encoders and served, and all that is killed, runs into a full disk, into errors of the disk, and into clients that are slow. After each
// of these everything in the collection is looked at.
//
//   npm run build && npm run bench -- chaos [MINUTES] [--kills N | --moments N] [--seed S] [--from AT] [--minutes M]
//
// MINUTES: 30 by default; the run ends by itself. --kills N: nothing but kills, and the run ends after so many, however long that takes.
// --moments N: not killed, but copied before every call that changes a file, which is what a kill at that moment leaves: no moment is passed over,
// and a copy costs a tenth of a kill. Each copy is looked at like the collection after a kill, and every fourth is written to.
// --from AT, --minutes M: a sitting of a longer run of kills or moments.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { openCollection } from '../src/collection/index.ts';
import { report } from './harness.ts';
import { bundled, dist } from './lib-built.ts';
import { smallDisk } from './lib-chaos-disk.ts';
import { IMAGING_VARIABLE, type Image, type Imaging } from './lib-chaos-images.ts';
import { FAULT_VARIABLE, type InjectedFault } from './lib-chaos-inject.ts';
import { examine, Ledger } from './lib-chaos-ledger.ts';
import { servedRound } from './lib-chaos-server.ts';
import { chaosText, WORKS, type Work, type WriterLine, type WriterTask } from './lib-chaos-text.ts';
import { SITTING_OPTIONS, Sitting } from './lib-sitting.ts';
import { Watchdog } from './lib-watchdog.ts';

const MEGABYTES = 64;
/** A writer that says nothing for so many seconds hangs. */
const PATIENCE_S = 60;
/** Failures after which there is no point in going on. */
const ENOUGH = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ...SITTING_OPTIONS, kills: { type: 'string' }, moments: { type: 'string' } },
});
const mode = values.kills !== undefined ? 'kills' : values.moments !== undefined ? 'moments' : 'all';
const total = Number(values.kills ?? values.moments ?? Number.MAX_SAFE_INTEGER);
const sitting = new Sitting(mode === 'all' ? { ...values, from: '0', minutes: positionals[0] ?? '30' } : values, total);

const folder = mkdtempSync(join(tmpdir(), 'sagitta-chaos-'));
const directory = join(folder, 'collection');
const disk = smallDisk(directory, MEGABYTES);
const sources = join(folder, 'sources');
let random = sitting.random(sitting.from);
let ledger = new Ledger();
/** A writer that waits for what there is to do. */
let spare: ChildProcess | undefined;
let built: { readonly writer: string; readonly inject: string };
const failures: string[] = [];
const rows = new Map<string, Record<string, number>>();
const count = (what: string, column: string, by = 1): void => {
  const row = rows.get(what) ?? {};
  row[column] = (row[column] ?? 0) + by;
  rows.set(what, row);
};

type Fault = 'kill' | 'image' | 'disk full' | 'disk error' | 'served';
const TURNS: Readonly<Record<typeof mode, readonly Fault[]>> = {
  kills: [...Array.from({ length: 11 }, () => 'kill' as const), 'served'],
  moments: ['image'],
  all: ['kill', 'disk full', 'kill', 'disk error', 'served', 'disk error'],
};

try {
  const [writer, inject] = await bundled(folder, ['lib-chaos-writer', 'lib-chaos-inject']);
  built = { writer: writer!, inject: inject! };
  await begin();
  let rounds = 0;
  const trial = (): number => sitting.from + (mode === 'all' ? rounds : (rows.get('all')?.[mode] ?? 0));
  for (; !sitting.over(trial()) && failures.length < ENOUGH; rounds++) {
    random = sitting.random(trial());
    const fault = TURNS[mode][rounds % TURNS[mode].length]!;
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
  }
  failures.push(...(await inOrder()));
  report({
    name: 'chaos',
    threads: 2,
    columns: ['while at', mode === 'moments' ? mode : 'kills', 'disk full', 'disk error', 'acknowledged', 'refused'],
    rows: [...[...WORKS, 'served', 'all'].entries()].map(([, what]) => ({ 'while at': what, ...rows.get(what) })),
    notes: [
      sitting.note(mode === 'all' ? 'rounds' : mode, trial()),
      'After each, everything in the collection was read, verified and searched.',
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
  spare?.kill('SIGKILL');
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
  if (fault === 'kill' || fault === 'image') return undefined;
  if (fault === 'disk full') {
    if (disk.real) return undefined;
    return { folder: directory, code: 'ENOSPC', call: 'write', after: random.below(30), times: 1000 };
  }
  const call = (['sync', 'write', 'rename', 'sync', 'open', 'read'] as const)[
    round % 6 === 3 ? random.below(4) : random.below(6)
  ]!;
  const after = call === 'read' ? random.below(400) : random.below(call === 'sync' ? 40 : 25);
  return { folder: directory, code: 'EIO', call, after, times: random.below(3) === 0 ? 3 : 1 };
}

/** One writer, until it is killed or has run into its fault. */
async function written(fault: Exclude<Fault, 'served'>, round: number): Promise<string[]> {
  const wrong: string[] = [];
  const ends = fault === 'kill' || fault === 'image';
  const target = ends ? WORKS[random.below(WORKS.length)]! : 'any';
  const inject = injected(fault, round);
  const environment = inject !== undefined ? preload(inject) : fault === 'image' ? imaging() : {};
  const time = ends ? 1000 * PATIENCE_S : 700;
  const child = startWriter({ directory, sources, seed: random.below(2 ** 30), time, first: target }, environment);
  if (fault === 'disk full' && disk.real) disk.fill(random.below(400_000));
  const exited = once(child, 'exit');
  const watchdog = new Watchdog(PATIENCE_S, () => {
    wrong.push(`nothing came of ${under?.begin ?? 'starting'} for ${PATIENCE_S} s`);
    child.kill('SIGKILL');
  });
  let under: Extract<WriterLine, { begin: Work }> | undefined;
  const passed = Math.max(0, random.below(5) - 2);
  const delay = random.next() ** 2 * 60;
  let seen = 0;
  const moments: Moment[] = [];
  for await (const text of createInterface(child.stdout!)) {
    const line = JSON.parse(text) as WriterLine;
    watchdog.hear();
    if ('begin' in line) {
      under = line;
      if (fault === 'kill' && line.begin === target && seen++ >= passed)
        void sleep(delay).then(() => child.kill('SIGKILL'));
      continue;
    }
    if ('image' in line) {
      const before = ledger.copy();
      if (under !== undefined) before.leaveOpen(under.changes, under.whole);
      moments.push({ ...line, while: under?.begin, ledger: before });
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
      if (ends || !expected(line, fault)) wrong.push(`${begin} failed: ${line.code}: ${line.refused}`);
    }
  }
  const [code, signal] = (await exited) as [number | null, string | null];
  watchdog.stop();
  disk.clear();
  if (under !== undefined) {
    ledger.leaveOpen(under.changes, under.whole);
    if (fault === 'kill') count(under.begin, 'kills');
  }
  for (const moment of moments) {
    count('all', 'moments');
    if (moment.while !== undefined) count(moment.while, 'moments');
    wrong.push(...(await lookAt(moment)));
  }
  if (signal === 'SIGKILL' && fault === 'kill') count('all', 'kills');
  else if (code !== 0 && !(code === 3 && inject !== undefined)) wrong.push(`the writer ended with ${signal ?? code}`);
  return wrong;
}

/** A copy of the collection, and what may be in it. */
interface Moment extends Image {
  readonly while: Work | undefined;
  readonly ledger: Ledger;
}

async function lookAt({ image, before, while: work, ledger }: Moment): Promise<string[]> {
  const wrong: string[] = [];
  try {
    const found = await examine(image, random);
    wrong.push(...ledger.settle(found.held), ...found.wrong);
    if (random.below(4) === 0) {
      const change = ['later', random.below(2 ** 31)] as const;
      {
        await using collection = await openCollection(image);
        await collection.add([{ id: change[0], text: chaosText(...change), language: 'en' }]);
      }
      ledger.acknowledge([change]);
      const after = await examine(image, random);
      wrong.push(...ledger.settle(after.held), ...after.wrong);
      wrong.push(...(await leftBehind(image)));
    }
  } catch (error) {
    wrong.push((error as Error).message);
  }
  if (wrong.length > 0) {
    const kept = join(tmpdir(), `sagitta-chaos-kept-${process.pid}-${basename(image)}-${random.below(1e6)}`);
    cpSync(image, kept, { recursive: true });
    console.error(`kept in ${kept}`);
  }
  rmSync(image, { recursive: true });
  return wrong.map((what) => `${work ?? 'opening'}, before it would ${before}: ${what}`);
}

function imaging(): Record<string, string> {
  const into = join(folder, 'images');
  const imaging: Imaging = { folder: directory, into, most: 40, after: random.below(100), every: 1 + random.below(8) };
  return { [IMAGING_VARIABLE]: JSON.stringify(imaging) };
}

/** Whether a refusal is one that a user can understand: of the disk, or of a file that could not be read. */
function expected({ code, refused }: Extract<WriterLine, { refused: string }>, fault: Fault): boolean {
  return code === 'storage' || (fault === 'disk error' && code === 'corrupt-file' && refused.includes('EIO'));
}

async function served(round: number): Promise<string[]> {
  const gentle = random.below(3) === 0 && mode === 'all';
  const inject = mode === 'all' && random.below(2) === 0 ? injected('disk error', round) : undefined;
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
  return { NODE_OPTIONS: `--import ${pathToFileURL(built.inject).href}`, [FAULT_VARIABLE]: JSON.stringify(fault) };
}

/** A writer at work. One that needs no environment of its own was started before, and has loaded what it needs while another was looked at. */
function startWriter(task: WriterTask, environment: Record<string, string>): ChildProcess {
  const own = Object.keys(environment).length > 0;
  const child = own ? loadWriter(environment) : (spare ?? loadWriter());
  if (!own) spare = loadWriter();
  child.stdin!.on('error', () => undefined);
  child.stdin!.end(`${JSON.stringify(task)}\n`);
  return child;
}

function loadWriter(environment: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [built.writer, dist], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
}

/** After all that a writer finds nothing in its way and leaves nothing behind, and no process of ours is left. */
async function inOrder(): Promise<string[]> {
  const wrong: string[] = [];
  {
    await using collection = await openCollection(directory);
    if ((await collection.pendingField()) !== undefined) await collection.abandonReencode();
    await collection.compact({ full: true });
  }
  wrong.push(...(await leftBehind(directory)));
  const left = (readdirSync(directory, { recursive: true }) as string[]).filter((name) =>
    /\.new$|\.held$|\/\.new-/.test(name),
  );
  wrong.push(...left.map((name) => `${name} is left over`));
  if (readFileSync(join(directory, 'writer.lock'), 'utf8') !== '') wrong.push('writer.lock names somebody');
  await sleep(500);
  if (process.platform === 'linux')
    wrong.push(...readersWithoutParent().map((pid) => `process ${pid} reads for nobody`));
  return [...wrong, ...(await settle())];
}

/** What the last writer had to remove, and did not: what is named by no manifest, and a manifest that never was one. */
async function leftBehind(directory: string): Promise<string[]> {
  await using collection = await openCollection(directory);
  if ((await collection.pendingField()) !== undefined) return [];
  const named = new Set((await collection.inspect()).segments.map(({ name }) => name));
  return [...readdirSync(join(directory, 'segments')), ...readdirSync(directory)]
    .filter(
      (name) =>
        name.endsWith('.part') ||
        name === 'manifest.json.new' ||
        (name.endsWith('.seg') && !named.has(name.slice(0, -4))),
    )
    .map((name) => `${name} is left over`);
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
