import type { BitSet } from '../base/bits.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { nearest } from '../base/nearest.ts';
import type { Query, Representation } from '../content/index.ts';
import { type Corpus, checkLanguage, type Field, fieldOf, MEANING, primary, WORDS } from '../corpus/index.ts';
import type { Synonyms } from '../text/index.ts';
import { bm25 } from './bm25.ts';
import { compiledPipeline } from './compiled.ts';
import { CONDITIONS, conditionsAlone } from './conditions.ts';
import { checkCursor, FIRST_PAGE, parseCursor } from './cursor.ts';
import { both } from './demands.ts';
import { dense } from './dense.ts';
import { FoundHit } from './hit.ts';
import { hybrid } from './hybrid.ts';
import type { DocumentRanking, SearchHit, SearchOptions, SearchResult } from './options.ts';
import { depthOf, inOrder, nextPage, pageOf, referencesTo, searchDigest } from './pages.ts';
import { gathered } from './pipeline/group.ts';
import { BUILT_IN, type PipelineEnvironment, type PipelineInput, pipeline } from './pipeline/index.ts';
import { type Question, readQuestion, withFurther } from './question.ts';
import { collapsed } from './repeats.ts';
import { termsOf, wordsOf } from './represent.ts';
import { allowedPassages } from './selection.ts';
import { explainShortfall } from './shortfall.ts';
import type { RankedPassage, Ranking, Retriever, StageTrace } from './types.ts';
import { QueryMatcher } from './word-match.ts';

/** {@link SearchOptions}, and what only searches within one corpus can say. */
interface CorpusSearchOptions extends SearchOptions {
  /** Ordinals of passages that are never returned. */
  readonly without?: ReadonlySet<number>;
}

/** What surrounds a search: pipelines with names, parts of one's own, and what relevance is judged by. */
export interface SearchEnvironment
  extends Pick<PipelineEnvironment, 'names' | 'extensions' | 'relevance' | 'allowRemote'> {
  /** The pipeline of searches that name none. Default `hybrid` where there are embeddings, else `bm25`. */
  readonly standard?: PipelineInput;
  /** What words of queries stand for as well. */
  readonly synonyms?: (() => Synonyms | undefined) | undefined;
}

const NO_ENVIRONMENT: SearchEnvironment = {};

/** All names of options: a misspelt filter must not search unfiltered. */
const OPTIONS: Readonly<Record<keyof CorpusSearchOptions, true>> = {
  k: true,
  pipeline: true,
  retriever: true,
  filter: true,
  perDocument: true,
  language: true,
  turns: true,
  fusion: true,
  weights: true,
  refine: true,
  candidates: true,
  nprobe: true,
  explain: true,
  collapse: true,
  syntax: true,
  complete: true,
  variants: true,
  vector: true,
  sort: true,
  cursor: true,
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
  environment: SearchEnvironment = NO_ENVIRONMENT,
): Promise<SearchResult> {
  const start = performance.now();
  const { k = 10, perDocument = Number.POSITIVE_INFINITY } = options;
  const place = options.cursor === undefined ? FIRST_PAGE : parseCursor(options.cursor);
  const deep = { ...options, k: depthOf(k, place, options), perDocument };
  const retrieved = await retrieve(corpus, text, deep, environment, true);
  const { name, query, question, allowed, ranking } = retrieved;
  if (ranking.abstained === true) throw await silent(retrieved);
  const search = searchDigest(text, name, options);
  checkCursor(place, search);
  const field = fieldOf(corpus, WORDS, ['terms']);
  const { leftOut } = wordsOf(field, query);
  const words = { terms: termsOf(field, query), leftOut };
  const sorted = options.sort === undefined ? retrieved : await inOrder(corpus, retrieved, options.sort, words.terms);
  const { chosen, repeats } = await pageOf(corpus, sorted, k, place);
  const hits = await hitsFor(corpus, chosen, new Set(words.terms.map(({ term }) => term)), repeats, place.seen.size);
  const { filter, without } = options;
  const shortfall =
    hits.length < k
      ? {
          ...(await explainShortfall(corpus, {
            requested: place.seen.size + k,
            returned: place.seen.size + hits.length,
            perDocument,
            ordered: options.sort === undefined ? undefined : sorted.chosen.length,
            ranking,
            allowed,
            without,
            filter,
            words,
            demanded: question.demanded,
            unmet: question.unmet,
            folded: repeats.reduce((sum, { length }) => sum + length, 0),
          })),
          requested: k,
          returned: hits.length,
        }
      : undefined;
  const explained = options.explain === true ? await explain(corpus, { ...retrieved, chosen }, hits) : { hits };
  return {
    query: text,
    retriever: name,
    language: query.language!,
    tookMs: performance.now() - start,
    ...explained,
    examined: examinedBy(ranking.trace),
    ...given({
      next: hits.length < k ? undefined : nextPage(search, place, hits),
      shortfall,
      relevance: ranking.relevance,
      suggestion: question.suggestion,
    }),
    trace: ranking.trace,
  };
}

