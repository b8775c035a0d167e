import { InvalidArgumentError, NotFoundError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { type Corpus, MEANING } from '../corpus/index.ts';
import { compiledPipeline } from './compiled.ts';
import type { PassageReference, SearchHit, SearchResult, SimilarOptions } from './options.ts';
import type { PipelineInput } from './pipeline/index.ts';
import { hasMeaning, type SearchEnvironment, searchCorpus } from './searching.ts';

/** Characters of a document by which it is searched for with words: its beginning says what it is about, and all of a book would match everything. */
const WORDS_OF = 5000;
/** What is taken away of the mean of what hits shall be unlike, for one of the mean of what they shall be like. */
const AWAY = 0.5;

/**
 * Passages similar to a passage, a document or several of them, and unlike others: nearest to the mean of the vectors of those that are liked, less half of the mean of those that are not
 * (J. J. Rocchio, "Relevance feedback in information retrieval", 1971); a document has the mean of its passages. By BM25 with their own words where there are no vectors. One passage alone
 * is not among the hits; of a document and of several, liked or not, no passage of their documents is. `by: 'nearest'` takes each of several by itself: a hit scores what it scores for the nearest.
 * @throws NotFoundError when there is no such passage; InvalidArgumentError for none, and for `unlike` without vectors.
 */
export async function similarInCorpus(
  corpus: Corpus,
  passages: PassageReference | readonly PassageReference[],
  { unlike = [], by = 'mean', ...options }: SimilarOptions = {},
  environment: SearchEnvironment = {},
): Promise<SearchResult> {
  const like = isOne(passages) ? [passages] : passages;
  if (like.length === 0) {
    throw new InvalidArgumentError(
      'Nothing is named that passages shall be like.',
      'Name at least one: an id, or `id` and `start` of a hit.',
    );
  }
  const liked = await Promise.all(like.map((one) => passagesOf(corpus, one)));
  const disliked = await Promise.all(unlike.map((one) => passagesOf(corpus, one)));
  const { retriever, pipeline } = options;
  const byWords = retriever === 'bm25' || !hasMeaning(corpus) || !(await meansSomething(corpus, pipeline, environment));
  const vector = byWords ? undefined : await between(corpus, liked, disliked);
  if (vector === undefined && unlike.length > 0) {
    throw new InvalidArgumentError(
      'By words alone passages cannot be unlike others.',
      'Leave out what they shall be unlike, or search by meaning (dense or hybrid) where the collection has embeddings.',
    );
  }
  if (by !== 'mean' && by !== 'nearest') {
    throw new InvalidArgumentError(`by is "${by}".`, 'Choose mean or nearest.');
  }
  const others = { without: await neverReturned(corpus, [...liked, ...disliked].flat()) };
  if (by === 'nearest' && liked.length > 1) {
    checkNearest(vector, options);
    const ways = await Promise.all(liked.map((one) => between(corpus, [one], disliked)));
    const searches = ways
      .filter((way) => way !== undefined)
      .map((way) => searchCorpus(corpus, '', { ...options, ...others, vector: way }, environment));
    return united(corpus, await Promise.all(searches), options.k ?? 10);
  }
  if (vector !== undefined && retriever !== 'hybrid' && pipeline === undefined) {
    return searchCorpus(corpus, '', { ...options, ...others, vector }, environment);
  }
  const how = pipeline === undefined && vector === undefined ? { retriever: retriever ?? 'bm25' } : given({ vector });
  const plain = { syntax: false, complete: false, variants: false };
  return searchCorpus(
    corpus,
    await wordsOfAll(corpus, liked),
    { ...options, ...others, ...how, ...plain },
    environment,
  );
}

/** Whether a pipeline searches by meaning, as the default one does. */
async function meansSomething(
  corpus: Corpus,
  pipeline: PipelineInput | undefined,
  environment: SearchEnvironment,
): Promise<boolean> {
  if (pipeline === undefined) return true;
  const { fields } = await compiledPipeline(pipeline, { corpus, ...environment });
  return fields.some(({ name }) => name === MEANING);
}

/** @throws InvalidArgumentError for what rankings of several passages cannot be united by. */
function checkNearest(vector: Float32Array | undefined, { retriever, pipeline, cursor, sort }: SimilarOptions): void {
  const beside = [
    [vector === undefined, 'words alone'],
    [retriever !== undefined && retriever !== 'dense', `the retriever "${retriever}"`],
    [pipeline !== undefined, 'a pipeline'],
    [cursor !== undefined, 'a cursor'],
    [sort !== undefined, 'an order by fields'],
  ].find(([isGiven]) => isGiven === true);
  if (beside === undefined) return;
  throw new InvalidArgumentError(
    `What is like the nearest of several passages is found by meaning alone, in one page, and not by ${beside[1]}.`,
    'Leave that out, or ask for what is like their mean.',
  );
}

/** The hits of several rankings by their best scores: the first k of all are among the first k of each. */
function united(corpus: Corpus, results: readonly SearchResult[], k: number): SearchResult {
  const [first] = results as [SearchResult, ...SearchResult[]];
  const best = new Map<string, SearchHit>();
  for (const hit of results.flatMap(({ hits }) => hits)) {
    const key = `${hit.start} ${hit.id}`;
    if (!((best.get(key)?.score ?? Number.NEGATIVE_INFINITY) >= hit.score)) best.set(key, hit);
  }
  const told = new Set<string>();
  const hits: SearchHit[] = [];
  for (const [key, hit] of [...best].sort(([, a], [, b]) => b.score - a.score)) {
    if (told.has(key)) continue;
    for (const { start, id } of hit.repeats ?? []) told.add(`${start} ${id}`);
    hits.push(hit);
    if (hits.length === k) break;
  }
  const { next: _, shortfall, ...rest } = first;
  // Each search found k; some of what one found repeats what another did.
  const repeated = { requested: k, allowed: corpus.passageCount, reason: 'what else was found repeats these' };
  return {
    ...rest,
    hits: hits.map((hit, i) => ({ ...hit, rank: i + 1 })),
    tookMs: Math.max(...results.map(({ tookMs }) => tookMs)),
    examined: Math.max(...results.map(({ examined }) => examined)),
    ...(hits.length === k ? {} : { shortfall: { ...(shortfall ?? repeated), returned: hits.length } }),
  };
}

function isOne(passages: PassageReference | readonly PassageReference[]): passages is PassageReference {
  return !Array.isArray(passages);
}

/** Ordinals of what is named: of one passage, or of all of a document. */
type Named = readonly number[];

/** Undefined where none of the liked has a vector. */
async function between(
  corpus: Corpus,
  liked: readonly Named[],
  disliked: readonly Named[],
): Promise<Float32Array | undefined> {
  const [towards, away] = [await middleOf(corpus, liked), await middleOf(corpus, disliked)];
  if (towards === undefined || away === undefined) return towards;
  return unit(towards.map((component, i) => component - AWAY * away[i]!));
}

/** The mean of the vectors of what is named, each counting the same; undefined where nothing has one. */
async function middleOf(corpus: Corpus, named: readonly Named[]): Promise<Float32Array | undefined> {
  const vectors: Float32Array[] = [];
  for (const passages of named) {
    const items = (await corpus.get(MEANING, Uint32Array.from(passages))) as readonly (Float32Array | undefined)[];
    const own = meanOf(items.filter((item) => item !== undefined));
    if (own !== undefined) vectors.push(own);
  }
  return meanOf(vectors);
}

/** One alone stays as it is. */
function meanOf(vectors: readonly Float32Array[]): Float32Array | undefined {
  const [first, ...more] = vectors;
  if (first === undefined || more.length === 0) return first;
  return unit(first.map((_, i) => vectors.reduce((total, vector) => total + vector[i]!, 0)));
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((component) => component / (length || 1));
}

/** Their texts, one after the other; of a passage without text the title of its document. */
async function wordsOfAll(corpus: Corpus, named: readonly Named[]): Promise<string> {
  const texts: string[] = [];
  for (const ordinals of named) {
    const passages = await corpus.passages(ordinals);
    const documents = await corpus.documents(passages.map(({ document }) => document));
    const own = passages.map(({ text }, i) => text || documents[i]!.title);
    texts.push(own.length === 1 ? own[0]! : own.join('\n').slice(0, WORDS_OF));
  }
  return texts.join('\n');
}

/** One passage alone; of a document and of several, liked or not, all passages of their documents. */
async function neverReturned(corpus: Corpus, named: Named): Promise<ReadonlySet<number>> {
  if (named.length === 1) return new Set(named);
  const without = new Set<number>();
  for (const { id } of await corpus.documents(await corpus.documentsOf(named))) {
    const { from, to } = (await corpus.find(id))!;
    for (let passage = from; passage < to; passage++) without.add(passage);
  }
  return without;
}

/** The passage that starts at `start`, or holds that character; without `start` all of the document's. @throws NotFoundError for none. */
async function passagesOf(corpus: Corpus, { id, start }: PassageReference): Promise<Named> {
  const found = await corpus.find(id);
  if (found === undefined) throw noSuchDocument(id);
  const { from, to } = found;
  const all = Array.from({ length: to - from }, (_, i) => from + i);
  if (start === undefined && all.length > 0) return all;
  const passages = await corpus.passages(all);
  const at = passages.findIndex((one) => one.start === start || (one.start <= start! && start! < one.end));
  if (at >= 0) return [from + at];
  throw new NotFoundError(
    `The document "${id}" has no passage at ${start ?? 'all'}.`,
    'Take `id` and `start` from a search hit.',
  );
}

/** What is said of an id that no document has. */
export function noSuchDocument(id: string): NotFoundError {
  return new NotFoundError(`There is no document "${id}" in the collection.`, 'Take an id from a search hit.');
}
