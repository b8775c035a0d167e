import { describe, expect, it } from 'vitest';
import { CorruptFileError, IncompatibleError, InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { MemorySections } from '../base/sections.ts';
import { Vectors } from '../base/vectors.ts';
import type { Codec } from './codec.ts';
import { createCodec } from './registry.ts';
import { CodecSection, openCodec, saveCodec } from './saving.ts';
import { clustered, relativeError } from './testing.ts';

const DIM = 30;
const SAMPLE = clustered(1200, DIM, 1);
const VECTORS = clustered(1500, DIM, 1).slice(1200, 1500);

/** [specification, canonical form if another, bytes of a code, greatest relative error of decoded vectors]. */
const codecs: readonly (readonly [string, string, number, number])[] = [
  ['sq8', '', 30, 1.2e-4],
  ['sq4', '', 15, 0.02],
  ['f16', '', 60, 1e-6],
  ['pq15x4', '', 8, 0.22],
  ['pq7x4', '', 4, 0.45],
  ['pq6x8', '', 6, 0.25],
  ['apq15x4', '', 8, 0.26],
  ['bin30', '', 4, 0.7],
  ['bin100', '', 13, 0.5],
  ['bin13', '', 2, 0.85],
  ['rabitq1', '', 12, 0.8],
  ['rabitq2', '', 16, 0.15],
  ['rabitq3', '', 20, 0.05],
  ['rabitq4', '', 24, 0.012],
  ['rbin30x1', '', 4, 0.8],
  ['rbin64x2', '', 18, 0.6],
  ['rbin32x4', '', 18, 0.7],
  ['pq6x4+sq4', '', 18, 0.02],
  ['pq5x8+pq5x8+pq5x4', '', 13, 0.16],
  ['OPQ, pq15x4', 'opq,pq15x4', 8, 0.12],
  ['center,pca12,sq8', '', 12, 0.2],
  ['rot,sq4', '', 15, 0.02],
  ['center,rot,pq10x4', '', 5, 0.4],
  ['center,rabitq2', '', 16, 0.15],
  ['pca20,opq,pq10x4+sq4', '', 15, 0.12],
  ['center', 'center,f16', 60, 1e-6],
];

async function trained(spec: string, seed = 1234): Promise<Codec> {
  const codec = createCodec(spec, DIM);
  await codec.train(SAMPLE, { seed });
  return codec;
}

function scores(codec: Codec, query: Float32Array, codes: Uint8Array): Float32Array {
  const out = new Float32Array(codes.length / codec.codeSize);
  codec.scorer(query).score(codes, out.length, out);
  return out;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c]! * b[c]!;
  return sum;
}

describe.each(codecs)('the codec %s', (spec, canonical, codeSize, floor) => {
  it('codes in exactly its size, decodes within its error, and scores as it decodes', async () => {
    const codec = await trained(spec);
    expect(codec.spec).toBe(canonical === '' ? spec : canonical);
    expect(codec.trained).toBe(true);
    expect(codec.codeSize).toBe(codeSize);
    const codes = codec.encode(VECTORS);
    expect(codes.length).toBe(codeSize * VECTORS.count);
    const decoded = codec.decode(codes);
    expect(decoded.dim).toBe(DIM);
    expect(relativeError(VECTORS, decoded)).toBeLessThan(floor);
    for (const query of [VECTORS.row(3), SAMPLE.row(5)]) {
      const found = scores(codec, query, codes);
      const length = Math.sqrt(dot(query, query));
      for (let v = 0; v < VECTORS.count; v++) {
        const expected = dot(query, decoded.row(v));
        const tolerance = 2e-5 * (length * Math.sqrt(dot(decoded.row(v), decoded.row(v))) + 1);
        expect(Math.abs(found[v]! - expected)).toBeLessThan(tolerance);
      }
    }
    expect(codec.encode(Vectors.zeros(0, DIM)).length).toBe(0);
    expect(codec.decode(new Uint8Array(0)).count).toBe(0);
  });

  it('is the same for the same seed and after saving, and codes rows as it codes them alone', async () => {
    const codec = await trained(spec, 7);
    const codes = codec.encode(VECTORS);
    expect((await trained(spec, 7)).encode(VECTORS)).toEqual(codes);
    const opened = openCodec(new MemorySections(saveCodec(codec, 'x.')), 'x.');
    expect(opened.spec).toBe(codec.spec);
    expect(opened.encode(VECTORS)).toEqual(codes);
    expect(opened.decode(codes)).toEqual(codec.decode(codes));
    expect(scores(opened, VECTORS.row(0), codes)).toEqual(scores(codec, VECTORS.row(0), codes));
    expect(codec.encode(VECTORS.slice(17, 18))).toEqual(codes.subarray(17 * codeSize, 18 * codeSize));
  });

  it('refuses other dimensions, numbers that are not finite, broken codes, and use before training', async () => {
    const codec = await trained(spec);
    expect(() => codec.encode(Vectors.zeros(2, DIM + 1))).toThrow(InvalidArgumentError);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const vectors = new Vectors(VECTORS.data.slice(), DIM);
      vectors.row(4)[29] = bad;
      expect(() => codec.encode(vectors)).toThrow(InvalidArgumentError);
      expect(() => codec.scorer(vectors.row(4))).toThrow(InvalidArgumentError);
      // f16 learns nothing, and looks at nothing.
      if (spec !== 'f16') await expect(codec.train(vectors)).rejects.toThrow(InvalidArgumentError);
    }
    expect(() => codec.scorer(new Float32Array(DIM - 1))).toThrow(InvalidArgumentError);
    expect(() => codec.decode(new Uint8Array(codeSize + 1))).toThrow(InvalidArgumentError);
    const fresh = createCodec(spec, DIM);
    if (!fresh.trained) {
      expect(() => fresh.encode(VECTORS)).toThrow(InvalidArgumentError);
      expect(() => saveCodec(fresh)).toThrow(InvalidArgumentError);
    }
  });
});