/** Why no field of a pipeline has anything to say of a query. */
export async function silent({ query, ranking, fields }: Retrieved): Promise<InvalidArgumentError> {
  for (const field of fields) {
    if (field.kind === 'terms') continue;
    const { id, languages = [] } = await field.open();
    if (languages.length === 0 || languages.includes(query.language!)) continue;
    return new InvalidArgumentError(
      `The query is in language "${query.language}", which the encoder ${id} does not know (it knows ${languages.join(', ')}).`,
      "Use hybrid or bm25, or name the query's language if it was misjudged.",
    );
  }
  return new InvalidArgumentError(
    `The query cannot be ranked by "${ranking.trace.stage}": ${ranking.trace.note ?? 'nothing in it is known'}.`,
    'Use hybrid or bm25, or other words.',
  );
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
  const field = name === 'bm25' ? undefined : corpus.fields.find((one) => one.name === MEANING);
  const encoder = field?.kind === 'vector' ? await field.open() : undefined;
  return { hits: explained, words: await matcher.words(encoder) };
}

/** Searches and returns documents by their best passage, without texts: what evaluation needs, at a fraction of the cost. */
export async function rankCorpus(
  corpus: Corpus,
  text: string,
  options: SearchOptions = {},
  environment: SearchEnvironment = NO_ENVIRONMENT,
): Promise<DocumentRanking> {
  const start = performance.now();
  const { k = 10 } = options;
  const { name, query, ranking, chosen } = await retrieve(
    corpus,
    text,
    { ...options, syntax: options.syntax ?? false, k, perDocument: 1 },
    environment,
    false,
  );
  const passages = new Uint32Array(chosen.length);
  const scores = new Float64Array(chosen.length);
  for (let i = 0; i < chosen.length; i++) {
    passages[i] = chosen[i]!.passage;
    scores[i] = chosen[i]!.score;
  }
  const documents = await corpus.documents(await corpus.documentsOf(passages));
  return {
    retriever: name,
    language: query.language!,
    ids: documents.map(({ id }) => id),
    scores,
    abstained: ranking.abstained === true,
    tookMs: performance.now() - start,
  };
}

/** What was found before anything is read of it. */
export interface Retrieved {
  /** What the pipeline is called. */
  readonly name: string;
  /** The pipeline, for asking again. */
  readonly retriever: Retriever;
  /** What it searches. */
  readonly fields: readonly Field[];
  readonly query: Query;
  readonly question: Question;
  readonly allowed: BitSet | undefined;
  readonly ranking: Ranking;
  /** At most k passages. */
  readonly chosen: readonly RankedPassage[];
  /** With `collapse`: for each of them the passages that repeat it. */
  readonly repeats: readonly (readonly number[])[];
}

