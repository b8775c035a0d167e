import { DataFormatError, IncompatibleError } from '../base/errors.ts';
import { affine, isMatrix, isQueryHead, type QueryHead, queryAdjustments } from './query-head.ts';
import type { Contribution } from './types.ts';
import type { QueryWords, WordMatch } from './word-match.ts';

/** What is known of a hit before its relevance is judged: what each stage made of it, and how it matches the query's words. */
export interface ScoredHit {
  readonly contributions?: readonly Contribution[];
  readonly match?: WordMatch;
}

/** A query's hits, best first, as relevance is judged of them. */
export interface ScoredList {
  readonly hits: readonly ScoredHit[];
  /** What is known of the query's words. Absent where nobody looked: none is then taken for missing. */
  readonly words?: QueryWords;
  /** The query's embedding; only a head asks for it, and a query without one counts as the average one. */
  readonly vector?: ArrayLike<number>;
}

/** Hits that the features of a query are taken from, at most. */
const LOOKED_AT = 50;
/** Hits that are asked how much of the query they hold. */
const BEST = 5;

/**
 * What a query's list looks like, in numbers of about 1: how well the best words match, how close the best vector is, how far
 * both stand out, how much of the query the best hits hold, how much of it is unknown, and the best fused score. The scores of a query mean little without
 * this: a BM25 score of 12 is a lot for two words and little for twelve.
 */
export function listFeatures({ hits, words }: ScoredList): Float64Array {
  const [lexical, semantic] = [summary(columnOf(hits, 'bm25')), summary(columnOf(hits, 'dense'))];
  const best = hits.slice(0, BEST);
  return Float64Array.of(
    Math.log1p(lexical.top) / 3,
    // Hits that no word matches score 0, also those that a small collection lacks.
    lexical.top === 0 ? 0 : lexical.sum / LOOKED_AT / lexical.top,
    lexical.top === 0 ? 0 : (lexical.top - lexical.second) / lexical.top,
    semantic.top,
    semantic.top - semantic.mean,
    5 * (semantic.top - semantic.second),
    Math.max(0, ...best.map(({ match }) => match?.coverage ?? 0)),
    Math.max(0, ...best.map(({ match }) => match?.reach ?? 0)),
    words?.missing ?? 0,
    words?.strange ?? 0,
    Math.log1p(words?.count ?? 0) / 3,
    // Of a single ranking the score is the ranking's own.
    Math.min(1, Math.max(0, ...hits.slice(0, LOOKED_AT).map(fusedScore))),
  );
}

/** What {@link hitScores} gives for a hit. */
export const HIT_SCORES = 5;

/** A quarter of a standard deviation: the best of fifty scores is then about 1 above their mean. */
const STANDARD = 4;

/**
 * The scores of hits: BM25 in tens, the cosine, the fused score as a share of the list's best (which says nothing of the list itself), the share of the query's words that the hit
 * holds, and BM25 as a share of what the query could reach ({@link WordMatch}); 0 where a stage has none for a hit. Standardised, BM25 and cosine become `(score - mean) / (4 deviation)` of those of the first 50, and a hit without a score has the
 * least of these.
 */
export function hitScores(
  hits: readonly ScoredHit[],
  standardised = false,
): (readonly [lexical: number, semantic: number, fused: number, coverage: number, reach: number])[] {
  const fused = hits.map(fusedScore);
  const most = Math.max(...fused.slice(0, LOOKED_AT)) || 1;
  const [lexical, semantic] = standardised
    ? [standardising(columnOf(hits, 'bm25')), standardising(columnOf(hits, 'dense'))]
    : [(score = 0) => score / 10, (score = 0) => score];
  return hits.map(({ contributions = [], match }, i) => {
    const of = (stage: string): number | undefined => contributions.find((one) => one.stage === stage)?.score;
    return [lexical(of('bm25')), semantic(of('dense')), fused[i]! / most, match?.coverage ?? 0, match?.reach ?? 0];
  });
}

