/**
 * Writes to a collection until it is killed or its time is over (bench/chaos.ts). Prints a line before and after each piece of work, so
 * that the parent knows what was acknowledged, and when to strike. What is refused is printed too, and the work goes on.
 *
 * Argument: folder of the built package. What there is to do comes as a line of JSON on stdin ({@link WriterTask}), when all is loaded: a writer may be started while
 * another is at work, and costs no time of its own then.
 */
import { rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Random } from '../src/base/random.ts';
import { IMAGING_VARIABLE, type Imaging, takeImages } from './lib-chaos-images.ts';
import { chaosText, type Version, type Work, type WriterLine, type WriterTask } from './lib-chaos-text.ts';

const dist = process.argv[2]!;
const built = <T>(file: string): Promise<T> => import(pathToFileURL(join(dist, file)).href);
const { openCollection } = await built<typeof import('../src/collection/index.ts')>('index.js');
const { directory, sources, seed, time, first } = await task();
const random = new Random(seed);
// A pipe takes a line at once: what was printed was printed, whatever happens next.
const say = (line: WriterLine): void => void writeSync(1, `${JSON.stringify(line)}\n`);

const BASE = 'hash:32';
const IDS = 300;
const FILES = 40;
const OFTEN: readonly Work[] = ['index', 'add', 'add', 'add', 'remove', 'remove', 'compact', 'rebuild', 'deploy'];
const version = (): number => random.below(2 ** 31);

async function task(): Promise<WriterTask> {
  for await (const line of createInterface(process.stdin)) return JSON.parse(line) as WriterTask;
  // Nobody needs it any more.
  process.exit(0);
}

async function deployment(base: string) {
  const { adapterGraph } = await built<typeof import('../src/encode/index.ts')>('encode/index.js');
  const { given, Parameters, toOnnx } = await built<typeof import('../src/tensor/index.ts')>('tensor/index.js');
  const dim = 32;
  const shift = random.below(dim - 1) + 1;
  const map = Float32Array.from({ length: dim * dim }, (_, i) => {
    const [row, column] = [Math.floor(i / dim), i % dim];
    return row === column ? 1 : column === (row + shift) % dim ? 0.01 : 0;
  });
  const parameters = new Parameters(1);
  parameters.ensure('map', [dim, dim], given(map));
  const model = toOnnx(adapterGraph(parameters, dim, { form: 'linear' }));
  // Every other one changes the vectors of documents too.
  const of = random.below(2) === 0 ? ({ of: 'queries' } as const) : {};
  return { description: { form: 'adapter', base, dim, ...of }, files: new Map([['model.onnx', model]]) };
}

/** A disk that cannot be read from the start ends the writer, and nothing was begun. */
const CANNOT_OPEN = 3;
await using collection = await openCollection(directory).catch((error: { code?: string }) => {
  if (error.code !== 'corrupt-file' && error.code !== 'storage') throw error;
  process.exit(CANNOT_OPEN);
});
const work: Record<Work, () => Promise<void>> = {
  async add() {
    const changes = new Map(Array.from({ length: 1 + random.below(20) }, () => [`d${random.below(IDS)}`, version()]));
    say({ begin: 'add', changes: [...changes], whole: true });
    await collection.add([...changes].map(([id, version]) => ({ id, text: chaosText(id, version), language: 'en' })));
  },
  async remove() {
    const ids = new Set(Array.from({ length: 1 + random.below(8) }, () => `d${random.below(IDS)}`));
    say({ begin: 'remove', changes: [...ids].map((id) => [id, null]), whole: true });
    await collection.remove(ids);
  },
  async index() {
    const changes = Array.from({ length: FILES }, (_, i): [string, Version] => {
      const id = `sources/f${i}.txt`;
      return [id, random.below(6) === 0 ? null : version()];
    });
    // What was there before and stays is part of what a run makes of the folder.
    say({ begin: 'index', changes, whole: false });
    for (const [id, version] of changes) {
      const path = join(sources, '..', id);
      if (version === null) rmSync(path, { force: true });
      else writeFileSync(path, chaosText(id, version));
    }
    const { failures } = await collection.index([sources]);
    if (failures.length > 0) throw new Error(`${failures[0]!.path}: ${failures[0]!.reason}`);
  },
  async compact() {
    say({ begin: 'compact', changes: [], whole: true });
    await collection.compact({ full: random.below(2) === 0 });
  },
  async rebuild() {
    say({ begin: 'rebuild', changes: [], whole: true });
    const { vectorIndex } = await collection.inspect();
    await collection.rebuild(vectorIndex === undefined ? { spec: 'ivf4,sq8,refine:full' } : {});
  },
  async deploy() {
    say({ begin: 'deploy', changes: [], whole: true });
    const { encoder } = (await collection.inspect()).settings;
    if (encoder === BASE && (await collection.pendingField()) === undefined)
      await collection.deploy(await deployment(BASE));
    else await collection.reencode(BASE);
  },
};

const imaging = JSON.parse(process.env[IMAGING_VARIABLE] ?? 'null') as Imaging | null;
if (imaging !== null) takeImages(imaging, say);

const until = performance.now() + time;
let next: Work | undefined = first === 'any' ? undefined : first;
do {
  const chosen: Work = next ?? OFTEN[random.below(OFTEN.length)]!;
  next = random.below(2) === 0 ? next : undefined;
  try {
    await work[chosen]();
    say({ done: true });
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    say({ refused: message, code: code ?? 'unknown' });
    await sleep(20);
  }
} while (performance.now() < until);
