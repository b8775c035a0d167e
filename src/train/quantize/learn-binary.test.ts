import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { MemorySections } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import { type Codec, createCodec, type RecurrentBinary } from '../../codec/index.ts';
import { buildIndex, openIndex } from '../../index/index.ts';
import { Graph, gradients, multiply, type OnnxRuntimeModule, onnxRuntime, sum, toOnnx } from '../../tensor/index.ts';
import { exactTop, greatest, learnBinary } from './index.ts';
import { binarySign } from './learn-binary.ts';

const runtime = onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as OnnxRuntimeModule);
const DIM = 16;

/** Unit vectors; documents vary most where no query looks. */
function draw(count: number, seed: number, spread: (c: number) => number, dim = DIM): Vectors {
  const random = new Random(seed);
  const all = Vectors.zeros(count, dim);
  for (let i = 0; i < count; i++) {
    const row = all.row(i);
    for (let c = 0; c < dim; c++) row[c] = spread(c) * random.normal();
    const length = Math.hypot(...row);
    for (let c = 0; c < dim; c++) row[c]! /= length;
  }
  return all;
}
const documents = draw(1200, 1, (c) => (c < DIM / 2 ? 0.3 : 0.6));
const queries = draw(500, 2, (c) => (c < DIM / 2 ? 1 : 0.05));
const [learning, heldOut] = [queries.slice(0, 350), queries.slice(350, 500)];
const truth = exactTop(documents, heldOut, 10);

function recall(codec: Codec, codes = codec.encode(documents), asked = heldOut): number {
  const scores = new Float32Array(documents.count);
  let found = 0;
  for (let q = 0; q < asked.count; q++) {
    codec.scorer(asked.row(q)).score(codes, documents.count, scores);
    for (const row of greatest(scores, 10)) if (truth[q]!.includes(row)) found++;
  }
  return found / (10 * asked.count);
}
const options = { runtime, signs: 32, steps: 150, queries: 16, threads: 1, temperature: 0.2, learningRate: 0.02 };

describe('learnBinary', () => {
  it('ranks unseen queries better than random signs, and better with another level', async () => {
    const random = createCodec('rbin32x1', DIM);
    await random.train(documents);
    const one = recall(await learnBinary(documents, learning, { ...options, levels: 1 }));
    const two = recall(await learnBinary(documents, learning, { ...options, levels: 2 }));
    const before = recall(random);
    expect(one, `${before}, ${one}`).toBeGreaterThan(1.2 * before);
    expect(two, `${one}, ${two}`).toBeGreaterThan(one);
  });

  it.each([false, true])('is served by an index as it scores itself (symmetric: %s)', async (symmetric) => {
    const codec = await learnBinary(documents, learning, { ...options, steps: 30, symmetric });
    const built = await buildIndex('rbin32x2', documents, { codec });
    const index = openIndex(new MemorySections(built.save()));
    const codes = codec.encode(documents);
    const scores = new Float32Array(documents.count);
    for (let q = 0; q < 5; q++) {
      codec.scorer(heldOut.row(q)).score(codes, documents.count, scores);
      const hits = index.search(heldOut.row(q), { k: 10 });
      expect([...hits.ids]).toEqual([...greatest(scores, 10)]);
      if (!symmetric) continue;
      // Whole numbers, but for the lengths: what integer tables alone give.
      const own = codec.encode(heldOut.slice(q, q + 1));
      const products = codec.compare(own, codes);
      const lengths = (all: Vectors, v: number) => Math.hypot(...all.row(v));
      const [mine, theirs] = [codec.values(own), codec.values(codes)];
      hits.ids.forEach((id, i) => {
        const cosine = products[id]! / 4 / lengths(mine, 0) / lengths(theirs, id);
        expect(hits.scores[i]).toBeCloseTo(cosine, 3);
      });
    }
  });

  it('finds what an earlier version coded, when it is told to', async () => {
    const old = await learnBinary(documents, learning, { ...options, levels: 1 });
    const codes = old.encode(documents);
    // The new encoder is the old one, turned.
    const turn = (vectors: Vectors): Vectors => {
      const out = Vectors.zeros(vectors.count, DIM);
      for (let v = 0; v < out.count; v++)
        for (let c = 0; c < DIM; c++) out.row(v)[c] = (c % 2 ? -1 : 1) * vectors.row(v)[(c + 3) % DIM]!;
      return out;
    };
    const [newDocuments, newLearning, newQueries] = [turn(documents), turn(learning), turn(heldOut)];
    const alone = await learnBinary(newDocuments, newLearning, { ...options, levels: 1 });
    const compatible = await learnBinary(newDocuments, newLearning, {
      ...options,
      levels: 1,
      compatible: { codec: old, codes },
    });
    const before = recall(old, codes);
    expect(recall(alone, codes, newQueries)).toBeLessThan(0.3 * before);
    expect(recall(compatible, codes, newQueries)).toBeGreaterThan(0.8 * before);
    await expect(
      learnBinary(newDocuments, newLearning, { ...options, levels: 2, compatible: { codec: old, codes } }),
    ).rejects.toThrow(/no earlier version/);
  });

  it('comes to the same for the same seed', async () => {
    const short = { ...options, steps: 4 };
    const [a, b] = [await learnBinary(documents, learning, short), await learnBinary(documents, learning, short)];
    expect(a.encode(documents)).toEqual(b.encode(documents));
  });
});

describe('binarySign', () => {
  it('passes gradients on where the argument is within -1 and 1', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [5]);
    const weights = graph.constant('w', Float32Array.of(1, 2, 3, 4, 5), [5]);
    const sign = binarySign(x);
    graph.output('sign', sign);
    graph.output('gradient', gradients(sum(multiply(sign, weights)), [x])[0]!);
    const session = await runtime.createSession(toOnnx(graph), { threads: 1 });
    const out = await session.run({ x: { data: Float32Array.of(-2, -0.5, 0, 0.7, 3), shape: [5] } });
    await session.dispose();
    expect([...out['sign']!.data]).toEqual([-1, -1, 1, 1, 1]);
    expect([...out['gradient']!.data]).toEqual([0, 2, 3, 4, 0]);
  });
});

describe('recurrent codes', () => {
  it('save, restore and decode to what they score by', async () => {
    const codec = createCodec('rbin24x3', DIM) as RecurrentBinary;
    await codec.train(documents);
    const again = createCodec('rbin24x3', DIM) as RecurrentBinary;
    again.restore(codec.learned());
    const some = documents.slice(0, 40);
    const codes = codec.encode(some);
    expect(codes.length).toBe(40 * (9 + 2));
    expect(again.encode(some)).toEqual(codes);
    const decoded = codec.decode(codes);
    const scores = new Float32Array(40);
    codec.scorer(heldOut.row(0)).score(codes, 40, scores);
    scores.forEach((score, v) => {
      const product = decoded.row(v).reduce((total, value, c) => total + value * heldOut.row(0)[c]!, 0);
      expect(score).toBeCloseTo(product, 4);
    });
  });
});
