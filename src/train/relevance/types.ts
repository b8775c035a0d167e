import type { RelevanceGrounds, RelevanceMap, ScoredList } from '../../search/index.ts';
import type { Runtime } from '../../tensor/index.ts';

/** A query's hits, best first, and whether each is relevant. */
export interface JudgedList extends ScoredList {
  readonly relevant: readonly boolean[];
}

/** Options of `learnRelevance`. */
export interface RelevanceOptions {
  readonly runtime: Runtime;
  /** Lists of questions that the collection cannot answer: nothing in them is relevant. Default: none. */
  readonly foreign?: readonly JudgedList[];
  /** Whether each list is also learned from with its relevant hits taken away, so that nothing in it answers. Default true. */
  readonly withoutAnswers?: boolean;
  /**
   * Learn only from these of the scores of a hit (places in what `hitScores` gives), and from {@link features} of the list: for relevance
   * that collections of other sizes and kinds are to be judged by. Default: from everything.
   */
  readonly scores?: readonly number[];
  /** With {@link scores}: features of the list (places in what `listFeatures` gives) that move the offset. Default: none. */
  readonly features?: readonly number[];
  /** Weight of telling lists that hold something relevant from others, beside telling hits. Default 0. */
  readonly listWeight?: number;
  /**
   * Share of the lists held back that have something relevant and may lose all of it, 0 to 1: thresholds above are out of the question,
   * however good their F1. Default 1, no limit.
   */
  readonly mostLost?: number;
  /**
   * Id of the encoder of the search, as a collection's settings give it, `none` for words alone: what is learned is not used with
   * another. Default: unknown, which a head takes for none that there is.
   */
  readonly encoder?: string;
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
  /** Principal components of the embeddings that count, at most half as many as there are queries. Default 16. */
  readonly rank?: number;
  /** Default 16. */
  readonly width?: number;
  /** Weight of the mean square of the head's weights in the loss. Default 0.1. */
  readonly decay?: number;
}
