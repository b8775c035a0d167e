import type { Tensor } from '../graph.ts';
import { type ConvolutionOptions, convolve } from '../operators/convolution.ts';
import { glorot, type Scope, zeros } from '../parameters.ts';
import { shapeError } from '../shape.ts';

/**
 * A trained convolution over `[batch, channels, length]` or `[batch, channels, height, width]`. Parameters `kernel`
 * [filters, channels, size(, size)] and `bias` [filters].
 */
export function convolution(
  scope: Scope,
  x: Tensor,
  filters: number,
  size: number,
  options: ConvolutionOptions = {},
): Tensor {
  const channels = x.shape[1];
  if (typeof channels !== 'number') throw shapeError('convolution', [x.shape], 'the channels must be a number');
  const window = x.shape.slice(2).map(() => size);
  const kernel = scope.parameter('kernel', [filters, channels, ...window], glorot);
  return convolve(x, kernel, scope.parameter('bias', [filters], zeros), options);
}
