import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { Arena, supportedBuilds } from './arena.ts';
import * as reference from './reference.ts';

const shapes = fc.record({
  dim: fc.oneof(fc.constantFrom(1, 3, 4, 7, 16, 512, 513), fc.integer({ min: 1, max: 70 })),
  count: fc.integer({ min: 0, max: 9 }),
  shift: fc.integer({ min: 0, max: 15 }),
  seed: fc.integer(),
});

/** Rounding grows with the sum of magnitudes: of normal numbers about `dim`, and at least the size of the sum. */
const tolerance = (dim: number, sum: number): number => 1e-6 * (dim + 1 + Math.abs(sum));

describe.each(supportedBuilds())('float kernels on the %s build', (build) => {
  const arena = new Arena(build);
  const run = (kernel: 'dotRows' | 'l2Rows', query: Float32Array, rows: Float32Array, shift = 0): Float32Array => {
    const mark = arena.mark();
    const count = rows.length / query.length;
    const at = (array: Float32Array): number => {
      const address = arena.allocate(array.byteLength + 16) + shift;
      arena.u8(address, array.byteLength).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      return address;
    };
    const [q, r] = [at(query), at(rows)];
    const out = arena.put(new Float32Array(count + 1).fill(42));
    arena.kernels[kernel](q, r, count, query.length, out);
    const result = arena.f32(out, count + 1).slice();
    expect(result[count]).toBe(42);
    arena.release(mark);
    return result.subarray(0, count);
  };

  it.each([
    ['dotRows', reference.dotRows],
    ['l2Rows', reference.l2Rows],
  ] as const)('%s agrees with the scalar twin for every dimension and alignment', (kernel, twin) => {
    fc.assert(
      fc.property(shapes, ({ dim, count, shift, seed }) => {
        const random = new Random(seed);
        const query = Float32Array.from({ length: dim }, () => random.normal());
        const rows = Float32Array.from({ length: count * dim }, () => random.normal());
        const expected = twin(query, rows);
        const actual = run(kernel, query, rows, shift);
        for (let r = 0; r < count; r++) {
          expect(Math.abs(actual[r]! - expected[r]!)).toBeLessThan(tolerance(dim, expected[r]!));
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['dotRowsAt', reference.dotRows],
    ['l2RowsAt', reference.l2Rows],
  ] as const)('%s scores the named rows, in any order and more than once', (kernel, twin) => {
    fc.assert(
      fc.property(shapes, ({ dim, count, seed }) => {
        const random = new Random(seed);
        const query = Float32Array.from({ length: dim }, () => random.normal());
        const rows = Float32Array.from({ length: 5 * dim }, () => random.normal());
        const named = Uint32Array.from({ length: count }, () => random.below(5));
        const mark = arena.mark();
        const [q, r, ids] = [arena.put(query), arena.put(rows), arena.put(named)];
        const out = arena.put(new Float32Array(count + 1).fill(42));
        arena.kernels[kernel](q, r, ids, count, dim, out);
        const actual = arena.f32(out, count + 1).slice();
        arena.release(mark);
        expect(actual[count]).toBe(42);
        const expected = twin(query, rows);
        named.forEach((row, i) => {
          expect(Math.abs(actual[i]! - expected[row]!)).toBeLessThan(tolerance(dim, expected[row]!));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('lets NaN and infinity through', () => {
    for (const dim of [1, 4, 5, 16, 17]) {
      const query = new Float32Array(dim).fill(1);
      const rows = new Float32Array(3 * dim).fill(1);
      rows[dim - 1] = Number.NaN;
      rows[2 * dim - 1] = Number.POSITIVE_INFINITY;
      expect([...run('dotRows', query, rows)]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, dim]);
      expect([...run('l2Rows', query, rows)]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 0]);
    }
  });
});
