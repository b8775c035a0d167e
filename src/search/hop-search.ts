import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Query } from '../content/index.ts';
import type { Corpus } from '../corpus/index.ts';
import type { Feedback } from './feedback/index.ts';
import type { RankedPassage, Ranking, Retriever, StageTrace } from './types.ts';

/** Options of {@link hopSearch}. */
export interface HopSearchOptions {
  /** What makes the next query of a query and one passage that it found, such as `learnedFeedback` of what `trainHops` trained. */
  readonly next: Feedback;
  /** Searches that build on each other, the first one counted: a whole number, 1 to 5. Default 2. */
  readonly hops?: number;
  /** Passages that each search finds, and that each hop keeps, to go on from and to give back: a whole number, at least 1. Default 5. */
  readonly width?: number;
}

/** A query that is asked in a hop. */
type Kept = { readonly query: Query; readonly hit: RankedPassage };

/**
 * Searches hop by hop (TreeHop's tree of queries; Li et al. 2025, https://arxiv.org/abs/2504.20114): from each passage that a query found goes a query of its own, and what all of them find is
 * ranked together by its scores. What was found before is not found again (redundancy pruning), and of a hop only the best `width` passages stay (layer-wise pruning), so that each hop adds at
 * most as many and asks at most as many queries. A query goes on from the query that found its passage, not from the first one.
 *
 * The passages of a hop come after those of the hops before, so that a ranking for k is the head of one for any larger k; there are at most `hops * width`. Scores are those of their own
 * query, but never above that of a passage that comes before.
 *
 * @param from what is asked in each hop, such as `dense(corpus)`. @throws InvalidArgumentError for options out of their range.
 */
export function hopSearch(corpus: Corpus, from: Retriever, options: HopSearchOptions): Retriever {
  const { next, hops = 2, width = 5 } = options;
  if (!(Number.isInteger(hops) && hops >= 1 && hops <= 5 && Number.isInteger(width) && width >= 1)) {
    throw new InvalidArgumentError(
      `${hops} hops of ${width} passages cannot be searched.`,
      'Give 1 to 5 hops, and 1 passage or more.',
    );
  }
  return async (query, params) => {
    const start = performance.now();
    const inputs: StageTrace[] = [];
    const ask = async (asked: Query, k: number): Promise<Ranking> => {
      const ranking = await from(asked, { ...params, k });
      inputs.push(ranking.trace);
      return ranking;
    };
    const first = await ask(query, width);
    const known = new Set(first.hits.map(({ passage }) => passage));
    const hits: RankedPassage[] = [...first.hits];
    let layer: readonly Kept[] = first.hits.map((hit) => ({ query, hit }));
    for (let hop = 2; hop <= hops && layer.length > 0; hop++) {
      const found = new Map<number, Kept>();
      for (const { query: before, hit } of layer) {
        const after = await next.refine(before, { ...first, hits: [hit] }, corpus, given({ signal: params.signal }));
        if (after === before) continue;
        // As many more as are known, so that those do not crowd out what is new.
        const { hits: fresh } = await ask(after, width + known.size);
        for (const one of fresh.filter(({ passage }) => !known.has(passage)).slice(0, width)) {
          if (one.score > (found.get(one.passage)?.hit.score ?? Number.NEGATIVE_INFINITY))
            found.set(one.passage, { query: after, hit: one });
        }
      }
      layer = [...found.values()]
        .sort((a, b) => b.hit.score - a.hit.score || a.hit.passage - b.hit.passage)
        .slice(0, width);
      for (const { hit } of layer) {
        known.add(hit.passage);
        hits.push({ ...hit, score: Math.min(hit.score, hits.at(-1)!.score) });
      }
    }
    const kept = hits.slice(0, params.k);
    return {
      ...given({ abstained: first.abstained }),
      hits: kept,
      trace: {
        stage: `hops by ${next.id}`,
        tookMs: performance.now() - start,
        examined: hits.length,
        returned: kept.length,
        note: `${inputs.length} searches found ${hits.length} passages, ${first.hits.length} of them the first`,
        inputs,
      },
    };
  };
}
