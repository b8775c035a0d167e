import type { RankedPassage, Ranking } from '../types.ts';

/** A score for the place that a candidate had in the ranking before. */
export interface Rescored {
  readonly hit: RankedPassage;
  readonly score: number;
}

/**
 * The first candidates in a new order, and what follows them behind: in its old order, with scores that go on from the last of the
 * candidates by the old differences. Where candidates end does not depend on k, so the result for k is the head of that for a larger one.
 *
 * @param rescored candidates, in their old order. @param rest what follows them. @param stage what the difference of scores is ascribed to.
 */
export function reordered(
  { hits }: Ranking,
  rescored: readonly Rescored[],
  rest: readonly RankedPassage[],
  stage: string,
): { readonly hits: RankedPassage[]; readonly moved: number } {
  const ranks = new Map(hits.map(({ passage }, i) => [passage, i + 1]));
  const order = rescored.toSorted((a, b) => b.score - a.score || ranks.get(a.hit.passage)! - ranks.get(b.hit.passage)!);
  const ranked = order.map(({ hit, score }) => adjusted(hit, score, stage, ranks.get(hit.passage)!));
  const moved = ranked.filter(({ passage }, i) => ranks.get(passage) !== i + 1).length;
  const end = ranked.at(-1)?.score ?? rest[0]?.score ?? 0;
  const from = rest[0]?.score ?? 0;
  const behind = rest.map((hit) => adjusted(hit, end + Math.min(0, hit.score - from), stage));
  return { hits: [...ranked, ...behind], moved };
}

/** Contributions add up to the score: the stage has what it added to the score before. */
function adjusted(hit: RankedPassage, score: number, stage: string, rank?: number): RankedPassage {
  const { contributions = [] } = hit;
  const before = contributions.reduce((sum, { share }) => sum + share, 0);
  const own = rank === undefined ? { stage, share: score - before } : { stage, rank, score, share: score - before };
  return { ...hit, score, contributions: [...contributions, own] };
}
