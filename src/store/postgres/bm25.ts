import type { BitSet } from '../../base/bits.ts';
import { sortedByBytes, wellFormed } from '../../base/byte-order.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import type { WeightedTerm } from '../../content/index.ts';
import { inverseDocumentFrequency } from '../../index/index.ts';
import { normalization } from '../../index/inverted/bounds.ts';
import { LEAST_WEIGHT } from '../../index/inverted/inverted.ts';
import { greatest } from '../../math/index.ts';
import type { Postings } from './postings.ts';

/** What BM25 takes from the whole collection. */
export interface WordStatistics {
  readonly k1: number;
  readonly b: number;
  /** Passages, and the mean of their lengths. */
  readonly count: number;
  readonly averageLength: number;
}

/** The terms of a query, each once, with their weights added up. @throws InvalidArgumentError for a weight below 0 or none. */
export function distinctTerms(terms: readonly WeightedTerm[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const { term, weight } of terms) {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new InvalidArgumentError(
        `The query term "${term.slice(0, 50)}" has the weight ${weight}.`,
        'Pass a finite number, 0 or more.',
      );
    }
    const name = wellFormed(term);
    weights.set(name, (weights.get(name) ?? 0) + weight);
  }
  return weights;
}

/**
 * Scores of passages, bit for bit those of `InvertedIndex`: contributions in float32, added up by descending weight, equal ones by
 * ascending bytes of their terms. @param take is given each posting's passage, and says where its score is kept, or -1.
 */
export function addScores(
  scores: Float32Array,
  weights: ReadonlyMap<string, number>,
  postings: ReadonlyMap<string, Postings>,
  { k1, b, count, averageLength }: WordStatistics,
  take: (passage: number) => number,
): void {
  const ranks = new Map(sortedByBytes([...weights.keys()]).map((term, rank) => [term, rank]));
  const scored = [...weights]
    .map(([term, weight]) => {
      const own = postings.get(term)!;
      const idf = inverseDocumentFrequency(count, own.passages.length);
      return { own, weight: Math.fround(weight * idf), rank: ranks.get(term)! };
    })
    .filter(({ own, weight }) => own.passages.length > 0 && weight >= LEAST_WEIGHT)
    .sort((x, y) => y.weight - x.weight || x.rank - y.rank);
  const { constant, slope } = normalization(k1, b, averageLength);
  const [norm, each] = [Math.fround(constant), Math.fround(slope)];
  for (const { own, weight } of scored) {
    const { passages, frequencies, lengths } = own;
    for (let i = 0; i < passages.length; i++) {
      const at = take(passages[i]!);
      if (at < 0) continue;
      const tf = frequencies[i]!;
      const divisor = Math.fround(tf + Math.fround(norm + Math.fround(each * lengths[i]!)));
      scores[at]! += Math.fround(weight * Math.fround(tf / divisor));
    }
  }
}

/** The `k` best passages with a score, equal scores by ascending ordinal. @param space ordinals are below this. */
export function bestByWords(
  k: number,
  space: number,
  weights: ReadonlyMap<string, number>,
  postings: ReadonlyMap<string, Postings>,
  statistics: WordStatistics,
  allowed: BitSet | undefined,
): Hits {
  const scores = new Float32Array(space);
  let examined = 0;
  addScores(scores, weights, postings, statistics, (passage) => {
    if (allowed?.has(passage) === false) return -1;
    if (scores[passage] === 0) examined++;
    return passage;
  });
  const best = greatest(scores, Math.min(k, examined));
  return { ids: best, scores: Float32Array.from(best, (passage) => scores[passage]!), examined };
}
