import { describe, expect, it } from 'vitest';
import { MemorySections } from '../base/index.ts';
import { Random } from '../base/random.ts';
import { type ChainCodec, createCodec, openCodec, saveCodec } from './index.ts';
import { clustered } from './testing.ts';

const vectors = clustered(600, 16, 3);

function scoresOf(codec: ReturnType<typeof createCodec>, query: Float32Array): Float32Array {
  const scores = new Float32Array(vectors.count);
  codec.scorer(query).score(codec.encode(vectors), vectors.count, scores);
  return scores;
}

describe('dual', () => {
  it('is opq until it has learned of queries', async () => {
    const [dual, opq] = [createCodec('dual,pq4x4', 16), createCodec('opq,pq4x4', 16)];
    await dual.train(vectors, { seed: 5 });
    await opq.train(vectors, { seed: 5 });
    expect(dual.spec).toBe('dual,pq4x4');
    expect(scoresOf(dual, vectors.row(7))).toEqual(scoresOf(opq, vectors.row(7)));
  });

  it('scores as decoded vectors do, whatever its maps are, and comes back from a file', async () => {
    const codec = createCodec('dual,pq4x4', 16) as ChainCodec;
    await codec.train(vectors);
    const random = new Random(1);
    const noisy = new Map(
      [...codec.learned()].map(([name, array]) => [name, array.map((value) => value + 0.1 * random.normal())]),
    );
    codec.restore(noisy);
    const opened = openCodec(new MemorySections(saveCodec(codec)));
    const query = vectors.row(3);
    const scores = scoresOf(codec, query);
    expect(scoresOf(opened, query)).toEqual(scores);
    const decoded = codec.decode(codec.encode(vectors));
    for (let i = 0; i < 50; i++) {
      const expected = decoded.row(i).reduce((sum, value, c) => sum + value * query[c]!, 0);
      expect(scores[i]).toBeCloseTo(expected, 3);
    }
  });

  it('must stand before a product quantizer', () => {
    expect(() => createCodec('dual,sq8', 16)).toThrow(/dual must stand right before a product quantizer/);
  });
});
