import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { VectorSets, Vectors } from '../base/vectors.ts';
import { MaxSim } from '../index/index.ts';
import { LinearMap, unitRows } from '../math/index.ts';
import { principalProjection, type TokenPairs, trainProjection } from './late-projection.ts';

const WIDTH = 24;
const DIM = 4;

/** Meaning lies in the last six components, which vary less than the noise in the others. */
function pairsOf(random: Random, count: number): TokenPairs {
  const topics = Array.from({ length: count }, () => Array.from({ length: 6 }, () => random.normal()));
  const sets = (tokens: number): VectorSets => {
    const rows = topics.flatMap((topic) =>
      Array.from({ length: tokens }, () =>
        Float32Array.from({ length: WIDTH }, (_, c) => (c < 18 ? 2 * random.normal() : 0.8 * topic[c - 18]!)),
      ),
    );
    return new VectorSets(
      unitRows(Vectors.fromRows(rows)),
      Uint32Array.from({ length: count + 1 }, (_, i) => i * tokens),
    );
  };
  return { queries: sets(4), documents: sets(6) };
}

function hits({ queries, documents }: TokenPairs, matrix: Float32Array): number {
  const map = new LinearMap(matrix, WIDTH);
  const own = new VectorSets(unitRows(map.apply(documents.vectors)), documents.offsets);
  let right = 0;
  for (let i = 0; i < queries.count; i++) {
    const scores = new MaxSim(unitRows(map.apply(queries.item(i)))).score(own);
    if (scores.every((score, j) => j === i || score < scores[i]!)) right++;
  }
  return right / queries.count;
}

describe('a projection of token vectors', () => {
  it('keeps what varies most, without training', () => {
    const { documents } = pairsOf(new Random(1), 80);
    const matrix = principalProjection(documents.vectors, WIDTH);
    const map = new LinearMap(matrix, WIDTH);
    const [a, b] = [documents.vectors.row(0), documents.vectors.row(9)];
    const [x, y] = [map.apply(new Vectors(a, WIDTH)).data, map.apply(new Vectors(b, WIDTH)).data];
    const dot = (u: Float32Array, v: Float32Array) => u.reduce((sum, value, i) => sum + value * v[i]!, 0);
    expect(dot(x, y)).toBeCloseTo(dot(a, b), 4);
    expect(() => principalProjection(documents.vectors, 25)).toThrow('cannot be projected to 25');
  });

  it('learns from pairs what they have in common', async () => {
    const random = new Random(4);
    const train = pairsOf(random, 96);
    const test = pairsOf(random, 40);
    const start = principalProjection(train.documents.vectors, DIM);
    const options = { batchSize: 24, epochs: 30, learningRate: 2e-2, queryTokens: 4, documentTokens: 6, pairs: 1 };
    const matrix = await trainProjection(train, start, { ...options, temperature: 0.1 });
    expect(matrix).toHaveLength(DIM * WIDTH);
    expect(hits(test, start)).toBeLessThan(0.4);
    expect(hits(test, matrix)).toBeGreaterThan(hits(test, start) + 0.3);
    await expect(trainProjection(train, start, { batchSize: 100 })).rejects.toThrow('not pairs for steps of 100');
  }, 60_000);
});
