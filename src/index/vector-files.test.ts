import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { Vectors } from '../base/vectors.ts';
import { encodeFvecs, encodeNpy, formatOfName, parseVectors } from './vector-files.ts';

const matrices = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 9 }))
  .chain(([count, dim]) =>
    fc
      .array(fc.float(), { minLength: count * dim, maxLength: count * dim })
      .map((data) => new Vectors(Float32Array.from(data), dim)),
  );

function npy(header: string, data: ArrayLike<number>, version = 1): Uint8Array {
  const text = `${header}\n`;
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([
    0x93,
    ...[...'NUMPY'].map((c) => c.charCodeAt(0)),
    version,
    0,
    ...length,
    ...[...text].map((c) => c.charCodeAt(0)),
    ...Array.from(data),
  ]);
}

describe('files of vectors', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(matrices, (vectors) => {
        const npyBytes = encodeNpy(vectors);
        const back = parseVectors(npyBytes, 'npy');
        expect(back.dim).toBe(vectors.dim);
        expect(back.data).toEqual(vectors.data);
        expect((npyBytes.length - 4 * vectors.data.length) % 64).toBe(0);
        if (vectors.count > 0) expect(parseVectors(encodeFvecs(vectors), 'fvecs')).toEqual(vectors);
      }),
    );
  });

  it('may start anywhere in their buffer', () => {
    const vectors = Vectors.fromRows([[1, 2, 3]]);
    const shifted = new Uint8Array(200);
    const bytes = encodeFvecs(vectors);
    shifted.set(bytes, 3);
    expect(parseVectors(shifted.subarray(3, 3 + bytes.length), 'fvecs')).toEqual(vectors);
  });

  it('are read in every type, byte order and layout', () => {
    const shape = "'shape': (2, 2)";
    const read = (descr: string, data: ArrayLike<number>, order = 'False', version = 1) => [
      ...parseVectors(npy(`{'descr': '${descr}', 'fortran_order': ${order}, ${shape}, }`, data, version), 'npy').data,
    ];
    const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer);
    expect(read('<f8', bytes(Float64Array.of(1, -2, 0.5, 1e9)))).toEqual([1, -2, 0.5, 1e9]);
    expect(read('|u1', [1, 2, 3, 255])).toEqual([1, 2, 3, 255]);
    expect(read('|i1', [1, 2, 3, 255])).toEqual([1, 2, 3, -1]);
    expect(read('<i2', bytes(Int16Array.of(-1, 2, 3, 300)))).toEqual([-1, 2, 3, 300]);
    expect(read('>u2', [0, 1, 1, 0, 0, 2, 0, 3])).toEqual([1, 256, 2, 3]);
    expect(read('<f2', bytes(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00)))).toEqual([
      1,
      -2,
      2 ** -24,
      Number.POSITIVE_INFINITY,
    ]);
    expect(read('<i4', bytes(Int32Array.of(1, 2, 3, 4)), 'True', 3)).toEqual([1, 3, 2, 4]);
    expect([...parseVectors(Uint8Array.from([2, 0, 0, 0, 7, 255, 2, 0, 0, 0, 1, 2]), 'bvecs').data]).toEqual([
      7, 255, 1, 2,
    ]);
    expect(parseVectors(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", [1, 2, 3]), 'npy').dim).toBe(
      3,
    );
  });

  it('are refused with the reason', () => {
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
    const refused = (bytes: Uint8Array, format: 'npy' | 'fvecs', reason: RegExp) =>
      expect(() => parseVectors(bytes, format)).toThrow(reason);
    refused(npy(header, [1, 2, 3]), 'npy', /its header says/);
    refused(npy(header.replace('<f4', '<c8'), new Uint8Array(16)), 'npy', /astype/);
    refused(npy(header.replace('(1, 2)', '(1, 2, 2)'), new Uint8Array(16)), 'npy', /shape \(1, 2, 2\)/);
    refused(npy(header.replace('(1, 2)', '(0, 0)'), []), 'npy', /shape/);
    refused(npy(header.replace('(1, 2)', '()'), new Uint8Array(4)), 'npy', /shape/);
    refused(new Uint8Array(0), 'npy', /no \.npy/);
    refused(new Uint8Array(0), 'fvecs', /no vectors/);
    refused(new Uint8Array(12), 'fvecs', /0 components/);
    refused(Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]), 'fvecs', /Vector 1/);
  });

  it('are read or refused, never anything else, when bytes are damaged', () => {
    const whole = encodeNpy(
      Vectors.fromRows([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    );
    const format = fc.constantFrom('npy' as const, 'fvecs' as const, 'bvecs' as const, 'ivecs' as const);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length)).map(([at, value, end]) => {
            const bytes = whole.slice(0, end);
            if (at < end) bytes[at] = value;
            return bytes;
          }),
        ),
        format,
        (bytes, as) => {
          try {
            const vectors = parseVectors(bytes, as);
            expect(vectors.data.length).toBe(vectors.count * vectors.dim);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidArgumentError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('are told apart by name', () => {
    expect(['a.npy', 'b.c.FVECS', 'd.bvecs', 'e.txt', 'npy'].map(formatOfName)).toEqual([
      'npy',
      'fvecs',
      'bvecs',
      undefined,
      undefined,
    ]);
  });
});
