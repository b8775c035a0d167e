import type { Query } from '../../content/index.ts';
import type { Corpus } from '../../corpus/index.ts';
import type { RankedPassage, Ranking, RetrieveParams, Retriever } from '../types.ts';
import type { Operator } from './types.ts';

export const group: Operator = {
  name: 'group',
  help: 'keeps the best passages of each document',
  takes: 'ranking',
  parameters: { most: { kind: 'whole', least: 1, help: 'Passages of a document, at most. Default 1.' } },
  make: ([input], { most = 1 }, { corpus }) => {
    const limit = most as number;
    return async (query, params) => {
      const found = await gathered(input!, query, corpus, { ...params, perDocument: limit });
      const start = performance.now();
      const { ranking, chosen } = found;
      const left = found.passed - chosen.length;
      return {
        ...ranking,
        hits: chosen,
        trace: {
          stage: `group ${limit}`,
          tookMs: performance.now() - start,
          examined: ranking.hits.length,
          returned: chosen.length,
          note: `${left} further passages of the same documents left out`,
          inputs: [ranking.trace],
        },
      };
    };
  },
};

/** How passages are gathered. */
export interface Gathering extends RetrieveParams {
  readonly perDocument: number;
  /** Ordinals of passages that are never returned. */
  readonly without?: ReadonlySet<number>;
}

/** Asks deeper and deeper until `k` hits remain after limiting each document, or the retriever has no more. */
export async function gathered(
  retriever: Retriever,
  query: Query,
  corpus: Corpus,
  { k, perDocument, without, ...rest }: Gathering,
): Promise<{ readonly ranking: Ranking; readonly chosen: readonly RankedPassage[]; readonly passed: number }> {
  const limit = Math.max(1, corpus.passageCount);
  const least = k + (without?.size ?? 0);
  let depth = Math.min(limit, perDocument === Number.POSITIVE_INFINITY ? least : k * 3);
  for (;;) {
    const all = await retriever(query, { k: depth, ...rest });
    const hits = without === undefined ? all.hits : all.hits.filter(({ passage }) => !without.has(passage));
    const ranking = { ...all, hits };
    const { chosen, passed } = await limitPerDocument(hits, corpus, perDocument, k);
    if (chosen.length >= k || all.hits.length < depth || depth >= limit) return { ranking, chosen, passed };
    depth = Math.min(limit, depth * 4);
  }
}

/** @returns at most k, and how many hits were passed to find them. */
async function limitPerDocument(
  hits: readonly RankedPassage[],
  corpus: Corpus,
  perDocument: number,
  k: number,
): Promise<{ chosen: readonly RankedPassage[]; passed: number }> {
  if (perDocument === Number.POSITIVE_INFINITY) {
    const chosen = hits.slice(0, k);
    return { chosen, passed: chosen.length };
  }
  const owners = await corpus.documentsOf(hits.map(({ passage }) => passage));
  const seen = new Map<number, number>();
  const chosen: RankedPassage[] = [];
  let passed = 0;
  for (const [i, hit] of hits.entries()) {
    if (chosen.length === k) break;
    passed++;
    const count = seen.get(owners[i]!) ?? 0;
    if (count >= perDocument) continue;
    seen.set(owners[i]!, count + 1);
    chosen.push(hit);
  }
  return { chosen, passed };
}
