import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { exactSelections, exactTop, greatest, type Metric, products, unitRows } from './index.ts';

describe('exactTop', () => {
  it.each<Metric>(['ip', 'cosine', 'l2'])('agrees with sorting all by %s', (metric) => {
    const random = new Random(3);
    const rows = Vectors.fromRows(
      Array.from({ length: 7000 }, () => Float32Array.from({ length: 40 }, () => random.normal())),
    );
    const some = rows.slice(0, 9);
    const found = exactTop(rows.slice(9, 7000), some, 5, { metric });
    for (let q = 0; q < 9; q++) {
      const scores = Array.from({ length: 6991 }, (_, i) => {
        const [a, b] = [some.row(q), rows.row(i + 9)];
        const dot = a.reduce((sum, value, c) => sum + value * b[c]!, 0);
        const norm = b.reduce((sum, value) => sum + value * value, 0);
        return metric === 'ip' ? dot : metric === 'l2' ? 2 * dot - norm : dot / Math.sqrt(norm);
      });
      const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, 5);
      expect([...found[q]!]).toEqual(order);
    }
  });

  it('takes the lower number of equals, and all where there are no more', () => {
    const rows = Vectors.fromRows([[1], [2], [2], [0]]);
    expect(exactTop(rows, Vectors.fromRows([[1]]), 3).map((list) => [...list])).toEqual([[1, 2, 0]]);
    const [all] = exactSelections(rows, Vectors.fromRows([[2]]), 9);
    expect([[...all!.ids], [...all!.scores]]).toEqual([
      [1, 2, 0, 3],
      [4, 4, 2, 0],
    ]);
    expect([...greatest(Float32Array.of(1, 3, Number.NaN, 3), 3)]).toEqual([1, 3, 0]);
    expect([...greatest(Float32Array.of(1, 3), 5)]).toEqual([1, 0]);
  });
});

describe('rows', () => {
  it('are multiplied and scaled', () => {
    const rows = Vectors.fromRows([
      [3, 4],
      [0, 0],
    ]);
    expect([...products(rows, Float32Array.of(1, 2))]).toEqual([11, 0]);
    expect([...unitRows(rows).data]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0]);
    expect([...rows.data]).toEqual([3, 4, 0, 0]);
  });
});