describe('vectors at the ends of the range', () => {
  const scaled = (by: number): Vectors =>
    new Vectors(
      SAMPLE.data.slice(0, 300 * DIM).map((value) => value * by),
      DIM,
    );
  const error = (a: Vectors, b: Vectors): number => {
    let [squared, total] = [0, 0];
    a.data.forEach((value, i) => {
      squared += (value / a.data[0]! - b.data[i]! / a.data[0]!) ** 2;
      total += (value / a.data[0]!) ** 2;
    });
    return squared / total;
  };

  it.each(['sq8', 'sq4', 'pq15x4', 'rabitq4', 'center,sq8', 'opq,pq15x4', 'pq6x4+sq4'])(
    '%s: are coded as well as others, or refused',
    async (spec) => {
      const codes = async (by: number): Promise<number> => {
        const codec = createCodec(spec, DIM);
        await codec.train(scaled(by), { seed: 1 });
        return error(scaled(by), codec.decode(codec.encode(scaled(by))));
      };
      const usual = await codes(1);
      for (const by of [1e-12, 1e12]) expect(await codes(by)).toBeLessThan(usual * 1.1 + 1e-6);
      for (const by of [1e20, 1e37]) await expect(codes(by)).rejects.toThrow(/Divide all vectors by the same number/);
    },
  );

  it('f16: are refused where they would be cut off or vanish', () => {
    const codec = createCodec('f16', DIM);
    const one = (value: number): Vectors =>
      Vectors.fromRows([Float32Array.from({ length: DIM }, (_, i) => (i === 3 ? value : 0))]);
    for (const value of [0, 2 ** -24, 1e-3, 65_504])
      expect(codec.decode(codec.encode(one(value))).data[3]).toBeCloseTo(value, 6);
    for (const value of [65_505, -1e9, 1e-8])
      expect(() => codec.encode(one(value))).toThrow(/half precision reaches from/);
  });
});

