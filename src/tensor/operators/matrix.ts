import { apply, type Tensor } from '../graph.ts';
import { broadcast, product, type Shape, shapeError } from '../shape.ts';
import { reshape, sum, sumLike, withRowsOf } from './basics.ts';
import { add } from './elementwise.ts';

/** Matrix product over the last two axes, `[..., n, k] x [..., k, m]` to `[..., n, m]`; axes before them broadcast. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const shapes = [a.shape, b.shape];
  if (a.shape.length < 2 || b.shape.length < 2) throw shapeError('matmul', shapes, 'both need at least two axes');
  if (a.shape.at(-1) !== b.shape.at(-2)) {
    throw shapeError('matmul', shapes, `${a.shape.at(-1)} columns meet ${b.shape.at(-2)} rows`);
  }
  const batch = broadcast('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  return apply('MatMul', [a, b], [...batch, a.shape.at(-2)!, b.shape.at(-1)!], {
    backward: ([g]) => {
      // A matrix that meets a batch is one product over all rows, not a sum of products.
      if (b.shape.length === 2 && a.shape.length > 2) {
        return [matmul(g!, transposeLast(b)), gemm(rows(a), rows(g!), { transposeA: true })];
      }
      if (a.shape.length === 2 && b.shape.length === 2) {
        return [gemm(g!, b, { transposeB: true }), gemm(a, g!, { transposeA: true })];
      }
      return [sumLike(matmul(g!, transposeLast(b)), a), sumLike(matmul(transposeLast(a), g!), b)];
    },
  });
}

/**
 * `x W + b` for every row of `x`: `[..., from] x [from, to]` to `[..., to]`.
 * @param bias `[to]`, or left out.
 */
export function affine(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [from, to] = weight.shape;
  const shapes = [x.shape, weight.shape, ...(bias === undefined ? [] : [bias.shape])];
  if (weight.shape.length !== 2) throw shapeError('affine', shapes, 'the weight needs two axes');
  if (x.shape.at(-1) !== from) throw shapeError('affine', shapes, `${x.shape.at(-1)} columns meet ${from} rows`);
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== to)) {
    throw shapeError('affine', shapes, `the bias must be [${to}]`);
  }
  const flat = rows(x);
  const product = bias === undefined ? matmul(flat, weight) : gemm(flat, weight, { bias });
  return x.shape.length === 2 ? product : withRowsOf(product, x);
}

/** Reorders axes: axis `i` of the result is axis `order[i]` of `x`. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  if (order.length !== x.shape.length || !x.shape.every((_, axis) => order.includes(axis))) {
    throw shapeError('transpose', [x.shape], `[${order.join(', ')}] does not name each of its axes once`);
  }
  const shape = order.map((axis) => x.shape[axis]!);
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return apply('Transpose', [x], shape, {
    attributes: { perm: { integers: order } },
    type: x.type,
    backward: ([g]) => [transpose(g!, inverse)],
  });
}

/** Exchanges the last two axes. */
export function transposeLast(x: Tensor): Tensor {
  const order = x.shape.map((_, axis) => axis);
  if (order.length < 2) throw shapeError('transposeLast', [x.shape], 'it needs at least two axes');
  order.push(...order.splice(-2).reverse());
  return transpose(x, order);
}

interface GemmOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly bias?: Tensor;
}

/** Product of two matrices, either of them transposed on the fly, plus a row. */
function gemm(a: Tensor, b: Tensor, { transposeA = false, transposeB = false, bias }: GemmOptions): Tensor {
  const shape: Shape = [a.shape[transposeA ? 1 : 0]!, b.shape[transposeB ? 0 : 1]!];
  return apply('Gemm', [a, b, ...(bias === undefined ? [] : [bias])], shape, {
    attributes: { transA: { integer: transposeA ? 1 : 0 }, transB: { integer: transposeB ? 1 : 0 } },
    backward: ([g]) => {
      const byA = transposeA
        ? gemm(b, g!, { transposeA: transposeB, transposeB: true })
        : gemm(g!, b, { transposeB: !transposeB });
      const byB = transposeB
        ? gemm(g!, a, { transposeA: true, transposeB: transposeA })
        : gemm(a, g!, { transposeA: !transposeA });
      return bias === undefined ? [byA, byB] : [byA, byB, sum(g!, 0)];
    },
  });
}

/** All axes but the last as one. */
function rows(x: Tensor): Tensor {
  return reshape(x, [product(x.shape.slice(0, -1)), x.shape.at(-1)!]);
}

/** Adds up tensors of one shape. */
export function addAll(terms: readonly Tensor[]): Tensor {
  return terms.reduce((total, term) => add(total, term));
}