/** @param scores in descending order. */
function standardising(scores: readonly number[]): (score: number | undefined) => number {
  const { mean } = summary(scores);
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / Math.max(1, scores.length);
  const factor = variance < 1e-12 ? 0 : 1 / (STANDARD * Math.sqrt(variance));
  const least = scores.at(-1) ?? 0;
  return (score = least) => (score - mean) * factor;
}

function fusedScore({ contributions = [] }: ScoredHit): number {
  return contributions.reduce((sum, { share }) => sum + share, 0);
}

function columnOf(hits: readonly ScoredHit[], stage: string): number[] {
  return hits
    .slice(0, LOOKED_AT)
    .flatMap(({ contributions = [] }) =>
      contributions.flatMap((one) => (one.stage === stage && one.score !== undefined ? [one.score] : [])),
    )
    .sort((a, b) => b - a);
}

function summary(scores: readonly number[]): { top: number; second: number; mean: number; sum: number } {
  const [top = 0, second = 0] = scores;
  const sum = scores.reduce((total, score) => total + score, 0);
  return { top, second, mean: scores.length === 0 ? 0 : sum / scores.length, sum };
}

/** What {@link listFeatures} gives. */
export const LIST_FEATURES = 12;

/**
 * Forms of the map: `linear` takes the scores as they are; `root`, `quadratic` and `power` take a power of `(1 + c) / 2` for the cosine
 * `c`, the last a learned one; `standard` is linear in scores that are standardised within their list.
 */
export const relevanceMaps = ['linear', 'root', 'quadratic', 'power', 'standard'] as const;
export type RelevanceMap = (typeof relevanceMaps)[number];

/** What decides on a query's map: how its list looks, its embedding, or both. */
export type RelevanceGrounds = 'list' | 'query' | 'both';

/** Numbers that {@link relevanceOf} needs: what `learnRelevance` of `sagitta-search/train` learns. */
export interface RelevanceParameters {
  /**
   * One row of `LIST_FEATURES + 1` weights (the last is the constant) for each number of the map: the slopes of the {@link HIT_SCORES}
   * scores, the offset, and with `power` the exponent.
   */
  readonly weights: readonly (readonly number[])[];
  /** Hits of at least this probability are relevant enough. */
  readonly threshold: number;
  /** Default `linear`. */
  readonly map?: RelevanceMap;
  /** What the query's embedding adds. Default: nothing, the list alone decides. */
  readonly query?: QueryHead;
  /**
   * Id of the encoder whose search it was learned from, `none` for words alone: cosines of another encoder mean something else. Default:
   * any.
   */
  readonly encoder?: string;
}

/** Numbers that a map has: slopes, offset, and perhaps an exponent. */
export function numbersOfMap(map: RelevanceMap = 'linear'): number {
  return HIT_SCORES + (map === 'power' ? 2 : 1);
}

/** Exponents are at least this. */
export const LEAST_EXPONENT = 0.05;
/** So that roots and powers have a slope everywhere. */
export const LEAST_BASE = 1e-6;

/**
 * Calibrated relevance (after Rossi et al. 2024, "Relevance Filtering for Embedding-based Retrieval", https://arxiv.org/abs/2408.04887):
 * a hit's scores pass a map that only grows with them, so that no order changes, and whose numbers `theta` depend on the query, so that
 * one threshold serves all queries:
 *
 * ```
 * theta = weights [features of the list; 1] + head(q)
 * f     = softplus(theta_0) bm25 / 10 + softplus(theta_1) g(c) + softplus(theta_2) share + softplus(theta_3) coverage + softplus(theta_4) reach + theta_5
 * g(c)  = c | ((1 + c) / 2)^(1/2) | ((1 + c) / 2)^2 | ((1 + c) / 2)^(softplus(theta_6) + 0.05)
 * r     = 1 / (1 + exp(-f))
 * ```
 *
 * with `c` the cosine and `share` the fused score by the list's best. The map `standard` has `(s - mean) / (4 deviation)` of the
 * list's BM25 scores and cosines in place of `bm25 / 10` and `g(c)`; it is not of the paper. In the paper the query's embedding `q` alone decides
 * ({@link QueryHead}) and the cosine is the only score. The shape of the list needs fewer judgements to learn from.
 *
 * @returns probabilities in the order of the hits.
 * @throws IncompatibleError for an embedding of another length than the head was learned on.
 */
