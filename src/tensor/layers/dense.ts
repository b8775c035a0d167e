import type { Tensor } from '../graph.ts';
import { gelu, relu, tanh } from '../operators/elementwise.ts';
import { affine } from '../operators/matrix.ts';
import { layerNorm } from '../operators/normalize.ts';
import { glorot, type Initializer, normal, ones, type Scope, zeros } from '../parameters.ts';
import { shapeError } from '../shape.ts';

/** Nonlinearities of layers, by name. */
export const activations = { relu, gelu, tanh, none: (x: Tensor) => x } as const;
export type Activation = keyof typeof activations;

/** Options of {@link linear}. */
export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Of the weight `[from, to]`. Default `glorot`. */
  readonly initializer?: Initializer;
}

/** `x W + b` along the last axis: `[..., from]` to `[..., to]`. Parameters `weight` [from, to] and `bias` [to]. */
export function linear(scope: Scope, x: Tensor, to: number, options: LinearOptions = {}): Tensor {
  const weight = scope.parameter('weight', [widthOf('linear', x), to], options.initializer ?? glorot);
  return affine(x, weight, options.bias === false ? undefined : scope.parameter('bias', [to], zeros));
}

/** Layer normalisation with a trained gain and offset. */
export function normalize(scope: Scope, x: Tensor, epsilon = 1e-6): Tensor {
  const width = widthOf('layerNorm', x);
  return layerNorm(x, scope.parameter('gain', [width], ones), scope.parameter('offset', [width], zeros), epsilon);
}

/** Options of {@link mlp}. */
export interface MlpOptions {
  /** Between layers. Default `relu`. */
  readonly activation?: Activation;
}

/** Linear layers one after the other, a nonlinearity between them. @param widths of the layers' results. */
export function mlp(scope: Scope, x: Tensor, widths: readonly number[], options: MlpOptions = {}): Tensor {
  const activation = activations[options.activation ?? 'relu'];
  return widths.reduce((input, width, i) => {
    const output = linear(scope.at(i), input, width);
    return i === widths.length - 1 ? output : activation(output);
  }, x);
}

/** Rows of a trained table by number: `[...ids.shape, width]`. Parameter `table` [count, width]. */
export function embedding(
  scope: Scope,
  ids: Tensor,
  count: number,
  width: number,
  initializer: Initializer = normal(0.02),
): Tensor {
  return scope.lookup('table', [count, width], ids, initializer);
}

/** The last extent, which layers need as a number. */
export function widthOf(layer: string, x: Tensor): number {
  const width = x.shape.at(-1);
  if (typeof width !== 'number') throw shapeError(layer, [x.shape], 'the last extent must be a number');
  return width;
}
