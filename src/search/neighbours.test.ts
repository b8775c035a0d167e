import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { refineByNeighbours } from './index.ts';

/** Two noisy groups on the sphere; rows alternate. */
function groups(count: number, noise: number, seed: number): Vectors {
  const random = new Random(seed);
  const centres = [0, 1].map(() => Array.from({ length: 24 }, () => Math.abs(random.normal())));
  return Vectors.fromRows(
    Array.from({ length: count }, (_, i) => {
      const row = centres[i % 2]!.map((value) => value + noise * random.normal());
      const scale = 1 / Math.hypot(...row);
      return row.map((value) => value * scale);
    }),
  );
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, c) => sum + value * b[c]!, 0);
}

describe('refineByNeighbours', () => {
  it('without neighbours averages the inner product with that of the best vector', () => {
    const top = groups(6, 0.5, 1);
    const query = groups(2, 0.5, 2).row(0);
    const scores = refineByNeighbours(query, top, { neighbours: 0 });
    const plain = Array.from({ length: 6 }, (_, i) => dot(query, top.row(i)));
    const best = plain.indexOf(Math.max(...plain));
    scores.forEach((score, i) => {
      expect(score).toBeCloseTo((plain[i]! + dot(top.row(best), top.row(i))) / 2, 5);
    });
  });

  it('brings members of the query’s group together', () => {
    const [top, query] = [groups(60, 0.9, 3), groups(61, 0.9, 3).row(60)];
    const right = (scores: ArrayLike<number>): number =>
      Array.from({ length: 60 }, (_, i) => i)
        .sort((a, b) => scores[b]! - scores[a]!)
        .slice(0, 30)
        .filter((i) => i % 2 === 0).length;
    const plain = Array.from({ length: 60 }, (_, i) => dot(query, top.row(i)));
    expect(right(refineByNeighbours(query, top))).toBeGreaterThan(right(plain));
  });

  it('refuses what does not fit', () => {
    expect(() => refineByNeighbours(new Float32Array(3), groups(4, 1, 1))).toThrow(/3 components/);
    expect(() => refineByNeighbours(new Float32Array(24), groups(4, 1, 1), { beta: -1 })).toThrow(/weight -1/);
    expect(refineByNeighbours(new Float32Array(4), new Vectors(new Float32Array(0), 4))).toHaveLength(0);
  });
});
