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
