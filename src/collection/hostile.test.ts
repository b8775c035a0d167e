import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestFolder, testFolder } from '../../test/support/files.ts';
import { CorruptFileError, IncompatibleError, RemoteNotAllowedError } from '../base/errors.ts';
import { saveTuned } from '../encode/index.ts';
import { besideEntry } from '../store/local/beside.ts';
import { encodeManifest, parseManifest } from '../store/local/manifest.ts';
import type { Manifest } from '../store/local/manifest-types.ts';
import { openCollection } from './open.ts';
import { verifyCollection } from './verify.ts';

/** Somebody else's collection: every checksum is right, and what it says is not. */
let folder: TestFolder;
beforeEach(async () => {
  folder = testFolder();
  await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:16' });
  await collection.add(['oats', 'barley', 'rye'].map((text) => ({ id: text, text })));
  await collection.remove(['rye']);
});
afterEach(() => folder[Symbol.dispose]());

type Writable<T> =
  T extends ReadonlyMap<string, unknown>
    ? T
    : { -readonly [K in keyof T]: T[K] extends object ? Writable<T[K]> : T[K] };

function forge(change: (manifest: Writable<Manifest>) => void): void {
  const path = folder.at('c/manifest.json');
  const manifest = structuredClone(parseManifest(readFileSync(path), path)) as Writable<Manifest>;
  change(manifest);
  writeFileSync(path, encodeManifest(manifest as Manifest));
}

describe('a forged collection', () => {
  const forgeries: [string, (manifest: Writable<Manifest>) => void][] = [
    ['100,000 segments', (m) => (m.segments = Array.from({ length: 100_000 }, () => m.segments[0]!))],
    ['a segment twice', (m) => (m.segments = [m.segments[0]!, m.segments[0]!])],
    ['more documents than bytes', (m) => (m.segments[0]!.documents = 2 ** 45)],
    ['more passages than bytes', (m) => (m.segments[0]!.passages = 2 ** 31)],
    ['more dead than documents', (m) => (m.segments[0]!.dead = { ...m.segments[0]!.dead!, documents: 2 ** 31 })],
    ['vectors without end', (m) => (m.settings.dim = 2 ** 40)],
    ['a generation without a next', (m) => (m.generation = Number.MAX_SAFE_INTEGER)],
    ['a next segment that there is', (m) => (m.nextSegment = 1)],
  ];
  it.each(forgeries)('with %s is refused at once, and told by verify', async (_, change) => {
    forge(change);
    await expect(openCollection(folder.at('c'))).rejects.toThrow(CorruptFileError);
    expect(await verifyCollection(folder.at('c'))).toMatchObject({ sound: false });
  });

  it('with more passages than its file has is refused when it is read', async () => {
    forge((manifest) => (manifest.segments[0]!.passages += 1));
    await using collection = await openCollection(folder.at('c'));
    await expect(collection.search('oats', { filter: 'format = "text"' })).rejects.toThrow(CorruptFileError);
  });

  it('of the last generation can be read, and says that no more can be written', async () => {
    forge((manifest) => (manifest.generation = 2 ** 48));
    await using collection = await openCollection(folder.at('c'));
    expect((await collection.search('oats')).hits[0]!.id).toBe('oats');
    await expect(collection.add([{ id: 'wheat', text: 'wheat' }])).rejects.toThrow(IncompatibleError);
    expect((await collection.search('oats')).hits[0]!.id).toBe('oats');
  });

  it('whose encoder starts from itself, or from another that does, is refused', async () => {
    const versions = folder.at('c/encoders');
    await mkdir(versions);
    const model = new Uint8Array(8);
    // A name is a hash of the base, among others: the folder keeps its name, and what is in it changes.
    const first = await saveTuned(versions, {
      description: { form: 'adapter', of: 'queries', base: 'tuned:other', dim: 16 },
      files: new Map([['model.onnx', model]]),
    });
    const description = join(versions, first, 'encoder.json');
    const { checksum: _, ...body } = JSON.parse(readFileSync(description, 'utf8'));
    body.base = `tuned:${first}`;
    const checksum = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    writeFileSync(description, `${JSON.stringify({ ...body, checksum }, null, 2)}\n`);
    const named = ['encoder.json', 'model.onnx'].map((name) => {
      const file = `encoders/${first}/${name}`;
      return besideEntry(file, file, readFileSync(folder.at(`c/${file}`)));
    });
    forge((manifest) => {
      manifest.settings.encoder = `tuned:${first}`;
      manifest.beside = named;
    });
    await using collection = await openCollection(folder.at('c'));
    await expect(collection.search('oats', { retriever: 'dense' })).rejects.toThrow(/starts from itself/);
    const { faults } = await verifyCollection(folder.at('c'));
    expect(faults).toEqual([expect.objectContaining({ problem: expect.stringContaining('starts from itself') })]);
    await collection.compact();
  });
});

describe('a collection whose encoder is an endpoint', () => {
  it('contacts it only when that was agreed to', async () => {
    let calls = 0;
    const server = createServer((_, response) => {
      calls++;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: [{ index: 0, embedding: Array(16).fill(0.25) }] }));
    }).listen(0, '127.0.0.1');
    await new Promise((next) => server.once('listening', next));
    try {
      const encoder = `http:http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/embeddings#m?dim=16`;
      forge((manifest) => (manifest.settings.encoder = encoder));
      {
        await using collection = await openCollection(folder.at('c'));
        const error = await collection.search('oats').catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(RemoteNotAllowedError);
        expect((error as Error).message).toMatch(/127\.0\.0\.1.*not agreed to.*--allow-remote/);
        await expect(collection.add([{ id: 'x', text: 'x' }])).rejects.toThrow(RemoteNotAllowedError);
        expect((await collection.search('oats', { retriever: 'bm25' })).hits).toHaveLength(1);
        expect(calls).toBe(0);
      }
      for (const options of [{ allowRemote: true }, { encoder }]) {
        await using collection = await openCollection(folder.at('c'), options);
        const before = calls;
        expect((await collection.search('oats')).hits.length).toBeGreaterThan(0);
        expect(calls).toBe(before + 1);
      }
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
