import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { buildIndex } from '../../index/index.ts';
import { compareGradients, type OnnxRuntimeModule, onnxRuntime, Scope, type Tensor } from '../../tensor/index.ts';
import { exactTop, learnMaps } from './index.ts';
import { mapsLoss } from './learn-maps.ts';

const runtime = onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as OnnxRuntimeModule);
const DIM = 12;
const random = new Random(5);
const unit = (values: number[]): number[] => values.map((value) => value / Math.hypot(...values));

/** A query names its document in the second half of the components; the first half, which is louder, says the topic. */
const topics = Array.from({ length: 20 }, () => unit(Array.from({ length: DIM / 2 }, () => random.normal())));
const documents = Vectors.fromRows(
  Array.from({ length: 800 }, (_, i) =>
    Float32Array.from(
      unit([...topics[i % 20]!, ...unit(Array.from({ length: DIM / 2 }, () => random.normal())).map((x) => 0.5 * x)]),
    ),
  ),
  DIM,
);
const asked = Uint32Array.from({ length: 600 }, (_, i) => i);
const queries = Vectors.fromRows(
  Array.from(asked, (row) =>
    Float32Array.from(unit(Array.from(documents.row(row), (x, c) => (c < DIM / 2 ? x + 0.5 * random.normal() : x)))),
  ),
  DIM,
);
const [learning, heldOut] = [queries.slice(0, 450), queries.slice(450, 600)];
const positives = Array.from({ length: 450 }, (_, i) => [i]);
const ranked = exactTop(documents, learning, 60);
const options = {
  runtime,
  size: 32,
  negatives: [0, 20],
  links: [20, 60],
  steps: 200,
  threads: 1,
  learningRate: 2e-2,
} as const;

describe('learnMaps', () => {
  it.each(['random', 'walk', 'snow'] as const)('verifies candidates better than the vectors (%s)', async (batches) => {
    const maps = await learnMaps(documents, learning, positives, ranked, { ...options, batches });
    const [mapped, turned] = [maps.documents(documents), maps.queries(heldOut)];
    const reader = {
      read: (ids: Uint32Array, target: Float32Array<ArrayBuffer>) => target.set(mapped.pick(ids).data),
    };
    const index = await buildIndex('pq12x4,refine:full', documents, { vectors: reader });
    let [plain, verified] = [0, 0];
    for (let q = 0; q < heldOut.count; q++) {
      const params = { k: 1, refine: 200 };
      if (exactTop(documents, heldOut.slice(q, q + 1), 1)[0]![0] === 450 + q) plain++;
      const [first] = index.search(heldOut.row(q), { ...params, refineQuery: turned.row(q) }).ids;
      if (first === 450 + q) verified++;
    }
    expect(verified, `${plain} to ${verified}`).toBeGreaterThan(1.2 * plain);
  });

  it('has the gradients of its loss', async () => {
    const [few, some] = [learning.slice(0, 4), documents.slice(0, 8)];
    const maps = ['queries', 'documents'].map(() => ({
      data: Float32Array.from({ length: DIM * DIM }, (_, i) => (i % (DIM + 1) === 0 ? 1 : 0.1 * random.normal())),
      shape: [DIM, DIM],
    }));
    const exclude = new Float32Array(4 * 8);
    exclude[5] = 1;
    const pairs = await compareGradients(
      runtime,
      [
        ...maps,
        { data: few.data.slice(), shape: [4, DIM] },
        { data: some.data.slice(), shape: [8, DIM] },
        { data: exclude, shape: [4, 8] },
      ],
      (a, b, q, d, e) => {
        const known: Record<string, Tensor> = { queries: a!, documents: b! };
        const scope = new Scope({ parameter: (name) => known[name]!, lookup: (name) => known[name]! });
        return mapsLoss(scope, { queries: q!, documents: d!, exclude: e! }, DIM, 0.3);
      },
      0.003,
    );
    for (const { analytic, numeric } of pairs.slice(0, 2 * DIM * DIM)) {
      expect(Math.abs(analytic - numeric)).toBeLessThan(5e-3);
    }
  });

  it('refuses lists of another number', async () => {
    await expect(learnMaps(documents, learning, [[0]], ranked, options)).rejects.toThrow(/positives of 1/);
  });
});
