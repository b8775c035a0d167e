import {
  add,
  Graph,
  gather,
  layerNorm,
  matmul,
  relu,
  reshape,
  scale,
  select,
  softmax,
  type Tensor,
  tanh,
  transpose,
  unitLength,
} from '../../tensor/index.ts';
import type { Weights } from './weights.ts';

/** Components of a token's embedding. */
export const EMBEDDING = 256;
/** Components of everything after the first attention. */
export const WIDTH = 512;
/** Rows of the embedding table. */
export const TOKENS = 8002;
/** The model reads this many tokens of a text and ignores the rest. */
export const MAX_LENGTH = 128;
const HEADS = 4;
const HIDDEN = 1536;
const EPSILON = 1e-6;

/** What a graph computes: one vector per text, or one per token. */
export type Pooling = 'texts' | 'tokens';

/**
 * Universal Sentence Encoder Lite (Cer et al. 2018): two pre-norm transformer layers, the mean over tokens, and a tanh
 * layer. The tokens of all texts of a batch stand one after the other without padding, so that the linear layers, which
 * are nearly all of the work, do nothing in vain; only attention sees a padded grid.
 *
 * Inputs: `embeddings` [tokens, 256] rows of the embedding table; `positions` [tokens] of tokens in their texts;
 * `grid` [texts, length] token by text and position (any token where there is none); `cells` [tokens] the cell of each
 * token in the flattened grid; `mask` [texts, 1, 1, length] 0 where there is a token, -1e9 where not; and for
 * `texts` only, `pool` [texts, tokens] with 1/n where a token is one of the n of a text.
 * Output `vectors`: [texts, 512] or [tokens, 512], unit length.
 */
export function useLiteGraph(weights: Weights, pooling: Pooling): Graph {
  const graph = new Graph();
  const weight = (name: string, ...shape: number[]) => graph.constant(name, weights.get(name, shape), shape);
  const linear = (x: Tensor, scope: string, from: number, to: number, kernel = 'kernel') =>
    add(matmul(x, weight(`${scope}/${kernel}`, from, to)), weight(`${scope}/bias`, to));
  const norm = (x: Tensor, scope: string, width: number) =>
    layerNorm(
      x,
      weight(`${scope}/layer_norm/layer_norm_scale`, width),
      weight(`${scope}/layer_norm/layer_norm_bias`, width),
      EPSILON,
    );

  const grid = graph.input('grid', 'int32', ['texts', 'length']);
  const cells = graph.input('cells', 'int32', ['tokens']);
  const mask = graph.input('mask', 'float32', ['texts', 1, 1, 'length']);

  const attention = (x: Tensor, scope: string, width: number) => {
    const size = width / HEADS;
    const projected = linear(x, `${scope}/qkv_transform_single`, width, 3 * width);
    const padded = reshape(gather(projected, grid), ['texts', 'length', 3, HEADS, size]);
    const heads = transpose(padded, [2, 0, 3, 1, 4]);
    const [queries, keys, values] = [0, 1, 2].map((i) => select(heads, i)) as [Tensor, Tensor, Tensor];
    const affinities = scale(matmul(queries, transpose(keys, [0, 1, 3, 2])), 1 / Math.sqrt(size));
    const mixed = matmul(softmax(add(affinities, mask)), values);
    const joined = reshape(transpose(mixed, [0, 2, 1, 3]), ['texts*length', width]);
    return linear(gather(joined, cells), `${scope}/output_transform_single`, width, WIDTH);
  };

  // The original adds the embedding to its sum with the position signal, so it counts twice.
  const embeddings = graph.input('embeddings', 'float32', ['tokens', EMBEDDING]);
  const timing = graph.constant('timing', timingSignal(weights), [MAX_LENGTH, EMBEDDING]);
  const positions = graph.input('positions', 'int32', ['tokens']);
  const input = add(embeddings, add(embeddings, gather(timing, positions)));

  const first = add(
    attention(norm(input, 'Layer_0', EMBEDDING), 'Layer_0/MultiheadAttention', EMBEDDING),
    linear(input, 'Layer_0/dense', EMBEDDING, WIDTH),
  );
  const firstHidden = relu(linear(norm(first, 'Layer_0/FFN', WIDTH), 'Layer_0/FFN/conv1', WIDTH, HIDDEN));
  const second = add(linear(firstHidden, 'Layer_0/FFN/conv2', HIDDEN, WIDTH), first);
  const third = add(attention(norm(second, 'Layer_1', WIDTH), 'Layer_1/MultiheadAttention', WIDTH), second);
  const lastHidden = relu(linear(norm(third, 'Layer_1/FFN', WIDTH), 'Layer_1/FFN/conv1', WIDTH, HIDDEN));

  if (pooling === 'tokens') {
    graph.output('vectors', unitLength(add(linear(lastHidden, 'Layer_1/FFN/conv2', HIDDEN, WIDTH), third)));
    return graph;
  }
  // The mean commutes with the last linear layer: taken before it, that layer runs once per text, not per token.
  const pool = graph.input('pool', 'float32', ['texts', 'tokens']);
  const mean = add(linear(matmul(pool, lastHidden), 'Layer_1/FFN/conv2', HIDDEN, WIDTH), matmul(pool, third));
  graph.output('vectors', unitLength(tanh(linear(mean, 'tanh_layer_0', WIDTH, WIDTH, 'weights'))));
  return graph;
}

/** Sines, then cosines, of position times each of 128 frequencies (Vaswani et al. 2017, section 3.5). */
function timingSignal(weights: Weights): Float32Array {
  const half = EMBEDDING / 2;
  const frequencies = weights.get('Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1', [half]);
  const signal = new Float32Array(MAX_LENGTH * EMBEDDING);
  for (let position = 0; position < MAX_LENGTH; position++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * frequencies[i]!);
      signal[position * EMBEDDING + i] = Math.sin(angle);
      signal[position * EMBEDDING + half + i] = Math.cos(angle);
    }
  }
  return signal;
}
