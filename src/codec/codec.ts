import type { Parallel } from '../base/parallel.ts';
import type { Vectors } from '../base/vectors.ts';

/** Options of {@link Codec.train}. */
export interface TrainOptions {
  /** Same seed, same sample, same codec. Default 1234. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** Called with the share of the work that is done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
  /** What shares the work, `openThreads()` of `sagitta-search/threads` for one: same result, sooner. Default: the calling thread. */
  readonly threads?: Parallel;
}

/** What training learned, by name: enough, with the specification and `dim`, to make the same part again. */
export type Learned = ReadonlyMap<string, Float32Array>;

/** What codecs and transforms have in common. */
export interface Trainable {
  /** The specification that makes this part, in canonical form: `opq,pq32x4`. */
  readonly spec: string;
  /** Components of a vector that goes in. */
  readonly dim: number;
  /** False until `train` has finished, for parts that need it. */
  readonly trained: boolean;
  /**
   * Learns from `sample` (at least as many rows as there are centroids; more is better, up to ~256 a centroid). Training again
   * replaces what was learned; when it fails or is aborted, nothing has changed. Same sample and seed, same result on every
   * machine.
   *
   * @throws InvalidArgumentError for too few vectors, another dimension, or components that are not finite.
   */
  train(sample: Vectors, options?: TrainOptions): Promise<void>;
  /** What was learned; empty before training and for parts that learn nothing. Not copied: do not write to it. */
  learned(): Learned;
  /** Takes what `learned` gave. @throws IncompatibleError when a name is missing or of another size. */
  restore(learned: Learned): void;
}

/** A query seen through a transform: `query . v` is about `projected . apply(v) + offset`. */
export interface ProjectedQuery {
  readonly query: Float32Array;
  readonly offset: number;
}

/** A map of vectors to vectors before a quantizer: a rotation, a projection, a shift. */
export interface Transform extends Trainable {
  /** Components of a vector that comes out. */
  readonly outDim: number;
  /** Transforms all rows. @throws InvalidArgumentError as {@link Codec.encode}. */
  apply(vectors: Vectors): Vectors;
  /** The vectors that these came from, as far as they can be told (`norm` forgets lengths, `pca` what it projects away). */
  invert(vectors: Vectors): Vectors;
  /** The query for which inner products with transformed vectors stand for inner products with inverted ones. */
  project(query: Float32Array): ProjectedQuery;
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
export interface Codec extends Trainable {
  /** Bytes of a code. */
  readonly codeSize: number;
  /**
   * Codes of all rows, `count * codeSize` bytes.
   *
   * @throws InvalidArgumentError before training, for another dimension, and for components that are not finite.
   */
  encode(vectors: Vectors): Uint8Array;
  /** The vectors that the codes stand for. */
  decode(codes: Uint8Array): Vectors;
  /** Prepares a float query of `dim` components. */
  scorer(query: Float32Array): Scorer;
}
