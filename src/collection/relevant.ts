import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, NotFoundError } from '../base/errors.ts';
import { parseRelevance, type RelevanceParameters, relevanceOf } from '../search/index.ts';
import { replaceFile } from '../store/local/filesystem.ts';
import type { RelevantOptions, RelevantResult, SearchOptions, SearchResult } from './types.ts';

/** Hits of a query that its relevance is judged from. */
export const RELEVANCE_DEPTH = 50;

/** What relevance is judged by, beside the manifest. */
export function relevanceFile(directory: string): string {
  return join(directory, 'relevance.json');
}

export function judgesRelevance(directory: string): boolean {
  return existsSync(relevanceFile(directory));
}

/** Writes what relevance is judged by; it replaces what was there at once. */
export async function saveRelevance(directory: string, parameters: RelevanceParameters): Promise<void> {
  await replaceFile(relevanceFile(directory), [`${JSON.stringify(parameters)}\n`]);
}

/** Searches deeper than asked for, judges what comes, and keeps what is probably relevant. */
export async function searchRelevant(
  directory: string,
  search: (options: SearchOptions) => Promise<SearchResult>,
  options: RelevantOptions,
): Promise<RelevantResult> {
  if (!judgesRelevance(directory)) {
    throw new NotFoundError(
      'This collection has not learned what is relevant.',
      'Teach it with judged queries: `sagitta learn-relevance --queries FILE --qrels FILE`.',
    );
  }
  const { retriever } = options as SearchOptions;
  if (retriever !== undefined && retriever !== 'hybrid') {
    throw new InvalidArgumentError(
      `Relevance is judged of hybrid search only, not of ${retriever}.`,
      'Leave the retriever out.',
    );
  }
  const path = relevanceFile(directory);
  const parameters = parseRelevance(readFileSync(path, 'utf8'), path);
  const { k = 10, explain = false } = options;
  const { shortfall: _, ...found } = await search({
    perDocument: 1,
    ...options,
    k: Math.max(k, RELEVANCE_DEPTH),
    explain: true,
  });
  const probabilities = relevanceOf(found.hits, parameters);
  const hits = found.hits
    .flatMap((hit, i) => (probabilities[i]! >= parameters.threshold ? [{ ...hit, relevance: probabilities[i]! }] : []))
    .slice(0, k)
    .map(({ contributions, ...hit }, i) => ({
      ...hit,
      rank: i + 1,
      ...(explain && contributions !== undefined ? { contributions } : {}),
    }));
  const relevance = {
    threshold: parameters.threshold,
    judged: found.hits.length,
    kept: hits.length,
    best: Math.max(0, ...probabilities),
  };
  return { ...found, hits, relevance };
}
