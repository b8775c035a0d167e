import type { Hits } from '../../base/hits.ts';
import { ownString, Recent } from '../../base/recent.ts';
import type { LexicalStatistics } from '../../index/index.ts';
import type { SegmentView } from './views.ts';

const CACHED_TERMS = 16_384;
const LONGEST_CACHED = 64;

/**
 * BM25's statistics over the live passages of all segments, so that a score says the same wherever a passage is stored
 * and does not depend on how the collection came about. (Lucene counts dead documents until they are merged away, which
 * is cheaper and lets scores jump when they are.) What exactness costs: in segments with dead documents one pass over
 * the postings of each new term; its result is cached.
 */
export function collectionStatistics(views: readonly SegmentView[]): LexicalStatistics {
  let count = 0;
  let length = 0;
  for (const view of views) {
    count += view.livePassageCount;
    length += view.liveLength;
  }
  const averageLength = count === 0 ? 0 : length / count;
  const [only, ...others] = views;
  // It remembers them itself.
  if (only !== undefined && others.length === 0)
    return { count, averageLength, documentFrequency: (term) => only.documentFrequency(term) };
  // Every segment asks for the same terms, and many queries do.
  const frequencies = new Recent<string, number>(CACHED_TERMS);
  return {
    count,
    averageLength,
    documentFrequency: (term) => {
      let frequency = frequencies.get(term);
      if (frequency === undefined) {
        frequency = views.reduce((sum, view) => sum + view.documentFrequency(term), 0);
        if (term.length <= LONGEST_CACHED) frequencies.set(ownString(term), frequency);
      }
      return frequency;
    },
  };
}

/** The `k` best hits of several segments, best first, equal scores by ascending ordinal. */
export function mergeHits(parts: readonly { readonly base: number; readonly hits: Hits }[], k: number): Hits {
  const examined = parts.reduce((sum, { hits }) => sum + hits.examined, 0);
  const total = parts.reduce((sum, { hits }) => sum + hits.ids.length, 0);
  const length = Math.min(k, total);
  const ids = new Uint32Array(length);
  const scores = new Float32Array(length);
  const next = new Uint32Array(parts.length);
  for (let i = 0; i < length; i++) {
    let best = -1;
    for (let part = 0; part < parts.length; part++) {
      const { base, hits } = parts[part]!;
      const at = next[part]!;
      if (at >= hits.ids.length) continue;
      const ahead = best < 0 ? 1 : hits.scores[at]! - parts[best]!.hits.scores[next[best]!]!;
      if (
        ahead > 0 ||
        (ahead === 0 && base + hits.ids[at]! < parts[best]!.base + parts[best]!.hits.ids[next[best]!]!)
      ) {
        best = part;
      }
    }
    const { base, hits } = parts[best]!;
    ids[i] = base + hits.ids[next[best]!]!;
    scores[i] = hits.scores[next[best]!]!;
    next[best]!++;
  }
  return { ids, scores, examined };
}
