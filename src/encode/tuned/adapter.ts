import { join } from 'node:path';
import { CorruptFileError } from '../../base/errors.ts';
import { Vectors } from '../../base/vectors.ts';
import {
  add,
  constantsOf,
  Graph,
  identity,
  matmul,
  normal,
  Parameters,
  type Runtime,
  relu,
  type Scope,
  type Session,
  scale,
  softmax,
  type Tensor,
  toOnnx,
  toValue,
  toVectors,
  unitLength,
  zeros,
} from '../../tensor/index.ts';
import type { Encoder } from '../encoder.ts';
import { nativeRuntime } from '../runtime.ts';
import type { EncoderForm, Trainable } from '../trainable.ts';

/** A correction of vectors that are given: learned without touching the encoder they come from. */
export interface AdapterShape {
  /** `low-rank`: `x + g(x A) B`. `linear`: `x W`, starting as the identity. Default `low-rank`. */
  readonly form?: 'low-rank' | 'linear';
  /** Columns of `A`. Default 64. */
  readonly rank?: number;
  /** `g`. Default `none`. With `softmax`, rows of `A` and `B` are keys and values of a small memory. */
  readonly activation?: 'none' | 'relu' | 'softmax';
}

/** `softmax` needs scores of more than 1 to choose at all; unit vectors give less. */
const SHARPNESS = 16;

/**
 * The adapter over frozen vectors: identity plus a low-rank residual (Augmented Embeddings for Custom Retrievals 2023,
 * whose form of the residual is a reconstruction), or a full linear map. It starts as the identity.
 * @param x `[n, dim]`. @returns unit vectors `[n, dim]`.
 */
export function adapter(scope: Scope, x: Tensor, shape: AdapterShape = {}): Tensor {
  const { form = 'low-rank', rank = 64, activation = 'none' } = shape;
  const dim = x.shape[1] as number;
  if (form === 'linear') return unitLength(matmul(x, scope.parameter('map', [dim, dim], identity)));
  const keys = matmul(x, scope.parameter('down', [dim, rank], normal(1 / Math.sqrt(dim))));
  const inner = activation === 'relu' ? relu(keys) : activation === 'softmax' ? softmax(scale(keys, SHARPNESS)) : keys;
  return unitLength(add(x, matmul(inner, scope.parameter('up', [rank, dim], zeros))));
}

/** The adapter as a model: input and output `vectors`, `[n, dim]`. */
export function adapterGraph(parameters: Parameters, dim: number, shape: AdapterShape): Graph {
  const graph = new Graph();
  const x = graph.input('given', 'float32', ['n', dim]);
  graph.output('vectors', adapter(constantsOf(graph, parameters), x, shape));
  return graph;
}

/** Options of {@link trainableAdapter}. */
export interface TrainableAdapterOptions {
  /** The encoder whose vectors of queries are corrected. */
  readonly base: Encoder;
  readonly shape?: AdapterShape;
  readonly runtime: Runtime;
  /** Of its first values. */
  readonly seed?: number;
}

/** A correction of an encoder's query vectors that can be trained, from these vectors. */
export function trainableAdapter(options: TrainableAdapterOptions): Trainable<Float32Array> {
  const { base, shape = {}, runtime, seed = 0 } = options;
  const { dim } = base;
  const parameters = new Parameters(seed);
  // Also makes the parameters, so that the adapter can be served before its first step.
  const model = () => toOnnx(adapterGraph(parameters, dim, shape));
  model();
  return {
    form: 'adapter',
    dim,
    parameters,
    groups: [],
    shapes: {},
    tuning: {},
    learningRate: 1e-3,
    batch: (vectors) => ({ given: toValue(Vectors.fromRows([...vectors], dim)) }),
    forward: (scope, { given }) => adapter(scope, given!, shape),
    serve: (id) => adapted(id, base, runtime.createSession(model())),
    save: async () => new Map([[FILE, model()]]),
  };
}

const FILE = 'model.onnx';

/** Corrections of query vectors. */
export const form: EncoderForm = {
  name: 'adapter',
  async open(saved, id, base) {
    const inner = await base();
    const model = (await saved.files()).get(FILE);
    const runtime = await nativeRuntime();
    try {
      if (model === undefined) throw new Error('it has none');
      return adapted(id, inner, Promise.resolve(await runtime.createSession(model)));
    } catch (cause) {
      throw new CorruptFileError(
        join(saved.folder, FILE),
        `it is no model that can be run (${(cause as Error).message})`,
        'Train the encoder again, or restore the folder.',
        { cause },
      );
    }
  },
};

/** @param base is not disposed of. */
function adapted(id: string, base: Encoder, session: Promise<Session>): Encoder {
  // Its failure is that of whoever uses it.
  session.catch(() => undefined);
  const { dim, languages, window } = base;
  return {
    id,
    dim,
    ...(languages === undefined ? {} : { languages }),
    ...(window === undefined ? {} : { window }),
    async encode(inputs, options = {}) {
      const vectors = await base.encode(inputs, options);
      if (options.role !== 'query' || vectors.count === 0) return vectors;
      return toVectors((await (await session).run({ given: toValue(vectors) }))['vectors']!);
    },
    dispose: async () => (await session).dispose(),
  };
}
