import type { BitSet } from '../base/bits.ts';
import { InvalidArgumentError, NotFoundError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { denseShareOf } from '../encode/dense-share.ts';
import type { Encoder } from '../encode/encoder.ts';
import {
  bm25,
  checkFields,
  checkFilter,
  compileFilter,
  dense,
  explainNothing,
  type Filter,
  hybrid,
  parseFilter,
  type Query,
  QueryMatcher,
  type RankedPassage,
  type Ranking,
  type Retriever,
} from '../search/index.ts';
import type { DocumentRecord, Snapshot } from '../store/types.ts';
import { analyzerFor, highlight } from '../text/index.ts';
import { analysisLanguage, analyzeQuery, leftOut, primary } from './prepare.ts';
import { languagesFor, queryLanguage } from './query-language.ts';
import { checkLanguage } from './settings.ts';
import type {
  DocumentRanking,
  IndexingSettings,
  PassageReference,
  RetrieverName,
  SearchHit,
  SearchOptions,
  SearchResult,
  Shortfall,
  SimilarOptions,
} from './types.ts';

/** What a search works on. */
export interface SearchContext {
  readonly snapshot: Snapshot;
  readonly settings: IndexingSettings;
  /** Loads the encoder on first use; undefined for a lexical collection. */
  readonly encoder: (() => Promise<Encoder>) | undefined;
}

/** {@link SearchOptions}, and what only searches within a snapshot can say. */
export interface SnapshotSearchOptions extends SearchOptions {
  /** Ordinal of a passage that is never returned. */
  readonly without?: number;
}

/** All names of options: a misspelt filter must not search unfiltered. */
const OPTIONS: Readonly<Record<keyof SnapshotSearchOptions, true>> = {
  k: true,
  retriever: true,
  filter: true,
  perDocument: true,
  language: true,
  fusion: true,
  weights: true,
  refine: true,
  candidates: true,
  nprobe: true,
  explain: true,
  vector: true,
  signal: true,
  without: true,
};

/** Runs one search over one snapshot. */
export async function searchSnapshot(
  context: SearchContext,
  text: string,
  options: SnapshotSearchOptions = {},
): Promise<SearchResult> {
  const start = performance.now();
  const { snapshot, settings } = context;
  const { k = 10, perDocument = Number.POSITIVE_INFINITY } = options;
  const { name, language, allowed, ranking, chosen } = await retrieve(context, text, { ...options, k, perDocument });
  if (name === 'dense' && ranking.abstained === true) {
    const { id, languages = [] } = await context.encoder!();
    throw new InvalidArgumentError(
      `The query is in language "${language}", which the encoder ${id} does not know (it knows ${languages.join(', ')}).`,
      "Use hybrid or bm25, or name the query's language if it was misjudged.",
    );
  }
  const analysis = languagesFor(language, snapshot, settings);
  const terms = new Set(analyzeQuery(text, analysis.own, analysis.others).map(({ term }) => term));
  const words = { any: terms.size > 0, leftOut: leftOut(text, analysis.own) };
  const hits = chosen.map((hit, position) => toHit(hit, position + 1, snapshot, settings, terms));
  const shortfall =
    hits.length < k
      ? explainShortfall(snapshot, k, hits.length, perDocument, ranking, allowed, options.filter, words)
      : undefined;
  const explained =
    options.explain === true ? await explain(context, text, { name, chosen, hits, analysis: analysis.own }) : { hits };
  return {
    query: text,
    retriever: name,
    language,
    tookMs: performance.now() - start,
    ...explained,
    examined: examinedBy(ranking),
    ...(shortfall === undefined ? {} : { shortfall }),
    trace: ranking.trace,
  };
}

/** What is said of hits, and of the words that were asked for, where somebody wants to know. */
async function explain(
  { snapshot, encoder }: SearchContext,
  text: string,
  {
    name,
    chosen,
    hits,
    analysis,
  }: Pick<Retrieved, 'name' | 'chosen'> & { readonly hits: readonly SearchHit[]; readonly analysis: readonly string[] },
): Promise<Pick<SearchResult, 'hits' | 'words'>> {
  const matcher = new QueryMatcher(snapshot, text, analysis);
  const matches = matcher.match(chosen.map(({ passage }) => passage));
  const explained = hits.map((hit, i) => {
    const { contributions = [{ stage: name, rank: hit.rank, score: hit.score, share: hit.score }] } = chosen[i]!;
    return { ...hit, contributions, match: matches[i]! };
  });
  return { hits: explained, words: await matcher.words(name === 'bm25' ? undefined : await encoder?.()) };
}

/** Runs one search and returns documents by their best passage, without texts. */
export async function rankSnapshot(
  context: SearchContext,
  text: string,
  options: SearchOptions = {},
): Promise<DocumentRanking> {
  const start = performance.now();
  const { snapshot } = context;
  const { k = 10 } = options;
  const { name, language, ranking, chosen } = await retrieve(context, text, { ...options, k, perDocument: 1 });
  return {
    retriever: name,
    language,
    ids: chosen.map(({ passage }) => snapshot.document(snapshot.passage(passage).document).id),
    scores: Float64Array.from(chosen, ({ score }) => score),
    abstained: ranking.abstained === true,
    tookMs: performance.now() - start,
  };
}

interface Retrieved {
  readonly name: RetrieverName;
  readonly language: string;
  readonly allowed: BitSet | undefined;
  readonly ranking: Ranking;
  /** At most k passages. */
  readonly chosen: readonly RankedPassage[];
}

/** What every kind of search begins with: checks, the choice of a retriever, and the passages. */
async function retrieve(
  context: SearchContext,
  text: string,
  options: SnapshotSearchOptions & { readonly k: number; readonly perDocument: number },
): Promise<Retrieved> {
  const { snapshot } = context;
  const { k, perDocument, signal, vector, without } = options;
  checkQuery(text, k, perDocument, options);
  if (options.language !== undefined) checkLanguage(primary(options.language));
  signal?.throwIfAborted();
  const name = options.retriever ?? defaultRetriever(text, context);
  const language = options.language === undefined ? queryLanguage(text, snapshot) : primary(options.language);
  const retriever = await retrieverFor(name, context, options);
  const allowed = options.filter === undefined ? undefined : allowedPassages(snapshot, options.filter);
  const query: Query = { text, language, ...(vector === undefined ? {} : { vector: Float32Array.from(vector) }) };
  const found = await gather(retriever, query, snapshot, {
    k,
    perDocument,
    ...(without === undefined ? {} : { without }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { name, language, allowed, ...found };
}

function checkQuery(text: string, k: number, perDocument: number, options: SearchOptions): void {
  const { vector, retriever } = options;
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTIONS, name));
  if (unknown !== undefined) {
    const guess = nearest(unknown, Object.keys(OPTIONS));
    throw new InvalidArgumentError(
      `A search has no option "${unknown}".`,
      guess === undefined ? `Known: ${Object.keys(OPTIONS).join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
  if (typeof text !== 'string' || (text.trim() === '' && vector === undefined))
    throw new InvalidArgumentError('The query is empty.', 'Ask for at least one word.');
  if (vector !== undefined && text.trim() === '' && retriever !== undefined && retriever !== 'dense') {
    throw new InvalidArgumentError(
      `The retriever "${retriever}" needs words, and the query is a vector alone.`,
      'Use dense, or give the words too.',
    );
  }
  if (vector !== undefined && retriever === 'bm25') {
    throw new InvalidArgumentError('The retriever "bm25" has no use for a vector.', 'Use dense or hybrid.');
  }
  if (!Number.isInteger(k) || k < 1)
    throw new InvalidArgumentError(`k is ${k}.`, 'Ask for a whole number of hits, at least 1.');
  if (!(perDocument >= 1 && (Number.isInteger(perDocument) || perDocument === Number.POSITIVE_INFINITY))) {
    throw new InvalidArgumentError(
      `perDocument is ${perDocument}.`,
      'Allow a whole number of passages of a document, at least 1.',
    );
  }
  const { nprobe = 1 } = options;
  if (!(Number.isInteger(nprobe) && nprobe >= 1)) {
    throw new InvalidArgumentError(`nprobe is ${nprobe}.`, 'Scan a whole number of lists, at least 1.');
  }
}

function defaultRetriever(text: string, { encoder }: SearchContext): RetrieverName {
  if (text.trim() === '') return 'dense';
  return encoder === undefined ? 'bm25' : 'hybrid';
}

async function retrieverFor(name: RetrieverName, context: SearchContext, options: SearchOptions): Promise<Retriever> {
  const { snapshot, settings } = context;
  const lexical = lexicalRetriever(snapshot, settings);
  if (name === 'bm25') return lexical;
  if (name !== 'dense' && name !== 'hybrid') {
    const guess = nearest(name, ['bm25', 'dense', 'hybrid']);
    throw new InvalidArgumentError(
      `Unknown retriever "${name}".`,
      guess === undefined ? 'Choose bm25, dense or hybrid.' : `Did you mean "${guess}"?`,
    );
  }
  if (context.encoder === undefined) {
    throw new InvalidArgumentError(
      `This collection has no embeddings, so "${name}" cannot search it.`,
      'Use the retriever bm25, or index again into a new collection with an encoder.',
    );
  }
  const encoder = await context.encoder();
  const semantic = dense(snapshot, encoder, {
    ...(options.refine === undefined ? {} : { refine: options.refine }),
    ...(options.nprobe === undefined ? {} : { nprobe: options.nprobe }),
  });
  if (name === 'dense') return semantic;
  return hybrid(lexical, semantic, denseShareOf(encoder), options);
}

/** BM25 as a collection searches with it: queries are analysed in their language, or in those of the collection. */
export function lexicalRetriever(snapshot: Snapshot, settings: IndexingSettings): Retriever {
  return bm25(snapshot, ({ text, language = 'und' }) => {
    const { own, others } = languagesFor(language, snapshot, settings);
    return analyzeQuery(text, own, others);
  });
}

/**
 * Passages similar to one: nearest by its embedding; by BM25 with its own words where it has none.
 * @throws NotFoundError when there is no such passage.
 */
export async function similarInSnapshot(
  context: SearchContext,
  { id, start }: PassageReference,
  options: SimilarOptions = {},
): Promise<SearchResult> {
  const { snapshot } = context;
  const passage = findPassage(snapshot, id, start);
  const vector = options.retriever === 'bm25' ? undefined : snapshot.passageVector(passage);
  if (vector !== undefined && options.retriever !== 'hybrid') {
    return searchSnapshot(context, '', { ...options, vector, without: passage });
  }
  const { title } = snapshot.document(snapshot.passage(passage).document);
  const text = snapshot.passageText(passage) || title;
  return searchSnapshot(context, text, {
    ...options,
    ...(vector === undefined ? { retriever: options.retriever ?? 'bm25' } : { vector }),
    without: passage,
  });
}

/** Ordinal of the passage of a document that starts at `start`, or holds that character. */
function findPassage(snapshot: Snapshot, id: string, start: number | undefined): number {
  const document = snapshot.findDocument(id);
  if (document === undefined) throw noSuchDocument(id);
  const { from, to } = snapshot.documentPassages(document);
  if (start === undefined && from < to) return from;
  for (let passage = from; passage < to; passage++) {
    const { start: first, end } = snapshot.passage(passage);
    if (first === start || (first <= start! && start! < end)) return passage;
  }
  throw new NotFoundError(
    `The document "${id}" has no passage at ${start ?? 'all'}.`,
    'Take `id` and `start` from a search hit.',
  );
}

/** What is said of an id that no document has. */
export function noSuchDocument(id: string): NotFoundError {
  return new NotFoundError(`There is no document "${id}" in the collection.`, 'Take an id from a search hit.');
}

/** Filters are compiled once per snapshot: the same expression again costs a look-up. */
const filterCache = new WeakMap<Snapshot, Map<string, BitSet>>();
const FILTER_CACHE_SIZE = 32;

/**
 * Which documents a filter lets through, also those without passages.
 * @throws InvalidArgumentError when it does not parse or names an unknown field.
 */
export function documentFilter(snapshot: Snapshot, given: Filter | string): (document: DocumentRecord) => boolean {
  const filter = checkedFilter(given);
  allowedPassages(snapshot, filter);
  return compileFilter(filter);
}

function checkedFilter(given: Filter | string): Filter {
  const filter = typeof given === 'string' ? parseFilter(given) : given;
  checkFilter(filter);
  return filter;
}

/** Passages that a filter lets through. @throws InvalidArgumentError when it does not parse or names an unknown field. */
export function allowedPassages(snapshot: Snapshot, given: Filter | string): BitSet {
  const filter = checkedFilter(given);
  const key = JSON.stringify(filter);
  let cache = filterCache.get(snapshot);
  if (cache === undefined) {
    cache = new Map();
    filterCache.set(snapshot, cache);
  }
  let allowed = cache.get(key);
  if (allowed === undefined) {
    const known = new Set<string>();
    const predicate = compileFilter(filter);
    allowed = snapshot.selectPassages((document) => {
      for (const field in document.metadata) known.add(field);
      return predicate(document);
    });
    checkFields(filter, known);
    if (cache.size >= FILTER_CACHE_SIZE) cache.delete(cache.keys().next().value!);
    cache.set(key, allowed);
  }
  return allowed;
}

interface Gathering {
  readonly k: number;
  readonly perDocument: number;
  readonly allowed?: BitSet;
  readonly without?: number;
  readonly signal?: AbortSignal;
}

/** Asks deeper and deeper until `k` hits remain after limiting each document, or the retriever has no more. */
async function gather(
  retriever: Retriever,
  query: Query,
  snapshot: Snapshot,
  { k, perDocument, without, ...rest }: Gathering,
): Promise<{ ranking: Ranking; chosen: RankedPassage[] }> {
  const limit = Math.max(1, snapshot.passageCount);
  const least = without === undefined ? k : k + 1;
  let depth = Math.min(limit, perDocument === Number.POSITIVE_INFINITY ? least : k * 3);
  for (;;) {
    const all = await retriever(query, { k: depth, ...rest });
    const hits = without === undefined ? all.hits : all.hits.filter(({ passage }) => passage !== without);
    const ranking = { ...all, hits };
    const chosen = limitPerDocument(hits, snapshot, perDocument, k);
    if (chosen.length >= k || all.hits.length < depth || depth >= limit) return { ranking, chosen };
    depth = Math.min(limit, depth * 4);
  }
}

function limitPerDocument(
  hits: readonly RankedPassage[],
  snapshot: Snapshot,
  perDocument: number,
  k: number,
): RankedPassage[] {
  if (perDocument === Number.POSITIVE_INFINITY) return hits.slice(0, k);
  const seen = new Map<number, number>();
  const chosen: RankedPassage[] = [];
  for (const hit of hits) {
    if (chosen.length === k) break;
    const { document } = snapshot.passage(hit.passage);
    const count = seen.get(document) ?? 0;
    if (count >= perDocument) continue;
    seen.set(document, count + 1);
    chosen.push(hit);
  }
  return chosen;
}

function toHit(
  hit: RankedPassage,
  rank: number,
  snapshot: Snapshot,
  settings: IndexingSettings,
  terms: ReadonlySet<string>,
): SearchHit {
  const passage = snapshot.passage(hit.passage);
  const document = snapshot.document(passage.document);
  const text = snapshot.passageText(hit.passage);
  return {
    rank,
    score: hit.score,
    id: document.id,
    ...(document.path === undefined ? {} : { path: document.path }),
    title: document.title,
    text,
    start: passage.start,
    end: passage.end,
    headings: passage.headings,
    ...(passage.page === undefined ? {} : { page: passage.page }),
    language: document.language,
    metadata: document.metadata,
    highlights: highlight(text, terms, analyzerFor(analysisLanguage(document.language, settings))),
  };
}

function explainShortfall(
  snapshot: Snapshot,
  requested: number,
  returned: number,
  perDocument: number,
  ranking: Ranking,
  allowed: BitSet | undefined,
  filter: Filter | string | undefined,
  words: { readonly any: boolean; readonly leftOut: readonly string[] },
): Shortfall {
  const count = allowed?.count ?? snapshot.passageCount;
  const matching = ranking.hits.length;
  return { requested, returned, allowed: count, reason: reasonFor() };

  function reasonFor(): string {
    if (snapshot.passageCount === 0) return 'the collection is empty';
    if (count === 0) return explainFilter(snapshot, filter) ?? 'no document satisfies the filter';
    if (matching > returned)
      return `${passages(matching)} matched, but at most ${perDocument} of a document were wanted`;
    if (matching >= count && allowed === undefined) return `the collection holds only ${passages(count)}`;
    if (matching >= count) return `the filter allows only ${passages(count)}`;
    const stages = [...foundBy(ranking)].filter((stage) => words.any || stage !== 'bm25');
    const wordless = words.any ? '' : 'the query has no words';
    if (stages.length === 0) return wordless;
    const among = `of ${passages(count)}${allowed === undefined ? '' : ' that the filter allows'}`;
    const matched = stages.map((stage) =>
      stage === 'bm25' ? wordsMatched(words.leftOut) : (MATCHING[stage] ?? `match (${stage})`),
    );
    return `${wordless}${wordless === '' ? '' : ', and '}${among}, ${matching} ${matched.join(' or ')}`;
  }
}

/** Why a filter lets nothing through, where one of its conditions is to blame. */
function explainFilter(snapshot: Snapshot, filter: Filter | string | undefined): string | undefined {
  if (filter === undefined) return undefined;
  return explainNothing(checkedFilter(filter), (look) => {
    snapshot.selectPassages((document) => {
      look(document);
      return false;
    });
  });
}

/** What a passage that words find has. @param without words of the query that were left out. */
function wordsMatched(without: readonly string[]): string {
  const words = without.map((word) => `"${word}"`).join(', ');
  return `contain a word of the query${words === '' ? '' : ` other than ${words}, which most texts have`}`;
}

/** What a passage that another stage returns has. */
const MATCHING: Readonly<Record<string, string>> = {
  dense: 'have an embedding in a language that the encoder knows',
};

/** The stages that were asked. */
function foundBy({ trace }: Ranking): string[] {
  return (trace.inputs ?? [trace]).map(({ stage }) => stage);
}

function passages(count: number): string {
  return count === 1 ? '1 passage' : `${count} passages`;
}

function examinedBy(ranking: Ranking): number {
  const { inputs } = ranking.trace;
  if (inputs === undefined) return ranking.trace.examined;
  return Math.max(0, ...inputs.map(({ examined }) => examined));
}
