import { InvalidArgumentError } from '../base/errors.ts';
import type { Contribution, RankedPassage, Ranking, Retriever } from './types.ts';

/**
 * One retriever out of several that takes from each in turn: the first of the first, the first of the second, and so on, then the next of each that nobody
 * has taken before it. So each has an equal share of what is found, whatever its scores are, and nothing stands there twice: examples for a prompt, or for
 * `suggestValues`, that differ (APIGen, SANER 2024, "diverse examples": BM25, sentence embeddings and a view of syntax).
 *
 * A retriever that abstains, or has nothing more, leaves its turns to the others. The score of a hit is 1 divided by its rank, and says nothing beyond the
 * order; contributions say what each retriever found of it. The result for k is the head of the result for any larger k.
 * @param retrievers in the order of their turns, at least one.
 */
export function interleave(retrievers: readonly Retriever[]): Retriever {
  if (retrievers.length === 0) {
    throw new InvalidArgumentError('There are no retrievers to take hits from.', 'Give one, or better several.');
  }
  return async (query, params) => {
    const start = performance.now();
    const rankings = await Promise.all(retrievers.map((retriever) => retriever(query, params)));
    const voting = rankings.filter(({ abstained }) => abstained !== true);
    const hits = inTurn(voting, params.k);
    return {
      hits,
      ...(voting.length === 0 ? { abstained: true } : {}),
      trace: {
        stage: 'interleave',
        tookMs: performance.now() - start,
        examined: new Set(voting.flatMap((ranking) => ranking.hits.map(({ passage }) => passage))).size,
        returned: hits.length,
        inputs: rankings.map(({ trace }) => trace),
      },
    };
  };
}

/** At most k hits, the rankings taking turns. */
function inTurn(rankings: readonly Ranking[], k: number): RankedPassage[] {
  const found = rankings.map((ranking) => new Map(ranking.hits.map((hit, i) => [hit.passage, { hit, rank: i + 1 }])));
  const next = rankings.map(() => 0);
  const taken = new Set<number>();
  const hits: RankedPassage[] = [];
  for (let turn = 0, passed = 0; hits.length < k && passed < rankings.length; turn = (turn + 1) % rankings.length) {
    const list = rankings[turn]!.hits;
    while (next[turn]! < list.length && taken.has(list[next[turn]!]!.passage)) next[turn]!++;
    const hit = list[next[turn]!];
    passed = hit === undefined ? passed + 1 : 0;
    if (hit === undefined) continue;
    taken.add(hit.passage);
    const score = 1 / (hits.length + 1);
    const contributions = found.flatMap((known, i): Contribution[] => {
      const one = known.get(hit.passage);
      const { stage } = rankings[i]!.trace;
      return one === undefined ? [] : [{ stage, rank: one.rank, score: one.hit.score, share: i === turn ? score : 0 }];
    });
    hits.push({ passage: hit.passage, score, contributions });
  }
  return hits;
}
