import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitSet } from '../base/bits.ts';
import { halfToFloat } from '../base/half.ts';
import { Random } from '../base/random.ts';
import { Arena, supportedBuilds } from './arena.ts';
import { packPanels, panelCount } from './kmeans.ts';
import * as reference from './reference.ts';
import * as twin from './reference-codes.ts';
import { drainHeap } from './select.ts';
import { heapBytes } from './topk.ts';

const normals = (random: Random, length: number): Float32Array => Float32Array.from({ length }, () => random.normal());
const bytesOf = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256));
const rowsOf = (data: Float32Array, dim: number): Float32Array[] =>
  Array.from({ length: data.length / dim }, (_, i) => data.subarray(i * dim, (i + 1) * dim));

describe.each(supportedBuilds())('code kernels on the %s build', (build) => {
  const arena = new Arena(build);
  const scratch = <T>(work: () => T): T => {
    const mark = arena.mark();
    try {
      return work();
    } finally {
      arena.release(mark);
    }
  };
  /** Copies bytes to an address of any alignment, with noise around. */
  const putAt = (array: ArrayBufferView, shift: number): number => {
    const address = arena.allocate(array.byteLength + 80);
    arena.u8(address, array.byteLength + 80).fill(0x5a);
    arena.u8(address + shift, array.byteLength).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return address + shift;
  };

  describe('assignment', () => {
    const shapes = fc.record({
      count: fc.integer({ min: 0, max: 23 }),
      dim: fc.oneof(fc.constantFrom(1, 2, 3, 100), fc.integer({ min: 1, max: 40 })),
      k: fc.oneof(fc.constantFrom(1, 7, 8, 9, 16), fc.integer({ min: 1, max: 40 })),
      extra: fc.integer({ min: 0, max: 5 }),
      grouped: fc.boolean(),
      transposed: fc.boolean(),
      seed: fc.integer(),
    });

    it('assignRows finds the greatest product for rows at any stride, in panels or transposed, in one call or more', () => {
      fc.assert(
        fc.property(shapes, ({ count, dim, k, extra, grouped, transposed, seed }) => {
          const random = new Random(seed);
          const data = normals(random, count * (dim + extra));
          const rows = rowsOf(data, dim + extra).map((row) => row.subarray(0, dim));
          const centroids = normals(random, k * dim);
          const padded = panelCount(k);
          const biases = new Float32Array(padded).fill(Number.NEGATIVE_INFINITY);
          biases.set(normals(random, k));
          const expected = twin.assignRows(rows, rowsOf(centroids, dim), biases);
          scratch(() => {
            const matrix = new Float32Array(padded * dim);
            for (let i = 0; i < k; i++) for (let c = 0; c < dim; c++) matrix[c * padded + i] = centroids[i * dim + c]!;
            const at = arena.put(transposed ? matrix : packPanels(centroids, dim));
            const panel = transposed ? 32 : 32 * dim;
            const step = transposed ? 4 * padded : 32;
            const source = arena.put(data);
            const bias = arena.put(biases);
            const out = arena.put(new Uint32Array(count + 1).fill(42));
            const best = arena.put(new Float32Array(count + 1).fill(Number.NEGATIVE_INFINITY));
            const group = grouped ? 8 : padded;
            for (let first = 0; first < padded; first += group) {
              arena.kernels.assignRows(
                source,
                4 * (dim + extra),
                count,
                dim,
                at + (first / 8) * panel,
                panel,
                step,
                group,
                bias + 4 * first,
                first,
                out,
                best,
              );
            }
            const winners = arena.u32(out, count + 1);
            const values = arena.f32(best, count + 1);
            expect(winners[count]).toBe(42);
            for (let r = 0; r < count; r++) {
              // Rounding may choose among near ties; the value must be the greatest all the same.
              expect(Math.abs(values[r]! - expected.values[r]![expected.best[r]!]!)).toBeLessThan(2e-6 * (dim + 1));
              expect(Math.abs(expected.values[r]![winners[r]!]! - values[r]!)).toBeLessThan(2e-6 * (dim + 1));
            }
          });
        }),
        { numRuns: 150 },
      );
    });

    it('assignRows gives ties to the lower number, and leaves what is already better', () => {
      scratch(() => {
        const dim = 3;
        const same = Float32Array.from({ length: 24 * dim }, () => 1);
        const at = arena.put(packPanels(same, dim));
        const rows = arena.put(new Float32Array(5 * dim).fill(1));
        const biases = new Float32Array(24);
        biases.set([0, 0, 0, 0, 0, 2, 2, 0, 2, 0, 0, 0, 2]);
        const bias = arena.put(biases);
        const out = arena.put(new Uint32Array(5).fill(99));
        const best = arena.put(Float32Array.of(-9, 4, 5, 6, Number.NEGATIVE_INFINITY));
        arena.kernels.assignRows(rows, 4 * dim, 5, dim, at, 32 * dim, 32, 24, bias, 100, out, best);
        expect([...arena.u32(out, 5)]).toEqual([105, 105, 99, 99, 105]);
        expect([...arena.f32(best, 5)]).toEqual([5, 5, 5, 6, 5]);
      });
    });

    it('multiplyRows agrees with its definition', () => {
      fc.assert(
        fc.property(shapes, ({ count, dim, k, extra, seed }) => {
          const random = new Random(seed);
          const data = normals(random, count * (dim + extra));
          const rows = rowsOf(data, dim + extra).map((row) => row.subarray(0, dim));
          const centroids = normals(random, k * dim);
          const columns = panelCount(k);
          const biases = normals(random, columns);
          const { values } = twin.assignRows(rows, rowsOf(centroids, dim), biases);
          scratch(() => {
            const out = arena.put(new Float32Array(count * columns + 1).fill(42));
            const panels = arena.put(packPanels(centroids, dim));
            arena.kernels.multiplyRows(
              arena.put(data),
              4 * (dim + extra),
              count,
              dim,
              panels,
              columns,
              arena.put(biases),
              out,
            );
            const products = arena.f32(out, count * columns + 1).slice();
            expect(products[count * columns]).toBe(42);
            const errors = values.flatMap((all, r) =>
              all.map((value, i) => Math.abs(products[r * columns + i]! - value)),
            );
            expect(Math.max(0, ...errors)).toBeLessThan(2e-6 * (dim + 1));
          });
        }),
        { numRuns: 60 },
      );
    });
  });

  describe('bits', () => {
    const shapes = fc.record({
      bytes: fc.oneof(fc.constantFrom(1, 7, 8, 16, 24, 31, 128, 600), fc.integer({ min: 1, max: 40 })),
      count: fc.integer({ min: 0, max: 70 }),
      shift: fc.integer({ min: 0, max: 15 }),
      seed: fc.integer(),
    });

    it('hammingRows counts exactly, at any size and alignment', () => {
      fc.assert(
        fc.property(shapes, fc.boolean(), ({ bytes, count, shift, seed }, extreme) => {
          const random = new Random(seed);
          const query = extreme ? new Uint8Array(bytes) : bytesOf(random, bytes);
          const rows = extreme ? new Uint8Array(bytes * count).fill(255) : bytesOf(random, bytes * count);
          scratch(() => {
            const out = arena.allocate(4 * count);
            arena.kernels.hammingRows(putAt(query, shift), putAt(rows, 15 - shift), count, bytes, out);
            expect(arena.u32(out, count).slice()).toEqual(twin.hammingRows(query, rows));
          });
        }),
        { numRuns: 150 },
      );
    });

    it('scanHamming keeps exactly the nearest over several lists, with ids and masks', () => {
      fc.assert(
        fc.property(
          shapes,
          fc.nat(20),
          fc.constantFrom(undefined, 0, 0.3, 1),
          fc.boolean(),
          ({ bytes, count, seed, shift }, k, share, listed) => {
            const random = new Random(seed);
            const query = bytesOf(random, bytes);
            const total = 2 * count;
            const idOf = [...Array(total).keys()];
            if (listed) random.shuffle(idOf);
            const allowed = share === undefined ? undefined : new BitSet(total);
            for (let id = 0; id < total; id++) if (allowed !== undefined && random.next() < share!) allowed.add(id);
            const scores = new Float32Array(total);
            scratch(() => {
              const heap = arena.allocate(heapBytes(k), 8);
              arena.kernels.heapReset(heap, k);
              const mask = allowed === undefined ? 0 : arena.put(allowed.bytes);
              const q = putAt(query, shift);
              let examined = 0;
              for (const first of [0, count]) {
                const rows = bytesOf(random, bytes * count);
                twin.hammingRows(query, rows).forEach((distance, i) => {
                  scores[idOf[first + i]!] = 0 - distance;
                });
                const ids = listed ? arena.put(Uint32Array.from(idOf.slice(first, first + count))) : 0;
                examined += arena.kernels.scanHamming(q, putAt(rows, shift), count, bytes, ids, first, mask, heap);
              }
              expect(examined).toBe(allowed?.count ?? total);
              const found = drainHeap(arena, heap, k);
              const best = reference.selectTop(scores, k, allowed);
              expect([...found.ids]).toEqual(best);
              expect([...found.scores]).toEqual(best.map((id) => scores[id]));
            });
          },
        ),
        { numRuns: 100 },
      );
    });

    it('scoreBits adds a query signed by bits, whatever stands in the padding', () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 90 }), fc.nat(20), fc.integer(), (bits, count, seed) => {
          const random = new Random(seed);
          const bytes = Math.ceil(bits / 8);
          const query = normals(random, bits);
          const rows = bytesOf(random, bytes * count);
          scratch(() => {
            const tables = arena.allocate(128 * bytes);
            const out = arena.allocate(4 * count);
            arena.kernels.tablesBits(arena.put(query), bits, bytes, tables);
            arena.kernels.scoreBits(tables, arena.put(rows), count, bytes, out);
            const scores = arena.f32(out, count);
            const expected = twin.scoreBits(query, rows, bytes);
            expect(Math.max(0, ...expected.map((value, r) => Math.abs(value - scores[r]!)))).toBeLessThan(1e-4);
          });
        }),
        { numRuns: 60 },
      );
    });
  });

  it('hadamardRows is the transform by its definition, and its own inverse', () => {
    for (const dim of [4, 8, 64, 512]) {
      const random = new Random(dim);
      const data = normals(random, 3 * dim);
      scratch(() => {
        const rows = putAt(data, 4);
        arena.kernels.hadamardRows(rows, 3, dim);
        const out = new Float32Array(arena.u8(rows, 12 * dim).slice().buffer);
        rowsOf(data, dim).forEach((row, r) => {
          twin.hadamard(row).forEach((value, i) => {
            expect(Math.abs(out[r * dim + i]! - value)).toBeLessThan(1e-5);
          });
        });
        arena.kernels.hadamardRows(rows, 3, dim);
        const back = new Float32Array(arena.u8(rows, 12 * dim).slice().buffer);
        expect(Math.max(...back.map((value, i) => Math.abs(value - data[i]!)))).toBeLessThan(1e-5);
      });
    }
  });

  it('dotRowsBytes and dotRowsHalf agree with their definitions at any size, stride and alignment', () => {
    const shapes = fc.record({
      dim: fc.oneof(fc.constantFrom(1, 7, 8, 9, 100), fc.integer({ min: 1, max: 40 })),
      count: fc.nat(9),
      shift: fc.nat(15),
      extra: fc.nat(5),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(shapes, ({ dim, count, shift, extra, seed }) => {
        const random = new Random(seed);
        const query = normals(random, dim);
        const bytes = bytesOf(random, (dim + extra) * count);
        // Every finite half-precision number, subnormals and zeros of both signs among them.
        const halves = Uint16Array.from(
          { length: (dim + extra) * count },
          () => random.below(31 << 10) | (random.below(2) << 15),
        );
        const byHand = (value: (i: number) => number): number[] =>
          Array.from({ length: count }, (_, r) =>
            query.reduce((sum, q, c) => sum + q * value(r * (dim + extra) + c), 0),
          );
        const scale = (value: (i: number) => number, r: number): number =>
          query.reduce((sum, q, c) => sum + Math.abs(q * value(r * (dim + extra) + c)), 1e-9);
        scratch(() => {
          const q = arena.put(query);
          const out = arena.allocate(4 * count);
          arena.kernels.dotRowsBytes(q, putAt(bytes, shift), dim + extra, count, dim, 0.5, out);
          const a = arena.f32(out, count).slice();
          byHand((i) => bytes[i]!).forEach((sum, r) => {
            expect(Math.abs(a[r]! - sum - 0.5)).toBeLessThan(1e-5 * (1 + scale((i) => bytes[i]!, r)));
          });
          arena.kernels.dotRowsHalf(q, putAt(halves, shift), 2 * (dim + extra), count, dim, out);
          const b = arena.f32(out, count).slice();
          const half = (i: number): number => halfToFloat(halves[i]!);
          byHand(half).forEach((sum, r) => {
            expect(Math.abs(b[r]! - sum)).toBeLessThan(1e-5 * scale(half, r));
          });
        });
      }),
      { numRuns: 80 },
    );
  });

  it('descendCodes never raises the loss, and ends where no single code can lower it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(4, 16),
        fc.constantFrom(0, 1, 20),
        fc.boolean(),
        fc.integer(),
        (m, k, weight, own, seed) => {
          const random = new Random(seed);
          const width = 2;
          const dim = m * width;
          const target = normals(random, dim);
          const direction = own ? target : normals(random, dim);
          const centroids = normals(random, m * k * width);
          const part = (j: number, i: number): Float32Array =>
            centroids.subarray((j * k + i) * width, (j * k + i + 1) * width);
          const decode = (codes: Uint8Array): Float32Array =>
            Float32Array.from([...codes].flatMap((code, j) => [...part(j, code)]));
          const loss = (codes: Uint8Array): number => twin.anisotropicLoss(target, direction, decode(codes), weight);
          const tables = (vector: Float32Array): Float32Array =>
            Float32Array.from({ length: m * k }, (_, at) => {
              const j = Math.floor(at / k);
              return part(j, at % k).reduce((sum, x, c) => sum + x * vector[j * width + c]!, 0);
            });
          const squares = Float32Array.from({ length: m * k }, (_, at) =>
            part(Math.floor(at / k), at % k).reduce((s, x) => s + x * x, 0),
          );
          const before = Uint8Array.from({ length: m }, () => random.below(k));
          scratch(() => {
            const codes = arena.put(before);
            const starts = arena.put(Uint32Array.from({ length: m + 1 }, (_, j) => j * width));
            const products = arena.allocate(4 * m);
            arena.kernels.dotParts(arena.put(target), arena.put(direction), starts, m, products);
            const changed = arena.kernels.descendCodes(
              codes,
              m,
              k,
              arena.put(tables(target)),
              arena.put(tables(direction)),
              arena.put(squares),
              products,
              weight,
              50,
            );
            const after = arena.u8(codes, m).slice();
            const reached = loss(after);
            expect(reached).toBeLessThanOrEqual(loss(before) + 1e-4);
            if (changed === 0) expect(after).toEqual(before);
            for (let j = 0; j < m; j++) {
              for (let i = 0; i < k; i++) {
                const other = after.slice();
                other[j] = i;
                expect(loss(other)).toBeGreaterThan(reached - 1e-3);
              }
            }
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});
