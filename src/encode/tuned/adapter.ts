import { Vectors } from '../../base/vectors.ts';
import {
  add,
  constantsOf,
  Graph,
  identity,
  matmul,
  normal,
  type Parameters,
  relu,
  type Scope,
  type Session,
  scale,
  softmax,
  type Tensor,
  unitLength,
  zeros,
} from '../../tensor/index.ts';

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

/** Runs an adapter's model over vectors. */
export async function adapt(session: Session, vectors: Vectors): Promise<Vectors> {
  if (vectors.count === 0) return vectors;
  const { data, dim, count } = vectors;
  const outputs = await session.run({ given: { data, shape: [count, dim] } });
  return new Vectors(outputs['vectors']!.data as Float32Array, dim);
}
