import type { BitSet } from '../base/bits.ts';
import type { Hits } from '../base/hits.ts';
import type { Query } from '../content/index.ts';

/** Settings of one retrieval; never kept by a retriever. */
export interface RetrieveParams {
  /** At most this many hits, at least 1. */
  readonly k: number;
  /** Passages that may be returned; all when absent. */
  readonly allowed?: BitSet;
  /** Whether the ranking is to say its {@link Ranking.limit}. Default: not, as it may have to be looked up. */
  readonly limit?: boolean;
  readonly signal?: AbortSignal;
}

/** What one stage added to a hit's score. */
export interface Contribution {
  readonly stage: string;
  /** Rank in that stage, from 1; absent where the passage is not among its candidates. */
  readonly rank?: number;
  /** The stage's own score; absent where it has none for the passage, such as a vector that is not there. */
  readonly score?: number;
  /** What the fusion made of it: the sum over stages is the hit's score. */
  readonly share: number;
}

/** A passage in a ranking. */
export interface RankedPassage {
  /** Ordinal within the snapshot. */
  readonly passage: number;
  readonly score: number;
  readonly contributions?: readonly Contribution[];
  /** Where relevance was judged: the probability that it is relevant. */
  readonly relevance?: number;
}

/** What a stage did: for `--explain`, and for anyone who wonders why. */
export interface StageTrace {
  readonly stage: string;
  readonly tookMs: number;
  /** Items scored. */
  readonly examined: number;
  readonly returned: number;
  /** Why the stage abstained, or anything else worth knowing. */
  readonly note?: string;
  readonly inputs?: readonly StageTrace[];
}

/** The best passages for a query, best first; equal scores in order of ascending ordinal. */
export interface Ranking {
  readonly hits: readonly RankedPassage[];
  /** True when the stage had no opinion at all (it does not know the query's language): fusion leaves it out. */
  readonly abstained?: boolean;
  /** Where relevance was judged: how the cut was made. */
  readonly relevance?: RelevanceCut;
  /**
   * What scores of this query could reach, whatever the passages are: of BM25 the weights of its words together, of a cosine 1. Absent
   * where nobody asked for it and it is not at hand, absent or 0 where nothing is known of that.
   */
  readonly limit?: number;
  readonly trace: StageTrace;
}

/** How hits were cut by their relevance. */
export interface RelevanceCut {
  /** Hits of at least this probability are kept. */
  readonly threshold: number;
  /** What the threshold is where nobody names one: what is probably relevant, as it was learned. */
  readonly usual: number;
  /** Hits that were judged, and those kept. */
  readonly judged: number;
  readonly kept: number;
  /** The greatest probability of all hits judged. */
  readonly best: number;
}

/** A retriever maps a query to a ranking; combinators map retrievers to retrievers. */
export interface Retriever {
  (query: Query, params: RetrieveParams): Promise<Ranking>;
  /**
   * Scores of given passages, as in the ranking, whether or not they would be in it; NaN where there is nothing to say. Only of retrievers
   * that can tell without searching. @param passages ascending ordinals.
   */
  readonly score?: (query: Query, passages: Uint32Array) => Promise<Float32Array>;
  /** What `score` does not exceed, where that is said with less work; infinity where it is not known. */
  readonly bounds?: (query: Query, passages: Uint32Array) => Promise<Float32Array>;
  /** What it deserves beside a ranking by words, 0 to 1: of one by vectors, what its encoder says. */
  readonly share?: () => Promise<number>;
}

/** What a field found, as a ranking has it. */
export function hitsOf({ ids, scores }: Hits): RankedPassage[] {
  const hits: RankedPassage[] = [];
  for (let i = 0; i < ids.length; i++) hits.push({ passage: ids[i]!, score: scores[i]! });
  return hits;
}
