import { InvalidArgumentError } from '../../base/errors.ts';
import { constantOf, type Tensor } from '../graph.ts';
import { expandDims, reshape } from '../operators/basics.ts';
import { dropout } from '../operators/dropout.ts';
import { add, multiply, scale } from '../operators/elementwise.ts';
import { gather, select } from '../operators/indexing.ts';
import { matmul, transpose } from '../operators/matrix.ts';
import { softmax } from '../operators/reduce.ts';
import type { Scope } from '../parameters.ts';
import { type Dim, product, shapeError } from '../shape.ts';
import { type Activation, activations, linear, normalize, widthOf } from './dense.ts';

/** Added to affinities that must not count. */
export const MASKED = -1e9;

/** Options of {@link attention}. */
export interface AttentionOptions {
  readonly heads: number;
  /**
   * Added to affinities before the softmax: 0 where a key counts, -1e9 where it does not. Broadcasts to
   * `[batch, heads, queries, keys]`; for padding `[batch, 1, 1, keys]`, see {@link paddingMask}; see {@link causalMask}.
   */
  readonly mask?: Tensor;
}

/**
 * Multi-head attention (Vaswani et al. 2017, section 3.2.2) of `x` `[batch, queries, width]` to `memory`
 * `[batch, keys, width]` (itself unless given). Result `[batch, queries, width]`.
 */
export function attention(scope: Scope, x: Tensor, options: AttentionOptions, memory: Tensor = x): Tensor {
  const { heads, mask } = options;
  const width = widthOf('attention', x);
  if (x.shape.length !== 3 || memory.shape.length !== 3) {
    throw shapeError('attention', [x.shape, memory.shape], 'both need a batch, a length and a width');
  }
  if (width % heads !== 0) {
    throw new InvalidArgumentError(
      `attention: ${width} components do not divide into ${heads} heads.`,
      'Choose a number of heads that divides the width.',
    );
  }
  let parts: readonly Tensor[];
  if (memory === x) {
    const all = headsOf(linear(scope.at('qkv'), x, 3 * width), 3, heads);
    parts = [0, 1, 2].map((i) => select(all, i));
  } else {
    const queries = headsOf(linear(scope.at('q'), x, width), 1, heads);
    const both = headsOf(linear(scope.at('kv'), memory, 2 * width), 2, heads);
    parts = [select(queries, 0), select(both, 0), select(both, 1)];
  }
  const [queries, keys, values] = parts as [Tensor, Tensor, Tensor];
  const affinities = matmul(scale(queries, 1 / Math.sqrt(width / heads)), transpose(keys, [0, 1, 3, 2]));
  const mixed = matmul(softmax(mask === undefined ? affinities : add(affinities, mask)), values);
  return linear(scope.at('output'), reshape(transpose(mixed, [0, 2, 1, 3]), x.shape), width);
}

/** Where the tokens of texts of different lengths stand: all of them one after the other, and in a padded grid. */
export interface RaggedGrid {
  /** `[texts, length]` token by text and position; any token where there is none. */
  readonly grid: Tensor;
  /** `[tokens]` the cell of each token in the flattened grid. */
  readonly cells: Tensor;
  /** `[texts, 1, 1, length]`: see {@link AttentionOptions}. */
  readonly mask: Tensor;
}

/**
 * What multi-head attention does between its linear layers, for texts that stand one after the other without padding.
 * @param projected `[tokens, 3 * width]`: queries, keys and values of each token. @returns `[tokens, width]`.
 */
export function raggedAttention(projected: Tensor, { grid, cells, mask }: RaggedGrid, heads: number): Tensor {
  const width = widthOf('raggedAttention', projected) / 3;
  const [texts, length] = grid.shape as [Dim, Dim];
  const all = headsOf(gather(projected, grid), 3, heads);
  const [queries, keys, values] = [0, 1, 2].map((i) => select(all, i)) as [Tensor, Tensor, Tensor];
  const affinities = scale(matmul(queries, transpose(keys, [0, 1, 3, 2])), 1 / Math.sqrt(width / heads));
  const mixed = matmul(softmax(add(affinities, mask)), values);
  return gather(reshape(transpose(mixed, [0, 2, 1, 3]), [product([texts, length]), width]), cells);
}

/** `[batch, length, parts * width]` as `[parts, batch, heads, length, width / heads]`. */
function headsOf(x: Tensor, parts: number, heads: number): Tensor {
  const [batch, length] = x.shape as [Dim, Dim];
  const size = widthOf('attention', x) / parts / heads;
  return transpose(reshape(x, [batch, length, parts, heads, size]), [2, 0, 3, 1, 4]);
}

/** Mask for {@link attention} of 0 and 1 by token, `[batch, length]`: 1 where there is one. */
export function paddingMask(present: Tensor): Tensor {
  return expandDims(expandDims(multiply(add(present, -1), -MASKED), 1), 1);
}

/** Mask for {@link attention} under which a position sees itself and those before it: `[length, length]`. */
export function causalMask(length: number): Tensor {
  const data = new Float32Array(length * length);
  for (let row = 0; row < length; row++) data.fill(MASKED, row * length + row + 1, (row + 1) * length);
  return constantOf(data, [length, length]);
}

/** Options of transformer blocks. */
export interface TransformerOptions extends AttentionOptions {
  /** Width between the two linear layers. Default: 4 times the width of `x`. */
  readonly hidden?: number;
  /** Default `gelu`. */
  readonly activation?: Activation;
  /** Leaves out elements of what each part adds, in training; see {@link dropout}. Default: none. */
  readonly dropout?: { readonly rate: number; readonly seed: Tensor };
}

/** One pre-norm transformer block: attention, then two linear layers, each added to its input. */
export function transformerBlock(scope: Scope, x: Tensor, options: TransformerOptions): Tensor {
  const attended = add(x, thinned(scope.at('attention'), attention, normalize(scope.at('norm1'), x), options));
  return add(attended, thinned(scope, feedForward, normalize(scope.at('norm2'), attended), options));
}

/**
 * One pre-norm decoder block: attention to itself, attention to `memory` (an encoder's result), two linear layers.
 * @param options `mask` is for the positions themselves, usually {@link causalMask}. @param memoryMask for `memory`.
 */
export function decoderBlock(
  scope: Scope,
  x: Tensor,
  memory: Tensor,
  options: TransformerOptions,
  memoryMask?: Tensor,
): Tensor {
  const { heads } = options;
  const own = add(x, thinned(scope.at('attention'), attention, normalize(scope.at('norm1'), x), options));
  const toMemory: Part = (at, input) =>
    attention(at, input, memoryMask === undefined ? { heads } : { heads, mask: memoryMask }, memory);
  const informed = add(own, thinned(scope.at('cross'), toMemory, normalize(scope.at('norm2'), own), options));
  return add(informed, thinned(scope, feedForward, normalize(scope.at('norm3'), informed), options));
}

/** A part of a block: what it adds to its input. */
type Part = (scope: Scope, x: Tensor, options: TransformerOptions) => Tensor;

function thinned(scope: Scope, part: Part, x: Tensor, options: TransformerOptions): Tensor {
  const result = part(scope, x, options);
  return options.dropout === undefined ? result : dropout(result, { ...options.dropout, salt: scope.path });
}

function feedForward(scope: Scope, x: Tensor, options: TransformerOptions): Tensor {
  const width = widthOf('transformer', x);
  const { hidden = 4 * width, activation = 'gelu' } = options;
  return linear(scope.at('down'), activations[activation](linear(scope.at('up'), x, hidden)), width);
}
