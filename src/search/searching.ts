import type { BitSet } from '../base/bits.ts';
import { InvalidArgumentError, NotFoundError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Query } from '../content/index.ts';
import { type Corpus, checkLanguage, fieldOf, MEANING, primary, WORDS } from '../corpus/index.ts';
import { denseShareOf } from '../encode/dense-share.ts';
import { highlight } from '../text/index.ts';
import { bm25 } from './bm25.ts';
import { dense } from './dense.ts';
import { hybrid } from './hybrid.ts';
import type {
  DocumentRanking,
  PassageReference,
  RetrieverName,
  SearchHit,
  SearchOptions,
  SearchResult,
  SimilarOptions,
} from './options.ts';
import { wordsOf } from './represent.ts';
import { allowedPassages } from './selection.ts';
import { explainShortfall } from './shortfall.ts';
import type { RankedPassage, Ranking, Retriever } from './types.ts';
import { QueryMatcher } from './word-match.ts';

/** {@link SearchOptions}, and what only searches within one corpus can say. */
interface CorpusSearchOptions extends SearchOptions {
  /** Ordinal of a passage that is never returned. */
  readonly without?: number;
}

/** All names of options: a misspelt filter must not search unfiltered. */
const OPTIONS: Readonly<Record<keyof CorpusSearchOptions, true>> = {
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

/**
 * Searches a corpus: the same in memory and on disk. Returns up to `k` passages, best first, or says in `shortfall` why there are fewer.
 * @throws InvalidArgumentError for an empty query, options that are not known or out of range, and a filter that does not parse or
 * names a field that no document has.
 */
export async function searchCorpus(
  corpus: Corpus,
  text: string,
  options: CorpusSearchOptions = {},
): Promise<SearchResult> {
  const start = performance.now();
  const { k = 10, perDocument = Number.POSITIVE_INFINITY } = options;
  const retrieved = await retrieve(corpus, text, { ...options, k, perDocument });
  const { name, query, allowed, ranking, chosen } = retrieved;
  if (name === 'dense' && ranking.abstained === true) {
    const { id, languages = [] } = await fieldOf(corpus, MEANING, ['vector']).open();
    throw new InvalidArgumentError(
      `The query is in language "${query.language}", which the encoder ${id} does not know (it knows ${languages.join(', ')}).`,
      "Use hybrid or bm25, or name the query's language if it was misjudged.",
    );
  }
  const words = wordsOf(fieldOf(corpus, WORDS, ['terms']), query);
  const hits = await hitsFor(corpus, chosen, new Set(words.terms.map(({ term }) => term)));
  const { filter } = options;
  const shortfall =
    hits.length < k
      ? await explainShortfall(corpus, {
          requested: k,
          returned: hits.length,
          perDocument,
          ranking,
          allowed,
          filter,
          words,
        })
      : undefined;
  const explained = options.explain === true ? await explain(corpus, retrieved, hits) : { hits };
  return {
    query: text,
    retriever: name,
    language: query.language!,
    tookMs: performance.now() - start,
    ...explained,
    examined: examinedBy(ranking),
    ...(shortfall === undefined ? {} : { shortfall }),
    trace: ranking.trace,
  };
}

/** What is said of hits, and of the words that were asked for, where somebody wants to know. */
async function explain(
  corpus: Corpus,
  { name, query, chosen }: Retrieved,
  hits: readonly SearchHit[],
): Promise<Pick<SearchResult, 'hits' | 'words'>> {
  const matcher = await QueryMatcher.of(corpus, query.content, query.language!);
  const matches = await matcher.match(chosen.map(({ passage }) => passage));
  const explained = hits.map((hit, i) => {
    const { contributions = [{ stage: name, rank: hit.rank, score: hit.score, share: hit.score }] } = chosen[i]!;
    return { ...hit, contributions, match: matches[i]! };
  });
  const field = name === 'bm25' ? undefined : corpus.fields.find(({ kind }) => kind === 'vector');
  const encoder = field?.kind === 'vector' ? await field.open() : undefined;
  return { hits: explained, words: await matcher.words(encoder) };
}

/** Searches and returns documents by their best passage, without texts: what evaluation needs, at a fraction of the cost. */
export async function rankCorpus(corpus: Corpus, text: string, options: SearchOptions = {}): Promise<DocumentRanking> {
  const start = performance.now();
  const { k = 10 } = options;
  const { name, query, ranking, chosen } = await retrieve(corpus, text, { ...options, k, perDocument: 1 });
  const owners = await corpus.documentsOf(chosen.map(({ passage }) => passage));
  return {
    retriever: name,
    language: query.language!,
    ids: (await corpus.documents(owners)).map(({ id }) => id),
    scores: Float64Array.from(chosen, ({ score }) => score),
    abstained: ranking.abstained === true,
    tookMs: performance.now() - start,
  };
}

interface Retrieved {
  readonly name: RetrieverName;
  readonly query: Query;
  readonly allowed: BitSet | undefined;
  readonly ranking: Ranking;
  /** At most k passages. */
  readonly chosen: readonly RankedPassage[];
}

/** What every kind of search begins with: checks, the choice of a retriever, and the passages. */
async function retrieve(
  corpus: Corpus,
  text: string,
  options: CorpusSearchOptions & { readonly k: number; readonly perDocument: number },
): Promise<Retrieved> {
  const { k, perDocument, signal, vector, without } = options;
  checkQuery(text, k, perDocument, options);
  if (options.language !== undefined) checkLanguage(primary(options.language));
  signal?.throwIfAborted();
  const name = options.retriever ?? defaultRetriever(text, corpus);
  const { analysis } = fieldOf(corpus, WORDS, ['terms']);
  const language = options.language === undefined ? analysis.languageOf(text) : primary(options.language);
  const retriever = await retrieverFor(name, corpus, options);
  const allowed = options.filter === undefined ? undefined : await allowedPassages(corpus, options.filter);
  const query: Query = {
    content: text,
    language,
    ...(vector === undefined ? {} : { encoded: new Map([[MEANING, Float32Array.from(vector)]]) }),
  };
  const found = await gather(retriever, query, corpus, {
    k,
    perDocument,
    ...(without === undefined ? {} : { without }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { name, query, allowed, ...found };
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

function defaultRetriever(text: string, corpus: Corpus): RetrieverName {
  if (text.trim() === '') return 'dense';
  return hasMeaning(corpus) ? 'hybrid' : 'bm25';
}

function hasMeaning({ fields }: Corpus): boolean {
  return fields.some(({ name }) => name === MEANING);
}

async function retrieverFor(name: RetrieverName, corpus: Corpus, options: SearchOptions): Promise<Retriever> {
  const lexical = bm25(corpus);
  if (name === 'bm25') return lexical;
  if (name !== 'dense' && name !== 'hybrid') {
    const guess = nearest(name, ['bm25', 'dense', 'hybrid']);
    throw new InvalidArgumentError(
      `Unknown retriever "${name}".`,
      guess === undefined ? 'Choose bm25, dense or hybrid.' : `Did you mean "${guess}"?`,
    );
  }
  if (!hasMeaning(corpus)) {
    throw new InvalidArgumentError(
      `This collection has no embeddings, so "${name}" cannot search it.`,
      'Use the retriever bm25, or index again into a new collection with an encoder.',
    );
  }
  const semantic = dense(corpus, {
    ...(options.refine === undefined ? {} : { refine: options.refine }),
    ...(options.nprobe === undefined ? {} : { nprobe: options.nprobe }),
  });
  if (name === 'dense') return semantic;
  return hybrid(lexical, semantic, denseShareOf(await fieldOf(corpus, MEANING, ['vector']).open()), options);
}

/**
 * Passages similar to one: nearest by its embedding; by BM25 with its own words where it has none.
 * @throws NotFoundError when there is no such passage.
 */
export async function similarInCorpus(
  corpus: Corpus,
  { id, start }: PassageReference,
  options: SimilarOptions = {},
): Promise<SearchResult> {
  const passage = await findPassage(corpus, id, start);
  const [vector] =
    options.retriever === 'bm25' || !hasMeaning(corpus)
      ? []
      : ((await corpus.get(MEANING, Uint32Array.of(passage))) as (Float32Array | undefined)[]);
  if (vector !== undefined && options.retriever !== 'hybrid') {
    return searchCorpus(corpus, '', { ...options, vector, without: passage });
  }
  const { document, text } = (await corpus.passages([passage]))[0]!;
  const { title } = (await corpus.documents([document]))[0]!;
  return searchCorpus(corpus, text || title, {
    ...options,
    ...(vector === undefined ? { retriever: options.retriever ?? 'bm25' } : { vector }),
    without: passage,
  });
}

/** Ordinal of the passage of a document that starts at `start`, or holds that character. */
async function findPassage(corpus: Corpus, id: string, start: number | undefined): Promise<number> {
  const found = await corpus.find(id);
  if (found === undefined) throw noSuchDocument(id);
  const { from, to } = found;
  if (start === undefined && from < to) return from;
  const passages = await corpus.passages(Array.from({ length: to - from }, (_, i) => from + i));
  const at = passages.findIndex((one) => one.start === start || (one.start <= start! && start! < one.end));
  if (at >= 0) return from + at;
  throw new NotFoundError(
    `The document "${id}" has no passage at ${start ?? 'all'}.`,
    'Take `id` and `start` from a search hit.',
  );
}

/** What is said of an id that no document has. */
export function noSuchDocument(id: string): NotFoundError {
  return new NotFoundError(`There is no document "${id}" in the collection.`, 'Take an id from a search hit.');
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
  corpus: Corpus,
  { k, perDocument, without, ...rest }: Gathering,
): Promise<{ ranking: Ranking; chosen: RankedPassage[] }> {
  const limit = Math.max(1, corpus.passageCount);
  const least = without === undefined ? k : k + 1;
  let depth = Math.min(limit, perDocument === Number.POSITIVE_INFINITY ? least : k * 3);
  for (;;) {
    const all = await retriever(query, { k: depth, ...rest });
    const hits = without === undefined ? all.hits : all.hits.filter(({ passage }) => passage !== without);
    const ranking = { ...all, hits };
    const chosen = await limitPerDocument(hits, corpus, perDocument, k);
    if (chosen.length >= k || all.hits.length < depth || depth >= limit) return { ranking, chosen };
    depth = Math.min(limit, depth * 4);
  }
}

async function limitPerDocument(
  hits: readonly RankedPassage[],
  corpus: Corpus,
  perDocument: number,
  k: number,
): Promise<RankedPassage[]> {
  if (perDocument === Number.POSITIVE_INFINITY) return hits.slice(0, k);
  const owners = await corpus.documentsOf(hits.map(({ passage }) => passage));
  const seen = new Map<number, number>();
  const chosen: RankedPassage[] = [];
  for (const [i, hit] of hits.entries()) {
    if (chosen.length === k) break;
    const count = seen.get(owners[i]!) ?? 0;
    if (count >= perDocument) continue;
    seen.set(owners[i]!, count + 1);
    chosen.push(hit);
  }
  return chosen;
}

/** @param terms what is highlighted. */
async function hitsFor(
  corpus: Corpus,
  chosen: readonly RankedPassage[],
  terms: ReadonlySet<string>,
): Promise<SearchHit[]> {
  const { analysis } = fieldOf(corpus, WORDS, ['terms']);
  const passages = await corpus.passages(chosen.map(({ passage }) => passage));
  const documents = await corpus.documents(passages.map(({ document }) => document));
  return passages.map(({ text, start, end, headings, page }, i) => {
    const { id, path, title, language, metadata } = documents[i]!;
    return {
      rank: i + 1,
      score: chosen[i]!.score,
      id,
      ...(path === undefined ? {} : { path }),
      title,
      text,
      start,
      end,
      headings,
      ...(page === undefined ? {} : { page }),
      language,
      metadata,
      highlights: highlight(text, terms, analysis.analyzerOf(language)),
    };
  });
}

function examinedBy(ranking: Ranking): number {
  const { inputs } = ranking.trace;
  if (inputs === undefined) return ranking.trace.examined;
  return Math.max(0, ...inputs.map(({ examined }) => examined));
}
