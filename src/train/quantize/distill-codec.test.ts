import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { MemorySections } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import { type ChainCodec, type Codec, createCodec } from '../../codec/index.ts';
import { buildIndex, openIndex } from '../../index/index.ts';
import {
  compareGradients,
  constantOf,
  type OnnxRuntimeModule,
  onnxRuntime,
  Scope,
  type Tensor,
} from '../../tensor/index.ts';
import { distillCodec, distillIndex, exactTop, greatest, usageEntropy } from './index.ts';
import { QuantizedScores } from './quantized-scores.ts';

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

  it('learns from labels what the teacher does not know', async () => {
    // Relevant is what the second half of the components says, which exact scores of these queries do not.
    const other = new Vectors(learning.data.slice(), DIM);
    for (let q = 0; q < other.count; q++) other.row(q).fill(0, 0, DIM / 2);
    const labels = exactTop(documents, other, 5);
    const short = { ...options, steps: 80 };
    const share = async (codec: Codec): Promise<number> => {
      const codes = codec.encode(documents);
      const scores = new Float32Array(documents.count);
      let found = 0;
      for (let q = 0; q < 100; q++) {
        codec.scorer(learning.row(q)).score(codes, documents.count, scores);
        for (const row of greatest(scores, 5)) if (labels[q]!.includes(row)) found++;
      }
      return found / 500;
    };
    const [taught, told] = [
      await share(await distillCodec(documents, learning, short)),
      await share(await distillCodec(documents, learning, { ...short, labels })),
    ];
    expect(told, `${taught} to ${told}`).toBeGreaterThan(taught);
    // With half the weight on the ranking, and labels of half the queries, it learns some of both.
    const some = labels.map((rows, q) => (q % 2 === 0 ? rows : []));
    const both = await share(await distillCodec(documents, learning, { ...short, labels: some, labelWeight: 0.5 }));
    expect(both, `${taught} to ${both}`).toBeGreaterThan(taught);
    await expect(distillCodec(documents, learning, { ...short, labels, labelWeight: 0 })).rejects.toThrow(/weight 0/);
    await expect(distillCodec(documents, learning, { ...short, labels: [[0]] })).rejects.toThrow(/labels of 1 queries/);
    await expect(distillCodec(documents, learning, { ...short, labels: labels.map(() => [9999]) })).rejects.toThrow(
      /not there/,
    );
  });

  it('uses codes more evenly when they are balanced while it learns', async () => {
    const uneven = draw(1500, 9, (c) => (c % 4 === 0 ? 1 : 0.1));
    const short = { ...options, steps: 60, learningRate: 1e-2 };
    const entropy = (codec: Codec): number => {
      const codes = codec.encode(uneven);
      const parts = [0, 1].map((j) => Uint8Array.from({ length: uneven.count }, (_, v) => codes[2 * v + j]! & 15));
      return parts.reduce((sum, part) => sum + usageEntropy(part, 16), 0) / 2;
    };
    const plain = entropy(await distillCodec(uneven, learning, short));
    const even = entropy(
      await distillCodec(uneven, learning, { ...short, codes: 'balanced', balance: { iterations: 20 } }),
    );
    expect(even, `${plain} to ${even}`).toBeGreaterThan(plain);
  });

  it('goes on from a codec of another domain', async () => {
    const first = await distillCodec(documents, learning, { ...options, steps: 40 });
    const target = draw(1500, 12, (c) => (c < DIM / 2 ? 0.3 : 0.5));
    const best = exactTop(target, heldOut, 10);
    const adapted = await distillCodec(target, learning, { ...options, steps: 100, start: first });
    const [before, after] = [recall(first, first.encode(target), best), recall(adapted, adapted.encode(target), best)];
    expect(after, `${before} to ${after}`).toBeGreaterThan(before);
    await expect(distillCodec(target, learning, { ...options, quantizer: 'pq8x4', start: first })).rejects.toThrow(
      /no start/,
    );
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

describe('distillIndex', () => {
  const options = {
    runtime,
    lists: 16,
    quantizer: 'pq4x4',
    queries: 16,
    temperature: 0.1,
    threads: 1,
    learningRate: 5e-3,
  };

  it.each([
    { residual: true, codes: 'live' },
    { residual: false, codes: 'live' },
    { residual: true, codes: 'balanced' },
  ] as const)('learns lists that find more in as many probes ($codes, residual $residual)', async (setting) => {
    const plainSpec = `opq,ivf16${setting.residual ? '' : '(residual=0)'},pq4x4`;
    const plain = await buildIndex(plainSpec, documents);
    const learned = await distillIndex(documents, learning, {
      ...options,
      ...setting,
      steps: 80,
      balance: { iterations: 20 },
    });
    expect(learned.spec).toBe(plainSpec.replace('opq', 'dual'));
    const built = await buildIndex(learned.spec, documents, learned);
    const index = openIndex(new MemorySections(built.save()));
    const found = (one: typeof plain): number => {
      let sum = 0;
      for (let q = 0; q < heldOut.count; q++) {
        for (const id of one.search(heldOut.row(q), { k: 10, nprobe: 3, earlyStop: false }).ids) {
          if (truth[q]!.includes(id)) sum++;
        }
      }
      return sum / (10 * heldOut.count);
    };
    const [before, after] = [found(plain), found(index)];
    expect(after, `${before} to ${after}`).toBeGreaterThan(before);
    await expect(buildIndex('dual,ivf8,pq4x4', documents, learned)).rejects.toThrow(/16 centroids/);
    await expect(buildIndex('ivf16,pq4x4', documents, { centroids: learned.centroids })).rejects.toThrow(
      /without a codec/,
    );
  });

  it('has the gradients of its scores, where choices stand still', async () => {
    const [few, dim] = [documents.slice(0, 12), DIM];
    const codec = createCodec('dual,pq4x4', dim) as ChainCodec;
    await codec.train(documents);
    const lists = documents.pick([3, 70, 200]);
    const model = new QuantizedScores(codec, lists, true, { temperature: 0.5, reconstruction: 0.1 }, few);
    const { chosen, list } = model.balanced(few, {});
    const names = ['centroids', 'lists', 'map/queries'];
    const values = names.map((name) => {
      const { data, shape } = model.parameters.get(name);
      return { data: data.slice(), shape: [...shape] };
    });
    const constant = [
      { data: learning.slice(0, 3).data.slice(), shape: [3, dim] },
      { data: few.data.slice(), shape: [few.count, dim] },
      chosen!,
      list!,
    ];
    const pairs = await compareGradients(runtime, [...values, ...constant], (...tensors: Tensor[]) => {
      const [centroids, learnedLists, map, queries, documentRows, codes, list_] = tensors;
      const known: Record<string, Tensor> = { centroids: centroids!, lists: learnedLists!, 'map/queries': map! };
      const scope = new Scope({
        parameter: (name, shape) => known[name] ?? constantOf(model.parameters.get(name).data, shape),
        lookup: (name) => known[name]!,
      });
      return model.loss(scope, { queries: queries!, documents: documentRows!, chosen: codes!, list: list_! });
    });
    const own = pairs.slice(
      0,
      values.reduce((sum, { data }) => sum + data.length, 0),
    );
    for (const { analytic, numeric } of own) expect(Math.abs(analytic - numeric)).toBeLessThan(2e-3);
    expect(own.some(({ analytic }) => Math.abs(analytic) > 0.01)).toBe(true);
  });
});

describe('exactTop', () => {
  it('orders by score and then by number', () => {
    expect([...greatest(Float32Array.of(1, 3, 2, 3), 3)]).toEqual([1, 3, 2]);
    expect([...greatest(Float32Array.of(1, 2), 5)]).toEqual([1, 0]);
  });
});
