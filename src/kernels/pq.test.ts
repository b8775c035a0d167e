import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitSet } from '../base/bits.ts';
import { Random } from '../base/random.ts';
import { Arena, supportedBuilds } from './arena.ts';
import { pq4RowBytes, pq4TableBytes } from './pq.ts';
import { packPq4Blocks } from './pq-blocks.ts';
import * as reference from './reference.ts';
import * as twin from './reference-pq.ts';
import { drainHeap } from './select.ts';
import { heapBytes } from './topk.ts';

const shapes = fc.record({
  m: fc.oneof(fc.constantFrom(1, 2, 3, 4, 5, 8, 31, 32, 50, 512), fc.integer({ min: 1, max: 40 })),
  count: fc.oneof(fc.constantFrom(0, 1, 31, 32, 33, 64), fc.integer({ min: 0, max: 200 })),
  seed: fc.integer(),
});

const scans = fc.record({
  k: fc.integer({ min: 0, max: 40 }),
  share: fc.constantFrom(undefined, 0, 0.02, 0.5, 1),
  listed: fc.boolean(),
  calls: fc.integer({ min: 1, max: 3 }),
  bias: fc.constantFrom(0, -3.7, 1e6, 1e-6),
  scale: fc.constantFrom(0, 0.013, 3, 1e-7),
});

/** Rows of random codes; what an odd `m` leaves over in the last nibble must not matter, and is noise. */
function randomRows(random: Random, count: number, m: number): Uint8Array {
  return Uint8Array.from({ length: count * pq4RowBytes(m) }, () => random.below(256));
}

/** Byte tables, four of which sum to at most 255, often exactly. */
function randomTables(random: Random, m: number): Uint8Array {
  return Uint8Array.from({ length: 16 * m }, (_, i) =>
    random.below(4) === 0 ? 63 + (i % 64 < 48 ? 1 : 0) : random.below(64),
  );
}

