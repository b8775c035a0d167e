import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { VectorSets, Vectors } from '../base/vectors.ts';
import { nativeRuntime } from '../encode/runtime.ts';
import { crossProduct, symmetricEigen, transpose } from '../math/index.ts';
import {
  adamW,
  add,
  type Batch,
  dealt,
  divide,
  fit,
  given,
  matmul,
  max,
  Parameters,
  reshape,
  scale,
  sum,
  type Tensor,
  transposeLast,
  unitLength,
  type Value,
} from '../tensor/index.ts';
import { listNet, listwiseKL } from './objectives/index.ts';

/**
 * The projection of token vectors that keeps most of their products without training: the `dim` directions in which they have the greatest second
 * moments. Nothing is centred, since late interaction compares directions and not differences.
 *
 * @param tokens a sample, of unit length; some ten for each component. @returns `dim` rows of as many numbers as the vectors have components.
 * @throws InvalidArgumentError for fewer vectors than components, or more components than they have.
 */
export function principalProjection(tokens: Vectors, dim: number): Float32Array {
  const { count, dim: width } = tokens;
  if (!Number.isInteger(dim) || dim < 1 || dim > width || count < width) {
    throw new InvalidArgumentError(
      `${count} token vectors of ${width} components cannot be projected to ${dim}.`,
      `Pass ${width} vectors or more, and ask for 1 to ${width} components.`,
    );
  }
  const moments = crossProduct(tokens, tokens).map((sum) => sum / count);
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) moments[i * width + j] = moments[j * width + i]!;
  return Float32Array.from(symmetricEigen(moments, width).vectors.subarray(0, dim * width));
}

/** Options of {@link trainProjection}. */
export interface TrainProjectionOptions {
  /** Passes over the pairs. Default 4. */
  readonly epochs?: number;
  /** Pairs of a step; each query sees the documents of all of them. Default 24. */
  readonly batchSize?: number;
  /** Highest learning rate. Default 1e-3. */
  readonly learningRate?: number;
  /** Tokens of a query and of a document that are looked at, drawn at random in each epoch where there are more. Default 16 and 64. */
  readonly queryTokens?: number;
  readonly documentTokens?: number;
  /** Share of the loss that goes by the pairs, 0 to 1; the rest goes by late interaction over whole token vectors. Default 0.5. */
  readonly pairs?: number;
  /** Temperature of a query's scores, which are means over its tokens. Default 0.03. */
  readonly temperature?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: number, steps: number, loss: number) => void;
}

/** Token vectors of queries and of the document that answers each. */
export interface TokenPairs {
  readonly queries: VectorSets;
  /** As many, in the same order. */
  readonly documents: VectorSets;
}

/** The parameter `[width, dim]`. */
const WEIGHT = 'projection/weight';

/**
 * Trains a projection of token vectors: a query's document is to have a greater MaxSim than those of the other pairs of a step (listwise cross entropy), and lists of scores are to be
 * those of late interaction over whole token vectors (listwise distillation).
 *
 * @param start `dim` rows of `width`, such as {@link principalProjection}. @returns the same, trained; rows of any length, as vectors are scaled after.
 * @throws InvalidArgumentError for fewer pairs than one step has, or sets that are no pairs.
 */
export async function trainProjection(
  { queries, documents }: TokenPairs,
  start: Float32Array,
  options: TrainProjectionOptions = {},
): Promise<Float32Array> {
  const { epochs = 4, batchSize = 24, learningRate = 1e-3, queryTokens = 16, documentTokens = 64 } = options;
  const { pairs = 0.5, temperature = 0.03, seed = 1, signal, onProgress } = options;
  const width = queries.vectors.dim;
  const dim = start.length / width;
  if (queries.count !== documents.count || queries.count < batchSize || documents.vectors.dim !== width) {
    throw new InvalidArgumentError(
      `${queries.count} queries and ${documents.count} documents are not pairs for steps of ${batchSize}.`,
      `Give as many documents as queries, by one encoder, ${batchSize} or more.`,
    );
  }
  const parameters = new Parameters();
  parameters.set(WEIGHT, transpose(start, width), [width, dim]);
  const usable = Array.from({ length: queries.count }, (_, i) => i).filter(
    (i) => queries.item(i).count > 0 && documents.item(i).count > 0,
  );
  const random = new Random(seed);
  const one = Float32Array.from({ length: batchSize ** 2 }, (_, i) => (i % (batchSize + 1) === 0 ? SURE : 0));
  const data = dealt(
    (own) => {
      const order = own.shuffle([...usable]);
      const batches: number[][] = [];
      for (let at = 0; at + batchSize <= order.length; at += batchSize) batches.push(order.slice(at, at + batchSize));
      return batches;
    },
    (chosen): Batch => ({
      queries: padded(queries, chosen, queryTokens, random),
      documents: padded(documents, chosen, documentTokens, random),
      answers: { data: one, shape: [batchSize, batchSize] },
    }),
  );
  /** MaxSim of each query and each document, as a mean over tokens. Padding has products of 0. */
  const maxSim = (q: Tensor, d: Tensor): Tensor => {
    const products = reshape(matmul(q, transposeLast(d)), [batchSize, queryTokens, batchSize, documentTokens]);
    return scale(sum(max(products, 3), 1), 1 / queryTokens);
  };
  const flat = (x: Tensor, tokens: number): Tensor => reshape(x, [batchSize * tokens, width]);
  await fit(
    {
      parameters,
      forward: (scope, { tokens }) =>
        unitLength(matmul(tokens!, scope.parameter(WEIGHT, [width, dim], given(parameters.get(WEIGHT).data)))),
    },
    data,
    (forward, batch) => {
      const [q, d] = [flat(batch['queries']!, queryTokens), flat(batch['documents']!, documentTokens)];
      const own = maxSim(forward({ tokens: q }), forward({ tokens: d }));
      const whole = maxSim(q, d);
      const lists = listwiseKL(own, whole, { student: temperature, teacher: temperature });
      return add(scale(lists, 1 - pairs), scale(listNet(divide(own, temperature), batch['answers']!), pairs));
    },
    {
      runtime: await nativeRuntime(),
      epochs,
      learningRate,
      optimizer: adamW({ weightDecay: 0 }),
      seed: seed + 1,
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress: ({ step, steps, loss }) => onProgress(step, steps, loss) }),
    },
  );
  return transpose(parameters.get(WEIGHT).data, dim);
}

/** A relevance beside which those of the others are nothing. */
const SURE = 30;

/** Token vectors of some items, `[items, tokens, width]`, zeros behind those that have fewer. */
function padded({ vectors, offsets }: VectorSets, chosen: readonly number[], tokens: number, random: Random): Value {
  const { dim } = vectors;
  const data = new Float32Array(chosen.length * tokens * dim);
  for (const [i, item] of chosen.entries()) {
    const rows = Array.from({ length: offsets[item + 1]! - offsets[item]! }, (_, row) => offsets[item]! + row);
    const some = rows.length <= tokens ? rows : random.shuffle(rows).slice(0, tokens);
    for (const [at, row] of some.entries()) data.set(vectors.row(row), (i * tokens + at) * dim);
  }
  return { data, shape: [chosen.length, tokens, dim] };
}
