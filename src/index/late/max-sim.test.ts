import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import { MaxSim } from '../index.ts';

describe('MaxSim', () => {
  const random = new Random(1);
  const draw = (count: number): Vectors =>
    new Vectors(
      Float32Array.from({ length: count * 20 }, () => random.normal()),
      20,
    );
  const query = draw(5);
  const documents = new VectorSets(draw(9), Uint32Array.of(0, 4, 4, 9));

  it('sums the best product of every query vector', () => {
    const scores = new MaxSim(query).score(documents);
    for (const item of [0, 2]) {
      const rows = documents.item(item);
      let expected = 0;
      for (let q = 0; q < 5; q++) {
        let best = Number.NEGATIVE_INFINITY;
        for (let d = 0; d < rows.count; d++) {
          best = Math.max(
            best,
            query.row(q).reduce((sum, value, c) => sum + value * rows.row(d)[c]!, 0),
          );
        }
        expected += best;
      }
      expect(scores[item]).toBeCloseTo(expected, 3);
    }
    expect(scores[1]).toBe(Number.NEGATIVE_INFINITY);
    expect([...new MaxSim(query).score(documents, [2, 0])]).toEqual([scores[2], scores[0]]);
  });

  it('refuses a query without tokens, and another dimension', () => {
    expect(() => new MaxSim(draw(0))).toThrow(/no tokens/);
    expect(() => new MaxSim(new Vectors(new Float32Array(8), 8)).score(documents)).toThrow(/8 components.*20/);
  });
});
