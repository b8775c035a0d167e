import type { Vectors } from '../base/vectors.ts';

/** Options of {@link Codec.train}. */
export interface TrainOptions {
  /** Same seed, same sample, same codec. Default 1234. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** Called with the share of the work that is done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

/** Scores one query against many codes: the query is prepared once, codes are never decoded. */
export interface Scorer {
  /**
   * Approximate inner product with each code; larger is better. For squared distance use what {@link Codec} says of its
   * norm.
   * @param codes `count` codes of `codeSize` bytes, one after the other. @param out at least `count` long.
   */
  score(codes: Uint8Array, count: number, out: Float32Array): void;
}

/**
 * Vectors to codes of a fixed number of bytes. A codec is trained once on a sample, then immutable: encoding, decoding
 * and scoring depend on nothing else, and `save`d bytes open to the same codec on every machine.
 */
export interface Codec {
  /** The specification that makes this codec, in canonical form: `opq,pq32x4`. */
  readonly spec: string;
  /** Components of a vector. */
  readonly dim: number;
  /** Bytes of a code. */
  readonly codeSize: number;
  /** False until `train` has finished, for codecs that need it. */
  readonly trained: boolean;
  /** Learns from `sample` (at least as many rows as the codec's centroids; more is better up to ~256 a centroid). */
  train(sample: Vectors, options?: TrainOptions): Promise<void>;
  /** Codes of all rows, `count * codeSize` bytes. */
  encode(vectors: Vectors): Uint8Array;
  /** The vectors that the codes stand for. */
  decode(codes: Uint8Array): Vectors;
  /** Prepares a float query of `dim` components. */
  scorer(query: Float32Array): Scorer;
}