/** What every kind of search begins with: checks, the choice of a pipeline, and the passages. */
export async function retrieve(
  corpus: Corpus,
  text: string,
  options: CorpusSearchOptions & { readonly k: number; readonly perDocument: number },
  environment: SearchEnvironment,
  suggest: boolean,
): Promise<Retrieved> {
  const { k, perDocument, signal, vector, without, filter } = options;
  checkQuery(text, k, perDocument, options);
  if (options.language !== undefined) checkLanguage(primary(options.language));
  signal?.throwIfAborted();
  const question = await readQuestion(text, corpus, {
    syntax: options.syntax ?? true,
    complete: options.complete ?? false,
    variants: options.variants ?? true,
    suggest,
    language: options.language === undefined ? undefined : primary(options.language),
    synonyms: environment.synonyms?.(),
  });
  const { demanded } = question;
  const wordless = question.text.trim() === '' && vector === undefined;
  const { name, retriever, fields } = wordless
    ? { name: CONDITIONS, retriever: conditionsAlone(corpus), fields: [] }
    : await retrieverFor(corpus, text, options, environment);
  const filtered = filter === undefined ? undefined : await allowedPassages(corpus, filter);
  const allowed = filtered === undefined || demanded === undefined ? (filtered ?? demanded) : both(filtered, demanded);
  const query = queryOf(corpus, question, options);
  const gathering = { k, perDocument, ...given({ without, allowed, signal }) };
  if (options.collapse === true && !wordless)
    return {
      name,
      retriever,
      fields,
      query,
      question,
      allowed,
      ...(await collapsed(retriever, query, corpus, gathering)),
    };
  return {
    name,
    retriever,
    fields,
    query,
    question,
    allowed,
    repeats: [],
    ...(await gathered(retriever, query, corpus, gathering)),
  };
}

/** The query that pipelines see: its words, and what it became already. */
function queryOf(
  corpus: Corpus,
  { text, language, further }: Question,
  { vector, turns }: Pick<SearchOptions, 'vector' | 'turns'>,
): Query {
  const encoded = new Map<string, Representation>();
  if (vector !== undefined) encoded.set(MEANING, Float32Array.from(vector));
  const query: Query = { content: text, language, ...(turns === undefined ? {} : { turns }) };
  if (further.length > 0) encoded.set(WORDS, withFurther(fieldOf(corpus, WORDS, ['terms']), query, further));
  return encoded.size === 0 ? query : { ...query, encoded };
}

