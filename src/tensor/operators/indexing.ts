import { apply, applyMany, constantOf, type Tensor } from '../graph.ts';
import { axisOf, type Dim, product, type Shape, sameShape, shapeError } from '../shape.ts';
import { expandDims, expandLike, integers, reshape, reshapeLike } from './basics.ts';
import { cast, equal, scale } from './elementwise.ts';

/**
 * Rows (slices of the first axis) by their numbers: shape `[...indices.shape, ...x.shape.slice(1)]`. The gradient adds
 * up where a row was taken more than once.
 */
export function gather(x: Tensor, indices: Tensor): Tensor {
  const shapes = [x.shape, indices.shape];
  if (x.shape.length === 0) throw shapeError('gather', shapes, 'a scalar has no rows');
  if (!isWhole(indices)) throw shapeError('gather', shapes, 'the row numbers are not whole numbers');
  return apply('Gather', [x, indices], [...indices.shape, ...x.shape.slice(1)], {
    attributes: { axis: { integer: 0 } },
    type: x.type,
    backward: ([g]) => [scatterInto(zerosLike(x), indices, g!), undefined],
  });
}

/**
 * Adds rows up by number: row `i` of the result is the sum of the rows of `x` whose number is `i`. The inverse of
 * {@link gather}. @param x `[n, ...]`. @param indices `[n]`, each below `count`.
 */
export function scatterAdd(x: Tensor, indices: Tensor, count: number): Tensor {
  const shapes = [x.shape, indices.shape];
  if (!isWhole(indices)) throw shapeError('scatterAdd', shapes, 'the row numbers are not whole numbers');
  if (indices.shape.length !== 1 || x.shape[0] !== indices.shape[0]) {
    throw shapeError('scatterAdd', shapes, 'there must be one number per row');
  }
  const rest = x.shape.slice(1);
  if (!rest.every((dim) => typeof dim === 'number')) throw shapeError('scatterAdd', shapes, 'a row has a named extent');
  const shape = [count, ...(rest as number[])];
  const zeros = constantOf(new Float32Array(product(shape) as number), shape);
  return scatterInto(zeros, indices, x);
}

/**
 * `target` with the rows of `updates` added at their numbers. By elements: `ScatterND` with a sum deals rows to threads, and where
 * two of them add to the same row at once, one of the additions is lost.
 */
function scatterInto(target: Tensor, indices: Tensor, updates: Tensor): Tensor {
  const rest = target.shape.slice(1);
  const count = product(indices.shape);
  const flat = reshape(updates, [count, ...rest]);
  const numbers = reshape(cast(indices, 'int64'), [count, ...rest.map(() => 1)]);
  return apply('ScatterElements', [target, expandLike(numbers, flat), flat], target.shape, {
    attributes: { axis: { integer: 0 }, reduction: { text: 'add' } },
    backward: ([g]) => [g, undefined, reshapeLike(gather(g!, indices), flat)],
  });
}

/** Slice `i` of the first axis, which disappears. */
export function select(x: Tensor, i: number): Tensor {
  const extent = x.shape[0];
  if (typeof extent === 'number' && (i < 0 || i >= extent))
    throw shapeError('select', [x.shape], `there is no row ${i}`);
  const row = slice(x, 0, i, i + 1);
  return apply('Squeeze', [row, integers([0])], x.shape.slice(1), {
    type: x.type,
    backward: ([g]) => [reshapeLike(g!, row), undefined],
  });
}

/**
 * One element per row of the last axis: `[..., n]` and `[..., m]` give `[..., m]`, element `[.., j]` being
 * `x[.., indices[.., j]]`. The axes before the last are equal.
 */
export function take(x: Tensor, indices: Tensor): Tensor {
  const shapes = [x.shape, indices.shape];
  if (!isWhole(indices)) throw shapeError('take', shapes, 'the places are not whole numbers');
  if (!sameShape(x.shape.slice(0, -1), indices.shape.slice(0, -1))) {
    throw shapeError('take', shapes, 'all axes but the last must be equal');
  }
  return apply('GatherElements', [x, indices], indices.shape, {
    attributes: { axis: { integer: x.shape.length - 1 } },
    type: x.type,
    backward: ([g]) => [scatterElements(zerosLike(x), indices, g!), undefined],
  });
}

