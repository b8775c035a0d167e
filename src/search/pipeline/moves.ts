import type { Query } from '../../content/index.ts';
import type { RankedPassage, Ranking, Retriever } from '../types.ts';

/** Ranks the first candidates of a ranking again. */
export interface Rescoring {
  /** What the trace calls it. */
  readonly stage: string;
  /** Candidates that are ranked again, whatever k. */
  readonly depth: number;
  /**
   * One score for each of the candidates, of which there is one at least; NaN for one that cannot be scored, which stays behind those
   * that can. A text says why none can be: the ranking then stays as it is.
   */
  score(query: Query, candidates: readonly RankedPassage[], signal?: AbortSignal): Promise<ArrayLike<number> | string>;
}

/** What stands before, asked for enough candidates, and the first of them in the order of new scores. */
export function rescored(input: Retriever, { stage, depth, score }: Rescoring): Retriever {
  return async (query, params) => {
    // Of new scores it is not known what they could reach.
    const { limit: _, ...found } = await input(query, { ...params, k: Math.max(params.k, depth), limit: false });
    const start = performance.now();
    const first = found.hits.slice(0, depth);
    const scores = first.length === 0 ? [] : await score(query, first, params.signal);
    const traced = (hits: readonly RankedPassage[], examined: number, note: string): Ranking => ({
      ...found,
      hits: hits.slice(0, params.k),
      trace: {
        stage,
        tookMs: performance.now() - start,
        examined,
        returned: Math.min(params.k, hits.length),
        note,
        inputs: [found.trace],
      },
    });
    if (typeof scores === 'string') return traced(found.hits, 0, scores);
    const known = first.flatMap((hit, i) => (Number.isNaN(scores[i]!) ? [] : [{ hit, score: scores[i]! }]));
    const unknown = first.filter((_, i) => Number.isNaN(scores[i]!));
    const { hits, moved } = reordered(found, known, [...unknown, ...found.hits.slice(depth)], stage);
    const unscored = unknown.length === 0 ? '' : `; ${unknown.length} have nothing to be scored by and stand behind`;
    return traced(
      hits,
      first.length,
      `${known.length} candidates ranked again, ${moved} of them changed places${unscored}`,
    );
  };
}

/** A score for the place that a candidate had in the ranking before. */
interface Rescored {
  readonly hit: RankedPassage;
  readonly score: number;
}

/**
 * The first candidates in a new order, and what follows them behind: in its old order, with scores that go on from the last of the
 * candidates by the old differences. Where candidates end does not depend on k, so the result for k is the head of that for a larger one.
 *
 * @param candidates in their old order. @param rest what follows them. @param stage what the difference of scores is ascribed to.
 */
function reordered(
  { hits }: Ranking,
  candidates: readonly Rescored[],
  rest: readonly RankedPassage[],
  stage: string,
): { readonly hits: RankedPassage[]; readonly moved: number } {
  const ranks = new Map(hits.map(({ passage }, i) => [passage, i + 1]));
  const order = candidates.toSorted(
    (a, b) => b.score - a.score || ranks.get(a.hit.passage)! - ranks.get(b.hit.passage)!,
  );
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
