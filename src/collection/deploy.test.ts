import { type FileHandle, mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StorageError } from '../base/errors.ts';
import { adapterGraph, openEncoder, type TunedFiles } from '../encode/index.ts';
import { ENCODERS } from '../store/local/beside.ts';
import type { FileSystem } from '../store/local/filesystem.ts';
import { nodeFileSystem } from '../store/local/node-files.ts';
import { openLocalStore } from '../store/local/store.ts';
import { given, Parameters, toOnnx } from '../tensor/index.ts';
import { Collection } from './collection.ts';
import { openCollection } from './open.ts';

const DIM = 16;
const SOURCES = { meaning: undefined, others: [], allowRemote: false, named: false, openSpec: openEncoder };
const TEXTS = ['a lighthouse on the cliff', 'bread from the village oven', 'how to tune a violin'];

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sagitta-deploy-'));
  await using collection = await openCollection(directory, { create: true, encoder: `hash:${DIM}` });
  await collection.add(TEXTS.map((text, i) => ({ id: `t${i}`, text })));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true });
});

/** An adapter that changes queries a little, differently for each seed. */
function adapter(base: string, seed: number): TunedFiles {
  const map = Float32Array.from({ length: DIM * DIM }, (_, i) => (i % (DIM + 1) === 0 ? 1 : 0));
  map[seed] = map[seed]! + 0.1;
  const parameters = new Parameters(seed);
  parameters.ensure('map', [DIM, DIM], given(map));
  const model = toOnnx(adapterGraph(parameters, DIM, { form: 'linear' }));
  return { description: { form: 'adapter', of: 'queries', base, dim: DIM }, files: new Map([['model.onnx', model]]) };
}

/** Lets every sync fail from the nth on, or the nth alone, wherever it is asked for. */
async function failingSyncs(nth: number, once: boolean): Promise<{ fileSystem: FileSystem; readonly calls: number }> {
  let calls = 0;
  const count = () => {
    calls++;
    if (once ? calls === nth : calls >= nth) {
      throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' });
    }
  };
  const handle = await open(directory, 'r');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const sync = prototype.sync;
  vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    count();
    return sync.call(this);
  });
  const fileSystem = {
    ...nodeFileSystem,
    async sync(file: number) {
      count();
      return nodeFileSystem.sync(file);
    },
    async syncDirectory(path: string) {
      count();
      return nodeFileSystem.syncDirectory(path);
    },
  };
  return {
    fileSystem,
    get calls() {
      return calls;
    },
  };
}

async function encoderOf(): Promise<string> {
  await using collection = await openCollection(directory);
  const { encoder } = (await collection.inspect()).settings;
  expect((await collection.verify()).faults).toEqual([]);
  const { hits } = await collection.search(TEXTS[1]!, { retriever: 'dense', k: 1 });
  expect(hits[0]!.id).toBe('t1');
  return encoder;
}

describe('a deployment whose sync fails', () => {
  it.each([true, false])('leaves a collection that has its encoder, whichever sync it is (once: %s)', async (once) => {
    let base = `hash:${DIM}`;
    let replaced = 0;
    for (let nth = 1; ; nth++) {
      const disk = await failingSyncs(nth, once);
      const store = await openLocalStore(directory, { fileSystem: disk.fileSystem });
      const collection = new Collection(store, store.settings, SOURCES);
      const files = adapter(base, nth);
      const outcome = await collection.deploy(files).catch((error: unknown) => error);
      await collection.close();
      vi.restoreAllMocks();
      const after = await encoderOf();
      if (after !== base) replaced++;
      if (typeof outcome === 'string') {
        expect(after).toBe(outcome);
        expect(disk.calls).toBe(nth - 1);
        break;
      }
      expect(outcome).toBeInstanceOf(StorageError);
      // Nothing is left of what is not in use.
      const chain = after === `hash:${DIM}` ? 0 : 1 + replaced - 1;
      expect((await readdir(join(directory, ENCODERS)).catch(() => [])).length).toBe(chain);
      base = after;
    }
    expect(replaced).toBe(2);
  });

  it('leaves nothing half-written behind when its process is killed: the next writer removes it', async () => {
    const left = join(directory, ENCODERS, '.new-abc123');
    await mkdir(left, { recursive: true });
    await writeFile(join(left, 'model.onnx'), 'half of a mod');
    await writeFile(join(directory, 'field.json.new'), '{"format":');
    await using collection = await openCollection(directory);
    expect(await readdir(join(directory, ENCODERS))).toHaveLength(1);
    await collection.add([{ id: 'more', text: 'one more' }]);
    expect(await readdir(join(directory, ENCODERS))).toEqual([]);
    expect((await readdir(directory)).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('never removes a version that the new one starts from', async () => {
    await using collection = await openCollection(directory);
    const first = await collection.deploy(adapter(`hash:${DIM}`, 1));
    const aborted = AbortSignal.abort(new Error('enough'));
    const second = adapter(first, 2);
    await collection.deploy(second, { signal: aborted }).catch(() => undefined);
    await collection.deploy(second).catch(() => undefined);
    expect((await collection.verify()).sound).toBe(true);
    expect((await collection.search(TEXTS[2]!, { retriever: 'dense', k: 1 })).hits[0]!.id).toBe('t2');
  });
});
