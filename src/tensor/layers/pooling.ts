import { InvalidArgumentError } from '../../base/errors.ts';
import type { Tensor } from '../graph.ts';
import { constantOf } from '../graph.ts';
import { expandDims, reshape, sum } from '../operators/basics.ts';
import { add, cast, divide, equal, gelu, maximum, multiply, scale, tanh } from '../operators/elementwise.ts';
import { matmul, transpose, transposeLast } from '../operators/matrix.ts';
import { max, softmax } from '../operators/reduce.ts';
import { normal, type Scope, zeros } from '../parameters.ts';
import { type Dim, shapeError } from '../shape.ts';
import { MASKED } from './attention.ts';
import { linear, normalize, widthOf } from './dense.ts';

/**
 * From states of tokens to one vector per text. States are `[texts, length, width]`; `present` is `[texts, length]`, 1 where
 * a token counts and 0 elsewhere (padding, or an instruction that is read but not meant). Every text has a token that counts.
 */

/** The mean of the states that count, `[texts, width]`. */
export function meanPooling(states: Tensor, present: Tensor): Tensor {
  checkStates('meanPooling', states, present);
  const [texts] = states.shape as [Dim];
  const totals = reshape(matmul(expandDims(present, 1), states), [texts, widthOf('meanPooling', states)]);
  return divide(totals, maximum(sum(present, 1, true), 1e-9));
}

/** The state of the last token that counts, `[texts, width]`: what decoders are pooled by. */
export function lastTokenPooling(states: Tensor, present: Tensor): Tensor {
  checkStates('lastTokenPooling', states, present);
  const length = states.shape[1];
  if (typeof length !== 'number') throw shapeError('lastTokenPooling', [states.shape], 'the length must be a number');
  const places = constantOf(
    Float32Array.from({ length }, (_, i) => i + 1),
    [length],
  );
  const reached = multiply(present, places);
  const last = cast(equal(reached, max(reached, 1, true)), 'float32');
  return meanPooling(states, multiply(last, present));
}

/** Options of {@link selfAttentionPooling}. */
export interface SelfAttentionPoolingOptions {
  /** Width of the scorer. Default: that of the states. */
  readonly hidden?: number;
}

/**
 * The mean weighted by `softmax(v' tanh(W h + b))`, `[texts, width]` (Lin et al. 2017, arXiv 1703.03130, equation 1, with one
 * hop). It starts as the plain mean.
 */
export function selfAttentionPooling(
  scope: Scope,
  states: Tensor,
  present: Tensor,
  { hidden }: SelfAttentionPoolingOptions = {},
): Tensor {
  checkStates('selfAttentionPooling', states, present);
  const width = widthOf('selfAttentionPooling', states);
  const inner = tanh(linear(scope.at('inner'), states, hidden ?? width));
  const scores = linear(scope.at('scores'), inner, 1, { bias: false, initializer: zeros });
  const masked = add(reshape(scores, present.shape), multiply(add(present, -1), -MASKED));
  const weights = softmax(masked);
  return reshape(matmul(expandDims(weights, 1), states), [states.shape[0]!, width]);
}

/** Options of {@link latentAttentionPooling}. */
export interface LatentAttentionOptions {
  /** Rows of the dictionary. Default 512. */
  readonly latents?: number;
  /** Default 8; must divide the width. */
  readonly heads?: number;
  /** Width between the two linear layers. Default: 4 times that of the states. */
  readonly hidden?: number;
}

/**
 * Latent attention (NV-Embed 2024, arXiv 2405.17428, section 3.1): every token attends to a trained dictionary `M`, keys and
 * values alike, two linear layers follow, and the mean over tokens comes last,
 *
 * `O = softmax(H W_q (M W_k)' / sqrt(d_h)) (M W_v)`, `O' = H + O W_o`, `O'' = O' + W_2 gelu(W_1 O')`, result `mean(O'')`.
 *
 * A reconstruction in its residual form, with normalisation before each block. `W_o` and `W_2` are 0 at the start: it begins as
 * the mean, so that few examples cannot make it worse than that at once.
 *
 * @returns `[texts, width]`.
 */
export function latentAttentionPooling(
  scope: Scope,
  states: Tensor,
  present: Tensor,
  options: LatentAttentionOptions = {},
): Tensor {
  checkStates('latentAttentionPooling', states, present);
  const width = widthOf('latentAttentionPooling', states);
  const { latents = 512, heads = 8, hidden = 4 * width } = options;
  if (width % heads !== 0) {
    throw new InvalidArgumentError(
      `latentAttentionPooling: ${width} components do not divide into ${heads} heads.`,
      'Choose a number of heads that divides the width.',
    );
  }
  const size = width / heads;
  const [texts, length] = states.shape as [Dim, Dim];
  const dictionary = scope.parameter('latents', [latents, width], normal(1 / Math.sqrt(width)));
  const queries = linear(scope.at('q'), normalize(scope.at('norm1'), states), width);
  const byHead = (x: Tensor) => transpose(reshape(x, [latents, heads, size]), [1, 0, 2]);
  const keys = byHead(linear(scope.at('k'), dictionary, width, { bias: false }));
  const values = byHead(linear(scope.at('v'), dictionary, width, { bias: false }));
  const rows = transpose(reshape(queries, [texts, length, heads, size]), [0, 2, 1, 3]);
  const weights = softmax(scale(matmul(rows, transposeLast(keys)), 1 / Math.sqrt(size)));
  const mixed = reshape(transpose(matmul(weights, values), [0, 2, 1, 3]), states.shape);
  const attended = add(states, linear(scope.at('output'), mixed, width, { initializer: zeros }));
  const inner = gelu(linear(scope.at('up'), normalize(scope.at('norm2'), attended), hidden));
  return meanPooling(add(attended, linear(scope.at('down'), inner, width, { initializer: zeros })), present);
}

function checkStates(layer: string, states: Tensor, present: Tensor): void {
  const [texts, length] = states.shape;
  if (states.shape.length !== 3 || present.shape.length !== 2) {
    throw shapeError(
      layer,
      [states.shape, present.shape],
      'states need a batch, a length and a width, present the first two',
    );
  }
  if (present.shape[0] !== texts || present.shape[1] !== length) {
    throw shapeError(layer, [states.shape, present.shape], 'there must be one mark per state');
  }
}