describe('codecs together', () => {
  it('err less with more bytes, and with a rotation that was learned', async () => {
    const error = async (spec: string): Promise<number> => {
      const codec = await trained(spec);
      return relativeError(VECTORS, codec.decode(codec.encode(VECTORS)));
    };
    expect(await error('opq,pq10x4')).toBeLessThan(0.9 * (await error('pq10x4')));
    expect(await error('pq12x8')).toBeLessThan(await error('pq6x8'));
    expect(await error('pq10x8')).toBeLessThan(await error('pq10x4'));
    expect(await error('pq6x4+pq6x4')).toBeLessThan(await error('pq6x4'));
    expect(await error('pca20,f16')).toBeLessThan(await error('pca10,f16'));
    expect(await error('bin100')).toBeLessThan(await error('bin30'));
    for (let bits = 2; bits <= 4; bits++) {
      expect(await error(`rabitq${bits}`)).toBeLessThan(await error(`rabitq${bits - 1}`));
    }
  });

  it('norm refuses zero vectors and makes scores cosines', async () => {
    const codec = await trained('norm,sq8');
    expect(() => codec.encode(Vectors.zeros(1, DIM))).toThrow(/zero/);
    const query = VECTORS.row(0);
    const found = scores(codec, query, codec.encode(VECTORS));
    for (let v = 0; v < VECTORS.count; v++) {
      const row = VECTORS.row(v);
      expect(Math.abs(found[v]! - dot(query, row) / Math.sqrt(dot(row, row)))).toBeLessThan(
        0.02 * Math.sqrt(dot(query, query)),
      );
    }
  });

  it('obeys an abort signal, and leaves what was learned before', async () => {
    const codec = await trained('opq,pq10x4');
    const codes = codec.encode(VECTORS);
    const aborted = AbortSignal.abort(new Error('stop'));
    await expect(codec.train(SAMPLE, { signal: aborted, seed: 3 })).rejects.toThrow('stop');
    expect(codec.encode(VECTORS)).toEqual(codes);
  });

  it('reports progress from 0 to 1 without going back', async () => {
    const seen: number[] = [];
    await createCodec('center,opq,pq5x4+pq5x4', DIM).train(SAMPLE, { onProgress: (done) => seen.push(done) });
    expect(seen.at(-1)).toBe(1);
    for (let i = 1; i < seen.length; i++) expect(seen[i]!).toBeGreaterThanOrEqual(seen[i - 1]! - 1e-12);
  });

  it('refuses too few training vectors with the remedy', async () => {
    await expect(createCodec('pq6x8', DIM).train(SAMPLE.slice(0, 255))).rejects.toThrow(/at least 256.*such as sq8/);
    await expect(createCodec('opq,pq6x4', DIM).train(SAMPLE.slice(0, 15))).rejects.toThrow(InvalidArgumentError);
    await expect(createCodec('pq6x4', DIM).train(SAMPLE.slice(0, 16))).resolves.toBeUndefined();
  });

  it.each([
    ['pq32x4', 'parts'],
    ['pq0x4', 'pq32x4'],
    ['pca31', '1 to 30'],
    ['rabitq5', '1 to 4'],
    ['bin0', 'number of bits'],
    ['opq', 'right before a product quantizer'],
    ['opq,sq8', 'right before a product quantizer'],
    ['sq8,pq5x4', 'follows the quantizer'],
    ['centre,sq8', 'Did you mean `center`?'],
    ['pq5x5', 'pq32x4'],
    ['', 'opq,pq32x4'],
    ['sq8,', 'a part is wanted'],
    ['sq8+', 'a part is wanted'],
    ['sq8(a=1)', 'remove'],
  ])('refuses the specification "%s"', (spec, message) => {
    expect(() => createCodec(spec, DIM)).toThrow(InvalidArgumentError);
    expect(() => createCodec(spec, DIM)).toThrow(message);
  });

  it('refuses saved codecs of another version, truncated, or with any byte flipped in the header', async () => {
    const sections = saveCodec(await trained('opq,pq10x4'));
    const header = sections.get(CodecSection.header)!;
    const learned = sections.get(CodecSection.learned)!;
    const open = (head: Uint8Array, body = learned): Codec =>
      openCodec(
        new MemorySections(
          new Map([
            [CodecSection.header, head],
            [CodecSection.learned, body],
          ]),
        ),
      );
    const other = header.slice();
    other[4] = 2;
    expect(() => open(other)).toThrow(IncompatibleError);
    for (let length = 0; length < header.length; length++) {
      expect(() => open(header.slice(0, length))).toThrow(CorruptFileError);
    }
    expect(() => open(header, learned.slice(4))).toThrow(CorruptFileError);
    expect(() => openCodec(new MemorySections(new Map()))).toThrow(CorruptFileError);
    const random = new Random(3);
    for (let i = 0; i < 200; i++) {
      const damaged = header.slice();
      damaged[random.below(damaged.length)]! ^= 1 << random.below(8);
      // A flip may make another valid description, of the same sizes; anything else is refused, and nothing crashes.
      try {
        open(damaged);
      } catch (error) {
        expect(error instanceof CorruptFileError || error instanceof IncompatibleError).toBe(true);
      }
    }
  });
});
