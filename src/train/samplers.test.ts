import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { distinctBatches, localBatches, pkBatches, taskBatches } from './samplers.ts';

const seed = fc.integer({ min: 0, max: 1e6 });

describe('samplers', () => {
  it('give each example at most once and no key twice in a batch, the same ones for the same seed', () => {
    const keys = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })).map(([q, d]) => [`q${q}`, `d${d}`]),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 8 }), seed, (given, size, s) => {
        const batches = distinctBatches(given, size, new Random(s));
        expect(new Set(batches.flat()).size).toBe(batches.flat().length);
        for (const batch of batches) {
          expect(batch.length).toBe(size);
          const all = batch.flatMap((example) => given[example]!);
          expect(new Set(all).size).toBe(all.length);
        }
        expect(distinctBatches(given, size, new Random(s))).toEqual(batches);
      }),
    );
    const apart = Array.from({ length: 20 }, (_, i) => [`q${i}`]);
    expect(
      distinctBatches(apart, 4, new Random(1))
        .flat()
        .sort((a, b) => a - b),
    ).toEqual([...apart.keys()]);
  });

  it('give P classes with K examples each', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 60 }), seed, (labels, s) => {
        for (const batch of pkBatches(labels, 3, 4, new Random(s))) {
          expect(batch.length).toBe(12);
          const counts = new Map<number, number>();
          for (const example of batch) counts.set(labels[example]!, (counts.get(labels[example]!) ?? 0) + 1);
          expect([...counts.values()]).toEqual([4, 4, 4]);
        }
      }),
    );
    const even = Array.from({ length: 40 }, (_, i) => i % 5);
    expect(new Set(pkBatches(even, 5, 4, new Random(2)).flat()).size).toBe(40);
  });

  it('give batches of one task, as many as its examples fill', () => {
    const tasks = Array.from({ length: 50 }, (_, i) => (i < 30 ? 'search' : 'similarity'));
    const batches = taskBatches(tasks, { search: 8, similarity: 5 }, new Random(1));
    expect(batches.filter(({ task }) => task === 'search').length).toBe(3);
    expect(batches.filter(({ task }) => task === 'similarity').length).toBe(4);
    for (const { task, batch } of batches) expect(batch.every((example) => tasks[example] === task)).toBe(true);
    expect(() => taskBatches(tasks, { search: 8 }, new Random(1))).toThrow(InvalidArgumentError);
  });

  it('put near examples together', () => {
    const random = new Random(5);
    const rows = Array.from({ length: 64 }, (_, i) => {
      const row = new Float32Array(8).map(() => 0.1 * random.normal());
      row[i % 8]! += 1;
      const length = Math.hypot(...row);
      return row.map((value) => value / length);
    });
    const batches = localBatches(Vectors.fromRows(rows), 8, new Random(1));
    expect(batches.flat().sort((a, b) => a - b)).toEqual([...rows.keys()]);
    const dot = (a: number, b: number) => rows[a]!.reduce((sum, value, d) => sum + value * rows[b]![d]!, 0);
    const within = (groups: readonly (readonly number[])[]) => {
      const cosines = groups.flatMap((batch) => batch.flatMap((a) => batch.filter((b) => b > a).map((b) => dot(a, b))));
      return cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
    };
    const shuffled = distinctBatches(
      rows.map((_, i) => [String(i)]),
      8,
      new Random(1),
    );
    expect(within(batches)).toBeGreaterThan(within(shuffled) + 0.2);
  });
});
