import type { RelevanceGrounds, RelevanceMap, ScoredHit } from '../../search/index.ts';
import type { Runtime } from '../../tensor/index.ts';

/** A query's hits, best first, and whether each is relevant. */
export interface JudgedList {
  readonly hits: readonly ScoredHit[];
  readonly relevant: readonly boolean[];
  /** The query's embedding. Queries without one, as those in a language that the encoder does not know, count as the average one. */
  readonly vector?: ArrayLike<number>;
}

/** Options of `learnRelevance`. */
export interface RelevanceOptions {
  readonly runtime: Runtime;
  /**
   * What decides on a query's map. Default `held-out`: `list`, unless the lists held back are told significantly better by `both`. With
   * fewer than 100 embeddings only the list is tried.
   */
  readonly by?: RelevanceGrounds | 'held-out';
  /** Form of the map. Default `linear`; with `held-out` also `standard` is tried. */
  readonly map?: RelevanceMap;
  /** How the query's embedding is looked at, where it is. */
  readonly head?: HeadOptions;
  /** Hits of a list that are learned from. Default 20. */
  readonly depth?: number;
  /** Passes over all lists. Default 300. */
  readonly steps?: number;
  readonly learningRate?: number;
  /** Of the head's initial values. Default 1. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** Options of a head over the query's embedding: see `QueryHead`. */
export interface HeadOptions {
  /**
   * Id of the encoder that made the embeddings, as a collection's settings give it: `search --relevant` refuses to use the head with
   * another. Default: none, which fits no collection.
   */
  readonly encoder?: string;
  /** Principal components of the embeddings that count, at most half as many as there are queries. Default 16. */
  readonly rank?: number;
  /** Default 16. */
  readonly width?: number;
  /** Weight of the mean square of the head's weights in the loss. Default 0.1. */
  readonly decay?: number;
}