export function relevanceOf(list: ScoredList, { weights, map = 'linear', query }: RelevanceParameters): Float64Array {
  const features = listFeatures(list);
  const added = query === undefined ? undefined : queryAdjustments(query, list.vector);
  const theta = weights.map((row, i) => affine(row, features) + (added?.[i] ?? 0));
  const slopes = theta.slice(0, HIT_SCORES).map(softplus);
  const exponent = map === 'root' ? 0.5 : map === 'quadratic' ? 2 : softplus(theta[HIT_SCORES + 1]!) + LEAST_EXPONENT;
  const asTheyAre = map === 'linear' || map === 'standard';
  return Float64Array.from(hitScores(list.hits, map === 'standard'), ([lexical, cosine, ...others]) => {
    const mapped = asTheyAre ? cosine : Math.max(LEAST_BASE, (1 + cosine) / 2) ** exponent;
    const scores = [lexical, mapped, ...others];
    const logit = scores.reduce((sum, score, i) => sum + slopes[i]! * score, theta[HIT_SCORES]!);
    return 1 / (1 + Math.exp(-logit));
  });
}

function softplus(x: number): number {
  return x > 30 ? x : Math.log1p(Math.exp(x));
}

/** Of the file's form. Versions 1 and 2 knew nothing of words that are missing, 3 had the fused score as it was. */
const VERSION = 5;

/** The text of a file that {@link parseRelevance} reads. */
export function formatRelevance(parameters: RelevanceParameters): string {
  return `${JSON.stringify({ version: VERSION, ...parameters })}\n`;
}

/**
 * Parameters from the text of a file.
 * @throws DataFormatError when it is not that of parameters; IncompatibleError when an earlier or a newer version wrote it.
 */
export function parseRelevance(text: string, place: string): RelevanceParameters {
  const read = readObject(text);
  const { version, weights, threshold, map = 'linear', query, encoder } = read as Partial<Record<string, unknown>>;
  if (typeof version === 'number' && version > VERSION) {
    throw new IncompatibleError(
      `${place}: it has version ${version}, and this software knows ${VERSION}.`,
      'Update Sagitta, or run `sagitta learn-relevance` again.',
    );
  }
  // The first version named none.
  if (version !== VERSION && Array.isArray(weights)) {
    throw new IncompatibleError(
      `${place}: an earlier version of Sagitta learned this from other signals than searches have now.`,
      'Run `sagitta learn-relevance` again, or delete the file.',
    );
  }
  const sound =
    relevanceMaps.includes(map as RelevanceMap) &&
    isMatrix(weights, numbersOfMap(map as RelevanceMap), LIST_FEATURES + 1) &&
    typeof threshold === 'number' &&
    threshold >= 0 &&
    threshold <= 1 &&
    (encoder === undefined || typeof encoder === 'string') &&
    (query === undefined || isQueryHead(query, weights.length));
  if (!sound) {
    throw new DataFormatError(
      place,
      'it does not hold what relevance is judged by',
      'Run `sagitta learn-relevance` again.',
    );
  }
  return {
    weights,
    threshold,
    ...(map === 'linear' ? {} : { map: map as RelevanceMap }),
    ...(query === undefined ? {} : { query }),
    ...(encoder === undefined ? {} : { encoder }),
  };
}

/** What JSON says, or nothing where it is none. */
function readObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
