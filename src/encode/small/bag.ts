import {
  type Batch,
  concat,
  constantsOf,
  embedding,
  expandDims,
  Graph,
  linear,
  multiply,
  normal,
  Parameters,
  type Scope,
  sum,
  type Tensor,
  type Tensors,
  tanh,
  unitLength,
} from '../../tensor/index.ts';
import type { Trainable } from '../trainable.ts';
import { smallForm, smallTrainable } from './small.ts';

/** What {@link trainableBag} knows and how it is made. */
export interface BagShape {
  /** Words, and pairs of neighbouring words with a blank between them, that it knows: see {@link bagVocabulary}. */
  readonly vocabulary: readonly string[];
  /** Components for what a text says. Default 64. */
  readonly width?: number;
  /** Components for how a text is written: of the shares of words and of pairs that are unknown. Default 8; 0 for none. */
  readonly manner?: number;
  /** Words and pairs of a text that are read. Default 48. */
  readonly length?: number;
}

/** Options of {@link trainableBag}. */
export interface BagOptions extends BagShape {
  /** Trained in place; those that are not there are made, from its seed. Default: none, seed 0. */
  readonly parameters?: Parameters;
}

/** Words and pairs of neighbouring words that at least two of the texts have. */
export function bagVocabulary(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const part of new Set(partsOf(text))) counts.set(part, (counts.get(part) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 1).map(([part]) => part);
}

/** Rows of words and of pairs that are unknown. */
const [UNKNOWN_WORD, UNKNOWN_PAIR] = [0, 1];

/**
 * A bag of words and pairs of words that is trained from nothing: the mean of their rows in a table, which begins as a random projection, and beside
 * it a few components that a small network makes of the shares that are unknown. What is not written as in the vocabulary's texts is unknown,
 * so that it sees errors as an encoder that was pretrained would; a mean of rows alone hardly tells a text with an error from another one. How
 * much of the vector manner is, is learned.
 */
export function trainableBag(options: BagOptions): Trainable {
  const { parameters = new Parameters(), ...shape } = options;
  const { vocabulary, width = 64, manner = 8, length = 48 } = shape;
  const numbers = new Map(vocabulary.map((part, i) => [part, i + 2]));
  const rowOf = (part: string) => numbers.get(part) ?? (part.includes(' ') ? UNKNOWN_PAIR : UNKNOWN_WORD);
  const forward = (scope: Scope, { parts, present, unknown }: Tensors): Tensor => {
    const rows = embedding(scope, parts!, vocabulary.length + 2, width, normal(1 / Math.sqrt(width)));
    const words = unitLength(sum(multiply(rows, expandDims(present!, 2)), 1));
    if (manner === 0) return words;
    const seen = tanh(linear(scope.at('manner').at(0), unknown!, 16));
    return unitLength(concat([words, linear(scope.at('manner').at(1), seen, manner)], 1));
  };
  // Asks for every parameter once, so that they all exist.
  const graph = new Graph();
  forward(constantsOf(graph, parameters), {
    parts: graph.input('parts', 'int32', [1, length]),
    present: graph.input('present', 'float32', [1, length]),
    unknown: graph.input('unknown', 'float32', [1, 2]),
  });
  return smallTrainable({
    form: 'bag',
    settings: shape,
    dim: width + manner,
    parameters,
    tuning: {},
    batch(texts): Batch {
      const [parts, present] = [new Int32Array(texts.length * length), new Float32Array(texts.length * length)];
      const unknown = new Float32Array(2 * texts.length);
      texts.forEach((text, i) => {
        const read = partsOf(text).slice(0, length).map(rowOf);
        parts.set(read, i * length);
        present.fill(1, i * length, i * length + read.length);
        // Half of what is read are words, half pairs; times 4 shares are about 1.
        const half = Math.max(1, read.length / 2);
        for (const kind of [UNKNOWN_WORD, UNKNOWN_PAIR]) {
          unknown[2 * i + kind] = (4 * read.filter((row) => row === kind).length) / half;
        }
      });
      const extents = [texts.length, length];
      return {
        parts: { data: parts, shape: extents },
        present: { data: present, shape: extents },
        unknown: { data: unknown, shape: [texts.length, 2] },
      };
    },
    forward,
  });
}

/** Each word, and behind it its pair with the one before. */
function partsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{M}\p{N}']+/gu) ?? [];
  return words.flatMap((word, i) => [word, `${words[i - 1] ?? '<'} ${word}`]);
}

/** What {@link trainableBag} saves. */
export const form = smallForm('bag', (shape: BagShape, parameters) => trainableBag({ ...shape, parameters }));
