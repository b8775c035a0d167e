import { type Attribute, type DataType, type Node, scalarOf, type Tensor } from './graph.ts';
import { broadcast, product, type Shape, shapeError } from './shape.ts';

/** `a + b`, elementwise with broadcasting. */
export function add(a: Tensor, b: Tensor): Tensor {
  return elementwise('Add', a, b);
}

/** `a * b`, elementwise with broadcasting. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return elementwise('Mul', a, b);
}

/** `a * factor`. */
export function scale(a: Tensor, factor: number): Tensor {
  return multiply(a, scalarOf(Float32Array.of(factor)));
}

/** Matrix product over the last two axes, `[..., n, k] x [..., k, m]` to `[..., n, m]`; axes before them broadcast. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const shapes = [a.shape, b.shape];
  if (a.shape.length < 2 || b.shape.length < 2) throw shapeError('matmul', shapes, 'both need at least two axes');
  if (a.shape.at(-1) !== b.shape.at(-2)) {
    throw shapeError('matmul', shapes, `${a.shape.at(-1)} columns meet ${b.shape.at(-2)} rows`);
  }
  const batch = broadcast('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  return node('MatMul', [a, b], [...batch, a.shape.at(-2)!, b.shape.at(-1)!]);
}

/** `max(x, 0)`. */
export function relu(x: Tensor): Tensor {
  return node('Relu', [x], x.shape);
}

export function tanh(x: Tensor): Tensor {
  return node('Tanh', [x], x.shape);
}

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  return node('Softmax', [x], x.shape, { axis: { integer: -1 } });
}

/**
 * Layer normalisation over the last axis (Ba et al. 2016): `(x - mean) / sqrt(variance + epsilon) * gain + offset`.
 * @param gain and offset: as long as the last axis.
 */
export function layerNorm(x: Tensor, gain: Tensor, offset: Tensor, epsilon: number): Tensor {
  const width = x.shape.at(-1);
  for (const parameter of [gain, offset]) {
    if (parameter.shape.length !== 1 || parameter.shape[0] !== width) {
      throw shapeError('layerNorm', [x.shape, gain.shape, offset.shape], `gain and offset must be [${width}]`);
    }
  }
  const attributes = { axis: { integer: -1 }, epsilon: { float: epsilon } };
  return node('LayerNormalization', [x, gain, offset], x.shape, attributes);
}

/** Scales each row, that is each vector along the last axis, to unit Euclidean length. A zero row stays as it is. */
export function unitLength(x: Tensor): Tensor {
  return node('LpNormalization', [x], x.shape, { axis: { integer: -1 }, p: { integer: 2 } });
}

/** Rows (slices of the first axis) by their numbers: shape `[...indices.shape, ...x.shape.slice(1)]`. */
export function gather(x: Tensor, indices: Tensor): Tensor {
  const shapes = [x.shape, indices.shape];
  if (x.shape.length === 0) throw shapeError('gather', shapes, 'a scalar has no rows');
  if (indices.type === 'float32') throw shapeError('gather', shapes, 'the row numbers are not whole numbers');
  return node('Gather', [x, indices], [...indices.shape, ...x.shape.slice(1)], { axis: { integer: 0 } }, x.type);
}

/** Slice `i` of the first axis, which disappears. */
export function select(x: Tensor, i: number): Tensor {
  const extent = x.shape[0];
  if (typeof extent === 'number' && (i < 0 || i >= extent))
    throw shapeError('select', [x.shape], `there is no row ${i}`);
  return gather(x, scalarOf(Int32Array.of(i)));
}

/**
 * The same elements in other extents. A named extent must stand where `x` has it; one other axis may be unknown, which
 * is written as the name of the product it is (`texts*length`).
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (product(x.shape) !== product(shape)) {
    throw shapeError('reshape', [x.shape, shape], `${product(x.shape)} elements cannot become ${product(shape)}`);
  }
  const target = shape.map((dim, i) => (typeof dim === 'number' ? dim : dim === x.shape[i] ? 0 : -1));
  if (target.filter((dim) => dim === -1).length > 1) {
    throw shapeError('reshape', [x.shape, shape], 'more than one extent would have to be guessed');
  }
  const extents: Tensor = {
    type: 'int64',
    shape: [target.length],
    source: { kind: 'constant', data: BigInt64Array.from(target.map(BigInt)) },
  };
  return node('Reshape', [x, extents], shape, {}, x.type);
}

/** Reorders axes: axis `i` of the result is axis `order[i]` of `x`. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  if (order.length !== x.shape.length || !x.shape.every((_, axis) => order.includes(axis))) {
    throw shapeError('transpose', [x.shape], `[${order.join(', ')}] does not name each of its axes once`);
  }
  const shape = order.map((axis) => x.shape[axis]!);
  return node('Transpose', [x], shape, { perm: { integers: order } }, x.type);
}

function elementwise(operator: string, a: Tensor, b: Tensor): Tensor {
  if (a.type !== b.type) throw shapeError(operator, [a.shape, b.shape], `${a.type} meets ${b.type}`);
  return node(operator, [a, b], broadcast(operator, a.shape, b.shape), {}, a.type);
}

function node(
  operator: string,
  inputs: readonly Tensor[],
  shape: Shape,
  attributes: Readonly<Record<string, Attribute>> = {},
  type: DataType = 'float32',
): Tensor {
  const made: Node = { operator, inputs, attributes };
  return { type, shape, source: { kind: 'node', node: made } };
}
