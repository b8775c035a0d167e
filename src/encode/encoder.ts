import type { VectorSets, Vectors } from '../base/vectors.ts';
import type { Content } from '../content/index.ts';

export type { Content };

/** Options of one encoding call. */
export interface EncodeOptions {
  /** Whether the inputs are queries or documents; encoders with asymmetric prefixes differ. Default `document`. */
  readonly role?: 'query' | 'document';
  /** Task instruction for encoders that take one; others ignore it. */
  readonly instruction?: string;
  /** Most inputs in one run of the model. Default: the encoder's own choice. */
  readonly batchSize?: number;
  /** Aborts between batches. */
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of inputs done so far. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** How much of a text an encoder reads. */
export interface EncoderWindow {
  /** Most tokens; what comes after them does not change the vector. */
  readonly tokens: number;
  /** Tokens of a text, prompts and special ones not counted. */
  count(text: string): Promise<number>;
}

/**
 * Content to one unit-length vector each. Row `i` belongs to input `i`, whatever order the batches ran in. A text in which an encoder knows
 * no word may get the zero vector: it has no vote.
 */
export interface Encoder {
  /** Names the model and everything that changes its vectors, e.g. `use-lite`; recorded in the collection's manifest. */
  readonly id: string;
  readonly dim: number;
  /** Languages (ISO 639-1) in which the vectors are meaningful; absent when any language is. */
  readonly languages?: readonly string[];
  /** Absent where it is not known. */
  readonly window?: EncoderWindow;
  /**
   * What the ranking by its vectors deserves beside BM25 in hybrid search, 0 to 1. Default: what `denseShareOf` knows of its id.
   */
  readonly denseShare?: number;
  encode(inputs: readonly Content[], options?: EncodeOptions): Promise<Vectors>;
  /** Frees the model. Further calls to `encode` throw. */
  dispose?(): Promise<void>;
}

/** A word of a text as it is indexed. */
export interface IndexedWord {
  /** What it is found by: equal terms match. */
  readonly term: string;
  /** UTF-16 code units of the text that it stands in. Words may overlap. */
  readonly start: number;
  readonly end: number;
}

/** A text with its words, in order and as often as they occur. */
export interface WordedText {
  readonly text: string;
  readonly words: readonly IndexedWord[];
}

/** Words to weights, for learned sparse retrieval: what each counts where its text is asked for. Queries are not encoded. */
export interface TermEncoder {
  readonly id: string;
  /** As of an {@link Encoder}. */
  readonly languages?: readonly string[];
  /**
   * A number of 0 or more for each word of each text; of a term that occurs several times the greatest counts. Usual ones should be about 0.5 to 1, as they are kept in steps
   * of 1/128 up to 1.99 (`impactCodes`).
   */
  weigh(texts: readonly WordedText[], options?: EncodeOptions): Promise<readonly Float32Array[]>;
}

/** Content to one vector per token, for late interaction. A text in which it knows no token may get none. */
export interface TokenEncoder {
  readonly id: string;
  readonly dim: number;
  /** As of an {@link Encoder}. */
  readonly languages?: readonly string[];
  encodeTokens(inputs: readonly Content[], options?: EncodeOptions): Promise<VectorSets>;
}
