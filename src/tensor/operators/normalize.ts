import { apply, applyMany, type Tensor } from '../graph.ts';
import { shapeError } from '../shape.ts';
import { sum } from './basics.ts';
import { divide, multiply, subtract } from './elementwise.ts';
import { mean, norm } from './reduce.ts';

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
  const perRow = { shape: [...x.shape.slice(0, -1), 1], type: 'float32' } as const;
  const leading = x.shape.slice(0, -1).map((_, axis) => axis);
  const [y] = applyMany(
    'LayerNormalization',
    [x, gain, offset],
    [{ shape: x.shape, type: 'float32' }, perRow, perRow],
    { axis: { integer: -1 }, epsilon: { float: epsilon } },
    ([g], [, center, inverse]) => {
      const normal = multiply(subtract(x, center!), inverse!);
      const inner = multiply(g!, gain);
      const along = mean(multiply(inner, normal), -1, true);
      const centered = subtract(subtract(inner, mean(inner, -1, true)), multiply(normal, along));
      return [multiply(centered, inverse!), sum(multiply(g!, normal), leading), sum(g!, leading)];
    },
  );
  return y!;
}

/** Scales each row, that is each vector along the last axis, to unit Euclidean length. A zero row stays as it is. */
export function unitLength(x: Tensor): Tensor {
  return apply('LpNormalization', [x], x.shape, {
    attributes: { axis: { integer: -1 }, p: { integer: 2 } },
    backward: ([g], [y]) => [divide(subtract(g!, multiply(y!, sum(multiply(g!, y!), -1, true))), norm(x))],
  });
}
