import { InvalidArgumentError } from '../base/errors.ts';
import type { Retriever } from '../search/index.ts';

/** A query whose negatives are wanted. */
export interface MinerQuery {
  readonly text: string;
  /** Ordinals of passages that are relevant; never negatives. */
  readonly positives: ReadonlySet<number>;
}

/** Which of the retrieved passages count as negatives. */
export interface MinerOptions {
  /** What finds candidates, e.g. `bm25(corpus)` or `dense(corpus)`. */
  readonly retriever: Retriever;
  /** Negatives per query, at most. Default 4. */
  readonly count?: number;
  /** Ranks to take them from, 1 being the best that is not relevant. Default 1 to 50. */
  readonly window?: { readonly from: number; readonly to: number };
  /**
   * Leave out what is probably relevant, by its score against that of the best positive (NV-Retriever, Moreira et al.
   * 2024, arXiv 2407.15831; NV-Embed v2 takes share 0.95): above `share` times it, above it minus `margin`, or above
   * `score`. A query whose positives were not found then gives nothing. Default: keep all.
   */
  readonly keepBelow?: { readonly share: number } | { readonly margin: number } | { readonly score: number };
  /**
   * Consistency filter: drop a query unless one of its positives is among this many first hits; labels that the
   * retriever cannot confirm are often wrong. Default: keep all.
   */
  readonly consistency?: number;
  readonly signal?: AbortSignal;
}

/** Negatives of one query. */
export interface MinedNegatives {
  /** Number of the query, from 0. */
  readonly query: number;
  /** Ordinals of passages, best first. */
  readonly negatives: readonly number[];
  /** Of the best positive in the ranking; undefined when there is none. */
  readonly positiveScore: number | undefined;
  /** Candidates left out as probably relevant. */
  readonly leftOut: number;
}

/**
 * Hard negatives from a live index, query by query: memory does not grow with the corpus or the number of queries.
 * Queries that the consistency filter drops are not yielded.
 */
export async function* mineNegatives(
  queries: Iterable<MinerQuery> | AsyncIterable<MinerQuery>,
  options: MinerOptions,
): AsyncGenerator<MinedNegatives> {
  const { retriever, count = 4, window = { from: 1, to: 50 }, keepBelow, consistency, signal } = options;
  if (!(window.from >= 1 && window.to >= window.from)) {
    throw new InvalidArgumentError(
      `The window of ranks ${window.from} to ${window.to} is empty.`,
      'Give ranks from 1, the first no larger than the last.',
    );
  }
  let number = -1;
  for await (const { text, positives } of queries) {
    number++;
    signal?.throwIfAborted();
    const { hits } = await retriever({ content: text }, { k: window.to + positives.size });
    const best = hits.findIndex(({ passage }) => positives.has(passage));
    if (consistency !== undefined && (best < 0 || best >= consistency)) continue;
    const positiveScore = hits[best]?.score;
    const limit = keepBelow === undefined ? Number.POSITIVE_INFINITY : limitOf(keepBelow, positiveScore);
    const others = hits.filter(({ passage }) => !positives.has(passage)).slice(window.from - 1, window.to);
    const kept = others.filter(({ score }) => score <= limit);
    yield {
      query: number,
      negatives: kept.slice(0, count).map(({ passage }) => passage),
      positiveScore,
      leftOut: others.length - kept.length,
    };
  }
}

function limitOf(rule: NonNullable<MinerOptions['keepBelow']>, positive: number | undefined): number {
  if ('score' in rule) return rule.score;
  if (positive === undefined) return Number.NEGATIVE_INFINITY;
  // Of a positive that scores below 0 a share would be above it.
  return 'share' in rule ? positive - (1 - rule.share) * Math.abs(positive) : positive - rule.margin;
}
