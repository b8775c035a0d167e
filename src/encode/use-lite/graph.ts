import {
  add,
  affine,
  connectedAdapters,
  constantsOf,
  Graph,
  gather,
  layerNorm,
  matmul,
  normal,
  type Parameters,
  raggedAttention,
  relu,
  type Scope,
  scale,
  type Tensor,
  tanh,
  unitLength,
  zeros,
} from '../../tensor/index.ts';
import { declareRagged, type Pooling, type Ragged } from '../ragged.ts';
import type { EncoderTuning } from '../tuning.ts';
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
export type UseLitePooling = Extract<Pooling, 'mean' | 'tokens'>;

/** What a model of the family is given beside where tokens stand. */
export interface UseLiteInputs extends Ragged {
  /** `[tokens, 256]` rows of the embedding table. */
  readonly embeddings: Tensor;
}

/**
 * Universal Sentence Encoder Lite (Cer et al. 2018): two pre-norm transformer layers, the mean over tokens, and a tanh
 * layer. The tokens of all texts of a batch stand one after the other without padding, so that the linear layers, which
 * are nearly all of the work, do nothing in vain; only attention sees a padded grid.
 *
 * Result: `[texts, 512]` or `[tokens, 512]`, unit length.
 */
export function useLiteModel(
  scope: Scope,
  inputs: UseLiteInputs,
  pooling: UseLitePooling,
  weights: Weights,
  tuning: EncoderTuning = {},
): Tensor {
  const { embeddings } = inputs;
  const weight = (name: string, ...shape: number[]) => scope.parameter(name, shape, () => weights.get(name, shape));
  const linear = (x: Tensor, path: string, from: number, to: number, kernel = 'kernel') => {
    const base = affine(x, weight(`${path}/${kernel}`, from, to), weight(`${path}/bias`, to));
    if (tuning.lora === undefined) return base;
    const { rank, alpha } = tuning.lora;
    const down = scope.parameter(`${path}/lora_a`, [from, rank], normal(1 / Math.sqrt(from)));
    const up = scope.parameter(`${path}/lora_b`, [rank, to], zeros);
    return add(base, scale(matmul(matmul(x, down), up), alpha / rank));
  };
  const norm = (x: Tensor, path: string, width: number) =>
    layerNorm(
      x,
      weight(`${path}/layer_norm/layer_norm_scale`, width),
      weight(`${path}/layer_norm/layer_norm_bias`, width),
      EPSILON,
    );
  const attention = (x: Tensor, path: string, width: number) => {
    const projected = linear(x, `${path}/qkv_transform_single`, width, 3 * width);
    return linear(raggedAttention(projected, inputs, HEADS), `${path}/output_transform_single`, width, WIDTH);
  };
  const side =
    tuning.side === undefined ? (x: Tensor) => x : connectedAdapters(scope.at('side'), { rank: tuning.side.rank });

  // The original adds the embedding to its sum with the position signal, so it counts twice.
  const timing = scope.parameter(TIMING, [MAX_LENGTH, EMBEDDING], () => timingSignal(weights));
  const input = add(embeddings, add(embeddings, gather(timing, inputs.positions)));

  const first = add(
    attention(norm(input, 'Layer_0', EMBEDDING), 'Layer_0/MultiheadAttention', EMBEDDING),
    linear(input, 'Layer_0/dense', EMBEDDING, WIDTH),
  );
  const firstHidden = relu(linear(norm(first, 'Layer_0/FFN', WIDTH), 'Layer_0/FFN/conv1', WIDTH, HIDDEN));
  const second = side(add(linear(firstHidden, 'Layer_0/FFN/conv2', HIDDEN, WIDTH), first));
  const third = side(add(attention(norm(second, 'Layer_1', WIDTH), 'Layer_1/MultiheadAttention', WIDTH), second));
  const lastHidden = relu(linear(norm(third, 'Layer_1/FFN', WIDTH), 'Layer_1/FFN/conv1', WIDTH, HIDDEN));

  if (pooling === 'tokens') {
    return unitLength(side(add(linear(lastHidden, 'Layer_1/FFN/conv2', HIDDEN, WIDTH), third)));
  }
  const pool = inputs.pool!;
  if (tuning.side !== undefined) {
    const last = side(add(linear(lastHidden, 'Layer_1/FFN/conv2', HIDDEN, WIDTH), third));
    return unitLength(tanh(linear(matmul(pool, last), 'tanh_layer_0', WIDTH, WIDTH, 'weights')));
  }
  // The mean commutes with the last linear layer: taken before it, that layer runs once per text, not per token.
  const mean = add(linear(matmul(pool, lastHidden), 'Layer_1/FFN/conv2', HIDDEN, WIDTH), matmul(pool, third));
  return unitLength(tanh(linear(mean, 'tanh_layer_0', WIDTH, WIDTH, 'weights')));
}

/** Names of parameters: the table of embeddings, the position signal, and modules beside the weights. */
export const TABLE = 'Embeddings_en';
export const TIMING = 'timing';
export const ADDED = /lora_[ab]$|^side\//;

/**
 * The graph that is served: inputs as in {@link UseLiteInputs}, `embeddings` being gathered outside; output `vectors`.
 */
export function useLiteGraph(
  parameters: Parameters,
  pooling: UseLitePooling,
  weights: Weights,
  tuning: EncoderTuning = {},
): Graph {
  const graph = new Graph();
  const embeddings = graph.input('embeddings', 'float32', ['tokens', EMBEDDING]);
  const inputs = { ...declareRagged(graph, pooling), embeddings };
  graph.output('vectors', useLiteModel(constantsOf(graph, parameters), inputs, pooling, weights, tuning));
  return graph;
}

/** A model that needs nothing beside it: instead of `embeddings` its input is `tokens`, their numbers. */
export function completeGraph(parameters: Parameters, weights: Weights, tuning: EncoderTuning): Graph {
  const graph = new Graph();
  const scope = constantsOf(graph, parameters);
  const tokens = graph.input('tokens', 'int32', ['tokens']);
  const embeddings = scope.lookup(TABLE, [TOKENS, EMBEDDING], tokens, () => weights.get(TABLE, [TOKENS, EMBEDDING]));
  const inputs = { ...declareRagged(graph, 'mean'), embeddings };
  graph.output('vectors', useLiteModel(scope, inputs, 'mean', weights, tuning));
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
