import { InvalidArgumentError, NotFoundError, SagittaError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Encoder } from '../encode/encoder.ts';
import { speaks } from '../encode/speaks.ts';
import type { SearchOptions, SearchResult } from '../search/index.ts';
import {
  CONDITIONS,
  defaultRelevance,
  type Judging,
  parseRelevance,
  pipeline,
  type RelevanceParameters,
} from '../search/index.ts';
import type { BesideFile, StoredCorpus } from '../store/types.ts';
import type { RelevantOptions, RelevantResult } from './types.ts';

/** What of a state says how relevance is judged. */
type State = Pick<StoredCorpus, 'settings' | 'beside'>;

/** The role of the file beside the manifest that says what relevance is judged by. */
export const RELEVANCE = 'relevance';

/**
 * Whether relevance can be judged in a collection: it learned with the encoder that it has now, or this encoder's relevance comes with the
 * software. A file that cannot be read counts: the search that uses it says what is wrong.
 */
export function judgesRelevance(corpus: State): boolean {
  try {
    return relevanceFor(corpus) !== undefined;
  } catch (error) {
    if (error instanceof SagittaError) return true;
    throw error;
  }
}

/** What relevance is judged by: what the collection learned with its encoder, else what comes with the software for it. */
export function relevanceFor(corpus: State): Judging | undefined {
  const { encoder } = corpus.settings;
  const file = corpus.beside(RELEVANCE);
  if (file !== undefined) {
    const parameters = readRelevance(file);
    const { encoder: learned = parameters.query?.encoder ?? encoder } = parameters;
    if (learned === encoder) return { parameters, isOwn: true };
  }
  const parameters = defaultRelevance(encoder);
  return parameters === undefined ? undefined : { parameters, isOwn: false };
}

/** What was read last, by file and checksum: heads are too long to be read for every search. */
const cache = new Map<string, RelevanceParameters>();
const CACHE_SIZE = 32;

function readRelevance(file: BesideFile): RelevanceParameters {
  const key = `${file.file} ${file.bytes}`;
  const before = cache.get(key);
  if (before !== undefined) return before;
  const parameters = parseRelevance(new TextDecoder().decode(file.read()), file.file);
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
  cache.set(key, parameters);
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
 * @param search of the collection.
 */
export async function searchRelevant(
  search: (query: string, options: SearchOptions) => Promise<SearchResult>,
  corpus: State,
  query: string,
  options: RelevantOptions,
): Promise<RelevantResult> {
  const { encoder } = corpus.settings;
  const { retriever } = options as SearchOptions;
  if (retriever !== undefined && retriever !== 'hybrid') {
    throw new InvalidArgumentError(
      `Relevance is judged of hybrid search only, not of ${retriever}.`,
      'Leave the retriever out, or give a pipeline.',
    );
  }
  if (relevanceFor(corpus) === undefined) {
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
  const named = own === undefined ? (encoder === 'none' ? 'bm25' : 'hybrid') : String(ranked);
  return {
    ...result,
    retriever: result.retriever === CONDITIONS ? CONDITIONS : named,
    // What satisfies a query of conditions alone is relevant.
    hits: hits.map((hit) => ({ ...hit, relevance: hit.relevance ?? 1 })),
    relevance: relevance ?? { threshold: 0, usual: 0, judged: hits.length, kept: hits.length, best: 1 },
  };
}
