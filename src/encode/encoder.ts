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

/** Content to one vector per token, for late interaction. A text in which it knows no token may get none. */
export interface TokenEncoder {
  readonly id: string;
  readonly dim: number;
  /** As of an {@link Encoder}. */
  readonly languages?: readonly string[];
  encodeTokens(inputs: readonly Content[], options?: EncodeOptions): Promise<VectorSets>;
}
