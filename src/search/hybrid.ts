import { type FuseOptions, fuse } from './fuse.ts';
import { convex, type Fusion } from './fusions.ts';
import type { Retriever } from './types.ts';

/** Options of {@link hybrid}. */
export interface HybridOptions extends Pick<FuseOptions, 'candidates'> {
  /** Default: a convex combination of scores, each divided by what the query could reach. */
  readonly fusion?: Fusion;
  /** Weights of BM25 and dense. Default: the dense ranking has its encoder's share, BM25 the rest. */
  readonly weights?: readonly [bm25: number, dense: number];
}

/**
 * What `hybrid` means wherever it is searched with, measured or tuned: BM25 and dense retrieval, fused.
 * @param denseShare share of the dense ranking, 0 to 1: see `denseShareOf` of `sagitta-search/encode`.
 */
export function hybrid(
  lexical: Retriever,
  semantic: Retriever,
  denseShare: number,
  options: HybridOptions = {},
): Retriever {
  const { fusion = convex(), weights = [1 - denseShare, denseShare], candidates } = options;
  return fuse([lexical, semantic], fusion, { weights, ...(candidates === undefined ? {} : { candidates }) });
}
