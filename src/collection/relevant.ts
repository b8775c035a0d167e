import { existsSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, NotFoundError, SagittaError } from '../base/errors.ts';
import type { Encoder } from '../encode/encoder.ts';
import { speaks } from '../encode/speaks.ts';
import type { SearchOptions, SearchResult } from '../search/index.ts';
import {
  defaultRelevance,
  formatRelevance,
  parseRelevance,
  type RelevanceParameters,
  relevanceOf,
} from '../search/index.ts';
import { onDisk, replaceFile } from '../store/local/filesystem.ts';
import { manifestPath } from '../store/local/manifest.ts';
import type { RelevantOptions, RelevantResult } from './types.ts';

/** Hits of a query that its relevance is judged from; they are judged in blocks of as many. */
export const RELEVANCE_DEPTH = 50;
/** A block of which a smaller share is kept ends the list. */
const FRUITFUL = 0.5;

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
function relevanceFor(directory: string, encoder: string): Judging | undefined {
  if (existsSync(relevanceFile(directory))) {
    const parameters = readRelevance(directory);
    const { encoder: learned = parameters.query?.encoder ?? encoder } = parameters;
    if (learned === encoder) return { parameters, isOwn: true };
  }
  const parameters = defaultRelevance(encoder);
  return parameters === undefined ? undefined : { parameters, isOwn: false };
}

interface Judging {
  readonly parameters: RelevanceParameters;
  readonly isOwn: boolean;
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

/** What {@link searchRelevant} needs of a collection. */
export interface RelevantSource {
  readonly directory: string;
  readonly search: (query: string, options: SearchOptions) => Promise<SearchResult>;
  readonly queryLanguage: (query: string) => Promise<string>;
  /** The encoder that the collection has now, with its id in the manifest: that of a trained one is another wherever it lies. */
  readonly encoder: () => Promise<{ readonly id: string; readonly encoder: Encoder | undefined }>;
}

/** Searches deeper than asked for, judges what comes, and keeps what is probably relevant. */
export async function searchRelevant(
  { directory, search, queryLanguage, encoder }: RelevantSource,
  query: string,
  options: RelevantOptions,
): Promise<RelevantResult> {
  const { retriever } = options as SearchOptions;
  if (retriever !== undefined && retriever !== 'hybrid') {
    throw new InvalidArgumentError(
      `Relevance is judged of hybrid search only, not of ${retriever}.`,
      'Leave the retriever out.',
    );
  }
  const { id, encoder: own } = await encoder();
  const judging = relevanceFor(directory, id);
  if (judging === undefined) {
    throw new NotFoundError(
      `This collection has not learned what is relevant, and none is known of the encoder "${id}".`,
      'Teach it with judged queries: `sagitta learn-relevance --queries FILE --qrels FILE`.',
    );
  }
  const { k = 10, explain = false } = options;
  // An empty query is the search's to refuse.
  const vector =
    judging.parameters.query === undefined || query.trim() === '' || own === undefined
      ? undefined
      : await queryEmbedding(own, query, {
          ...options,
          language: options.language ?? (await queryLanguage(query)),
        });
  for (let depth = RELEVANCE_DEPTH * Math.ceil(k / RELEVANCE_DEPTH); ; depth += RELEVANCE_DEPTH) {
    const {
      shortfall: _,
      words,
      ...found
    } = await search(query, {
      perDocument: 1,
      ...options,
      ...(vector === undefined ? {} : { vector }),
      k: depth,
      explain: true,
    });
    const parameters = parametersFor(found, judging);
    const { threshold } = parameters;
    const all = relevanceOf(
      { hits: found.hits, ...(words === undefined ? {} : { words }), ...(vector === undefined ? {} : { vector }) },
      parameters,
    );
    const { judged, ended } = judgedPart(all, threshold);
    const probabilities = all.slice(0, judged);
    const kept = found.hits.flatMap((hit, i) =>
      probabilities[i]! >= threshold ? [{ ...hit, relevance: all[i]! }] : [],
    );
    if (kept.length < k && !ended && all.length === depth) continue;
    const hits = kept.slice(0, k).map(({ contributions, match, ...hit }, i) => ({
      ...hit,
      rank: i + 1,
      ...(explain && contributions !== undefined ? { contributions } : {}),
      ...(explain && match !== undefined ? { match } : {}),
    }));
    const best = Math.max(0, ...probabilities);
    const relevance = { threshold, judged, kept: hits.length, best };
    return { ...found, hits, ...(explain && words !== undefined ? { words } : {}), relevance };
  }
}

/** Where vectors had no say, as for a query in a language that the encoder does not know, words decide alone. */
function parametersFor({ hits }: Pick<SearchResult, 'hits'>, { parameters, isOwn }: Judging): RelevanceParameters {
  const hasVectors = hits.some(({ contributions = [] }) => contributions.some(({ stage }) => stage === 'dense'));
  return isOwn || hasVectors ? parameters : defaultRelevance('none')!;
}

/**
 * How much of a list is judged: all of it, or to the end of the first block that is mostly cut. Where a list ends does therefore not
 * depend on how many hits are asked for.
 */
function judgedPart(probabilities: Float64Array, threshold: number): { judged: number; ended: boolean } {
  for (let to = RELEVANCE_DEPTH; to <= probabilities.length; to += RELEVANCE_DEPTH) {
    const block = probabilities.subarray(to - RELEVANCE_DEPTH, to);
    const kept = block.filter((probability) => probability >= threshold).length;
    if (kept < FRUITFUL * RELEVANCE_DEPTH) return { judged: to, ended: true };
  }
  return { judged: probabilities.length, ended: false };
}
