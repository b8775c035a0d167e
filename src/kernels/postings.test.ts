import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { Arena, supportedBuilds } from './arena.ts';
import { bitWidth, packBlock, packedBytes, packStream } from './packing.ts';

/** What packing means, bit by bit: value `j` of a block starts at bit `(j >> 2) * bits` of lane `j % 4`. */
function readVertical(packed: Uint8Array, bits: number, j: number): number {
  let value = 0;
  for (let i = 0; i < bits; i++) {
    const bit = (j >> 2) * bits + i;
    const byte = (bit >> 5) * 16 + (j & 3) * 4 + ((bit & 31) >> 3);
    value += ((packed[byte]! >> (bit & 7)) & 1) * 2 ** i;
  }
  return value;
}

function readStream(packed: Uint8Array, bits: number, j: number): number {
  let value = 0;
  for (let i = 0; i < bits; i++) {
    const bit = j * bits + i;
    value += ((packed[bit >> 3]! >> (bit & 7)) & 1) * 2 ** i;
  }
  return value;
}

/** Documents from gaps minus one, modulo 2^32 as the kernels count. */
function documentsOf(gaps: Uint32Array, base: number): number[] {
  let document = base;
  return [...gaps].map((gap) => {
    document = (document + gap + 1) >>> 0;
    return document;
  });
}

const random = new Random(1);
const widths = Array.from({ length: 33 }, (_, bits) => bits);
const gapsOf = (bits: number, count: number): Uint32Array =>
  Uint32Array.from({ length: count }, () => (bits === 0 ? 0 : random.uint32() >>> (32 - bits)));

describe('packing', () => {
  it.each(widths)('keeps values of %d bits, in blocks and in streams', (bits) => {
    const gaps = gapsOf(bits, 128);
    const block = new Uint8Array(packedBytes(128, bits) + 3);
    packBlock(gaps, bits, block, 3);
    expect([...gaps.keys()].map((j) => readVertical(block.subarray(3), bits, j))).toEqual([...gaps]);
    const stream = new Uint8Array(packedBytes(127, bits) + 3);
    packStream(gaps, 127, bits, stream, 3);
    expect(Array.from({ length: 127 }, (_, j) => readStream(stream.subarray(3), bits, j))).toEqual([
      ...gaps.subarray(0, 127),
    ]);
  });

  it('tells how many bits a value needs', () => {
    expect([0, 1, 2, 3, 4, 255, 256, 0xffff_ffff].map(bitWidth)).toEqual([0, 1, 2, 2, 3, 8, 9, 32]);
  });
});

describe.each(supportedBuilds())('postings kernels on the %s build', (build) => {
  const arena = new Arena(build);
  const source = arena.allocate(1024);
  const out = arena.allocate(1024);

  it.each(widths)('unpack gaps of %d bits into documents', (bits) => {
    for (const base of [-1, 0, 70_000]) {
      const gaps = gapsOf(bits, 128);
      packBlock(gaps, bits, arena.u8(source, 1024).fill(0), 1);
      arena.kernels.unpackDocuments(source + 1, bits, base, out);
      expect([...arena.u32(out, 128)]).toEqual(documentsOf(gaps, base));
      for (const count of [1, 2, 5, 127]) {
        packStream(gaps, count, bits, arena.u8(source, 1024).fill(0), 1);
        arena.kernels.unpackShortDocuments(source + 1, bits, base, count, out);
        expect([...arena.u32(out, count)]).toEqual(documentsOf(gaps.subarray(0, count), base));
      }
    }
  });
});
