import { join } from 'node:path';
import { Vectors } from '../../base/vectors.ts';
import {
  type Batch,
  constantsOf,
  embedding,
  expandDims,
  Graph,
  given,
  matmul,
  multiply,
  Parameters,
  reshape,
  type Scope,
  type Tensor,
  type Tensors,
  toOnnx,
  unitLength,
} from '../../tensor/index.ts';
import type { Encoder } from '../encoder.ts';
import type { TrainableEncoder } from '../trainable.ts';
import { scaleToUnit } from '../unit.ts';
import { TOKENS } from '../use-lite/graph.ts';
import { UnigramTokenizer } from '../use-lite/unigram.ts';
import { useLite } from '../use-lite/use-lite.ts';
import { readVocabulary, weightsFolder } from '../use-lite/weights.ts';

/** Parameters: vectors of tokens `[count, dim]` and their weights `[count, 1]`. */
const TABLE = 'tokens/table';
const WEIGHTS = 'weights/table';
/** Tokens of a text that count. A sum over a table costs so little that long texts may be read to their end. */
const MAX_LENGTH = 512;
/** Smooth inverse frequency: weight `a / (a + p)` of a token of probability `p` (Arora et al. 2017, equation 2). */
const SMOOTHING = 1e-3;

/**
 * Serves a token table: the vector of a text is the weighted sum of its tokens' vectors, scaled to unit length. No
 * matrix products, no runtime: a hundred thousand short texts a second on one core. Tokens are those of use-lite.
 * @param parameters `tokens/table` and `weights/table`.
 */
export function staticEncoder(id: string, parameters: Parameters): Encoder {
  const { data: table, shape } = parameters.get(TABLE);
  const dim = shape[1]!;
  const { data: weights } = parameters.get(WEIGHTS);
  let tokenizer: Promise<UnigramTokenizer> | undefined;
  return {
    id,
    dim,
    languages: ['en'],
    async encode(inputs, { signal, onProgress } = {}) {
      tokenizer ??= loadTokenizer();
      const loaded = await tokenizer;
      const vectors = Vectors.zeros(inputs.length, dim);
      inputs.forEach((text, i) => {
        if (i % 1024 === 0) signal?.throwIfAborted();
        const row = vectors.row(i);
        const tokens = loaded.encode(text === '' ? ' ' : text, MAX_LENGTH);
        for (const token of tokens) {
          const weight = weights[token]!;
          const at = token * dim;
          for (let d = 0; d < dim; d++) row[d]! += weight * table[at + d]!;
        }
        // Tokens may cancel out: then any direction is as good.
        if (!scaleToUnit(row)) row[0] = 1;
      });
      if (inputs.length > 0) onProgress?.(inputs.length, inputs.length);
      return vectors;
    },
  };
}

/** Options of {@link trainableStatic}. */
export interface TrainableStaticOptions {
  /** A table to go on from. Default: {@link tableOfUseLite}. */
  readonly parameters?: Parameters;
  /** Tokens of a text that are read in training. Default 128. */
  readonly maxLength?: number;
}

/** A token table that can be trained; only the rows that a batch names are touched in a step. */
export async function trainableStatic(options: TrainableStaticOptions = {}): Promise<TrainableEncoder> {
  const parameters = options.parameters ?? (await tableOfUseLite());
  const { maxLength = 128 } = options;
  const [count, dim] = parameters.get(TABLE).shape as [number, number];
  const tokenizer = await loadTokenizer();
  const encode = (scope: Scope, tokens: Tensor, present: Tensor): Tensor => {
    const rows = embedding(scope.at('tokens'), tokens, count, dim, given(parameters.get(TABLE).data));
    const weights = embedding(scope.at('weights'), tokens, count, 1, given(parameters.get(WEIGHTS).data));
    const texts = tokens.shape[0]!;
    const row = multiply(reshape(weights, tokens.shape), present);
    return unitLength(reshape(matmul(expandDims(row, 1), rows), [texts, dim]));
  };
  return {
    dim,
    parameters,
    groups: [],
    batch(texts, prefix): Batch {
      const lists = texts.map((text) => tokenizer.encode(text === '' ? ' ' : text, maxLength));
      const length = Math.max(...lists.map((list) => list.length));
      const tokens = new Int32Array(texts.length * length);
      const present = new Float32Array(texts.length * length);
      lists.forEach((list, row) => {
        // What stands in for a missing token is one of the text's own: no other row is touched.
        tokens.fill(list[0]!, row * length, (row + 1) * length);
        tokens.set(list, row * length);
        present.fill(1, row * length, row * length + list.length);
      });
      const shape = [texts.length, length];
      return { [`${prefix}tokens`]: { data: tokens, shape }, [`${prefix}present`]: { data: present, shape } };
    },
    shapes: (prefix) => ({
      [`${prefix}tokens`]: [null, `${prefix}length`],
      [`${prefix}present`]: [null, `${prefix}length`],
    }),
    encode: (scope: Scope, batch: Tensors, prefix) =>
      encode(scope, batch[`${prefix}tokens`]!, batch[`${prefix}present`]!),
    serve: (id) => staticEncoder(id, parameters.clone()),
    toOnnx() {
      const graph = new Graph();
      const tokens = graph.input('tokens', 'int32', ['texts', 'length']);
      const present = graph.input('present', 'float32', ['texts', 'length']);
      graph.output('vectors', encode(constantsOf(graph, parameters), tokens, present));
      return toOnnx(graph);
    },
  };
}

/**
 * A table to start from: the vector that use-lite gives each piece of its vocabulary as a text of its own, weighted by
 * smooth inverse frequency with the probabilities of the vocabulary. Takes seconds.
 */
export async function tableOfUseLite(): Promise<Parameters> {
  const pieces = await readVocabulary(weightsFolder(), TOKENS);
  const encoder = useLite();
  const { data, dim } = await encoder.encode(pieces.map(([piece]) => piece.replace('\u2581', ' ')));
  await encoder.dispose?.();
  const parameters = new Parameters();
  const count = pieces.length;
  parameters.set(TABLE, data, [count, dim]);
  const weights = Float32Array.from(pieces, ([, score]) => SMOOTHING / (SMOOTHING + Math.exp(score ?? 0)));
  parameters.set(WEIGHTS, weights, [count, 1]);
  return parameters;
}

async function loadTokenizer(): Promise<UnigramTokenizer> {
  const folder = weightsFolder();
  return new UnigramTokenizer(await readVocabulary(folder, TOKENS), join(folder, 'vocab.json'));
}
