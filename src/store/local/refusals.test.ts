import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StorageError } from '../../base/errors.ts';
import { Vectors } from '../../base/vectors.ts';
import { TermNumbers } from '../../text/index.ts';
import type { CollectionSettings, NewDocument, Snapshot } from '../types.ts';
import type { FileSystem } from './filesystem.ts';
import { nodeFileSystem } from './node-files.ts';
import { createLocalStore, type LocalStore, openLocalStore } from './store.ts';

const SETTINGS: CollectionSettings = {
  encoder: 'test',
  dim: 4,
  fields: [{ name: 'tokens', kind: 'vectors', of: 'text', encoder: 'test', dim: 2, tag: '0000000a' }],
  bm25: { k1: 0.9, b: 0.4 },
  options: {},
};

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), 'sagitta-refusals-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

/** A disk that refuses: from a certain call on, or beyond a number of bytes, once or until it is mended. */
class FailingDisk implements FileSystem {
  calls = Number.POSITIVE_INFINITY;
  bytes = Number.POSITIVE_INFINITY;
  once = false;
  readonly refused: string[] = [];
  readonly #open = new Set<number>();

  mend(): void {
    this.calls = this.bytes = Number.POSITIVE_INFINITY;
  }

  get openFiles(): number {
    return this.#open.size;
  }

