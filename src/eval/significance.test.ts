import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { studentQuantile, studentTwoSided } from '../math/index.ts';
import {
  bootstrapInterval,
  bootstrapTest,
  compareSystems,
  holm,
  kendall,
  pearson,
  powerOf,
  randomisationTest,
  spearman,
  tTest,
} from './index.ts';

function normals(count: number, shift: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: count }, () => shift + random.normal());
}

describe("Student's t", () => {
  // Table values: t with 9 degrees of freedom, two-sided.
  it.each([
    [2.262157, 9, 0.05],
    [3.249836, 9, 0.01],
    [12.7062, 1, 0.05],
    [1.984217, 99, 0.05],
  ])('of %d with %d degrees of freedom has p %d', (t, df, p) => {
    expect(studentTwoSided(t, df)).toBeCloseTo(p, 6);
    expect(studentQuantile(p, df)).toBeCloseTo(t, 4);
  });
});

describe('tTest', () => {
  it('agrees with a worked example', () => {
    // Differences 1, 2, 3, 4: mean 2.5, sd 1.290994, t = 2.5 / (1.290994 / 2) = 3.872983, 3 df, p = 0.030466
    const { t, df, p } = tTest([1, 2, 3, 4]);
    expect(t).toBeCloseTo(3.872983, 6);
    expect(df).toBe(3);
    expect(p).toBeCloseTo(0.030466, 5);
  });

  it('finds nothing in no differences', () => {
    expect(tTest([0, 0, 0]).p).toBe(1);
    expect(tTest([0.5]).p).toBe(1);
  });
});

describe('randomisationTest', () => {
  it('is exact for few differences', () => {
    // All of one sign: 2 of 2^5 patterns are as extreme.
    expect(randomisationTest([1, 2, 3, 4, 5])).toBe(2 / 32);
    // Sums of +-1, +-2, +-3 at least 4 from 0: |2 + 3 - 1| = 4 and |1 + 2 + 3| = 6, with their mirrors.
    expect(randomisationTest([-1, 2, 3])).toBe(4 / 8);
    expect(randomisationTest([0, 0, 0])).toBe(1);
  });

  it('agrees with the t-test on many normal differences', () => {
    const differences = normals(400, 0.1, 3);
    expect(Math.abs(randomisationTest(differences) - tTest(differences).p)).toBeLessThan(0.01);
    expect(Math.abs(bootstrapTest(differences) - tTest(differences).p)).toBeLessThan(0.01);
  });

  it('is right about one in twenty when there is nothing to find', () => {
    let alarms = 0;
    for (let seed = 0; seed < 400; seed++) {
      if (randomisationTest(normals(30, 0, 1000 + seed), { resamples: 400, seed }) < 0.05) alarms++;
    }
    // 20 expected; 3 standard deviations are 13.
    expect(alarms).toBeGreaterThan(6);
    expect(alarms).toBeLessThan(34);
  });

  it('does not depend on anything but values and seed', () => {
    const differences = normals(60, 0.2, 5);
    expect(randomisationTest(differences, { seed: 9 })).toBe(randomisationTest(differences, { seed: 9 }));
  });
});

describe('bootstrapInterval', () => {
  it('covers the true mean about as often as it says', () => {
    let covered = 0;
    for (let seed = 0; seed < 300; seed++) {
      const { low, high } = bootstrapInterval(normals(50, 1, seed), { resamples: 400, seed });
      if (low <= 1 && 1 <= high) covered++;
    }
    expect(covered / 300).toBeGreaterThan(0.9);
    expect(covered / 300).toBeLessThan(0.99);
  });
});

describe('holm', () => {
  it('agrees with a worked example', () => {
    // Sorted .01, .02, .03, .04: times 4, 3, 2, 1, then made monotone.
    const adjusted = holm([0.04, 0.01, 0.03, 0.02]);
    [0.06, 0.04, 0.06, 0.06].forEach((p, i) => {
      expect(adjusted[i]).toBeCloseTo(p, 12);
    });
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
  });
});

describe('powerOf', () => {
  it('says what could have been found', () => {
    // 2.8 standard errors for many queries: z(0.975) + z(0.8) = 1.95996 + 0.84162
    const { detectable, warning } = powerOf(normals(10_000, 0, 1));
    expect(detectable).toBeGreaterThan(0.0275);
    expect(detectable).toBeLessThan(0.0285);
    expect(warning).toBeUndefined();
    expect(powerOf([0.1, -0.1, 0.2, 0.3]).warning).toMatch(/Only 4 queries/);
  });
});

describe('compareSystems', () => {
  const queries = Array.from({ length: 80 }, (_, i) => `q${i}`);
  const random = new Random(4);
  const base = Float64Array.from(queries, () => random.next());
  const system = (name: string, values: Float64Array) => ({ name, queries, values: () => values });
  const a = system('a', base);
  const same = system('same', base.slice());
  const better = system(
    'better',
    base.map((value, i) => value + 0.05 + 0.02 * (i % 3)),
  );

  it('tells a difference from none, with Holm over everything compared', () => {
    const [none, clear] = compareSystems([a, same, better], { metrics: ['ndcg@10'] });
    expect(none).toMatchObject({ system: 'same', difference: 0, significant: false, ties: 80 });
    expect(clear).toMatchObject({ system: 'better', significant: true, wins: 80, losses: 0 });
    expect(clear!.p.adjusted).toBeGreaterThanOrEqual(clear!.p.randomisation);
    expect(clear!.interval.low).toBeGreaterThan(0.05);
    expect(compareSystems([a, same, better], { metrics: ['x', 'y'], pairs: 'all' })).toHaveLength(6);
  });

  it('refuses systems that were measured on different queries', () => {
    const other = { ...better, queries: queries.slice(1) };
    expect(() => compareSystems([a, other], { metrics: ['map'] })).toThrow(/not the same/);
  });
});

describe('correlations', () => {
  it('agree with worked examples', () => {
    expect(pearson([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
    // 1 - 6 * (1 + 1) / (4 * 15)
    expect(spearman([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(0.8, 12);
    expect(kendall([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(4 / 6, 12);
    expect(kendall([1, 1, 2], [1, 2, 3])).toBeCloseTo(2 / Math.sqrt(2 * 3), 12);
    expect(spearman([1, 1], [1, 2])).toBeNaN();
  });
});
