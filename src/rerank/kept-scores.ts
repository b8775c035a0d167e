import { createHash } from 'node:crypto';
import { fromCache, intoCache } from '../encode/cache.ts';
import type { Reranker } from '../search/index.ts';

/** Candidates of a query that are kept at most. */
const MOST = 5000;

/**
 * The same reranker, which scores each candidate of a query once: scores are kept on disk, in the user's folder for caches (`SAGITTA_CACHE`). Only for rerankers
 * whose score of a candidate does not depend on the others.
 * @param key what scores depend on besides query and candidate: the address and the model.
 */
export function keptScores(reranker: Reranker, key: string): Reranker {
  return {
    ...reranker,
    async score(query, candidates, options) {
      const { note, passages } = options;
      const name = JSON.stringify([key, query.content]);
      const known = await readScores(name);
      const hashes = candidates.map((text) => createHash('sha256').update(text).digest('base64url').slice(0, 22));
      const missing = [...candidates.keys()].filter((i) => !known.has(hashes[i]!));
      if (missing.length > 0) {
        const scores = await reranker.score(
          query,
          missing.map((i) => candidates[i]!),
          { ...options, passages: Uint32Array.from(missing, (i) => passages[i]!) },
        );
        for (const [at, i] of missing.entries()) {
          const score = scores[at];
          if (score !== undefined && Number.isFinite(score)) known.set(hashes[i]!, score);
        }
        const kept = JSON.stringify([...known].slice(-MOST));
        await intoCache('scores', name, new TextEncoder().encode(kept));
      }
      const told = candidates.length - missing.length;
      if (told > 0) note?.(`${told} of the scores were kept from before`);
      return Float32Array.from(hashes, (hash) => known.get(hash) ?? Number.NaN);
    },
  };
}

async function readScores(name: string): Promise<Map<string, number>> {
  const content = await fromCache('scores', name);
  return new Map(content === undefined ? [] : (JSON.parse(new TextDecoder().decode(content)) as [string, number][]));
}
