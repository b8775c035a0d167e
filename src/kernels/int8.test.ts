import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitSet } from '../base/bits.ts';
import { Random } from '../base/random.ts';
import { Arena, supportedBuilds } from './arena.ts';
import { encodeInt8, paddedDim, quantizeQuery } from './int8.ts';
import * as reference from './reference.ts';
import { drainHeap } from './select.ts';
import { heapBytes } from './topk.ts';

const dims = fc.oneof(fc.constantFrom(1, 3, 7, 16, 17, 32, 48, 513), fc.integer({ min: 1, max: 70 }));
const shapes = fc.record({
  dim: dims,
  count: fc.integer({ min: 0, max: 150 }),
  shift: fc.integer({ min: 0, max: 15 }),
  extreme: fc.boolean(),
  seed: fc.integer(),
});

function inputs({ dim, count, extreme, seed }: { dim: number; count: number; extreme: boolean; seed: number }) {
  const random = new Random(seed);
  const limit = Math.min(32_767, Math.floor(0x7fff_ffff / (128 * dim)));
  const query = Int16Array.from({ length: dim }, () => (extreme ? -limit : random.below(2 * limit + 1) - limit));
  const rows = Int8Array.from({ length: count * dim }, () => (extreme ? -128 : random.below(256) - 128));
  // Few distinct scales, some of them 0, so that scores tie.
  const scales = Float32Array.from({ length: count }, () => random.below(3) / 7);
  return { random, query, rows, scales };
}

describe.each(supportedBuilds())('int8 kernels on the %s build', (build) => {
  const arena = new Arena(build);
  const put = (query: Int16Array, rows: Int8Array, shift: number) => {
    const padded = new Int16Array(paddedDim(query.length));
    padded.set(query);
    const q = arena.put(padded);
    // What lies before and behind the rows must not matter.
    const start = arena.allocate(rows.length + 80);
    arena.u8(start, rows.length + 80).fill(0x55);
    arena.i8(start + shift, rows.length).set(rows);
    return { q, r: start + shift };
  };

  it('dotRowsInt8 equals the scalar twin for every dimension and alignment, at the largest sums too', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { query, rows } = inputs(shape);
        const mark = arena.mark();
        const { q, r } = put(query, rows, shape.shift);
        const out = arena.allocate(4 * shape.count);
        arena.kernels.dotRowsInt8(q, r, shape.count, shape.dim, out);
        const actual = arena.i32(out, shape.count).slice();
        arena.release(mark);
        expect(actual).toEqual(reference.dotRowsInt8(query, rows));
      }),
      { numRuns: 200 },
    );
  });

  it('scanInt8 keeps exactly the best of the scalar twin, with and without a mask', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer({ min: 0, max: 40 }),
        fc.constantFrom(0, 0.02, 0.5, 0.95, 1),
        (shape, k, share) => {
          const { random, query, rows, scales } = inputs(shape);
          const { dim, count } = shape;
          const base = 1000;
          const allowed = new BitSet(count);
          for (let i = 0; i < count; i++) if (random.next() < share) allowed.add(i);
          const mark = arena.mark();
          const { q, r } = put(query, rows, shape.shift);
          const s = arena.put(scales);
          // Bits beyond the last row are set, and must not count.
          const bytes = new Uint8Array(allowed.bytes.length + 8).fill(0xff);
          bytes.set(allowed.bytes);
          for (let i = count; i < allowed.bytes.length * 8; i++) bytes[i >> 3]! |= 1 << (i & 7);
          const mask = arena.put(bytes);
          const heap = arena.allocate(heapBytes(k));
          for (const set of [undefined, allowed]) {
            arena.kernels.heapReset(heap, k);
            const scored = arena.kernels.scanInt8(q, r, s, count, dim, set === undefined ? 0 : mask, base, heap);
            const actual = drainHeap(arena, heap, k);
            const scores = reference.scoresInt8(query, rows, scales);
            const best = reference.selectTop(scores, k, set);
            expect(scored).toBe(set?.count ?? count);
            expect([...actual.ids]).toEqual(best.map((i) => base + i));
            expect([...actual.scores]).toEqual(best.map((i) => scores[i]! + 0));
          }
          arena.release(mark);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('continues one selection over several stretches of rows', () => {
    const { query, rows, scales } = inputs({ dim: 33, count: 200, extreme: false, seed: 5 });
    const { q, r } = put(query, rows, 0);
    const s = arena.put(scales);
    const heap = arena.allocate(heapBytes(15));
    arena.kernels.heapReset(heap, 15);
    // The later stretch first: the order of offers must not decide ties.
    arena.kernels.scanInt8(q, r + 90 * 33, s + 90 * 4, 110, 33, 0, 90, heap);
    arena.kernels.scanInt8(q, r, s, 90, 33, 0, 0, heap);
    const best = reference.selectTop(reference.scoresInt8(query, rows, scales), 15);
    expect([...drainHeap(arena, heap, 15).ids]).toEqual(best);
  });

  it('ignores rows whose scale is not a number', () => {
    const { query, rows } = inputs({ dim: 4, count: 3, extreme: false, seed: 6 });
    const { q, r } = put(query, rows, 0);
    const s = arena.put(Float32Array.of(Number.NaN, 0, Number.NaN));
    const heap = arena.allocate(heapBytes(3));
    arena.kernels.heapReset(heap, 3);
    arena.kernels.scanInt8(q, r, s, 3, 4, 0, 0, heap);
    expect([...drainHeap(arena, heap, 3).ids]).toEqual([1]);
  });
});

describe('quantisation', () => {
  const vectors = fc.float32Array({ minLength: 1, maxLength: 600, noNaN: true, noDefaultInfinity: true });

  it('encodeInt8 is off by half a scale at most and uses the whole symmetric range', () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        const codes = new Int8Array(vector.length);
        const scale = encodeInt8(vector, codes);
        if (scale === 0) expect(codes.every((code) => code === 0)).toBe(true);
        else expect(Math.max(...codes.map(Math.abs))).toBe(127);
        vector.forEach((value, i) => {
          expect(codes[i]).toBeGreaterThanOrEqual(-127);
          expect(Math.abs(codes[i]! * scale - value)).toBeLessThanOrEqual(scale * 0.5001);
        });
      }),
    );
  });

  it('quantizeQuery pads with zeros and leaves no sum outside int32', () => {
    fc.assert(
      fc.property(vectors, (query) => {
        const out = new Int16Array(paddedDim(query.length)).fill(99);
        const step = quantizeQuery(query, out);
        expect(out.subarray(query.length).every((value) => value === 0)).toBe(true);
        query.forEach((value, i) => {
          expect(Math.abs(out[i]! * step - value)).toBeLessThanOrEqual(step * 0.5001);
        });
        expect(out.reduce((sum, value) => sum + 128 * Math.abs(value), 0)).toBeLessThan(2 ** 31);
      }),
    );
    const wide = new Float32Array(5000).fill(1);
    const out = new Int16Array(paddedDim(5000));
    quantizeQuery(wide, out);
    expect(out.reduce((sum, value) => sum + 128 * value, 0)).toBeLessThan(2 ** 31);
  });

  it('maps zero vectors to zeros', () => {
    expect(encodeInt8(new Float32Array(3), new Int8Array(3))).toBe(0);
    expect(quantizeQuery(new Float32Array(3), new Int16Array(16))).toBe(0);
  });
});
