import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { type Codec, createCodec } from '../../codec/index.ts';
import { type OnnxRuntimeModule, onnxRuntime } from '../../tensor/index.ts';
import { distillCodec, exactTop, greatest } from './index.ts';

const runtime = onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as OnnxRuntimeModule);
const DIM = 16;

/** Documents vary most where no query looks: the last half of the components. */
function draw(count: number, seed: number, spread: (c: number) => number): Vectors {
  const random = new Random(seed);
  return new Vectors(
    Float32Array.from({ length: count * DIM }, (_, i) => spread(i % DIM) * random.normal()),
    DIM,
  );
}
const documents = draw(1500, 1, (c) => (c < DIM / 2 ? 0.2 : 0.6));
const queries = draw(600, 2, (c) => (c < DIM / 2 ? 1 : 0.05));
const [learning, heldOut] = [queries.slice(0, 400), queries.slice(400, 600)];
const truth = exactTop(documents, heldOut, 10);

function recall(codec: Codec, codes = codec.encode(documents), best = truth): number {
  const scores = new Float32Array(documents.count);
  let found = 0;
  for (let q = 0; q < heldOut.count; q++) {
    codec.scorer(heldOut.row(q)).score(codes, documents.count, scores);
    for (const row of greatest(scores, 10)) if (best[q]!.includes(row)) found++;
  }
  return found / (10 * heldOut.count);
}

describe('distillCodec', () => {
  const options = {
    runtime,
    quantizer: 'pq4x4',
    steps: 150,
    queries: 16,
    temperature: 0.1,
    learningRate: 5e-3,
    threads: 1,
  };

  it('ranks unseen queries better than the rotation and codebooks that it began with', async () => {
    const opq = createCodec('opq,pq4x4', DIM);
    await opq.train(documents);
    const learned = await distillCodec(documents, learning, options);
    const [before, after] = [recall(opq), recall(learned)];
    expect(learned.spec).toBe('dual,pq4x4');
    expect(learned.codeSize).toBe(opq.codeSize);
    expect(after, `${before} to ${after}`).toBeGreaterThan(1.3 * before);
  });

  it('improves on it even when codes stay what they are', async () => {
    const even = draw(1500, 4, () => 0.4);
    const best = exactTop(even, heldOut, 10);
    const first = createCodec('dual,pq8x4', DIM);
    await first.train(even);
    const codes = first.encode(even);
    const learned = await distillCodec(even, learning, {
      ...options,
      quantizer: 'pq8x4',
      codes: 'frozen',
      learningRate: 1e-3,
    });
    const [before, after] = [recall(first, codes, best), recall(learned, codes, best)];
    expect(after, `${before} to ${after}`).toBeGreaterThan(before);
    expect(recall(learned, learned.encode(even), best)).not.toBe(after);
  });

  it('comes to the same for the same seed', async () => {
    const short = { ...options, steps: 5 };
    const [a, b] = [await distillCodec(documents, learning, short), await distillCodec(documents, learning, short)];
    expect(a.encode(documents)).toEqual(b.encode(documents));
  });

  it('refuses what cannot be learned', async () => {
    await expect(distillCodec(documents, learning, { ...options, quantizer: 'pq5x4' })).rejects.toThrow(
      /parts divide the dimension/,
    );
    await expect(distillCodec(documents, learning, { ...options, quantizer: 'sq8' })).rejects.toThrow(
      /product quantizer/,
    );
    await expect(distillCodec(documents, learning.slice(0, 8), options)).rejects.toThrow(/8 queries.*too few/);
    const controller = new AbortController();
    controller.abort();
    await expect(distillCodec(documents, learning, { ...options, signal: controller.signal })).rejects.toThrow(
      /abort/i,
    );
  });
});

describe('exactTop', () => {
  it('orders by score and then by number', () => {
    expect([...greatest(Float32Array.of(1, 3, 2, 3), 3)]).toEqual([1, 3, 2]);
    expect([...greatest(Float32Array.of(1, 2), 5)]).toEqual([1, 0]);
  });
});
