import { Random } from '../base/random.ts';
import { quantile } from '../math/index.ts';

/** Scores of a query's candidates, and which of them are relevant. */
export interface ScoredCandidates {
  readonly scores: ArrayLike<number>;
  readonly relevant: readonly boolean[];
}

/** What one threshold on the scores of all queries achieves. */
export interface PooledCurve {
  /** Area under the curve of precision over recall of all candidates together. */
  readonly area: number;
  /** Shares of the area by query, whose mean it is: what comparisons are paired on, all else of the pool as it is. */
  readonly byQuery: Float64Array;
  /** Precision where 95% and 90% of the relevant candidates are kept. */
  readonly precisionAt95: number;
  readonly precisionAt90: number;
  /** Candidates kept per query where 95% of the relevant ones are. */
  readonly keptAt95: number;
}

/**
 * Precision and recall of one threshold for all queries (Cosine Adapter 2024, arXiv 2408.04884: score distributions must be comparable across
 * queries for that). The area is the mean over relevant candidates of the precision at their score (average precision of the pool), equal scores
 * counted as all above.
 *
 * @param counts how often a query counts. Default: once each. @returns areas of 0 where nothing is relevant.
 */
export function pooledCurve(queries: readonly ScoredCandidates[], counts?: ArrayLike<number>): PooledCurve {
  return curveOf(poolOf(queries), queries.length, counts);
}

interface Candidate {
  readonly score: number;
  readonly query: number;
  readonly relevant: boolean;
}

/** All candidates, from the greatest score down. */
function poolOf(queries: readonly ScoredCandidates[]): Candidate[] {
  return queries
    .flatMap(({ scores, relevant }, query) =>
      Array.from(scores, (score, i) => ({ score, query, relevant: relevant[i]! })),
    )
    .sort((a, b) => b.score - a.score);
}

function curveOf(pool: readonly Candidate[], queries: number, counts?: ArrayLike<number>): PooledCurve {
  const countOf = (query: number): number => counts?.[query] ?? 1;
  const wanted = pool.reduce((sum, { relevant, query }) => sum + (relevant ? countOf(query) : 0), 0);
  const byQuery = new Float64Array(queries);
  let [kept, found, at90, at95, keptAt95] = [0, 0, 0, 0, 0];
  for (let from = 0, to = 0; from < pool.length; from = to) {
    for (; to < pool.length && pool[to]!.score === pool[from]!.score; to++) {
      const count = countOf(pool[to]!.query);
      kept += count;
      if (pool[to]!.relevant) found += count;
    }
    for (let i = from; i < to; i++) {
      const { query, relevant } = pool[i]!;
      if (relevant && kept > 0) byQuery[query]! += (queries * countOf(query) * found) / (kept * wanted);
    }
    if (at90 === 0 && found >= 0.9 * wanted) at90 = found / kept;
    if (at95 === 0 && found >= 0.95 * wanted) [at95, keptAt95] = [found / kept, kept / queries];
  }
  const area = byQuery.reduce((sum, share) => sum + share, 0) / queries;
  return { area, byQuery, precisionAt90: at90, precisionAt95: at95, keptAt95 };
}

/** 95% interval of the difference of areas of two systems on the same queries, where queries are drawn and pooled anew. */
export function repooledInterval(
  a: readonly ScoredCandidates[],
  b: readonly ScoredCandidates[],
  rounds = 200,
): { readonly low: number; readonly high: number } {
  const pools = [poolOf(a), poolOf(b)];
  const random = new Random(17);
  const differences = Float64Array.from({ length: rounds }, () => {
    const counts = new Uint32Array(a.length);
    for (let i = 0; i < a.length; i++) counts[random.below(a.length)]!++;
    const [first, second] = pools.map((pool) => curveOf(pool, a.length, counts).area);
    return first! - second!;
  });
  return { low: quantile(differences, 0.025), high: quantile(differences, 0.975) };
}