  #call(name: string): void {
    if (this.calls-- > 0) return;
    this.#refuse(name, 'EIO');
  }

  #refuse(name: string, code: string): never {
    this.refused.push(name);
    if (this.once) this.mend();
    throw Object.assign(new Error(`${code}: injected`), { code, syscall: name });
  }

  create(path: string): number {
    this.#call('open');
    const file = nodeFileSystem.create(path);
    this.#open.add(file);
    return file;
  }

  write(file: number, bytes: Uint8Array): void {
    this.#call('write');
    const room = Math.min(bytes.byteLength, this.bytes);
    nodeFileSystem.write(file, bytes.subarray(0, room));
    this.bytes -= room;
    if (room < bytes.byteLength) this.#refuse('write', 'ENOSPC');
  }

  async sync(file: number): Promise<void> {
    this.#call('fsync');
    await nodeFileSystem.sync(file);
  }

  close(file: number): void {
    expect(this.#open.delete(file), 'a file is closed once').toBe(true);
    nodeFileSystem.close(file);
  }

  rename(from: string, to: string): void {
    this.#call('rename');
    nodeFileSystem.rename(from, to);
  }

  remove(path: string): void {
    this.#call('rm');
    nodeFileSystem.remove(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#call('fsync');
    await nodeFileSystem.syncDirectory(path);
  }
}

const numbers = new TermNumbers();

function document(number: number, version: number): NewDocument {
  const text = `document ${number} in version ${version} `.repeat(1 + (number % 7));
  return {
    id: `d${number}`,
    title: '',
    format: 'text',
    language: 'en',
    contentHash: String(version),
    metadata: {},
    text,
    numbers,
    passages: [
      {
        start: 0,
        end: text.length,
        headings: [],
        fields: [{ terms: numbers.encode(text.trim().split(' ')), boost: 1 }],
        vectors: {
          meaning: Float32Array.of(number, version, 1, 1),
          tokens: Vectors.fromRows([
            [number, 1],
            [version, 1],
          ]),
        },
      },
    ],
  };
}

function contents(snapshot: Snapshot): Map<string, string> {
  const found = new Map<string, string>();
  for (const ordinal of snapshot.liveDocuments()) {
    const { id, contentHash } = snapshot.document(ordinal);
    found.set(id, contentHash);
    expect(snapshot.documentText(ordinal)).toBe(document(Number(id.slice(1)), Number(contentHash)).text);
  }
  snapshot.close();
  return found;
}

async function expectContents(store: LocalStore, expected: ReadonlyMap<string, string>): Promise<void> {
  expect((await store.verify()).faults).toEqual([]);
  expect(contents(await store.snapshot())).toEqual(expected);
  // What is on the disk, to a process that opens it now.
  expect(contents(await (await openLocalStore(store.directory)).snapshot())).toEqual(expected);
}

const CHANGES = ['publish', 'compact', 'reencode', 'add', 'learn'] as const;
/** The encoder that `reencode` puts in place. */
const OTHER = { encoder: 'other', dim: 2 };

/** What is learned before, and anew. */
const LEARNED = [Buffer.from('{"threshold":0.5}'), Buffer.from('{"threshold":0.25}')] as const;

async function build(store: LocalStore, name: string): Promise<void> {
  const change = await store.buildField({ name, kind: 'vector', of: 'passage', ...OTHER });
  try {
    const encode = async (texts: readonly unknown[]) => texts.map(() => Float32Array.of(1, 0));
    await change.run({ encode, batch: 9, keepAfterMs: 0 });
  } finally {
    change.close();
  }
}

/** Every passage has what the fields hold that the collection names, and what was learned is one or the other. */
async function expectLearned(store: LocalStore, change: (typeof CHANGES)[number], isDone: boolean): Promise<void> {
  const snapshot = await store.snapshot();
  const { encoder, dim, fields = [] } = snapshot.settings;
  const isOther = change === 'reencode' && isDone;
  expect({ encoder, dim }).toEqual(isOther ? OTHER : { encoder: SETTINGS.encoder, dim: SETTINGS.dim });
  const names = change === 'add' && isDone ? ['tokens', 'added'] : ['tokens'];
  expect(fields.map(({ name }) => name)).toEqual(names);
  for (const ordinal of snapshot.liveDocuments()) {
    const { from } = snapshot.documentPassages(ordinal);
    expect(snapshot.passageVector(from)?.length).toBe(dim);
    expect((snapshot.fieldItem('tokens', from) as Vectors).count).toBe(2);
    if (names.includes('added')) expect(snapshot.fieldItem('added', from)).toEqual(Float32Array.of(1, 0));
  }
  // Another encoder says itself what else stays; here all does.
  const learned = LEARNED[change === 'learn' && isDone ? 1 : 0];
  expect(Buffer.from(snapshot.beside('relevance')!.read())).toEqual(learned);
  snapshot.close();
}

describe('a disk that refuses', () => {
  let run = 0;

  /** Makes a change while the disk fails so, then again when it is mended. @returns the call that was refused, if any. */
  async function attempt(change: (typeof CHANGES)[number], failure: { calls?: number; bytes?: number; once: boolean }) {
    const disk = new FailingDisk();
    const store = await createLocalStore(join(directory, String(run++)), SETTINGS, { fileSystem: disk });
    const writer = await store.writer();
    const before = new Map<string, string>();
    for (let i = 0; i < 30; i++) {
      writer.add(document(i, 0));
      before.set(`d${i}`, '0');
      if (i % 10 === 9) await writer.publish();
    }
    await writer.putBeside('relevance', LEARNED[0]);
    // Replaces one document, removes two and adds one.
    writer.add(document(3, 1));
    writer.remove('d4');
    writer.remove('d14');
    writer.add(document(99, 1));
    const after = new Map(before).set('d3', '1').set('d99', '1');
    after.delete('d4');
    after.delete('d14');
    if (change !== 'publish') await writer.publish();
    if (change === 'reencode' || change === 'add') await writer.close();
    const { documents } = writer.pending;

    const generation = store.generation();
    const acts: Readonly<Record<(typeof CHANGES)[number], () => Promise<unknown>>> = {
      publish: () => writer.publish(),
      compact: () => writer.compact({ full: true }),
      reencode: () => build(store, 'meaning'),
      add: () => build(store, 'added'),
      learn: () => writer.putBeside('relevance', LEARNED[1]),
    };
    const act = acts[change];
    Object.assign(disk, failure);
    const outcome = await act().then(
      () => undefined,
      (error: unknown) => error,
    );
    disk.mend();
    if (outcome !== undefined) {
      expect(disk.refused).not.toEqual([]);
      expect(outcome).toBeInstanceOf(StorageError);
      expect((outcome as StorageError).remedy).not.toBe('');
      expect(writer.pending.documents).toBe(documents);
    }
    // Readers see the old state or the new one; the new one with an error only if the wait for the directory failed.
    const replaced = store.generation() > generation;
    await expectContents(store, replaced || change !== 'publish' ? after : before);
    await expectLearned(store, change, replaced);
    expect(disk.openFiles).toBe(0);

    await act();
    await expectContents(store, after);
    await expectLearned(store, change, true);
    expect(writer.pending.documents).toBe(0);
    if (change === 'reencode' || change === 'add') {
      // Nothing of it is left.
      expect(fs.existsSync(join(store.directory, 'field.json'))).toBe(false);
      await (await store.writer()).close();
      const files = (await store.inspect()).segments.flatMap(({ name }) => [`${name}.seg`]);
      const left = fs.readdirSync(join(store.directory, 'segments')).filter((name) => !/\.(dead|vectors)$/.test(name));
      expect(left.sort()).toEqual(files.sort());
      return disk.refused[0];
    }
    writer.add(document(100, 2));
    await writer.publish();
    await expectContents(store, after.set('d100', '2'));
    await writer.close();
    await (await store.writer()).close();
    expect(fs.readdirSync(store.directory).filter((name) => name.startsWith('relevance'))).toHaveLength(1);
    return disk.refused[0];
  }

  for (const change of CHANGES) {
    test(`at any call of ${change} leaves the collection whole and the writer usable`, {
      timeout: 120_000,
    }, async () => {
      // Re-encoding writes as publishing does: half of the cases are enough.
      for (const once of change === 'reencode' || change === 'add' ? [false] : [true, false]) {
        const refused = new Set<string>();
        for (let calls = 0; ; calls++) {
          const name = await attempt(change, { calls, once });
          if (name === undefined) break;
          refused.add(name);
        }
        for (const name of ['open', 'write', 'fsync', 'rename', 'rm']) expect(refused).toContain(name);
      }
    });

    test(`when full after any number of bytes of ${change} does the same`, { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(9000), fc.boolean(), async (bytes, once) => {
          await attempt(change, { bytes, once });
        }),
        { numRuns: 10 },
      );
    });
  }

  test('is named in the error, with what to do', async () => {
    const disk = new FailingDisk();
    const store = await createLocalStore(directory, SETTINGS, { fileSystem: disk });
    const writer = await store.writer();
    writer.add(document(1, 1));
    disk.bytes = 100;
    await expect(writer.publish()).rejects.toThrow(/s000001\.seg\. The disk is full\. Free some space/);
    // The same again: still full, still waiting.
    await expect(writer.publish()).rejects.toThrow(StorageError);
    expect(fs.readdirSync(join(directory, 'segments'))).toEqual([]);
    disk.mend();
    await writer.publish();
    await expectContents(store, new Map([['d1', '1']]));
    await writer.close();
  });

  test('when a collection is made leaves none', async () => {
    const disk = new FailingDisk();
    disk.bytes = 10;
    await expect(createLocalStore(directory, SETTINGS, { fileSystem: disk })).rejects.toThrow(StorageError);
    disk.mend();
    await createLocalStore(directory, SETTINGS, { fileSystem: disk });
    await expectContents(await openLocalStore(directory), new Map());
  });

  test.skipIf(process.getuid?.() === 0)('that may not be written is a storage error', async () => {
    const store = await createLocalStore(directory, SETTINGS);
    fs.chmodSync(directory, 0o500);
    try {
      await expect(store.writer()).rejects.toThrow(StorageError);
      // Reading goes on.
      (await store.snapshot()).close();
    } finally {
      fs.chmodSync(directory, 0o700);
    }
  });
});
