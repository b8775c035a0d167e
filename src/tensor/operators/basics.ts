import { apply, constantOf, type Tensor } from '../graph.ts';
import { axisOf, product, type Shape, sameShape, shapeError } from '../shape.ts';

/** What elementwise operators accept: a tensor, or a number that meets every element. */
export type Operand = Tensor | number;

export function tensorOf(operand: Operand): Tensor {
  return typeof operand === 'number' ? constantOf(Float32Array.of(operand)) : operand;
}

/** Whole numbers as a one-axis constant: axes, extents. */
export function integers(values: readonly number[]): Tensor {
  return constantOf(BigInt64Array.from(values, BigInt), [values.length]);
}

/** The extents of `x` when it runs, for the operators that take a shape as a value. */
function extentsOf(x: Tensor): Tensor {
  return x.shape.every((dim) => typeof dim === 'number')
    ? integers(x.shape as readonly number[])
    : apply('Shape', [x], [x.shape.length], { type: 'int64' });
}

/**
 * The same elements in other extents. A named extent must stand where `x` has it; one other axis may be unknown, which
 * is written as the name of the product it is (`texts*length`).
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (product(x.shape) !== product(shape)) {
    throw shapeError('reshape', [x.shape, shape], `${product(x.shape)} elements cannot become ${product(shape)}`);
  }
  if (sameShape(x.shape, shape)) return x;
  const target = shape.map((dim, i) => (typeof dim === 'number' ? dim : dim === x.shape[i] ? 0 : -1));
  if (target.filter((dim) => dim === -1).length > 1) {
    throw shapeError('reshape', [x.shape, shape], 'more than one extent would have to be guessed');
  }
  return reshapeTo(x, shape, integers(target));
}

/** The same elements in the extents of another tensor, whatever they are named. */
export function reshapeLike(x: Tensor, like: Tensor): Tensor {
  return sameShape(x.shape, like.shape) ? x : reshapeTo(x, like.shape, extentsOf(like));
}

/** Gives a matrix of one row per row of `like` (a vector along its last axis) the axes of `like`. */
export function withRowsOf(matrix: Tensor, like: Tensor): Tensor {
  const width = matrix.shape[1]!;
  const shape = [...like.shape.slice(0, -1), width];
  if (shape.filter((dim) => typeof dim !== 'number').length <= 1) return reshape(matrix, shape);
  const leading = apply('Shape', [like], [shape.length - 1], { type: 'int64', attributes: { end: { integer: -1 } } });
  const extents = apply('Concat', [leading, integers([width as number])], [shape.length], {
    type: 'int64',
    attributes: { axis: { integer: 0 } },
  });
  return reshapeTo(matrix, shape, extents);
}

function reshapeTo(x: Tensor, shape: Shape, extents: Tensor): Tensor {
  return apply('Reshape', [x, extents], shape, { type: x.type, backward: ([g]) => [reshapeLike(g!, x), undefined] });
}

/** The same elements with an axis of extent 1 put in at `axis`. */
export function expandDims(x: Tensor, axis: number): Tensor {
  const at = axis < 0 ? axis + x.shape.length + 1 : axis;
  if (at < 0 || at > x.shape.length) throw shapeError('expandDims', [x.shape], `there is no place ${axis}`);
  const shape = [...x.shape.slice(0, at), 1, ...x.shape.slice(at)];
  return apply('Unsqueeze', [x, integers([at])], shape, {
    type: x.type,
    backward: ([g]) => [reshapeLike(g!, x), undefined],
  });
}

/** Sum over some axes (all unless given). @param keep leaves them with extent 1. */
export function sum(x: Tensor, axes?: number | readonly number[], keep = false): Tensor {
  return reduce('ReduceSum', 'sum', x, axes, keep, (g) => [expandLike(g, x), undefined]);
}

/**
 * A reduction whose axes are a value (ReduceSum) or an attribute (the others, in this version of the operators).
 * @param backward gets the result's gradient with the reduced axes kept.
 */
export function reduce(
  operator: string,
  name: string,
  x: Tensor,
  axes: number | readonly number[] | undefined,
  keep: boolean,
  backward: (g: Tensor, y: Tensor) => readonly (Tensor | undefined)[],
): Tensor {
  if (x.type !== 'float32') throw shapeError(name, [x.shape], `it has no sums of ${x.type}`);
  const list = (axes === undefined ? x.shape.map((_, i) => i) : [axes].flat()).map((axis) =>
    axisOf(name, x.shape, axis),
  );
  if (list.length === 0) return x;
  const kept = x.shape.map((dim, i) => (list.includes(i) ? 1 : dim));
  const shape = keep ? kept : x.shape.filter((_, i) => !list.includes(i));
  const keepdims = { integer: keep ? 1 : 0 };
  const restore = (y: Tensor) =>
    keep
      ? y
      : apply('Unsqueeze', [y, integers([...list].sort((a, b) => a - b))], kept, {
          backward: ([g]) => [reshapeLike(g!, y), undefined],
        });
  const rule = ([g]: readonly (Tensor | undefined)[], [y]: readonly Tensor[]) => backward(restore(g!), restore(y!));
  return operator === 'ReduceSum'
    ? apply(operator, [x, integers(list)], shape, { attributes: { keepdims }, backward: rule })
    : apply(operator, [x], shape, { attributes: { keepdims, axes: { integers: list } }, backward: rule });
}

/** Stretches axes of extent 1, and adds axes in front, to the shape of another tensor. */
export function expandLike(x: Tensor, like: Tensor): Tensor {
  if (sameShape(x.shape, like.shape)) return x;
  return apply('Expand', [x, extentsOf(like)], like.shape, {
    type: x.type,
    backward: ([g]) => [sumLike(g!, x), undefined],
  });
}

/** Sums over the axes along which broadcasting stretched `like`, so that the result has its shape. */
export function sumLike(g: Tensor, like: Tensor): Tensor {
  const lead = g.shape.length - like.shape.length;
  const axes = g.shape.flatMap((dim, i) => (i < lead || (like.shape[i - lead] === 1 && dim !== 1) ? [i] : []));
  return axes.length === 0 ? g : reshapeLike(sum(g, axes, true), like);
}
