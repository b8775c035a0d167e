import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import {
  type Batch,
  concat,
  embedding,
  expandDims,
  mlp,
  multiply,
  normal,
  Parameters,
  type Scope,
  sum,
  type Tensor,
  unitLength,
} from '../../src/tensor/index.ts';
import { cosines, infoNCE } from '../../src/train/index.ts';
import { normalized } from '../lab/embeddings.ts';
import { trainModel } from '../lab/training.ts';

const WIDTH = 64;

/** Features of a text that are looked at. */
const MOST = 48;

/**
 * Words and pairs of neighbouring words that texts have, by number; each kind has one number for all that are unknown. That is how the
 * encoder sees errors, as one that was pretrained would: what is not written like that is unknown.
 */
export class Vocabulary {
  readonly #numbers = new Map<string, number>();

  /** @param texts whose words and pairs are known where at least two texts have them. */
  constructor(texts: readonly string[]) {
    const counts = new Map<string, number>();
    for (const text of texts) {
      for (const part of new Set(partsOf(text))) counts.set(part, (counts.get(part) ?? 0) + 1);
    }
    for (const [part, count] of counts) if (count > 1) this.#numbers.set(part, this.#numbers.size + 2);
  }

  get size(): number {
    return this.#numbers.size + 2;
  }

  /** The first 48 features of a text. */
  featuresOf(text: string): Int32Array {
    return Int32Array.from(
      partsOf(text).slice(0, MOST),
      (part) => this.#numbers.get(part) ?? (part.includes(' ') ? 1 : 0),
    );
  }
}

/** Words, and pairs of neighbours. */
function partsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z0-9']+/g) ?? [];
  return words.flatMap((word, i) => [word, `${words[i - 1] ?? '<'} ${word}`]);
}

/** A query, a document that answers it, and one that does not, all as features; and documents that answer nobody. */
export interface BagExample {
  readonly query: Int32Array;
  readonly positive: Int32Array;
  readonly negative: Int32Array;
}

export interface BagOptions {
  readonly examples: readonly BagExample[];
  /** Negatives of every query of a batch, as many as there are queries. Default: none. */
  readonly decoys?: readonly Int32Array[];
  readonly steps: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

const SIZE = 64;
const TEMPERATURE = 0.05;
/** Numbers of a vector that only say how a text is written. */
const FORM = 8;

/**
 * One encoder for queries and documents: the mean of the features' rows in a table, which begins as a random projection, scaled to length
 * 1; and beside it eight numbers that a small network makes of the shares of words and pairs that are unknown. A mean of rows alone hardly
 * tells a text with an error from another one; how much of the vector form is, is learned.
 */
export class BagEncoder {
  readonly #parameters: Parameters;
  /** Vectors by text, since the last training. */
  readonly #made = new Map<string, Float32Array>();

  constructor(
    readonly vocabulary: Vocabulary,
    seed: number,
  ) {
    this.#parameters = new Parameters(seed);
    this.#parameters.ensure('table', [vocabulary.size, WIDTH], normal(1 / Math.sqrt(WIDTH)));
  }

  /** InfoNCE over the positives and negatives of a batch of 64, temperature 0.05. */
  async train({ examples, decoys = [], steps, seed, signal }: BagOptions): Promise<void> {
    this.#made.clear();
    const random = new Random(seed + 1000);
    let order: number[] = [];
    await trainModel({
      parameters: this.#parameters,
      loss: (scope, { queryIds, queryWeights, queryForm, documentIds, documentWeights, documentForm }) =>
        infoNCE(
          cosines(
            this.#text(scope, queryIds!, queryWeights!, queryForm!),
            this.#text(scope, documentIds!, documentWeights!, documentForm!),
          ),
          { temperature: TEMPERATURE },
        ),
      batch: (): Batch => {
        const chosen = Array.from({ length: SIZE }, () => {
          if (order.length === 0) order = random.shuffle([...examples.keys()]);
          return examples[order.pop()!]!;
        });
        const documents = [
          ...chosen.map(({ positive }) => positive),
          ...chosen.map(({ negative }) => negative),
          ...(decoys.length === 0 ? [] : chosen.map(() => decoys[random.below(decoys.length)]!)),
        ];
        const [queries, all] = [padded(chosen.map(({ query }) => query)), padded(documents)];
        return {
          queryIds: queries.ids,
          queryWeights: queries.weights,
          queryForm: queries.form,
          documentIds: all.ids,
          documentWeights: all.weights,
          documentForm: all.form,
        };
      },
      steps,
      learningRate: 0.01,
      seed,
      signal,
    });
  }

  encode(texts: readonly string[]): Vectors {
    return Vectors.fromRows(
      texts.map((text) => {
        const made = this.#made.get(text) ?? this.#encode(text);
        this.#made.set(text, made);
        return made;
      }),
    );
  }

  #encode(text: string): Float32Array {
    const { data } = this.#parameters.get('table');
    const words = Vectors.zeros(1, WIDTH);
    const features = this.vocabulary.featuresOf(text);
    for (const number of features) for (let c = 0; c < WIDTH; c++) words.data[c]! += data[number * WIDTH + c]!;
    return normalized(Vectors.fromRows([[...normalized(words).data, ...this.#form(shares(features))]])).data;
  }

  /** What the network says of a text's shares; nothing before training. */
  #form(x: readonly number[]): number[] {
    const { names } = this.#parameters;
    if (!names.includes('form/0/weight')) return new Array<number>(FORM).fill(0);
    const layer = (input: readonly number[], at: number): number[] => {
      const { data, shape } = this.#parameters.get(`form/${at}/weight`);
      const bias = this.#parameters.get(`form/${at}/bias`).data;
      const width = shape[1]!;
      return Array.from(bias, (constant, o) =>
        input.reduce((sum, value, i) => sum + value * data[i * width + o]!, constant),
      );
    };
    return layer(layer(x, 0).map(Math.tanh), 1);
  }

  #text(scope: Scope, ids: Tensor, weights: Tensor, form: Tensor): Tensor {
    const rows = embedding(scope, ids, this.vocabulary.size, WIDTH);
    const words = unitLength(sum(multiply(rows, expandDims(weights, 2)), 1));
    return concat([words, mlp(scope.at('form'), form, [16, FORM], { activation: 'tanh' })], 1);
  }
}

function padded(texts: readonly Int32Array[]) {
  const shape = [texts.length, MOST];
  const [ids, weights] = [new Int32Array(texts.length * MOST), new Float32Array(texts.length * MOST)];
  const form = Float32Array.from(texts.flatMap(shares));
  texts.forEach((features, i) => {
    ids.set(features, i * MOST);
    weights.fill(1, i * MOST, i * MOST + features.length);
  });
  return {
    ids: { data: ids, shape },
    weights: { data: weights, shape },
    form: { data: form, shape: [texts.length, 2] },
  };
}

/** Shares of words and of pairs that are unknown, times 4 so that they are about 1. */
function shares(features: Int32Array): number[] {
  const half = Math.max(1, features.length / 2);
  return [0, 1].map((unknown) => (4 * features.filter((number) => number === unknown).length) / half);
}