function scatterElements(target: Tensor, indices: Tensor, updates: Tensor): Tensor {
  return apply('ScatterElements', [target, indices, updates], target.shape, {
    attributes: { axis: { integer: target.shape.length - 1 }, reduction: { text: 'add' } },
    backward: ([g]) => [g, undefined, take(g!, indices)],
  });
}

/** The `k` largest elements along the last axis, largest first, and where they stand (int64). */
export function topK(x: Tensor, k: number): { readonly values: Tensor; readonly indices: Tensor } {
  const extent = x.shape.at(-1);
  if (!Number.isInteger(k) || k < 1 || (typeof extent === 'number' && k > extent)) {
    throw shapeError('topK', [x.shape], `${k} elements cannot be chosen from ${extent ?? 'a scalar'}`);
  }
  const shape = [...x.shape.slice(0, -1), k];
  const [values, indices] = applyMany(
    'TopK',
    [x, integers([k])],
    [
      { shape, type: 'float32' },
      { shape, type: 'int64' },
    ],
    { axis: { integer: -1 } },
    ([g], [, places]) => [g === undefined ? undefined : scatterElements(zerosLike(x), places!, g), undefined],
  );
  return { values: values!, indices: indices! };
}

/** 1 at the `k` largest elements along the last axis, 0 elsewhere. No gradient: see `straightThrough`. */
export function topKMask(x: Tensor, k: number): Tensor {
  const { indices } = topK(x, k);
  const ones = expandLike(constantOf(Float32Array.of(1)), indices);
  return scatterElements(zerosLike(x), indices, ones);
}

/** Elements `from` (inclusive) to `to` (exclusive) along an axis; negative ones count from its end. */
export function slice(x: Tensor, axis: number, from: number, to?: number): Tensor {
  const at = axisOf('slice', x.shape, axis);
  const extent = x.shape[at]!;
  const end = to ?? (typeof extent === 'number' ? extent : Number.MAX_SAFE_INTEGER);
  const length = sliceLength(x, extent, from, end);
  const shape = x.shape.map((dim, i) => (i === at ? length : dim));
  return apply('Slice', [x, integers([from]), integers([end]), integers([at])], shape, {
    type: x.type,
    backward: ([g]) => [padTo(g!, x, at, from), undefined, undefined, undefined],
  });
}

function sliceLength(x: Tensor, extent: Dim, from: number, to: number): Dim {
  if (typeof extent !== 'number') {
    // Of an axis of unknown extent: the whole, or a stretch counted from one end.
    if (from === 0 && to === Number.MAX_SAFE_INTEGER) return extent;
    if (from < 0 && to === Number.MAX_SAFE_INTEGER) return -from;
    if (to !== Number.MAX_SAFE_INTEGER && from >= 0 === to >= 0 && to > from) return to - from;
    throw shapeError('slice', [x.shape], `the length of ${from} to ${to} is not known`);
  }
  const [start, end] = [from < 0 ? from + extent : from, to < 0 ? to + extent : to];
  if (start < 0 || end > extent || start >= end) throw shapeError('slice', [x.shape], `there is no ${from} to ${to}`);
  return end - start;
}

/** Puts zeros around a gradient where a slice left elements out. */
function padTo(g: Tensor, x: Tensor, axis: number, from: number): Tensor {
  const extent = x.shape[axis]!;
  if (typeof extent !== 'number' || typeof g.shape[axis] !== 'number') {
    throw shapeError('slice', [x.shape], 'a slice of an axis of unknown extent has no gradient');
  }
  const start = from < 0 ? from + extent : from;
  const before = x.shape.map((_, i) => (i === axis ? start : 0));
  const after = x.shape.map((_, i) => (i === axis ? extent - start - (g.shape[axis] as number) : 0));
  return apply('Pad', [g, integers([...before, ...after])], x.shape, {
    backward: ([second]) => [slice(second!, axis, start, start + (g.shape[axis] as number)), undefined],
  });
}

