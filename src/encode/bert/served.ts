import {
  add,
  biasGelu,
  biasGeluTanh,
  cast,
  constantOf,
  constantsOf,
  Graph,
  gather,
  matmul,
  max,
  mean,
  multiHeadAttention,
  normalize,
  relu,
  reshape,
  reshapeLike,
  type Scope,
  slice,
  type Tensor,
  toOnnx,
  unitLength,
  zeros,
} from '../../tensor/index.ts';
import type { Pooling } from '../ragged.ts';
import { type BertParts, type BertShape, POSITIONS, TYPES } from './model.ts';
import { relevanceHead } from './relevance-head.ts';
import type { WordTable } from './words.ts';

/** Names of what a prepared model gives: `[texts, width]`, and `[texts, length, width]`; one that judges pairs only `[texts]`. */
export const OUTPUTS = { texts: 'vectors', tokens: 'states', pairs: 'scores' } as const;

/** How the linear layers of a model that is served are computed. */
export interface Products {
  /**
   * @param path of a layer, as in `linearLayers`. @param x its input, `[tokens, from]`, looked at once for all products of it.
   * @returns what multiplies it with the weight's columns `[low, high)`, without bias.
   */
  begin(graph: Graph, path: string, x: Tensor): (low: number, high: number) => Tensor;
  /** `activation(x + bias)`. */
  readonly activated: Readonly<Record<BertShape['activation'], (x: Tensor, bias: Tensor) => Tensor>>;
}

const activated: Products['activated'] = {
  gelu: biasGelu,
  geluTanh: biasGeluTanh,
  relu: (x, bias) => relu(add(x, bias)),
};

/** In 8 bits the two are the same, as the steps of the bytes are wider than what lies between them. */
export const roughlyActivated: Products['activated'] = { ...activated, gelu: biasGeluTanh };

/** In floating point, as the model was trained. */
export function floatProducts({ parameters }: BertParts): Products {
  return {
    begin(graph, path, x) {
      return (low, high) => {
        const { data, shape } = parameters.get(`${path}/weight`);
        const columns = columnsOf(data, shape as [number, number], low, high);
        return matmul(x, graph.constant(`${path}/weight/${low}`, columns, [shape[0]!, high - low]));
      };
    },
    activated,
  };
}

/** Columns `[low, high)` of a matrix `[from, to]`. */
export function columnsOf(
  data: Float32Array,
  [from, to]: readonly [number, number],
  low: number,
  high: number,
): Float32Array {
  if (low === 0 && high === to) return data;
  const columns = new Float32Array(from * (high - low));
  for (let row = 0; row < from; row++) columns.set(data.subarray(row * to + low, row * to + high), row * (high - low));
  return columns;
}

/**
 * What `bertStates` computes, for texts of one length that nothing is padded in, with the operators that ONNX Runtime fuses: inputs `words`
 * `[texts, length, width]`, rows of the table of word pieces, and `positions` `[length]`; outputs {@link OUTPUTS}. What judges pairs is also given
 * `types` `[length]`, the same for all pairs of a run: theirs is one query.
 * @param type of the elements of `words`. @param look is shown the input of every linear layer.
 */
export function servedBert(
  parts: BertParts,
  products: Products,
  type: WordTable['type'] = 'float32',
  look: (graph: Graph, path: string, x: Tensor) => void = () => {},
): Uint8Array {
  const { width } = parts.shape;
  const graph = new Graph();
  const words = cast(graph.input('words', type, ['texts', 'length', width]), 'float32');
  const positions = graph.input('positions', 'int32', ['length']);
  const begin = (path: string, x: Tensor) => {
    look(graph, path, x);
    return products.begin(graph, path, x);
  };
  const types =
    parts.judgesPairs === true ? graph.input('types', 'int32', ['length']) : constantOf(Int32Array.of(0), [1]);
  const scope = constantsOf(graph, parts.parameters);
  const rows = statesOf(scope, { words, positions, types }, parts, { ...products, begin });
  const states = reshapeLike(rows, words);
  if (parts.judgesPairs === true) {
    graph.output(OUTPUTS.pairs, relevanceHead(scope, pool(states, 'cls')));
    return toOnnx(graph);
  }
  const pooled = pool(states, parts.pooling);
  graph.output(OUTPUTS.texts, parts.normalize ? unitLength(pooled) : pooled);
  graph.output(OUTPUTS.tokens, unitLength(states));
  return toOnnx(graph);
}

/** States of the last layer, `[tokens, width]`, one text after the other. */
function statesOf(
  scope: Scope,
  { words, positions, types }: Readonly<Record<'words' | 'positions' | 'types', Tensor>>,
  { shape, modules }: BertParts,
  {
    begin,
    activated: activations,
  }: Omit<Products, 'begin'> & { begin(path: string, x: Tensor): (low: number, high: number) => Tensor },
): Tensor {
  const { width, hidden, heads, epsilon } = shape;
  const { after = (x: Tensor) => x } = modules?.(scope) ?? {};
  const bias = (path: string, to: number) => scope.at(path).parameter('bias', [to], zeros);
  const norm = (x: Tensor, path: string): Tensor => normalize(scope.at(path), x, epsilon);
  /** One after the other, as ONNX Runtime's fusion of the three takes longer than they do. */
  const added = (product: Tensor, path: string, x: Tensor) => add(add(product, bias(path, width)), x);

  let x = add(words, gather(scope.parameter(POSITIONS, [shape.positions, width], zeros), positions));
  if (shape.types > 0) x = add(x, gather(scope.parameter(TYPES, [shape.types, width], zeros), types));
  x = reshape(norm(x, 'embeddings/norm'), ['texts*length', width]);
  for (let i = 0; i < shape.layers; i++) {
    const at = `layer${i}`;
    const project = begin(`${at}/qkv`, x);
    const [queries, keys, values] = [0, 1, 2].map((part) =>
      reshapeLike(project(part * width, (part + 1) * width), words),
    ) as [Tensor, Tensor, Tensor];
    const mixed = multiHeadAttention(queries, keys, values, bias(`${at}/qkv`, 3 * width), heads);
    const attended = begin(`${at}/attended`, reshape(mixed, ['texts*length', width]))(0, width);
    x = after(norm(added(attended, `${at}/attended`, x), `${at}/norm1`));
    const inner = activations[shape.activation](begin(`${at}/up`, x)(0, hidden), bias(`${at}/up`, hidden));
    x = after(norm(added(begin(`${at}/down`, inner)(0, width), `${at}/down`, x), `${at}/norm2`));
  }
  return x;
}

/** From states `[texts, length, width]` to vectors of texts. */
function pool(states: Tensor, pooling: Exclude<Pooling, 'tokens'>): Tensor {
  if (pooling === 'mean') return mean(states, 1);
  if (pooling === 'max') return max(states, 1);
  const [texts, , width] = states.shape;
  const chosen = pooling === 'cls' ? slice(states, 1, 0, 1) : slice(states, 1, -1);
  return reshape(chosen, [texts!, width!]);
}
