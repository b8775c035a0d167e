import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CorruptFileError, IncompatibleError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { readSection } from '../../base/sections.ts';
import { CHUNK_BYTES, ContainerReader, ContainerWriter } from './container.ts';
import { nodeFileSystem, nodeFiles } from './node-files.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), 'sagitta-container-'));
  path = join(directory, 'x.seg');
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

function randomBytes(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

async function write(sections: Iterable<readonly [string, Uint8Array]>, pieces = Number.POSITIVE_INFINITY) {
  fs.rmSync(path, { force: true });
  const writer = new ContainerWriter(path, nodeFileSystem);
  for (const [name, bytes] of sections) {
    writer.begin(name);
    for (let at = 0; at < bytes.length; at += pieces) writer.write(bytes.subarray(at, at + pieces));
  }
  return writer.finish();
}

describe('a container', () => {
  test('gives back every range of every section, however it was written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3 * CHUNK_BYTES), { maxLength: 5 }),
        fc.integer({ min: 100, max: 2 * CHUNK_BYTES }),
        fc.nat(),
        async (lengths, pieces, seed) => {
          const random = new Random(seed);
          const sections = new Map(lengths.map((length, i) => [`part.${i}`, randomBytes(length, random)]));
          const stamp = await write(sections, pieces);
          expect(stamp.bytes).toBe(fs.statSync(path).size);
          const reader = new ContainerReader(path, nodeFiles, stamp);
          expect(reader.sections.map(({ name }) => name)).toEqual([...sections.keys()]);
          for (const [name, bytes] of sections) {
            expect(readSection(reader, name)).toEqual(bytes);
            for (let i = 0; i < 5; i++) {
              const from = random.below(bytes.length + 1);
              const target = new Uint8Array(random.below(bytes.length - from + 1));
              reader.readInto(name, target, from);
              expect(Buffer.compare(target, bytes.subarray(from, from + target.length))).toBe(0);
            }
          }
          expect(reader.has('none')).toBe(false);
          expect(reader.size('none')).toBe(0);
          reader.close();
        },
      ),
      { numRuns: 20 },
    );
  });

  test('larger than the write buffer is written whole', async () => {
    const bytes = new Uint8Array(3_000_000).fill(7);
    const stamp = await write([
      ['small', Uint8Array.of(1)],
      ['large', bytes],
      ['last', Uint8Array.of(2)],
    ]);
    const reader = new ContainerReader(path, nodeFiles, stamp);
    expect(Buffer.compare(readSection(reader, 'large'), bytes)).toBe(0);
    expect(readSection(reader, 'last')).toEqual(Uint8Array.of(2));
    reader.close();
  });

  test('notices a change of any of its bytes', async () => {
    const random = new Random(1);
    const stamp = await write([
      ['a', randomBytes(CHUNK_BYTES + 50, random)],
      ['b', randomBytes(10, random)],
    ]);
    const original = fs.readFileSync(path);
    for (let at = 0; at < original.length; at++) {
      const damaged = Buffer.from(original);
      damaged[at]! ^= 1 << random.below(8);
      // Every byte of header, table and footer, one in 41 between.
      if (at > 50 && at < original.length - 150 && at % 41 > 0) continue;
      fs.writeFileSync(path, damaged);
      expect(() => readAll(stamp), `byte ${at}`).toThrow(CorruptFileError);
      // Also without the manifest's word for it.
      expect(() => readAll(), `byte ${at}`).toThrow(CorruptFileError);
    }
  });

  test('notices truncation and appended bytes', async () => {
    const stamp = await write([['a', new Uint8Array(5000)]]);
    const original = fs.readFileSync(path);
    for (let length = 0; length < original.length; length += 37) {
      fs.writeFileSync(path, original.subarray(0, length));
      expect(() => readAll(stamp)).toThrow(CorruptFileError);
      expect(() => readAll()).toThrow(CorruptFileError);
    }
    fs.writeFileSync(path, Buffer.concat([original, Buffer.of(0)]));
    expect(() => readAll(stamp)).toThrow(CorruptFileError);
    expect(() => readAll()).toThrow(CorruptFileError);
  });

  test('notices that it was exchanged for another, or shortened while open', async () => {
    const stamp = await write([['a', new Uint8Array(20_000)]]);
    const reader = new ContainerReader(path, nodeFiles, stamp);
    fs.truncateSync(path, 10_000);
    expect(() => readSection(reader, 'a')).toThrow(CorruptFileError);
    reader.close();
    await write([['a', new Uint8Array(20_000).fill(1)]]);
    expect(() => new ContainerReader(path, nodeFiles, stamp)).toThrow(/not the file that the manifest names/);
  });

  test('refuses to read outside of a section', async () => {
    await write([['a', new Uint8Array(10)]]);
    const reader = new ContainerReader(path, nodeFiles);
    expect(() => reader.readInto('a', new Uint8Array(5), 6)).toThrow(CorruptFileError);
    expect(() => reader.readInto('b', new Uint8Array(1))).toThrow(/section b is missing/);
    reader.close();
    expect(() => reader.readInto('a', new Uint8Array(5))).toThrow(/closed/);
  });

  test('of another version is refused', async () => {
    const writer = new ContainerWriter(path, nodeFileSystem);
    writer.section('a', new Uint8Array(3));
    await writer.finish();
    const { crc32 } = await import('node:zlib');
    const bytes = fs.readFileSync(path);
    bytes.writeUInt32LE(2, 8);
    const table = bytes.readUInt32LE(bytes.length - 32);
    const length = bytes.readUInt32LE(bytes.length - 16);
    bytes.writeUInt32LE(crc32(bytes.subarray(table, table + length), crc32(bytes.subarray(0, 16))), bytes.length - 12);
    bytes.writeUInt32LE(crc32(bytes.subarray(bytes.length - 32, bytes.length - 8)), bytes.length - 8);
    fs.writeFileSync(path, bytes);
    expect(() => new ContainerReader(path, nodeFiles)).toThrow(IncompatibleError);
  });

  test('that was abandoned is gone', () => {
    const writer = new ContainerWriter(path, nodeFileSystem);
    writer.section('a', new Uint8Array(3));
    writer.abandon();
    expect(fs.existsSync(path)).toBe(false);
  });
});

function readAll(stamp?: { bytes: number; checksum: number }): void {
  const reader = new ContainerReader(path, nodeFiles, stamp);
  try {
    for (const _ of reader.verify());
  } finally {
    reader.close();
  }
}
