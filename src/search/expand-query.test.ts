import { describe, expect, it } from 'vitest';
import { Vectors } from '../base/vectors.ts';
import { expandQuery } from './index.ts';

const query = Float32Array.of(1, 0);
const top = Vectors.fromRows([
  [0.8, 0.6],
  [0.6, 0.8],
  [-0.6, 0.8],
]);

describe('expandQuery', () => {
  it('scores by the query and its best, each by a power of its similarity', () => {
    const [x, y] = [1 + 0.8 ** 2 * 0.8 + 0.6 ** 2 * 0.6, 0.8 ** 2 * 0.6 + 0.6 ** 2 * 0.8];
    const scores = expandQuery(query, top, { neighbours: 2, alpha: 2 });
    for (const [i, [a, b]] of [
      [0.8, 0.6],
      [0.6, 0.8],
      [-0.6, 0.8],
    ].entries())
      expect(scores[i]).toBeCloseTo(a! * x + b! * y, 5);
  });

  it('is the inner product without neighbours, and one that points away has no say', () => {
    expect(Array.from(expandQuery(query, top, { neighbours: 0 }))).toEqual([0.8, 0.6, -0.6].map(Math.fround));
    expect(expandQuery(query, top, { neighbours: 3, alpha: 1 })).toEqual(
      expandQuery(query, top, { neighbours: 2, alpha: 1 }),
    );
  });

  it('refuses what makes no sense', () => {
    expect(() => expandQuery(Float32Array.of(1), top)).toThrow('Use one encoder.');
    expect(() => expandQuery(query, top, { alpha: -1 })).toThrow('Give a whole number and a power, 0 or more.');
  });
});
