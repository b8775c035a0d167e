import { DataFormatError, InvalidArgumentError } from '../base/errors.ts';
import type { Contribution } from './types.ts';

/** What is known of a hit before its relevance is judged: what each stage made of it. */
export interface ScoredHit {
  readonly contributions?: readonly Contribution[];
}

/** Hits that the features of a query are taken from, at most. */
const LOOKED_AT = 50;

/**
 * What a query's list looks like, in numbers of about 1: how well the best words match, how close the best vector is, and how far
 * both stand out. The scores of a query mean little without this: a BM25 score of 12 is a lot for two words and little for twelve.
 */
export function listFeatures(hits: readonly ScoredHit[]): Float64Array {
  const lexical = columnOf(hits, 'bm25');
  const semantic = columnOf(hits, 'dense');
  const [words, vectors] = [summary(lexical), summary(semantic)];
  return Float64Array.of(
    Math.log1p(words.top) / 3,
    words.top === 0 ? 0 : words.mean / words.top,
    words.top === 0 ? 0 : (words.top - words.second) / words.top,
    vectors.top,
    vectors.top - vectors.mean,
    5 * (vectors.top - vectors.second),
  );
}

/** What {@link hitScores} gives for a hit. */
export const HIT_SCORES = 3;

/**
 * The scores of hits: BM25 in tens, the cosine, and the fused score as a share of the best one's; 0 where a stage did not return a
 * hit.
 */
export function hitScores(hits: readonly ScoredHit[]): (readonly [lexical: number, semantic: number, fused: number])[] {
  const fused = hits.map(({ contributions = [] }) => contributions.reduce((sum, { share }) => sum + share, 0));
  const best = Math.max(0, ...fused) || 1;
  return hits.map(({ contributions = [] }, i) => {
    const of = (stage: string): number => contributions.find((one) => one.stage === stage)?.score ?? 0;
    return [of('bm25') / 10, of('dense'), fused[i]! / best];
  });
}

function columnOf(hits: readonly ScoredHit[], stage: string): number[] {
  return hits
    .slice(0, LOOKED_AT)
    .flatMap(({ contributions = [] }) => contributions.filter((one) => one.stage === stage).map(({ score }) => score))
    .sort((a, b) => b - a);
}

function summary(scores: readonly number[]): { top: number; second: number; mean: number } {
  const [top = 0, second = 0] = scores;
  return { top, second, mean: scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length };
}

/** Numbers that {@link relevanceOf} needs: rows of `features + 1` weights (the last is the constant). */
export interface RelevanceParameters {
  /** Slopes of the {@link HIT_SCORES} scores, and a constant: each linear in the query's features. Slopes pass a softplus. */
  readonly weights: readonly (readonly number[])[];
  /** Hits of at least this probability are relevant enough. */
  readonly threshold: number;
}

/**
 * Calibrated relevance (after Rossi et al. 2024, "Relevance Filtering for Embedding-based Retrieval", https://arxiv.org/abs/2408.04887): a
 * hit's scores pass a map that only grows with them and whose slopes and offset depend on the query, so that one threshold serves
 * all queries. There the query's embedding decides on the map, and the cosine is the score; here it is the shape of the query's list,
 * which needs few judgements to learn from, and the scores of words and of the fusion count as well.
 *
 * @returns probabilities in the order of the hits.
 */
export function relevanceOf(hits: readonly ScoredHit[], { weights }: RelevanceParameters): Float64Array {
  const features = listFeatures(hits);
  const linear = (row: readonly number[]): number => {
    let sum = row[features.length]!;
    for (let i = 0; i < features.length; i++) sum += row[i]! * features[i]!;
    return sum;
  };
  const slopes = weights.slice(0, HIT_SCORES).map((row) => softplus(linear(row)));
  const constant = linear(weights[HIT_SCORES]!);
  return Float64Array.from(hitScores(hits), (scores) => {
    const logit = scores.reduce((sum, score, i) => sum + slopes[i]! * score, constant);
    return 1 / (1 + Math.exp(-logit));
  });
}

function softplus(x: number): number {
  return x > 30 ? x : Math.log1p(Math.exp(x));
}

/** What {@link listFeatures} gives. */
export const LIST_FEATURES = 6;

/** Parameters from the text of a file. @throws DataFormatError when it is not that of parameters. */
export function parseRelevance(text: string, place: string): RelevanceParameters {
  try {
    const { weights, threshold } = JSON.parse(text) as RelevanceParameters;
    const sound =
      weights.length === HIT_SCORES + 1 &&
      weights.every((row) => row.length === LIST_FEATURES + 1 && row.every(Number.isFinite)) &&
      threshold >= 0 &&
      threshold <= 1;
    if (!sound) throw new InvalidArgumentError('Its numbers make no sense.', 'Learn it again.');
    return { weights, threshold };
  } catch (cause) {
    throw new DataFormatError(
      place,
      'it does not hold what relevance is judged by',
      'Run `sagitta learn-relevance` again.',
      { cause },
    );
  }
}
