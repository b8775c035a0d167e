import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { VectorSets, Vectors } from '../base/vectors.ts';
import { createFde, FixedDimensionalEncoding } from './index.ts';

/** Unit vectors around a direction of their own for each item. */
function sets(sizes: readonly number[], dim: number, seed: number, spread = 0.7): VectorSets {
  const random = new Random(seed);
  const offsets = Uint32Array.from([0, ...sizes]);
  for (let i = 1; i < offsets.length; i++) offsets[i]! += offsets[i - 1]!;
  const vectors = Vectors.zeros(offsets.at(-1)!, dim);
  sizes.forEach((size, item) => {
    const centre = Float32Array.from({ length: dim }, () => random.normal());
    for (let i = 0; i < size; i++) {
      const row = vectors.row(offsets[item]! + i);
      for (let c = 0; c < dim; c++) row[c] = centre[c]! + spread * random.normal();
      const scale = 1 / Math.hypot(...row);
      for (let c = 0; c < dim; c++) row[c]! *= scale;
    }
  });
  return new VectorSets(vectors, offsets);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function maxSim(query: Vectors, document: Vectors): number {
  let total = 0;
  for (let q = 0; q < query.count; q++) {
    let best = Number.NEGATIVE_INFINITY;
    for (let d = 0; d < document.count; d++) best = Math.max(best, dot(query.row(q), document.row(d)));
    total += best;
  }
  return total;
}

describe('FixedDimensionalEncoding', () => {
  it('is sum of the query times mean of the document where nothing is cut or projected', () => {
    const items = sets([5, 3], 16, 1);
    const fde = new FixedDimensionalEncoding(16, { reps: 1, bits: 0, dim: 16 });
    const score = dot(fde.encodeQueries(items).row(0), fde.encodeDocuments(items).row(1));
    let expected = 0;
    for (let q = 0; q < 5; q++)
      for (let d = 0; d < 3; d++) expected += dot(items.item(0).row(q), items.item(1).row(d)) / 3;
    expect(score).toBeCloseTo(expected, 4);
  });

  it('approximates MaxSim, the better the more repetitions', () => {
    const documents = sets(
      Array.from({ length: 40 }, (_, i) => 4 + (i % 7)),
      32,
      2,
    );
    const queries = sets([6, 6, 6, 6], 32, 3);
    const error = (reps: number): number => {
      const fde = new FixedDimensionalEncoding(32, { reps, bits: 4, dim: 8 });
      const [q, d] = [fde.encodeQueries(queries), fde.encodeDocuments(documents)];
      let squared = 0;
      const scores: number[] = [];
      const exact: number[] = [];
      for (let i = 0; i < queries.count; i++) {
        for (let j = 0; j < documents.count; j++) {
          scores.push(dot(q.row(i), d.row(j)) / reps);
          exact.push(maxSim(queries.item(i), documents.item(j)));
        }
      }
      const bias = scores.reduce((sum, score, i) => sum + score - exact[i]!, 0) / scores.length;
      for (let i = 0; i < scores.length; i++) squared += (scores[i]! - exact[i]! - bias) ** 2;
      return Math.sqrt(squared / scores.length);
    };
    const [few, many] = [error(4), error(64)];
    expect(many).toBeLessThan(few / 2);
  });

  it('never looks at how sets are batched, or at their order', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.array(fc.nat(6), { minLength: 1, maxLength: 8 }), (seed, sizes) => {
        const items = sets(sizes, 12, seed);
        const fde = new FixedDimensionalEncoding(12, { reps: 3, bits: 3, dim: 4, seed });
        const all = fde.encodeDocuments(items);
        sizes.forEach((size, i) => {
          const alone = fde.encodeDocuments(new VectorSets(items.item(i), Uint32Array.of(0, size)));
          expect(all.row(i)).toEqual(alone.row(0));
          if (size === 0) expect(all.row(i).every((value) => value === 0)).toBe(true);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('fills every region of a document, and none of a query', () => {
    const items = sets([2], 16, 5);
    const fde = new FixedDimensionalEncoding(16, { reps: 2, bits: 4, dim: 4 });
    const blocks = (vector: Float32Array): number =>
      Array.from({ length: 32 }, (_, i) => vector.subarray(i * 4, i * 4 + 4).some((value) => value !== 0)).filter(
        Boolean,
      ).length;
    expect(blocks(fde.encodeDocuments(items).row(0))).toBe(32);
    expect(blocks(fde.encodeQueries(items).row(0))).toBeLessThanOrEqual(4);
    const bare = new FixedDimensionalEncoding(16, { reps: 2, bits: 4, dim: 4, fill: false });
    expect(blocks(bare.encodeDocuments(items).row(0))).toBeLessThanOrEqual(4);
  });

  it('is made from a part of a specification, and refuses what makes no sense', () => {
    const made = (settings: Record<string, number>, dim = 64) => createFde({ name: 'fde', numbers: [], settings }, dim);
    expect(made({ reps: 10, bits: 5, dim: 16 }).spec).toBe('fde(bits=5,dim=16,reps=10)');
    expect(made({ reps: 10, bits: 5, dim: 16 }).outDim).toBe(5120);
    expect(made({}).outDim).toBe(2560);
    expect(made({ fill: 0, sum: 1 }).spec).toBe('fde(bits=4,dim=8,reps=20,fill=0,sum=1)');
    expect(() => made({ dim: 65 })).toThrow(/dim 65.*1 to 64/);
    expect(() => new FixedDimensionalEncoding(32).encodeQueries(sets([1], 16, 1))).toThrow(/16 components/);
  });
});
