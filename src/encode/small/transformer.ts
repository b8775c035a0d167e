import { createHash } from 'node:crypto';
import {
  add,
  type Batch,
  bottleneckAdapter,
  connectedAdapters,
  constantsOf,
  embedding,
  Graph,
  linear,
  meanPooling,
  normal,
  normalize,
  Parameters,
  paddingMask,
  type Scope,
  type Tensor,
  type Tensors,
  transformerBlock,
  unitLength,
  withLora,
} from '../../tensor/index.ts';
import type { Trainable } from '../trainable.ts';
import { smallForm, smallTrainable } from './small.ts';

/** Sizes of {@link trainableTransformer}. */
export interface TransformerShape {
  /** Default 4. */
  readonly layers?: number;
  /** Components of states and of vectors. Default 64. */
  readonly width?: number;
  /** Default 4. */
  readonly heads?: number;
  /** Width within a layer's feed-forward part. Default 128. */
  readonly hidden?: number;
  /** Rows of the table that words are hashed into. Default 8192. */
  readonly rows?: number;
  /** Words that are read of a query. Default 12. */
  readonly queryLength?: number;
  /** Words that are read of a document. Default 32. */
  readonly documentLength?: number;
  /** Low-rank updates of the weight matrices: see `withLora`. Default: none. */
  readonly lora?: { readonly rank: number };
  /** An adapter after each layer: see `bottleneckAdapter`. Default: none. */
  readonly adapters?: { readonly rank: number };
  /** Adapters joined by a side path: see `connectedAdapters`. Default: none. */
  readonly side?: { readonly rank: number };
}

/** Options of {@link trainableTransformer}. */
export interface TransformerOptions extends TransformerShape {
  /** Trained in place; those that are not there are made, from its seed. Default: none, seed 0. */
  readonly parameters?: Parameters;
  /**
   * Names of parameters that are trained: `words/table`, `places12`, `layer0/...`, `last/...`, `map/...`, and of modules `..._a` and `..._b`
   * (low-rank updates) and `adapters/...`. Default: the modules, if there are any, else all.
   */
  readonly trained?: RegExp;
}

/**
 * A small transformer over hashed words that is trained from nothing: pre-norm blocks, mean, a linear map, unit length. For experiments in minutes,
 * and languages that no other encoder knows.
 */
export function trainableTransformer(options: TransformerOptions = {}): Trainable {
  const { parameters = new Parameters(), trained, ...shape } = options;
  const { layers = 4, width = 64, heads = 4, hidden = 128, rows = 8192, lora, adapters, side } = shape;
  const lengths = { query: shape.queryLength ?? 12, document: shape.documentLength ?? 32 };
  const known = new Map<string, number>();
  /** Row 0 is for padding. */
  const rowOf = (word: string): number => {
    let row = known.get(word);
    if (row === undefined) {
      row = 1 + (createHash('md5').update(word).digest().readUInt32LE() % (rows - 1));
      if (known.size < 100_000) known.set(word, row);
    }
    return row;
  };
  const forward = (scope: Scope, { words, present }: Tensors): Tensor => {
    const length = Number(words!.shape[1]);
    const body = lora === undefined ? scope : withLora(scope, lora);
    const places = body.parameter(`places${length}`, [1, length, width], normal(0.02));
    const mask = paddingMask(present!);
    const connected = side === undefined ? undefined : connectedAdapters(scope.at('adapters'), side);
    let states = add(embedding(body.at('words'), words!, rows, width), places);
    for (let layer = 0; layer < layers; layer++) {
      states = transformerBlock(body.at(`layer${layer}`), states, { heads, hidden, mask });
      if (connected !== undefined) states = connected(states);
      if (adapters !== undefined) states = bottleneckAdapter(scope.at('adapters').at(layer), states, adapters);
    }
    return unitLength(linear(body.at('map'), meanPooling(normalize(body.at('last'), states), present!), width));
  };
  // Asks for every parameter once, so that they all exist.
  for (const length of new Set(Object.values(lengths))) {
    const graph = new Graph();
    const ask = {
      words: graph.input('words', 'int32', [1, length]),
      present: graph.input('present', 'float32', [1, length]),
    };
    forward(constantsOf(graph, parameters), ask);
  }
  const hasModules = lora !== undefined || adapters !== undefined || side !== undefined;
  return smallTrainable({
    form: 'transformer',
    settings: shape,
    dim: width,
    parameters,
    trained: trained ?? (hasModules ? /_[ab]$|^adapters\// : /^/),
    tuning: {},
    batch(texts, role = 'document'): Batch {
      const length = lengths[role];
      const [words, present] = [new Int32Array(texts.length * length), new Float32Array(texts.length * length)];
      texts.forEach((text, i) => {
        const read = wordsOf(text).slice(0, length).map(rowOf);
        words.set(read, i * length);
        present.fill(1, i * length, i * length + Math.max(1, read.length));
      });
      const extents = [texts.length, length];
      return { words: { data: words, shape: extents }, present: { data: present, shape: extents } };
    },
    forward,
  });
}

/** Runs of letters and digits of any script, in lower case. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

/** What {@link trainableTransformer} saves. */
export const form = smallForm('transformer', (shape: TransformerShape, parameters) =>
  trainableTransformer({ ...shape, parameters }),
);
