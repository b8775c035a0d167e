import { given } from '../base/given.ts';
import type { SearchHit, SearchResult } from '../collection/index.ts';
import { CONDITIONS } from '../search/index.ts';
import { plural } from './output.ts';

/** A document as a hit: its best passage, and its other passages among those looked at, best first. */
export type DocumentHit = SearchHit & { readonly further: readonly SearchHit[] };

export type DocumentResult = Omit<SearchResult, 'hits'> & { readonly hits: readonly DocumentHit[] };

/** Passages that are looked at, for each document that is wanted and in all. */
const PER_DOCUMENT = 5;
const LEAST = 50;

/**
 * Documents by their best passages, each with what else was found of it among the first passages: at least fifty, five for each document that is wanted, and
 * as many as it takes to have `k` documents.
 *
 * @param search with that `k`.
 */
export async function byDocument(k: number, search: (k: number) => Promise<SearchResult>): Promise<DocumentResult> {
  for (let asked = Math.max(LEAST, PER_DOCUMENT * k); ; asked *= 4) {
    const { next: _, shortfall, ...result } = await search(asked);
    const groups = new Map<string, SearchHit[]>();
    for (const hit of result.hits) {
      const group = groups.get(hit.id);
      if (group === undefined) groups.set(hit.id, [hit]);
      else group.push(hit);
    }
    // What satisfies conditions alone is a document already.
    const isAll = result.hits.length < asked || result.retriever === CONDITIONS;
    if (groups.size < k && !isAll) continue;
    const hits = [...groups.values()].slice(0, k).map(([best, ...further], i) => ({ ...best!, rank: i + 1, further }));
    if (shortfall === undefined || hits.length === k) return { ...result, hits };
    const reason = `${shortfall.reason}${hits.length < result.hits.length ? `, in ${plural(hits.length, 'document')}` : ''}`;
    return { ...result, hits, shortfall: { ...shortfall, requested: k, returned: hits.length, reason } };
  }
}

/** A hit for programs: of its further passages where they stand. */
export function withPlaces(hit: SearchHit | DocumentHit): object {
  if (!('further' in hit)) return hit;
  const further = hit.further.map(({ start, end, score, headings, page }) => ({
    start,
    end,
    score,
    headings,
    ...given({ page }),
  }));
  return { ...hit, further };
}