describe.each(supportedBuilds())('product-quantizer kernels on the %s build', (build) => {
  const arena = new Arena(build);
  const scratch = <T>(work: () => T): T => {
    const mark = arena.mark();
    try {
      return work();
    } finally {
      arena.release(mark);
    }
  };

  it('packs rows into blocks as the scalar twin does, and back', () => {
    fc.assert(
      fc.property(shapes, ({ m, count, seed }) => {
        const rows = randomRows(new Random(seed), count, m);
        const codes = twin.codesOfRows4(rows, m);
        const blocks = packPq4Blocks(arena, rows, m);
        expect(blocks).toEqual(twin.packPq4(codes, m));
        scratch(() => {
          const from = Math.floor(count / 3);
          const out = arena.allocate(rows.length);
          arena.kernels.unpackPq4(arena.put(blocks), from, count - from, m, out);
          const unpacked = arena.u8(out, (count - from) * pq4RowBytes(m)).slice();
          expect(twin.codesOfRows4(unpacked, m)).toEqual(codes.subarray(from * m));
        });
      }),
      { numRuns: 60 },
    );
  });

  it('replaces vectors in the middle of blocks and leaves their neighbours', () => {
    fc.assert(
      fc.property(shapes, fc.nat(150), ({ m, count, seed }, position) => {
        const random = new Random(seed);
        const before = randomRows(random, 210, m);
        const added = randomRows(random, Math.min(count, 210 - position), m);
        const expected = before.slice();
        expected.set(added, position * pq4RowBytes(m));
        const blocks = packPq4Blocks(arena, before, m);
        scratch(() => {
          const at = arena.put(blocks);
          arena.kernels.packPq4(arena.put(added), added.length / pq4RowBytes(m), m, at, position);
          expect(arena.u8(at, blocks.length).slice()).toEqual(packPq4Blocks(arena, expected, m));
        });
      }),
      { numRuns: 60 },
    );
  });

  it('sumPq4 adds exactly, up to the greatest tables', () => {
    fc.assert(
      fc.property(shapes, ({ m, count, seed }) => {
        const random = new Random(seed);
        const rows = randomRows(random, count, m);
        const tables = randomTables(random, m);
        const expected = twin.sumPq(tables, twin.codesOfRows4(rows, m), m, 16);
        scratch(() => {
          const out = arena.allocate(2 * (count + 32));
          const blocks = arena.put(packPq4Blocks(arena, rows, m));
          arena.kernels.sumPq4(arena.put(tables), blocks, count, m, out);
          expect([...arena.u16(out, count)]).toEqual([...expected]);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('scanPq4 keeps exactly the best over several lists, whatever the ids, mask, scale and bias', () => {
    fc.assert(
      fc.property(shapes, scans, ({ m, count, seed }, { k, share, listed, calls, bias, scale }) => {
        const random = new Random(seed);
        const tables = randomTables(random, m);
        const total = count * calls;
        const idOf = listed ? random.shuffle(Array.from({ length: total }, (_, i) => i)) : [...Array(total).keys()];
        const allowed = share === undefined ? undefined : new BitSet(total);
        for (let id = 0; id < total; id++) if (allowed !== undefined && random.next() < share!) allowed.add(id);
        const scores = new Float32Array(total);
        scratch(() => {
          const heap = arena.allocate(heapBytes(k), 8);
          arena.kernels.heapReset(heap, k);
          const t = arena.allocate(pq4TableBytes(m));
          arena.u8(t, tables.length).set(tables);
          const mask = allowed === undefined ? 0 : arena.put(allowed.bytes);
          let examined = 0;
          for (let call = 0; call < calls; call++) {
            const rows = randomRows(random, count, m);
            const shift = bias * (call + 1);
            const sums = twin.sumPq(tables, twin.codesOfRows4(rows, m), m, 16);
            twin.scoresPq4(sums, scale, shift).forEach((score, i) => {
              scores[idOf[call * count + i]!] = score;
            });
            const ids = listed ? arena.put(Uint32Array.from(idOf.slice(call * count, (call + 1) * count))) : 0;
            const blocks = arena.put(packPq4Blocks(arena, rows, m));
            examined += arena.kernels.scanPq4(t, blocks, count, m, scale, shift, ids, call * count, mask, heap);
          }
          expect(examined).toBe(allowed?.count ?? total);
          const best = reference.selectTop(scores, k, allowed);
          const found = drainHeap(arena, heap, k);
          expect([...found.ids]).toEqual(best);
          expect([...found.scores]).toEqual(best.map((id) => scores[id]));
        });
      }),
      { numRuns: 150 },
    );
  });

  it('quantizePq4 uses the bytes fully, keeps four neighbours within 255, and is right to half a step', () => {
    const entries = fc.oneof(fc.constantFrom(0, 1e-30, 1, 1e4), fc.double({ min: 1e-3, max: 1e3, noNaN: true }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), entries, fc.integer(), (m, size, seed) => {
        const random = new Random(seed);
        const tables = Float32Array.from({ length: 16 * m }, () => size * random.normal() + 5 * size);
        scratch(() => {
          const out = arena.allocate(16 * m);
          const meta = arena.allocate(8);
          arena.kernels.quantizePq4(arena.put(tables), m, out, meta);
          const bytes = arena.u8(out, 16 * m).slice();
          const [scale, bias] = arena.f32(meta, 2) as unknown as [number, number];
          let least = 0;
          let fullest = 0;
          for (let first = 0; first < m; first += 4) {
            let sum = 0;
            for (let j = first; j < Math.min(m, first + 4); j++) {
              const table = tables.subarray(16 * j, 16 * j + 16);
              const low = Math.min(...table);
              least += low;
              sum += Math.max(...bytes.subarray(16 * j, 16 * j + 16));
              const errors = table.map((entry, i) => Math.abs(low + scale * bytes[16 * j + i]! - entry));
              expect(Math.max(...errors)).toBeLessThanOrEqual(0.501 * scale + 1e-6 * size);
            }
            fullest = Math.max(fullest, sum);
          }
          expect(fullest).toBeLessThanOrEqual(255);
          if (size > 0) expect(fullest).toBeGreaterThanOrEqual(251);
          expect(Math.abs(bias - least)).toBeLessThanOrEqual(1e-7 * Math.abs(least));
        });
      }),
      { numRuns: 60 },
    );
  });

  it('quantizePq4 gives constant tables the scale 0', () => {
    scratch(() => {
      const [out, meta] = [arena.allocate(32), arena.allocate(8)];
      arena.kernels.quantizePq4(arena.put(new Float32Array(32).fill(-2.5)), 2, out, meta);
      expect([...arena.f32(meta, 2)]).toEqual([0, -5]);
      expect(Math.max(...arena.u8(out, 32))).toBe(0);
    });
  });

  it.each([16, 256])('tablesPq and the float scores agree with the scalar twin (%i centroids)', (k) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 9 }),
        fc.nat(70),
        fc.integer(),
        (widths, count, seed) => {
          const random = new Random(seed);
          const m = widths.length;
          const starts = new Uint32Array(m + 1);
          widths.forEach((width, j) => {
            starts[j + 1] = starts[j]! + width;
          });
          const normal = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());
          const query = normal(starts[m]!);
          const centroids = widths.map((width) => Array.from({ length: k }, () => normal(width)));
          const transposed = widths.flatMap((width, j) =>
            Array.from({ length: width }, (_, c) => centroids[j]!.map((centroid) => centroid[c]!)).flat(),
          );
          const expected = twin.tablesPq(query, centroids);
          scratch(() => {
            const tables = arena.allocate(4 * k * m);
            arena.kernels.tablesPq(
              arena.put(query),
              arena.put(Float32Array.from(transposed)),
              arena.put(starts),
              m,
              k,
              tables,
            );
            const actual = arena.f32(tables, k * m).slice();
            expect(Math.max(...actual.map((entry, i) => Math.abs(entry - expected[i]!)))).toBeLessThan(1e-5);
            const rows =
              k === 16 ? randomRows(random, count, m) : Uint8Array.from({ length: count * m }, () => random.below(256));
            const codes = k === 16 ? twin.codesOfRows4(rows, m) : rows;
            const out = arena.allocate(4 * count);
            arena.kernels[k === 16 ? 'scorePq4' : 'scorePq8'](tables, arena.put(rows), count, m, 0.5, out);
            const scores = arena.f32(out, count).slice();
            const errors = twin.sumPq(actual, codes, m, k).map((sum, v) => Math.abs(scores[v]! - (sum + 0.5)));
            expect(Math.max(0, ...errors)).toBeLessThan(1e-5 * m);
            if (k === 256) {
              const heap = arena.allocate(heapBytes(5), 8);
              arena.kernels.heapReset(heap, 5);
              expect(arena.kernels.scanPq8(tables, arena.put(rows), count, m, 0.5, 0, 7, 0, heap)).toBe(count);
              const found = drainHeap(arena, heap, 5);
              expect([...found.ids]).toEqual(reference.selectTop(scores, 5).map((i) => i + 7));
            }
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  it('scanPq8 respects listed ids and the mask', () => {
    const random = new Random(5);
    const count = 77;
    const rows = Uint8Array.from({ length: 3 * count }, () => random.below(256));
    const tables = Float32Array.from({ length: 768 }, () => random.normal());
    const ids = random.shuffle(Array.from({ length: count }, (_, i) => i));
    const allowed = new BitSet(count);
    for (let id = 0; id < count; id += 3) allowed.add(id);
    const scores = new Float32Array(count);
    twin.sumPq(tables, rows, 3, 256).forEach((sum, i) => {
      scores[ids[i]!] = sum;
    });
    scratch(() => {
      const heap = arena.allocate(heapBytes(9), 8);
      arena.kernels.heapReset(heap, 9);
      const list = arena.put(Uint32Array.from(ids));
      const mask = arena.put(allowed.bytes);
      const examined = arena.kernels.scanPq8(arena.put(tables), arena.put(rows), count, 3, 0, list, 0, mask, heap);
      expect(examined).toBe(allowed.count);
      expect([...drainHeap(arena, heap, 9).ids]).toEqual(reference.selectTop(scores, 9, allowed));
    });
  });
});
