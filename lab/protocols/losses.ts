import { Random } from '../../src/base/random.ts';
import { type AdapterShape, adapter, nativeRuntime } from '../../src/encode/index.ts';
import {
  add,
  type Batch,
  drawn,
  fit,
  Parameters,
  run,
  type Scope,
  sgd,
  type Tensors,
  toValue,
} from '../../src/tensor/index.ts';
import { cosines, infoNCE } from '../../src/train/index.ts';
import type { Config } from '../grading/types.ts';
import { examplesOf, type Pairs } from './pairs.ts';
import type { PairArrays, PairRecipe } from './recipes.ts';

/** Pairs that a loss is looked at on, by their frozen vectors. */
const COUNT = 64;

function somePairs(data: Pairs, count: number): { readonly queries: Batch[string]; readonly documents: Batch[string] } {
  const all = new Random(1).shuffle(examplesOf(data));
  // A smoke test has too few, and takes some twice.
  const chosen = Array.from({ length: count }, (_, i) => all[i % all.length]!);
  return {
    queries: toValue(data.queries.pick(chosen.map(({ query }) => query))),
    documents: toValue(data.documents.pick(chosen.map(({ document }) => document))),
  };
}

/** A recipe's loss of 64 pairs by their frozen vectors. @param offset up to which each query's scores are moved, by so much of its own. */
export async function lossOf<Setting extends Config>(
  data: Pairs,
  recipe: PairRecipe,
  config: Setting,
  { offset }: { readonly offset: number },
): Promise<number> {
  const random = new Random(2);
  const { queries, documents } = somePairs(data, COUNT);
  const shape = [COUNT, COUNT];
  const none = () => ({ data: new Float32Array(COUNT * COUNT), shape });
  const batch = {
    queries,
    documents,
    offsets: { data: Float32Array.from({ length: COUNT }, () => offset * random.next()), shape: [COUNT, 1] },
    exclude: none(),
  };
  const { output } = await run(
    (scope, inputs) =>
      recipe.loss(
        add(cosines(inputs['queries']!, inputs['documents']!), inputs['offsets']!),
        inputs as unknown as PairArrays,
        config,
        scope,
      ),
    batch,
    { runtime: await nativeRuntime(), threads: 1 },
  );
  return Number(output!.data[0]);
}

/**
 * How far the gradient of InfoNCE over 128 pairs by gradient caching in chunks is from that of the whole batch, as a share of its greatest
 * component.
 */
export async function cachedDifference(data: Pairs, chunk: number, shape: AdapterShape = {}): Promise<number> {
  const [whole, cached] = [await gradientOf(data, 128, shape), await gradientOf(data, chunk, shape)];
  const greatest = whole.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return whole.reduce((most, value, i) => Math.max(most, Math.abs(value - cached[i]!)), 0) / greatest;
}

/** With respect to a head: what a step of plain descent takes away. */
async function gradientOf(data: Pairs, chunk: number, shape: AdapterShape): Promise<Float32Array> {
  const { queries, documents } = somePairs(data, 128);
  const parameters = new Parameters(1);
  const model = { parameters, forward: (scope: Scope, { x }: Tensors) => adapter(scope, x!, shape) };
  const rows = ({ data: values, shape: [, width] }: Batch[string], from: number) => ({
    data: (values as Float32Array).slice(from * width!, (from + chunk) * width!),
    shape: [chunk, width!],
  });
  const how = { runtime: await nativeRuntime(), threads: 1 } as const;
  // Makes the parameters, so that they are known before the step.
  await run(model.forward, { x: rows(queries!, 0) }, { ...how, parameters });
  const before = parameters.clone();
  const chunks = Array.from(
    { length: 128 / chunk },
    (_, i): Batch => ({ queries: rows(queries!, i * chunk), documents: rows(documents!, i * chunk) }),
  );
  await fit(
    model,
    drawn(1, () => chunks),
    {
      represent: (forward, inputs) => ({
        queries: forward({ x: inputs['queries']! }),
        documents: forward({ x: inputs['documents']! }),
      }),
      loss: (encoded) => infoNCE(cosines(encoded['queries']!, encoded['documents']!)),
    },
    { ...how, optimizer: sgd(), learningRate: 1, schedule: 'constant', clip: Number.POSITIVE_INFINITY },
  );
  return Float32Array.from(
    before.names.flatMap((name) => {
      const after = parameters.get(name).data;
      return Array.from(before.get(name).data, (value, i) => value - after[i]!);
    }),
  );
}
