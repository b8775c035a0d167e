import { InvalidArgumentError } from '../base/errors.ts';
import type { Contribution, RankedPassage, Ranking, Retriever } from './types.ts';

/** How several rankings become one: the share that a hit at `rank` (from 1) with `score` contributes. */
export interface Fusion {
  readonly name: string;
  /** @returns for each ranking a function from a hit to its share. Abstaining rankings are already left out. */
  shares(rankings: readonly Ranking[], weights: readonly number[]): ((hit: RankedPassage, rank: number) => number)[];
}

/** Options of {@link fuse}. */
export interface FuseOptions {
  /** One weight per retriever, at least 0. Default: equal. Weights are scaled to sum to 1 over those that vote. */
  readonly weights?: readonly number[];
  /** How deep each retriever is asked, as a multiple of k; at least `minDepth`. Default 3. */
  readonly depth?: number;
  /** Default 100. */
  readonly minDepth?: number;
}

/**
 * Reciprocal rank fusion: `weight / (constant + rank)` (Cormack, Clarke and Buettcher 2009).
 * @param constant dampens the difference between the first ranks; default 60, as in the paper.
 */
export function rrf(constant = 60): Fusion {
  return {
    name: `rrf(${constant})`,
    shares: (rankings, weights) => rankings.map((_, i) => (_hit, rank) => weights[i]! / (constant + rank)),
  };
}

/** Options of {@link convex}. */
export interface ConvexOptions {
  /**
   * `max`: score / best score, for scores whose floor is 0 (BM25). `min-max`: (score - worst) / (best - worst) of the
   * ranking. One value for all rankings or one for each. Default `min-max`.
   */
  readonly normalize?: Normalization | readonly Normalization[];
}
export type Normalization = 'max' | 'min-max';

/** Convex combination of normalised scores (Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions"). */
export function convex(options: ConvexOptions = {}): Fusion {
  const { normalize = 'min-max' } = options;
  const of = (i: number): Normalization => (typeof normalize === 'string' ? normalize : (normalize[i] ?? 'min-max'));
  return {
    name: `convex(${typeof normalize === 'string' ? normalize : normalize.join(',')})`,
    shares: (rankings, weights) =>
      rankings.map(({ hits }, i) => {
        const best = hits[0]?.score ?? 0;
        const floor = of(i) === 'max' ? 0 : (hits.at(-1)?.score ?? 0);
        const range = best - floor;
        return (hit) => (range > 0 ? (weights[i]! * (hit.score - floor)) / range : weights[i]!);
      }),
  };
}

/** One retriever out of several: asks all, and ranks by the sum of the shares that the fusion gives. */
export function fuse(retrievers: readonly Retriever[], fusion: Fusion, options: FuseOptions = {}): Retriever {
  const { weights = retrievers.map(() => 1), depth = 3, minDepth = 100 } = options;
  if (weights.length !== retrievers.length || weights.some((weight) => !(weight >= 0)) || !weights.some((w) => w > 0)) {
    throw new InvalidArgumentError(
      `Fusion of ${retrievers.length} retrievers with weights [${weights.join(', ')}].`,
      'Give one non-negative weight per retriever, at least one of them positive.',
    );
  }
  return async (query, params) => {
    const start = performance.now();
    const asked = { ...params, k: Math.max(minDepth, Math.ceil(params.k * depth)) };
    const all = await Promise.all(retrievers.map((retriever) => retriever(query, asked)));
    const voting = all.flatMap((ranking, i) => (ranking.abstained ? [] : [{ ranking, weight: weights[i]! }]));
    const total = voting.reduce((sum, { weight }) => sum + weight, 0);
    const shares = fusion.shares(
      voting.map(({ ranking }) => ranking),
      voting.map(({ weight }) => weight / (total || 1)),
    );

    const merged = new Map<number, Contribution[]>();
    voting.forEach(({ ranking }, i) => {
      ranking.hits.forEach((hit, position) => {
        const rank = position + 1;
        const contribution = { stage: ranking.trace.stage, rank, score: hit.score, share: shares[i]!(hit, rank) };
        const known = merged.get(hit.passage);
        if (known === undefined) merged.set(hit.passage, [contribution]);
        else known.push(contribution);
      });
    });
    const hits = Array.from(merged, ([passage, contributions]) => ({
      passage,
      score: contributions.reduce((sum, { share }) => sum + share, 0),
      contributions,
    }))
      .sort((a, b) => b.score - a.score || a.passage - b.passage)
      .slice(0, params.k);
    return {
      hits,
      ...(voting.length === 0 ? { abstained: true } : {}),
      trace: {
        stage: `fuse ${fusion.name}`,
        tookMs: performance.now() - start,
        examined: merged.size,
        returned: hits.length,
        inputs: all.map(({ trace }) => trace),
      },
    };
  };
}
