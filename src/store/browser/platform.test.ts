import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filesContract } from '../../../test/support/files-contract.ts';
import * as node from '../local/platform.ts';
import * as browser from './platform.ts';
import { RangedFiles, systemError } from './ranged-files.ts';

const texts = fc.string({ unit: 'binary', maxLength: 5000 });
const bytes = fc.uint8Array({ maxLength: 5000 });

describe('what the store takes from a browser', () => {
  it('has the members that it has of Node', () => {
    expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort());
  });

  it('has the same checksums, of parts too', () =>
    fc.assert(
      fc.property(bytes, fc.nat(5000), (all, cut) => {
        expect(browser.crc32(all)).toBe(zlibCrc32(all));
        expect(browser.crc32(all.subarray(cut), browser.crc32(all.subarray(0, cut)))).toBe(zlibCrc32(all));
      }),
    ));

  it('packs and unpacks what the other does', () =>
    fc.assert(
      fc.property(bytes, (all) => {
        for (const [packer, unpacker] of [
          [node, browser],
          [browser, node],
          [browser, browser],
        ] as const) {
          const packed = packer.deflate(all);
          expect(Buffer.compare(unpacker.inflate(packed), all)).toBe(0);
          expect(Buffer.compare(unpacker.inflate(packed, all.length + 1), all)).toBe(0);
          if (all.length > 0) expect(() => unpacker.inflate(packed, all.length - 1)).toThrow();
        }
      }),
    ));

  it('writes texts as it does, lone surrogates and byte order marks too', () =>
    fc.assert(
      fc.property(fc.oneof(texts, fc.constantFrom('\ufeffa', '\ud800', 'x\udc00y')), (text) => {
        expect(Buffer.compare(browser.toUtf8(text), node.toUtf8(text))).toBe(0);
        expect(browser.fromUtf8(node.toUtf8(text))).toBe(node.fromUtf8(node.toUtf8(text)));
        expect(Buffer.compare(browser.toUtf16(text), node.toUtf16(text))).toBe(0);
        expect(browser.fromUtf16(node.toUtf16(text))).toBe(text);
      }),
    ));

  it('takes paths apart as it does', () => {
    expect(browser.join('https://a.example/b', 'c')).toBe('https://a.example/b/c');
    expect(browser.dirname(browser.join('a', 'b', 'c'))).toBe('a/b');
    expect(browser.dirname('a')).toBe(node.dirname('a'));
  });
});

/** Ranges of files in memory, and what was asked for. */
function memoryRanges(contents: Readonly<Record<string, Uint8Array>>, log: number[] = []) {
  return {
    open(path: string) {
      const file = contents[path.slice(1)];
      if (file === undefined) throw systemError('ENOENT', 'open', path);
      return { file, size: file.byteLength };
    },
    read(file: Uint8Array, from: number, to: number) {
      log.push(to - from);
      return file.slice(from, to);
    },
    list: () => Object.keys(contents),
    stamp: () => undefined,
  };
}

filesContract('files that are read in blocks', async (contents) => ({
  files: new RangedFiles(memoryRanges(contents)),
  folder: '',
  end: async () => undefined,
}));

filesContract('files of which a single block is kept', async (contents) => ({
  files: new RangedFiles(memoryRanges(contents), 1),
  folder: '',
  end: async () => undefined,
}));

it('fetches neighbours together, and what it has once', () => {
  const log: number[] = [];
  const files = new RangedFiles(memoryRanges({ long: new Uint8Array(1_000_000) }, log));
  const file = files.open('/long');
  for (let i = 0; i < 10; i++) files.read(file, new Uint8Array(100_000), 50_000);
  expect(log).toEqual([16_384 * 7]);
  files.read(file, new Uint8Array(1_000_000), 0);
  expect(log).toHaveLength(3);
  expect(log.reduce((sum, bytes) => sum + bytes, 0)).toBe(1_000_000);
});

describe('what is fetched ahead', () => {
  const long = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 7919) >> 3);
  const setUp = (fetch: (from: number, to: number) => Promise<Uint8Array>) => {
    const waited: number[] = [];
    const fetched: [number, number][] = [];
    const files = new RangedFiles({
      ...memoryRanges({ long }, waited),
      fetch: (_: Uint8Array, from: number, to: number) => {
        fetched.push([from, to]);
        return fetch(from, to);
      },
    });
    const file = files.open('/long');
    const at = (position: number, length = 100): Uint8Array => {
      const target = new Uint8Array(length);
      files.read(file, target, position);
      return target;
    };
    return { files, at, waited, fetched };
  };
  const now = async (from: number, to: number) => long.slice(from, to);

  it('comes at once, neighbours together, and what one read leads to in the next round', async () => {
    const { files, at, waited, fetched } = setUp(now);
    const read = () => at(16_384 * (at(0)[8]! % 50));
    const got = await files.ahead([() => at(500_000), () => at(510_000), read], read);
    expect(got).toEqual(long.slice(16_384 * (long[8]! % 50)).subarray(0, 100));
    expect(waited).toEqual([]);
    expect(fetched).toHaveLength(3);
    expect(fetched.slice(0, 2)).toEqual([
      [0, 16_384],
      [30 * 16_384, 32 * 16_384],
    ]);
  });

  it('is there whole until it was read, and its ends after that', async () => {
    const { files, at, waited, fetched } = setUp(now);
    const read = () => at(0, 900_000);
    expect(Buffer.compare(await files.ahead([read], read), long.subarray(0, 900_000))).toBe(0);
    expect([waited.length, fetched.length]).toEqual([0, 1]);
    await files.ahead([() => at(40_000)], () => at(40_000));
    expect(fetched).toHaveLength(2);
  });

  it('fails as the fetch does, and leaves reads as they were', async () => {
    const { files, at, waited } = setUp(async () => {
      throw new Error('gone');
    });
    await expect(files.ahead([() => at(0), () => at(700_000)], () => at(0))).rejects.toThrow('gone');
    expect(at(700_000)).toEqual(long.slice(700_000, 700_100));
    expect(waited).toHaveLength(1);
  });

  it('is nothing where files are read at once', async () => {
    const log: number[] = [];
    const files = new RangedFiles(memoryRanges({ long }, log));
    const file = files.open('/long');
    const read = () => files.read(file, new Uint8Array(10), 0);
    expect(await files.ahead([read], read)).toBe(10);
    expect(log).toEqual([16_384]);
  });
});
