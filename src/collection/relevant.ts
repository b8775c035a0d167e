import { existsSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, NotFoundError, SagittaError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Encoder } from '../encode/encoder.ts';
import { speaks } from '../encode/speaks.ts';
import type { SearchOptions, SearchResult } from '../search/index.ts';
import {
  defaultRelevance,
  formatRelevance,
  type Judging,
  parseRelevance,
  pipeline,
  type RelevanceParameters,
} from '../search/index.ts';
import { onDisk, replaceFile } from '../store/local/filesystem.ts';
import { manifestPath } from '../store/local/manifest.ts';
import type { RelevantOptions, RelevantResult } from './types.ts';

/** What relevance is judged by, beside the manifest. */
export function relevanceFile(directory: string): string {
  return join(directory, 'relevance.json');
}

/**
 * Whether relevance can be judged in a collection: it learned with the encoder that it has now, or this encoder's relevance comes with the
 * software. A file that cannot be read counts: the search that uses it says what is wrong.
 * @param encoder id of the encoder, `none` without one.
 */
export function judgesRelevance(directory: string, encoder: string): boolean {
  try {
    return relevanceFor(directory, encoder) !== undefined;
  } catch (error) {
    if (error instanceof SagittaError) return true;
    throw error;
  }
}

/** What relevance is judged by: what the collection learned with this encoder, else what comes with the software for it. */
export function relevanceFor(directory: string, encoder: string): Judging | undefined {
  if (existsSync(relevanceFile(directory))) {
    const parameters = readRelevance(directory);
    const { encoder: learned = parameters.query?.encoder ?? encoder } = parameters;
    if (learned === encoder) return { parameters, isOwn: true };
  }
  const parameters = defaultRelevance(encoder);
  return parameters === undefined ? undefined : { parameters, isOwn: false };
}

/** Writes what relevance is judged by; it replaces what was there at once. */
export async function saveRelevance(directory: string, parameters: RelevanceParameters): Promise<void> {
  await replaceFile(relevanceFile(directory), [formatRelevance(parameters)]);
}

/**
 * Drops what was learned of relevance before the collection got the encoder that it has now.
 * @returns whether there was something.
 */
export async function dropRelevance(directory: string): Promise<boolean> {
  const path = relevanceFile(directory);
  const learned = statSync(path, { throwIfNoEntry: false });
  if (learned === undefined || learned.mtimeMs > statSync(manifestPath(directory)).mtimeMs) return false;
  await onDisk(path, () => rm(path, { force: true }));
  return true;
}

/** What was read last of a file, as long as the file stays the same: heads are too long to be read for every search. */
const cache = new Map<string, { readonly stamp: string; readonly parameters: RelevanceParameters }>();
const CACHE_SIZE = 32;

function readRelevance(directory: string): RelevanceParameters {
  const path = relevanceFile(directory);
  const { mtimeMs, size, ino } = statSync(path);
  const stamp = [mtimeMs, size, ino].join();
  const before = cache.get(path);
  if (before?.stamp === stamp) return before.parameters;
  const parameters = parseRelevance(readFileSync(path, 'utf8'), path);
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
  cache.set(path, { stamp, parameters });
  return parameters;
}

/**
 * The embedding of a query as relevance is learned from it, and judged by it.
 * @returns undefined where the encoder does not know the query's language.
 */
export async function queryEmbedding(
  encoder: Encoder,
  query: string,
  { language, signal }: { readonly language: string; readonly signal?: AbortSignal },
): Promise<Float32Array | undefined> {
  if (!speaks(encoder, language)) return undefined;
  return (await encoder.encode([query], { role: 'query', ...(signal === undefined ? {} : { signal }) })).row(0);
}

/**
 * Searches by a pipeline, at most so many passages of a document, and cuts by relevance.
 * @param search of the collection. @param encoder id of the encoder that it has now, `none` without one.
 */
export async function searchRelevant(
  search: (query: string, options: SearchOptions) => Promise<SearchResult>,
  { directory, encoder }: { readonly directory: string; readonly encoder: string },
  query: string,
  options: RelevantOptions,
): Promise<RelevantResult> {
  const { retriever } = options as SearchOptions;
  if (retriever !== undefined && retriever !== 'hybrid') {
    throw new InvalidArgumentError(
      `Relevance is judged of hybrid search only, not of ${retriever}.`,
      'Leave the retriever out, or give a pipeline.',
    );
  }
  if (relevanceFor(directory, encoder) === undefined) {
    throw new NotFoundError(
      `This collection has not learned what is relevant, and none is known of the encoder "${encoder}".`,
      'Teach it with judged queries: `sagitta learn-relevance --queries FILE --qrels FILE`.',
    );
  }
  const {
    candidates,
    pipeline: own,
    least,
    perDocument = least === 0 ? Number.POSITIVE_INFINITY : 1,
    explain = false,
    ...rest
  } = options;
  const standard = encoder === 'none' ? pipeline('words') : pipeline('words').fuse('meaning', given({ candidates }));
  const ranked = own === undefined ? standard : pipeline(own);
  const grouped = perDocument === Number.POSITIVE_INFINITY ? ranked : ranked.group(perDocument);
  const found = await search(query, { ...rest, explain, pipeline: grouped.cut(given({ least })) });
  const { shortfall: _, relevance, hits, ...result } = found;
  return {
    ...result,
    retriever: own === undefined ? (encoder === 'none' ? 'bm25' : 'hybrid') : String(ranked),
    hits: hits.map((hit) => ({ ...hit, relevance: hit.relevance! })),
    relevance: relevance!,
  };
}
