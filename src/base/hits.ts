/** The best items of one index for one query, best first; equal scores are ordered by ascending id. */
export interface Hits {
  /** Item numbers within the index. */
  readonly ids: Uint32Array;
  /** Scores, non-increasing, same length as `ids`. */
  readonly scores: Float32Array;
  /** How many items were scored to find these (the rest were pruned or not allowed). */
  readonly examined: number;
}
