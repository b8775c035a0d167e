import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { MemorySections } from '../base/sections.ts';
import { Vectors } from '../base/vectors.ts';
import type { Codec, PartInput, Transform } from '../codec/index.ts';
import { createCodec, openCodec, registerCodecPart, saveCodec } from '../codec/index.ts';
import { buildIndex, openIndex } from './index.ts';

const random = new Random(4);
const vectors = new Vectors(
  Float32Array.from({ length: 200 * 16 }, () => random.normal()),
  16,
);
const nothing: ReadonlyMap<string, Float32Array> = new Map();

/** Keeps so many bytes of every vector, one a component. */
const firstBytes = ({ dim, numbers: [bytes] }: PartInput): Codec => ({
  spec: `first${bytes}`,
  dim,
  codeSize: bytes!,
  trained: true,
  train: async () => undefined,
  learned: () => nothing,
  restore: () => undefined,
  encode: ({ count, data }) =>
    Uint8Array.from({ length: count * bytes! }, (_, i) => {
      const value = data[Math.floor(i / bytes!) * dim + (i % bytes!)]!;
      return Math.max(0, Math.min(255, Math.round(128 + 32 * value)));
    }),
  decode: (codes) => {
    const out = Vectors.zeros(codes.length / bytes!, dim);
    codes.forEach((code, i) => {
      out.row(Math.floor(i / bytes!))[i % bytes!] = (code - 128) / 32;
    });
    return out;
  },
  scorer: (query) => ({
    score(codes, count, out) {
      for (let v = 0; v < count; v++) {
        out[v] = 0;
        for (let c = 0; c < bytes!; c++) out[v]! += (query[c]! * (codes[v * bytes! + c]! - 128)) / 32;
      }
    },
  }),
});

/** Turns the signs round. */
const flip = ({ dim }: PartInput): Transform => {
  const apply = (rows: Vectors) =>
    new Vectors(
      rows.data.map((value) => -value),
      dim,
    );
  return {
    spec: 'backwards',
    dim,
    outDim: dim,
    trained: true,
    train: async () => undefined,
    learned: () => nothing,
    restore: () => undefined,
    apply,
    invert: apply,
    project: (query) => ({ query: query.map((value) => -value), offset: 0 }),
  };
};

describe('parts of others', () => {
  it('work by their names in codecs and indexes, and open again', async () => {
    expect(() => createCodec('backwards,first8', 16)).toThrow(/no part "backwards"/);
    registerCodecPart({ name: 'backwards', role: 'transform', example: 'backwards', create: flip });
    registerCodecPart({
      name: 'first',
      role: 'quantizer',
      example: 'first8',
      numbers: /^([1-9][0-9]?)$/,
      meaning: 'how many components are kept',
      create: firstBytes,
    });
    const codec = createCodec('backwards,first16', 16);
    expect(codec.spec).toBe('backwards,first16');
    const back = codec.decode(codec.encode(vectors));
    back.data.forEach((value, i) => {
      expect(Math.abs(value - vectors.data[i]!)).toBeLessThan(1.1);
    });
    expect(openCodec(new MemorySections(saveCodec(codec))).encode(vectors)).toEqual(codec.encode(vectors));
    expect(() => createCodec('backwards,firs8', 16)).toThrow('Did you mean `first8`?');
    expect(() => createCodec('first', 16)).toThrow(/how many components are kept/);

    for (const spec of ['backwards,first16', 'backwards,ivf4,first16', 'first8+first16,refine:first16']) {
      const index = await buildIndex(spec, vectors);
      expect(index.spec).toBe(spec);
      const again = openIndex(new MemorySections(index.save()));
      for (const q of [0, 50, 199]) {
        const found = again.search(vectors.row(q), { k: 3 });
        expect(found.ids).toEqual(index.search(vectors.row(q), { k: 3 }).ids);
        expect(found.ids[0]).toBe(q);
      }
    }
  });

  it('need names of their own', () => {
    for (const name of ['pq', 'ivf', 'Upper', '8bit', 'full']) {
      const part = { name, role: 'quantizer', example: name, create: firstBytes } as const;
      expect(() => registerCodecPart(part)).toThrow(InvalidArgumentError);
    }
  });
});
