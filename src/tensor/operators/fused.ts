import { apply, type Tensor } from '../graph.ts';
import { shapeError } from '../shape.ts';

/**
 * Attention of several heads, from their projections without biases to what they mix, in one operator of ONNX Runtime: it reads and writes
 * states as they lie and never holds all affinities. Every position attends to every other of its text. Without gradient.
 *
 * @param queries, keys, values `[texts, length, width]`: the components of a head next to each other.
 * @param bias `[3 * width]`, of queries, keys and values.
 * @returns `[texts, length, width]`.
 */
export function multiHeadAttention(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor, heads: number): Tensor {
  const width = queries.shape[2];
  if (queries.shape.length !== 3 || typeof width !== 'number' || width % heads !== 0) {
    throw shapeError('multiHeadAttention', [queries.shape], `its rows are not ${heads} heads of one width`);
  }
  return apply('com.microsoft.MultiHeadAttention', [queries, keys, values, bias], queries.shape, {
    attributes: { num_heads: { integer: heads } },
  });
}

/** `gelu(x + bias)` in one operator. Without gradient. @param bias `[width]`. */
export function biasGelu(x: Tensor, bias: Tensor): Tensor {
  return apply('com.microsoft.BiasGelu', [x, bias], x.shape);
}

/** `geluTanh(x + bias)` in one operator, within 0.0005 of {@link biasGelu} and faster. Without gradient. @param bias `[width]`. */
export function biasGeluTanh(x: Tensor, bias: Tensor): Tensor {
  return apply('com.microsoft.FastGelu', [x, bias], x.shape);
}
