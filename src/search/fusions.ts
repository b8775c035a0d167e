import { InvalidArgumentError } from '../base/errors.ts';
import type { Ranking } from './types.ts';

/** How several rankings become one. */
export interface Fusion {
  readonly name: string;
  /** Whether it goes by what a query could reach (`Ranking.limit`). Default: not. */
  readonly limits?: boolean;
  /** One share for each ranking. Rankings hold the first candidates, the same ones for every k; those that abstain are left out. */
  shares(rankings: readonly Ranking[], weights: readonly number[]): Share[];
}

/** What one of several rankings gives to the fused score of a passage. */
export interface Share {
  /** Of a passage with this score; where scores are looked up, no less of a greater one. @param rank from 1; undefined for a passage that the ranking lacks, whose score was looked up. */
  of(score: number, rank: number | undefined): number;
  /** Of a passage whose score cannot be told: it lies beyond the candidates, or has no vector. */
  readonly unknown: number;
  /** Whether the scores of passages that the ranking lacks are worth looking up. */
  readonly looksUp: boolean;
  /** What scores are normalised with, for the trace. */
  readonly note?: string;
}

/**
 * Reciprocal rank fusion: `weight / (constant + rank)` (Cormack, Clarke and Buettcher 2009).
 * @param constant dampens the difference between the first ranks; default 60, as in the paper.
 */
export function rrf(constant = 60): Fusion {
  return {
    name: `rrf(${constant})`,
    shares: (rankings, weights) =>
      rankings.map((_, i) => ({
        of: (_score, rank) => (rank === undefined ? 0 : weights[i]! / (constant + rank)),
        unknown: 0,
        looksUp: false,
      })),
  };
}

/**
 * Between which scores a share grows from 0 to its weight.
 *
 * - `limit`: from 0 to what the query could reach (`Ranking.limit`), or to the best score of the ranking where that is not known. Words
 *   of which no passage holds much then count little beside meaning, and the other way round.
 * - `max`: from 0 to the best score of the ranking.
 * - `min-max`: from the worst of the ranking's first candidates to the best. Depends on how many candidates there are.
 * - `{ floor, best }`: fixed ends. A `floor` that no score can fall below makes the theoretical min-max of Bruch, Gai and Ingber: 0 for
 *   BM25, -1 for cosines; default 0. Without `best`, the best score of the ranking.
 */
export type Normalization = 'limit' | 'max' | 'min-max' | { readonly floor?: number; readonly best?: number };

/** Options of {@link convex}. */
export interface ConvexOptions {
  /** One value for all rankings or one for each. Default `limit`. */
  readonly normalize?: Normalization | readonly Normalization[];
}

/**
 * Convex combination of normalised scores (Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval"):
 * `weight (score - floor) / (best - floor)`. A score below the floor costs the distance to it, at most 1, times the weight; with `min-max`
 * nothing.
 */
export function convex(options: ConvexOptions = {}): Fusion {
  const { normalize = 'limit' } = options;
  const of = (i: number): Normalization => (isList(normalize) ? (normalize[i] ?? 'limit') : normalize);
  const all = isList(normalize) ? normalize : [normalize];
  for (const one of all) checkEnds(one);
  return {
    name: `convex(${all.map(nameOf).join(', ')})`,
    limits: all.includes('limit'),
    shares: (rankings, weights) => rankings.map((ranking, i) => shareOf(ranking, weights[i]!, of(i))),
  };
}

function shareOf({ hits, limit = 0 }: Ranking, weight: number, normalize: Normalization): Share {
  const top = hits[0]?.score ?? 0;
  const worst = hits.at(-1)?.score ?? 0;
  if (normalize === 'min-max') {
    const range = top - worst;
    return {
      of: (score) => weight * (range > 0 ? Math.max(0, (score - worst) / range) : 1),
      unknown: 0,
      looksUp: false,
      note: ends(worst, top),
    };
  }
  const reach = normalize === 'limit' && limit > 0 ? limit : top;
  const { floor = 0, best = reach } = typeof normalize === 'string' ? {} : normalize;
  const of = (score: number): number =>
    weight * (score > floor && best > floor ? (score - floor) / (best - floor) : Math.max(-1, score - floor));
  // Of what is not among the candidates no more is known than that it is no better than the worst of them.
  return { of, unknown: hits.length === 0 ? 0 : of(worst), looksUp: true, note: ends(floor, best) };
}

function isList(normalize: Normalization | readonly Normalization[]): normalize is readonly Normalization[] {
  return Array.isArray(normalize);
}

function checkEnds(normalize: Normalization): void {
  if (typeof normalize === 'string') return;
  const { floor = 0, best = Number.MAX_VALUE } = normalize;
  if (Number.isFinite(floor) && Number.isFinite(best) && floor < best) return;
  throw new InvalidArgumentError(
    `Scores are to be normalised from ${floor} to ${best}.`,
    'Give a floor below the best.',
  );
}

function ends(floor: number, best: number): string {
  return `from ${Number(floor.toPrecision(3))} to ${Number(best.toPrecision(3))}`;
}

function nameOf(normalize: Normalization): string {
  if (typeof normalize === 'string') return normalize;
  const { floor = 0, best } = normalize;
  return `${floor} to ${best ?? 'best'}`;
}
