import type { CrossEncoder } from '../encode/cross/cross.ts';
import { speaks } from '../encode/speaks.ts';
import type { Reranker } from '../search/index.ts';

/** Settings of {@link crossReranker}. */
export interface CrossRerankerOptions {
  /** What pipelines call it. Default `cross`. */
  readonly id?: string;
  /** Candidates that it reads where a pipeline says nothing else. Default 20. */
  readonly depth?: number;
  /** What its scores count beside those before where a pipeline says nothing else, from 0 to 1. Default 1. */
  readonly weight?: number;
  /** Milliseconds that it may take where a pipeline says nothing else; what it has read by then counts. Default 5000. */
  readonly budgetMs?: number;
}

const DEPTH = 20;
const BUDGET_MS = 5000;

/**
 * A cross-encoder as a reranker. Where it does not know the query's language it says nothing, and the ranking stays.
 * @param open called at the first search, again where it failed.
 */
export function crossReranker(open: () => Promise<CrossEncoder>, options: CrossRerankerOptions = {}): Reranker {
  const { id = 'cross', depth = DEPTH, weight = 1, budgetMs = BUDGET_MS } = options;
  let opened: Promise<CrossEncoder> | undefined;
  return {
    id,
    depth,
    weight,
    budgetMs,
    async score({ content, language = 'und' }, candidates, { signal, note }) {
      opened ??= open().catch((error) => {
        opened = undefined;
        throw error;
      });
      const cross = await opened;
      if (!speaks(cross, language)) {
        note?.(`${cross.id} does not know the query's language (${language})`);
        return new Float32Array(candidates.length).fill(Number.NaN);
      }
      const start = performance.now();
      const scores = await cross.score(content, candidates, signal === undefined ? {} : { signal });
      const read = scores.reduce((count, score) => count + (Number.isNaN(score) ? 0 : 1), 0);
      note?.(`${cross.id} read ${read} of ${candidates.length} in ${Math.round(performance.now() - start)} ms`);
      return scores;
    },
  };
}
