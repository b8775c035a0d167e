import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { Arena, supportedBuilds } from './arena.ts';
import { lanesOf } from './late.ts';
import { maxSimCentroids, maxSimCodes } from './reference-late.ts';

const floats = (random: Random, count: number) => Float32Array.from({ length: count }, () => random.normal());

describe.each(supportedBuilds())('kernels of late interaction (%s)', (build) => {
  it('score codes of residuals as the reference does, to the bit', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 20 }),
        (seed, queries, rows, groups) => {
          const random = new Random(seed);
          const lanes = lanesOf(queries);
          const centroids = 7;
          const stride = groups + random.below(3);
          const codes = Uint8Array.from({ length: rows * stride }, () => random.below(256));
          const ids = Uint16Array.from({ length: rows }, () => random.below(centroids));
          const scales = floats(random, rows).map(Math.abs);
          const near = floats(random, centroids * lanes);
          const steps = floats(random, centroids);
          const table = floats(random, groups * 256 * lanes);
          const arena = new Arena(build);
          const best = arena.put(new Float32Array(lanes).fill(Number.NEGATIVE_INFINITY));
          const at = [codes, ids, scales].map((array) => arena.put(array)) as [number, number, number];
          const tables = [near, steps, table].map((array) => arena.put(array)) as [number, number, number];
          const [code, ...rest] = at;
          arena.kernels.maxSimCodes(code, stride, ...rest, rows, groups, ...tables, lanes, best);
          const expected = new Float32Array(lanes).fill(Number.NEGATIVE_INFINITY);
          maxSimCodes(codes, stride, ids, scales, groups, near, steps, table, lanes, expected);
          expect(arena.f32(best, lanes)).toEqual(expected);
        },
      ),
      { numRuns: 40, seed: 5 },
    );
  });

  it('bound items by their centroids as the reference does', () => {
    const random = new Random(9);
    for (const queries of [1, 16, 17, 40]) {
      const lanes = lanesOf(queries);
      const offsets = Uint32Array.of(0, 3, 3, 40, 41);
      const ids = Uint16Array.from({ length: 41 }, () => random.below(300));
      const near = Uint8Array.from({ length: 300 * lanes }, () => random.below(256));
      const items = Uint32Array.of(2, 0, 1, 3, 2);
      const arena = new Arena(build);
      const [item, offset, id, table] = [items, offsets, ids, near].map((array) => arena.put(array)) as number[];
      const out = arena.allocate(4 * items.length);
      arena.kernels.maxSimCentroids(item!, items.length, offset!, id!, table!, lanes, out);
      expect(arena.i32(out, items.length)).toEqual(maxSimCentroids(items, offsets, ids, near, lanes));
    }
  });
});
