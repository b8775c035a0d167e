import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { LinearMap, polarFactor } from '../math/index.ts';
import { centringShift, procrustesMap, ridgeMap } from './closed-form.ts';

const dim = 8;

function gaussian(count: number, seed: number): Vectors {
  const random = new Random(seed);
  return new Vectors(
    Float32Array.from({ length: count * dim }, () => random.normal()),
    dim,
  );
}

/** Mean squared distance by row. */
function distance(a: Vectors, b: Vectors): number {
  return a.data.reduce((sum, value, i) => sum + (value - b.data[i]!) ** 2, 0) / a.count;
}

describe('maps in closed form', () => {
  const x = gaussian(60, 1);
  const matrix = gaussian(dim, 2).data;

  it('ridge finds a linear relation with its shift, on vectors that it was not given', () => {
    const truth = new LinearMap(matrix, dim, Float32Array.of(1, -1, 2, 0, 0, 3, 0, 1));
    const fresh = gaussian(20, 3);
    const found = ridgeMap(x, truth.apply(x), { strength: 1e-3, shift: true });
    expect(distance(found.apply(fresh), truth.apply(fresh))).toBeLessThan(1e-5);
    const without = ridgeMap(x, truth.apply(x), { strength: 1e-3 });
    expect(distance(without.apply(fresh), truth.apply(fresh))).toBeGreaterThan(1);
  });

  it('ridge is the minimum of its own objective, and the identity at great strength', () => {
    const y = gaussian(60, 4);
    const strength = 7;
    const objective = (map: LinearMap) => {
      const rows = map.apply(
        new Vectors(
          Float32Array.from({ length: dim * dim }, (_, i) => (i % (dim + 1) ? 0 : 1)),
          dim,
        ),
      );
      const away = rows.data.reduce((sum, value, i) => sum + (value - (i % (dim + 1) ? 0 : 1)) ** 2, 0);
      return 60 * distance(map.apply(x), y) + strength * away;
    };
    const map = ridgeMap(x, y, { strength });
    const least = objective(map);
    const own = map.apply(
      new Vectors(
        Float32Array.from({ length: dim * dim }, (_, i) => (i % (dim + 1) ? 0 : 1)),
        dim,
      ),
    );
    const random = new Random(5);
    for (let trial = 0; trial < 20; trial++) {
      const other = Float32Array.from({ length: dim * dim }, (_, i) => {
        const [r, c] = [Math.floor(i / dim), i % dim];
        return own.data[c * dim + r]! + 0.01 * random.normal();
      });
      expect(objective(new LinearMap(other, dim))).toBeGreaterThan(least);
    }
    expect(distance(ridgeMap(x, y, { strength: 1e9 }).apply(x), x)).toBeLessThan(1e-6);
  });

  it('Procrustes finds a rotation and keeps lengths', () => {
    const rotation = new LinearMap(polarFactor(Float64Array.from(matrix), dim), dim);
    const found = procrustesMap(x, rotation.apply(x)).apply(x);
    expect(distance(found, rotation.apply(x))).toBeLessThan(1e-6);
    expect(Math.hypot(...found.row(3))).toBeCloseTo(Math.hypot(...x.row(3)), 4);
  });

  it('centring moves one mean onto the other, or a share of the way', () => {
    const y = gaussian(30, 6);
    const [whole, half] = [centringShift(x, y), centringShift(x, y, 0.5)];
    expect(
      centringShift(y, x)
        .map((value, c) => value + whole[c]!)
        .every((sum) => Math.abs(sum) < 1e-6),
    ).toBe(true);
    expect(half[0]).toBeCloseTo(whole[0]! / 2, 6);
  });

  it('refuse what does not pair', () => {
    expect(() => ridgeMap(x, gaussian(59, 1))).toThrow(InvalidArgumentError);
    expect(() => ridgeMap(x, x, { strength: 0 })).toThrow('The strength is 0.');
  });
});
