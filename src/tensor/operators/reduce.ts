import { apply, type Tensor } from '../graph.ts';
import { product } from '../shape.ts';
import { expandLike, reduce, sum } from './basics.ts';
import { add, cast, divide, equal, exp, maximum, multiply, sqrt, square, subtract } from './elementwise.ts';

/** Mean over some axes (all unless given). @param keep leaves them with extent 1. */
export function mean(x: Tensor, axes?: number | readonly number[], keep = false): Tensor {
  return reduce('ReduceMean', 'mean', x, axes, keep, (g) => {
    const [all, left] = [product(x.shape), product(g.shape)];
    const spread = expandLike(g, x);
    if (typeof all === 'number' && typeof left === 'number') return [multiply(spread, left / all)];
    return [multiply(spread, divide(countOf(g), countOf(x)))];
  });
}

/** Largest element along some axes (all unless given). Elements that share it share the gradient. */
export function max(x: Tensor, axes?: number | readonly number[], keep = false): Tensor {
  return reduce('ReduceMax', 'max', x, axes, keep, (g, y) => {
    const hits = cast(equal(x, y), 'float32');
    const reduced = x.shape.flatMap((dim, i) => (dim !== y.shape[i] ? [i] : []));
    return [multiply(hits, divide(g, reduced.length === 0 ? hits : sum(hits, reduced, true)))];
  });
}

/** `log(sum(exp(x)))` over some axes (all unless given), without overflow. */
export function logSumExp(x: Tensor, axes?: number | readonly number[], keep = false): Tensor {
  return reduce('ReduceLogSumExp', 'logSumExp', x, axes, keep, (g, y) => [multiply(g, exp(subtract(x, y)))]);
}

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  return apply('Softmax', [x], x.shape, {
    attributes: { axis: { integer: -1 } },
    backward: ([g], [y]) => {
      const weighted = multiply(g!, y!);
      return [subtract(weighted, multiply(y!, sum(weighted, -1, true)))];
    },
  });
}

/** Logarithm of the softmax over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  return apply('LogSoftmax', [x], x.shape, {
    attributes: { axis: { integer: -1 } },
    backward: ([g], [y]) => [subtract(g!, multiply(exp(y!), sum(g!, -1, true)))],
  });
}

/** Euclidean length along the last axis, which stays with extent 1; never below `least`, so that it can divide. */
export function norm(x: Tensor, least = 1e-12): Tensor {
  return sqrt(maximum(sum(square(x), -1, true), least * least));
}

/** Standard deviation (of the population) over some axes, at least `epsilon`. */
export function deviation(x: Tensor, axes?: number | readonly number[], keep = false, epsilon = 1e-6): Tensor {
  const centered = subtract(x, mean(x, axes, true));
  return sqrt(add(mean(square(centered), axes, keep), epsilon * epsilon));
}

/** How many elements there are, known when the graph runs. */
function countOf(x: Tensor): Tensor {
  return cast(apply('Size', [x], [], { type: 'int64' }), 'float32');
}
