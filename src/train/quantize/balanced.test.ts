import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { balancedAssignment, usageEntropy } from './index.ts';

const [POINTS, CENTROIDS] = [2048, 64];
/** Squared distances of random points to random centroids, near which points lie more or less often. */
function draw(seed: number): Float32Array {
  const random = new Random(seed);
  const centroids = Array.from({ length: CENTROIDS }, () => [random.normal(), random.normal(), random.normal()]);
  const out = new Float32Array(POINTS * CENTROIDS);
  for (let p = 0; p < POINTS; p++) {
    const near = centroids[Math.floor(random.next() ** 2 * CENTROIDS)]!;
    const point = near.map((value) => value + 0.5 * random.normal());
    centroids.forEach((centroid, c) => {
      out[p * CENTROIDS + c] = centroid.reduce((sum, value, i) => sum + (value - point[i]!) ** 2, 0);
    });
  }
  return out;
}
const nearest = (distances: Float32Array): number[] =>
  Array.from({ length: POINTS }, (_, p) => {
    const row = distances.subarray(p * CENTROIDS, (p + 1) * CENTROIDS);
    return row.indexOf(Math.min(...row));
  });

describe('balancedAssignment', () => {
  it.each([1, 2, 3])('uses centroids evenly, and the nearest without any round (seed %i)', (seed) => {
    const distances = draw(seed);
    const plain = nearest(distances);
    expect([...balancedAssignment(distances, CENTROIDS, { iterations: 0 })]).toEqual(plain);
    const balanced = balancedAssignment(distances, CENTROIDS);
    expect(usageEntropy(balanced, CENTROIDS)).toBeGreaterThan(5.95);
    expect(usageEntropy(balanced, CENTROIDS)).toBeGreaterThan(usageEntropy(plain, CENTROIDS) + 0.1);
    // More entropy smooths the plan, but makes its greatest entries less even.
    const smooth = balancedAssignment(distances, CENTROIDS, { epsilon: 0.3 });
    expect(usageEntropy(smooth, CENTROIDS)).toBeLessThan(usageEntropy(balanced, CENTROIDS));
  });

  it('refuses an epsilon that doubles cannot hold', () => {
    expect(() => balancedAssignment(draw(1), CENTROIDS, { epsilon: 1e-4 })).toThrow(/0\.0015 or more/);
  });
});

describe('usageEntropy', () => {
  it('is that of how often numbers occur', () => {
    expect(usageEntropy([0, 1, 2, 3], 4)).toBe(2);
    expect(usageEntropy([0, 0, 0], 4)).toBe(0);
    expect(usageEntropy([0, 0, 1, 1], 4)).toBe(1);
  });
});