/** Joins tensors along an axis; their other axes are equal. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const shapes = parts.map(({ shape }) => shape);
  if (parts.length === 0) throw shapeError('concat', shapes, 'there is nothing to join');
  const at = axisOf('concat', parts[0]!.shape, axis);
  for (const { shape, type } of parts) {
    if (type !== parts[0]!.type) throw shapeError('concat', shapes, `${parts[0]!.type} meets ${type}`);
    if (shape.length !== shapes[0]!.length || shape.some((dim, i) => i !== at && dim !== shapes[0]![i])) {
      throw shapeError('concat', shapes, `all axes but ${at} must be equal`);
    }
  }
  const extents = shapes.map((shape) => shape[at]!);
  const total = extents.every((dim) => typeof dim === 'number')
    ? (extents as number[]).reduce((a, b) => a + b, 0)
    : extents.join('+');
  const shape: Shape = parts[0]!.shape.map((dim, i) => (i === at ? total : dim));
  return apply('Concat', parts, shape, {
    attributes: { axis: { integer: at } },
    type: parts[0]!.type,
    backward: ([g]) => split(g!, parts, at),
  });
}

function split(g: Tensor, parts: readonly Tensor[], axis: number): readonly Tensor[] {
  const lengths = parts.map((part) => extentOf(part, axis));
  const constant = lengths.every((length) => typeof length === 'number');
  const sizes = constant
    ? integers(lengths as number[])
    : apply(
        'Concat',
        lengths.map((length) => (typeof length === 'number' ? integers([length]) : length)),
        [parts.length],
        {
          type: 'int64',
          attributes: { axis: { integer: 0 } },
        },
      );
  return applyMany(
    'Split',
    [g, sizes],
    parts.map(({ shape }) => ({ shape, type: 'float32' as const })),
    { axis: { integer: axis } },
    (gradients, outputs) => [
      concat(
        gradients.map((gradient, i) => gradient ?? zerosLike(outputs[i]!)),
        axis,
      ),
      undefined,
    ],
  );
}

function extentOf(x: Tensor, axis: number): number | Tensor {
  const dim = x.shape[axis]!;
  if (typeof dim === 'number') return dim;
  return apply('Shape', [x], [1], {
    type: 'int64',
    attributes: { start: { integer: axis }, end: { integer: axis + 1 } },
  });
}

/** Joins tensors of one shape along a new axis. */
export function stack(parts: readonly Tensor[], axis = 0): Tensor {
  return concat(
    parts.map((part) => expandDims(part, axis)),
    axis,
  );
}

/** Zeros in the shape of another tensor. */
export function zerosLike(x: Tensor): Tensor {
  if (x.shape.every((dim) => typeof dim === 'number')) {
    return expandLike(constantOf(Float32Array.of(0)), x);
  }
  return scale(x, 0);
}

/** Whether row number equals column number: a mask `[n, n]`, for square matrices of a batch against itself. */
export function diagonalMask(n: number): Tensor {
  const numbers = constantOf(
    Int32Array.from({ length: n }, (_, i) => i),
    [n],
  );
  return equal(expandDims(numbers, 1), expandDims(numbers, 0));
}

/** The diagonal `[n]` of a matrix `[n, m]` with `m >= n`. */
export function diagonal(x: Tensor): Tensor {
  const [n] = x.shape;
  if (x.shape.length !== 2 || typeof n !== 'number' || (x.shape[1] as number) < n) {
    throw shapeError('diagonal', [x.shape], 'it needs a matrix of known extents that is at least as wide as high');
  }
  const places = constantOf(
    Int32Array.from({ length: n }, (_, i) => i),
    [n, 1],
  );
  return reshape(take(x, places), [n]);
}

function isWhole(x: Tensor): boolean {
  return x.type === 'int32' || x.type === 'int64';
}