function checkQuery(text: string, k: number, perDocument: number, options: SearchOptions): void {
  const { vector, pipeline } = options;
  for (const unknown of Object.keys(options)) {
    if (Object.hasOwn(OPTIONS, unknown)) continue;
    const guess = nearest(unknown, Object.keys(OPTIONS));
    throw new InvalidArgumentError(
      `A search has no option "${unknown}".`,
      guess === undefined ? `Known: ${Object.keys(OPTIONS).join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
  if (typeof text !== 'string' || (text.trim() === '' && vector === undefined && options.filter === undefined))
    throw new InvalidArgumentError('The query is empty.', 'Ask for at least one word, or give a filter.');
  if (pipeline !== undefined) {
    const other = (['retriever', 'fusion', 'weights', 'candidates'] as const).find((one) => options[one] !== undefined);
    if (other !== undefined) {
      throw new InvalidArgumentError(
        `A search has a pipeline and also "${other}".`,
        other === 'retriever' ? 'Give one of them.' : `Write ${other === 'fusion' ? 'it' : other} into the pipeline.`,
      );
    }
  }
  checkTurns(options.turns);
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

function checkTurns(turns: SearchOptions['turns'] = []): void {
  const sound = (turn: unknown): boolean => {
    const { role, text } = (turn ?? {}) as { role?: unknown; text?: unknown };
    return (role === 'user' || role === 'assistant') && typeof text === 'string' && text.length <= LONGEST_TURN;
  };
  if (Array.isArray(turns) && turns.length <= MOST_TURNS && turns.every(sound)) return;
  throw new InvalidArgumentError(
    'The turns before the query are no conversation.',
    `Give at most ${MOST_TURNS}, each {role: 'user' or 'assistant', text} with at most ${LONGEST_TURN} characters.`,
  );
}

const MOST_TURNS = 100;
const LONGEST_TURN = 10_000;

export function hasMeaning({ fields }: Corpus): boolean {
  return fields.some(({ name }) => name === MEANING);
}

/** The pipeline that a search names, or the default one, ready to run. @returns also what it is called. */
async function retrieverFor(
  corpus: Corpus,
  text: string,
  options: SearchOptions,
  environment: SearchEnvironment,
): Promise<Pick<Retrieved, 'name' | 'fields'> & { readonly retriever: Retriever }> {
  const { refine, nprobe, candidates, weights, fusion, vector } = options;
  const wordless = text.trim() === '';
  const standard = wordless ? 'dense' : (environment.standard ?? (hasMeaning(corpus) ? 'hybrid' : 'bm25'));
  const wanted = options.pipeline ?? namedRetriever(options.retriever) ?? standard;
  const name = typeof wanted === 'string' ? wanted : String(pipeline(wanted, environment.extensions));
  if ((name === 'dense' || name === 'hybrid') && !hasMeaning(corpus)) {
    throw new InvalidArgumentError(
      `This collection has no embeddings, so "${name}" cannot search it.`,
      'Use the retriever bm25, or index again into a new collection with an encoder.',
    );
  }
  if (fusion !== undefined && name === 'hybrid') {
    const semantic = dense(corpus, given({ refine, nprobe }));
    const fields = corpus.fields.filter((field) => field.name === WORDS || field.name === MEANING);
    return { name, fields, retriever: hybrid(bm25(corpus), semantic, await semantic.share!(), options) };
  }
  // What a call says of `hybrid` is part of the pipeline.
  const said = weights !== undefined || candidates !== undefined;
  const own = name === 'hybrid' && said ? pipeline('words').fuse('meaning', given({ weights, candidates })) : wanted;
  const params = given({ refine, nprobe });
  const stored = wanted === environment.standard && options.pipeline === undefined;
  const compiled = compiledPipeline(own, { corpus, ...environment, params, stored });
  const { retriever, fields } = compiled instanceof Promise ? await compiled : compiled;
  if (wordless && fields.some(({ kind }) => kind === 'terms' || kind === 'impacts')) {
    throw new InvalidArgumentError(
      `The retriever "${name}" needs words, and the query is a vector alone.`,
      'Use dense, or give the words too.',
    );
  }
  if (vector !== undefined && !fields.some((field) => field.name === MEANING)) {
    throw new InvalidArgumentError(`The retriever "${name}" has no use for a vector.`, 'Use dense or hybrid.');
  }
  return { name, fields, retriever };
}

function namedRetriever(name: string | undefined): string | undefined {
  if (name === undefined || Object.hasOwn(BUILT_IN, name)) return name;
  const guess = nearest(name, Object.keys(BUILT_IN));
  throw new InvalidArgumentError(
    `Unknown retriever "${name}".`,
    guess === undefined ? 'Choose bm25, dense or hybrid, or give a pipeline.' : `Did you mean "${guess}"?`,
  );
}

/** @param terms what is highlighted. @param before hits of the pages before. */
async function hitsFor(
  corpus: Corpus,
  chosen: readonly RankedPassage[],
  terms: ReadonlySet<string>,
  repeats: readonly (readonly number[])[],
  before: number,
): Promise<SearchHit[]> {
  const { analysis } = fieldOf(corpus, WORDS, ['terms']);
  const passages = await corpus.passages(chosen.map(({ passage }) => passage));
  const documents = await corpus.documents(passages.map(({ document }) => document));
  const references = repeats.length === 0 ? [] : await Promise.all(repeats.map((one) => referencesTo(corpus, one)));
  return passages.map((passage, i) => {
    const document = documents[i]!;
    return new FoundHit({
      rank: before + i + 1,
      ranked: chosen[i]!,
      passage,
      document,
      terms,
      analyzer: analysis.analyzerOf(document.language),
      repeats: references[i] ?? [],
    });
  });
}

/** Passages that the field that looked at most of them scored. */
function examinedBy({ examined, inputs }: StageTrace): number {
  return inputs === undefined ? examined : Math.max(0, ...inputs.map(examinedBy));
}
