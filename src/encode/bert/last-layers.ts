import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from '../../base/errors.ts';
import {
  type Batch,
  openModel,
  Parameters,
  type Runtime,
  type Scope,
  type Tensor,
  type Tensors,
  unitLength,
} from '../../tensor/index.ts';
import type { EncodeOptions } from '../encoder.ts';
import { withPrefix } from '../prefixes.ts';
import { raggedInputs, raggedOf, raggedShapes } from '../ragged.ts';
import type { Trainable } from '../trainable.ts';
import { bertEncoder } from './bert.ts';
import { type BertDescription, describedFiles } from './description.ts';
import { partsOf } from './folder.ts';
import { bertBlocks, bertEmbeddings, pooled, WORDS } from './model.ts';
import { writeSafetensors } from './safetensors.ts';
import { toTensors } from './weights.ts';
import { WordPieceTokenizer } from './wordpiece.ts';
import { wordsOf } from './words.ts';

/** Options of {@link trainableLastLayers}. */
export interface LastLayersOptions {
  readonly runtime: Runtime;
  /** Layers that are trained, at least 1 and at most all. Default 1. */
  readonly layers?: number;
  /** Tokens of a text that are read in training, at most those that the encoder reads. Default 128. */
  readonly maxLength?: number;
  /** Of matrix products under the trained layers. Default: one per physical core. */
  readonly threads?: number;
}

/** States of a text's tokens where the trained layers begin, `[tokens, width]` row by row. */
export type TokenStates = Float32Array;

/** The last layers of a BERT, to be trained over states of tokens. */
export interface TrainableLastLayers extends Trainable<TokenStates> {
  /** The states of texts, by what stays as it is: made once, however often a text is trained on. Memory: `4 * width` bytes a token. */
  prepare(texts: readonly string[], options?: EncodeOptions): Promise<TokenStates[]>;
  /** Vectors of texts without being scaled or pooled: `[tokens, width]` of the last layer, for poolings of one's own. */
  states(scope: Scope, batch: Tensors): Tensor;
}

/** Texts that are prepared at a time. */
const PREPARED = 32;

/**
 * Training in part: the last layers of a BERT, while the others and the tables stay as they are. Since these need no gradient and give a text
 * the same states in every step, they run once for each text, and a step costs what the trained layers cost: about a sixth of a step of
 * `trainableBert` for the last layer of six. What is served and saved is the whole encoder.
 *
 * ```ts
 * const encoder = await trainableLastLayers(miniLmDescription(), { runtime });
 * const queries = await encoder.prepare(['rain tomorrow', 'how do I turn the key'], { role: 'query' });
 * await fit(encoder, drawn(100, () => encoder.batch(queries)), (forward, batch) => ..., { runtime, learningRate: encoder.learningRate });
 * await encoder.serve('tuned:own').encode(['rain tomorrow']);
 * ```
 *
 * @throws InvalidArgumentError when there are not so many layers.
 */
export async function trainableLastLayers(
  description: BertDescription,
  { runtime, layers = 1, threads, maxLength = 128 }: LastLayersOptions,
): Promise<TrainableLastLayers> {
  const { shape, pooling, normalize } = description;
  const from = shape.layers - layers;
  if (!Number.isInteger(layers) || layers < 1 || from < 0) {
    throw new InvalidArgumentError(
      `${layers} of ${shape.layers} layers cannot be trained.`,
      `Give a whole number from 1 to ${shape.layers}.`,
    );
  }
  const { parameters: all } = await partsOf(description);
  const tokenizer = await WordPieceTokenizer.open(description.tokenizer);
  const length = Math.min(maxLength, description.maxLength);
  const trained = new RegExp(`^layer(${Array.from({ length: layers }, (_, i) => from + i).join('|')})/`);
  const parameters = new Parameters();
  for (const name of all.names.filter((one) => trained.test(one))) {
    const { data, shape: extents } = all.get(name);
    parameters.set(name, data.slice(), extents);
  }
  const words = wordsOf(all.get(WORDS).data, shape.width);
  const { tokens: _tokens, positions: _positions, ...extents } = raggedShapes('', pooling);
  const shapes = { ...extents, states: ['tokens', shape.width] };
  const states = (scope: Scope, batch: Tensors): Tensor =>
    bertBlocks(scope, batch['states']!, raggedOf(batch, ''), shape, { from });
  /** The whole encoder as it is now. */
  const merged = (): Parameters => {
    const whole = all.clone();
    for (const name of parameters.names) whole.set(name, parameters.get(name).data, parameters.get(name).shape);
    return whole;
  };

  return {
    form: 'bert',
    dim: shape.width,
    parameters,
    groups: [],
    shapes,
    tuning: {},
    learningRate: 1e-4,
    states,

    async prepare(texts, { role = 'document', signal } = {}) {
      const { cls, sep } = tokenizer;
      const inputs = withPrefix(texts, description.prompts, { role });
      const lists = inputs.map((text) => [
        cls,
        ...tokenizer.encode(description.lowerCase ? text.toLowerCase() : text, length - 2),
        sep,
      ]);
      const below = openModel(
        (scope, batch) => {
          const inner = { ...raggedOf(batch, ''), words: batch['words']! };
          return bertBlocks(scope, bertEmbeddings(scope, inner, shape), inner, shape, { to: from });
        },
        {
          runtime,
          parameters: all,
          shapes: { ...raggedShapes('', 'tokens'), words: ['tokens', shape.width] },
          ...(threads === undefined ? {} : { threads }),
        },
      );
      try {
        const result: TokenStates[] = new Array(texts.length);
        // Neighbours in length share a batch, so that its grid is filled.
        const order = [...lists.keys()].sort((a, b) => lists[a]!.length - lists[b]!.length);
        for (let start = 0; start < order.length; start += PREPARED) {
          signal?.throwIfAborted();
          const chosen = order.slice(start, start + PREPARED);
          while (chosen.length < PREPARED && order.length >= PREPARED) chosen.push(chosen[0]!);
          const { tokens, ...arrays } = raggedInputs(
            chosen.map((row) => lists[row]!),
            'tokens',
          );
          const rows = { data: words.rows(tokens), shape: [tokens.length, shape.width] };
          const { output } = await below.run({ ...arrays, words: rows });
          let at = 0;
          for (const row of chosen) {
            const end = at + lists[row]!.length * shape.width;
            result[row] = (output!.data as Float32Array).slice(at, end);
            at = end;
          }
        }
        return result;
      } finally {
        await below.dispose();
      }
    },

    batch(inputs): Batch {
      const { width } = shape;
      const {
        tokens,
        positions: _,
        ...arrays
      } = raggedInputs(
        inputs.map((own) => new Int32Array(own.length / width)),
        pooling,
      );
      const data = new Float32Array(tokens.length * width);
      let at = 0;
      for (const own of inputs) {
        data.set(own, at);
        at += own.length;
      }
      return { ...arrays, states: { data, shape: [tokens.length, width] } };
    },

    forward(scope, batch) {
      const result = pooled(states(scope, batch), raggedOf(batch, ''), pooling);
      return normalize ? unitLength(result) : result;
    },

    serve(id) {
      const own = merged();
      return bertEncoder({
        id,
        description,
        words: async () => wordsOf(own.get(WORDS).data, shape.width),
        parts: async () => ({ shape, pooling, normalize, parameters: own }),
      });
    },

    async save() {
      const files = new Map<string, Uint8Array>(describedFiles(description));
      files.set('tokenizer.json', await readFile(description.tokenizer));
      files.set('model.safetensors', writeSafetensors(toTensors(merged(), description), { format: 'pt' }));
      return files;
    },
  };
}
