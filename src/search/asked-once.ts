import type { BitSet } from '../base/bits.ts';
import type { Query } from '../content/index.ts';
import type { Ranking, Retriever } from './types.ts';

/** What was asked last of a query. */
interface Asked {
  readonly k: number;
  readonly limit: boolean;
  readonly allowed: BitSet | undefined;
  readonly ranking: Promise<Ranking>;
}

/**
 * The same retriever for those of a pipeline that ask it the same query: who asks for no more than another has asked for gets the head of that one's ranking,
 * which is the ranking that it would have got. What failed or was aborted is asked again. Nothing outlives its query.
 */
export function askedOnce(retriever: Retriever): Retriever {
  const kept = new WeakMap<Query, Asked>();
  const asked: Retriever = async (query, params) => {
    const { k, allowed, limit = false, signal } = params;
    const before = kept.get(query);
    if (before !== undefined && before.k >= k && before.allowed === allowed && (before.limit || !limit)) {
      const ranking = await before.ranking.catch(() => undefined);
      signal?.throwIfAborted();
      if (ranking !== undefined) return headOf(ranking, k);
    }
    const ranking = retriever(query, params);
    kept.set(query, { k, limit, allowed, ranking });
    ranking.catch(() => kept.get(query)?.ranking === ranking && kept.delete(query));
    return ranking;
  };
  // A copy of what else it says: the score of a passage, what it deserves beside others.
  return Object.assign(asked, retriever);
}

function headOf(ranking: Ranking, k: number): Ranking {
  const hits = ranking.hits.slice(0, k);
  const { stage } = ranking.trace;
  return {
    ...ranking,
    hits,
    trace: {
      stage,
      tookMs: 0,
      examined: 0,
      returned: hits.length,
      note: 'the head of a ranking that was made of the query before',
    },
  };
}
