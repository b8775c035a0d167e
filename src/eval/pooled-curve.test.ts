import { describe, expect, it } from 'vitest';
import { pooledCurve, repooledInterval } from './index.ts';

const apart = [
  { scores: [0.9, 0.2], relevant: [true, false] },
  { scores: [0.8, 0.1], relevant: [true, false] },
];
/** The second query's scores lie higher, so that no threshold serves both. */
const shifted = [apart[0]!, { scores: [1.9, 1.2], relevant: [true, false] }];

describe('a pooled curve', () => {
  it('is whole where one threshold tells all apart', () => {
    const { area, byQuery, precisionAt95, keptAt95 } = pooledCurve(apart);
    expect(area).toBe(1);
    expect([...byQuery]).toEqual([1, 1]);
    expect(precisionAt95).toBe(1);
    expect(keptAt95).toBe(1);
  });

  it('is the mean precision at the scores of what is relevant, by query as well', () => {
    // Of the pool 1.9 (right), 1.2 (wrong), 0.9 (right), 0.2 (wrong).
    const { area, byQuery, precisionAt90 } = pooledCurve(shifted);
    expect(area).toBeCloseTo((1 + 2 / 3) / 2);
    expect([...byQuery]).toEqual([expect.closeTo(2 / 3), expect.closeTo(1)]);
    expect(precisionAt90).toBeCloseTo(2 / 3);
  });

  it('counts equal scores as all above, and queries as often as they are drawn', () => {
    const tied = [{ scores: [0.5, 0.5], relevant: [true, false] }];
    expect(pooledCurve(tied).area).toBe(0.5);
    expect(pooledCurve(shifted, [0, 2]).area).toBe(1);
  });

  it('is compared with queries drawn anew', () => {
    const many = (queries: typeof apart) => Array.from({ length: 20 }, (_, i) => queries[i % 2]!);
    const { low, high } = repooledInterval(many(apart), many(shifted), 50);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeLessThan(0.5);
  });
});
