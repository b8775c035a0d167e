import {
  add,
  constantOf,
  gather,
  gelu,
  geluTanh,
  linear,
  matmul,
  max,
  normal,
  normalize,
  type Parameters,
  raggedAttention,
  relu,
  reshape,
  type Scope,
  type Tensor,
} from '../../tensor/index.ts';
import type { Pooling, Ragged } from '../ragged.ts';

/** The extents of a BERT. */
export interface BertShape {
  readonly layers: number;
  readonly heads: number;
  /** Components of a token's state. */
  readonly width: number;
  /** Components between the two linear layers of a block. */
  readonly hidden: number;
  /** Rows of the table of word pieces. */
  readonly vocabulary: number;
  /** Most tokens of a text, special ones included. */
  readonly positions: number;
  /** Rows of the table that tells the two texts of a pair apart; 0 where a model has none. */
  readonly types: number;
  /** Of layer normalisation. */
  readonly epsilon: number;
  readonly activation: keyof typeof ACTIVATIONS;
}

const ACTIVATIONS = { gelu, geluTanh, relu } as const;

/** Names of the tables of embeddings, of which a run is given rows. */
export const WORDS = 'embeddings/words';
export const POSITIONS = 'embeddings/positions';
export const TYPES = 'embeddings/types';

/** The linear layers of a model by their paths, with the extents of their weights `[from, to]`. */
export function linearLayers({ layers, width, hidden }: BertShape): Map<string, readonly [from: number, to: number]> {
  const paths = new Map<string, readonly [number, number]>();
  for (let layer = 0; layer < layers; layer++) {
    paths.set(`layer${layer}/qkv`, [width, 3 * width]);
    paths.set(`layer${layer}/attended`, [width, width]);
    paths.set(`layer${layer}/up`, [width, hidden]);
    paths.set(`layer${layer}/down`, [hidden, width]);
  }
  return paths;
}

/** What a model that is served is made of. */
export interface BertParts {
  readonly shape: BertShape;
  /** All that {@link bertStates} names; the table of word pieces too, of which a run is given rows. */
  readonly parameters: Parameters;
  readonly pooling: Exclude<Pooling, 'tokens'>;
  /** Whether vectors are scaled to unit length. */
  readonly normalize: boolean;
  /** Modules beside the weights, made anew for each graph. */
  readonly modules?: (scope: Scope) => BertModules;
  /** Whether it reads pairs of texts and gives their relevance, by a head that is among the parameters. Default false. */
  readonly judgesPairs?: boolean;
}

/** What a model is given beside where tokens stand. */
export interface BertInputs extends Ragged {
  /** `[tokens, width]` rows of the table of word pieces. */
  readonly words: Tensor;
  /** `[tokens]` 0 and 1 for the texts of a pair. Default: all of the first. */
  readonly types?: Tensor;
}

/** What may be put into a model beside its weights. */
export interface BertModules {
  /** Called with the states after attention and after each block, in order; what it returns takes their place. */
  readonly after?: (x: Tensor) => Tensor;
}

/**
 * States of the last layer, `[tokens, width]`: BERT (Devlin et al. 2018, arXiv 1810.04805), post-norm transformer blocks over word pieces,
 * positions and types. Parameters: `embeddings/...` and, for each layer, `layerN/{qkv,attended,up,down}/{weight,bias}` and
 * `layerN/{norm1,norm2}/{gain,offset}`, weights being `[from, to]` and `qkv` queries, keys and values side by side.
 */
export function bertStates(scope: Scope, inputs: BertInputs, shape: BertShape, modules: BertModules = {}): Tensor {
  return bertBlocks(scope, bertEmbeddings(scope, inputs, shape), inputs, shape, modules);
}

/** States under the first layer, `[tokens, width]`. */
export function bertEmbeddings(scope: Scope, inputs: BertInputs, shape: BertShape): Tensor {
  const positions = scope.lookup(POSITIONS, [shape.positions, shape.width], inputs.positions, normal(0.02));
  let x = add(inputs.words, positions);
  if (shape.types > 0) {
    const table = scope.parameter(TYPES, [shape.types, shape.width], normal(0.02));
    x = add(x, inputs.types === undefined ? reshape(firstRow(table), [shape.width]) : gather(table, inputs.types));
  }
  return normalize(scope.at('embeddings/norm'), x, shape.epsilon);
}

/** Which blocks {@link bertBlocks} applies, and what stands between them. */
export interface BlockOptions extends BertModules {
  /** First layer. Default 0. */
  readonly from?: number;
  /** The layer to stop before. Default: all. */
  readonly to?: number;
}

/** States `[tokens, width]` through layers of a BERT: all of them, or from one to another. */
export function bertBlocks(
  scope: Scope,
  states: Tensor,
  inputs: Ragged,
  shape: BertShape,
  { from = 0, to = shape.layers, after = (x: Tensor) => x }: BlockOptions = {},
): Tensor {
  const { width, hidden, heads, epsilon } = shape;
  const product = (x: Tensor, path: string, out: number) =>
    linear(scope.at(path), x, out, { initializer: normal(0.02) });
  const norm = (x: Tensor, path: string): Tensor => normalize(scope.at(path), x, epsilon);
  let x = states;
  for (let i = from; i < to; i++) {
    const at = `layer${i}`;
    const attended = raggedAttention(product(x, `${at}/qkv`, 3 * width), inputs, heads);
    x = after(norm(add(x, product(attended, `${at}/attended`, width)), `${at}/norm1`));
    const inner = ACTIVATIONS[shape.activation](product(x, `${at}/up`, hidden));
    x = after(norm(add(x, product(inner, `${at}/down`, width)), `${at}/norm2`));
  }
  return x;
}

/** From states of tokens to vectors of texts, `[texts, width]`; the states themselves for `tokens`. */
export function pooled(states: Tensor, inputs: Ragged, pooling: Pooling): Tensor {
  if (pooling === 'mean') return matmul(inputs.pool!, states);
  if (pooling === 'cls' || pooling === 'last') return gather(states, inputs.chosen!);
  if (pooling === 'max') {
    const [texts, length] = inputs.grid.shape as [string, string];
    const mask = reshape(inputs.mask, [texts, length, 1]);
    return max(add(gather(states, inputs.grid), mask), 1);
  }
  return states;
}

function firstRow(table: Tensor): Tensor {
  return gather(table, constantOf(Int32Array.of(0), [1]));
}
