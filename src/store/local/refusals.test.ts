import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StorageError } from '../../base/errors.ts';
import type { CollectionSettings, NewDocument, Snapshot } from '../types.ts';
import { type FileSystem, nodeFileSystem } from './filesystem.ts';
import { createLocalStore, type LocalStore, openLocalStore } from './store.ts';

const SETTINGS: CollectionSettings = { encoder: 'test', dim: 4, bm25: { k1: 0.9, b: 0.4 }, options: {} };

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
    passages: [
      {
        start: 0,
        end: text.length,
        headings: [],
        fields: [{ terms: text.trim().split(' '), boost: 1 }],
        vectors: { meaning: Float32Array.of(number, version, 1, 1) },
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

const CHANGES = ['publish', 'compact', 'reencode'] as const;
/** The encoder that `reencode` puts in place. */
const OTHER = { encoder: 'other', dim: 2 };

async function reencode(store: LocalStore): Promise<void> {
  const change = await store.buildField({ name: 'meaning', kind: 'vector', of: 'passage', ...OTHER });
  try {
    const encode = async (texts: readonly unknown[]) => texts.map(() => Float32Array.of(1, 0));
    await change.run({ encode, batch: 9, keepAfterMs: 0 });
  } finally {
    change.close();
  }
}

/** Every passage has a vector of the encoder that the collection names. */
async function expectEncoder(store: LocalStore, isOther: boolean): Promise<void> {
  const snapshot = await store.snapshot();
  const { encoder, dim } = snapshot.settings;
  expect({ encoder, dim }).toEqual(isOther ? OTHER : { encoder: SETTINGS.encoder, dim: SETTINGS.dim });
  for (const ordinal of snapshot.liveDocuments()) {
    const { from } = snapshot.documentPassages(ordinal);
    expect(snapshot.passageVector(from)?.length).toBe(dim);
  }
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
    // Replaces one document, removes two and adds one.
    writer.add(document(3, 1));
    writer.remove('d4');
    writer.remove('d14');
    writer.add(document(99, 1));
    const after = new Map(before).set('d3', '1').set('d99', '1');
    after.delete('d4');
    after.delete('d14');
    if (change !== 'publish') await writer.publish();
    if (change === 'reencode') await writer.close();
    const { documents } = writer.pending;

    const generation = await store.generation();
    const act = () =>
      change === 'compact' ? writer.compact({ full: true }) : change === 'publish' ? writer.publish() : reencode(store);
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
    const replaced = (await store.generation()) > generation;
    await expectContents(store, replaced || change !== 'publish' ? after : before);
    await expectEncoder(store, change === 'reencode' && replaced);
    expect(disk.openFiles).toBe(0);

    await act();
    await expectContents(store, after);
    await expectEncoder(store, change === 'reencode');
    expect(writer.pending.documents).toBe(0);
    if (change === 'reencode') {
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
    return disk.refused[0];
  }

  for (const change of CHANGES) {
    test(`at any call of ${change} leaves the collection whole and the writer usable`, {
      timeout: 120_000,
    }, async () => {
      // Re-encoding writes as publishing does: half of the cases are enough.
      for (const once of change === 'reencode' ? [false] : [true, false]) {
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
