import pc from 'picocolors';
import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Collection, RetrieverName, SearchHit, SearchResult, Shortfall } from '../collection/index.ts';
import { pipelineWithTurns } from '../collection/turns.ts';
import { CONDITIONS, type FacetCounts, type Filter, parseFilter } from '../search/index.ts';
import { byDocument, withPlaces } from './by-document.ts';
import { linesOf, openHit } from './hit-places.ts';
import { openHere } from './opening.ts';
import { number, plural, print, printable, printJson, printJsonText, printText, say } from './output.ts';
import { paged } from './pager.ts';
import { formatHits, type SearchFormat } from './search-formats.ts';
import { noLine, printResult, shortfallLine } from './search-output.ts';
import { filterFromHere, idFromHere } from './where.ts';

export interface SearchCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly k: number;
  readonly retriever?: RetrieverName;
  readonly pipeline?: string;
  /** What was asked before, oldest first. */
  readonly turn?: readonly string[];
  readonly filter?: string;
  /** Documents that hits are to be like, in place of a query, and unlike. */
  readonly like?: readonly string[];
  readonly unlike?: readonly string[];
  readonly likeBy?: 'mean' | 'nearest';
  readonly perDocument?: number;
  /** What a hit is. Default: a document, or a passage where `perDocument` says how many of a document there may be. */
  readonly group?: 'document' | 'none';
  /** Signs in the query are text. */
  readonly raw: boolean;
  /** Passages that repeat others are hits of their own. */
  readonly repeats: boolean;
  readonly language?: string;
  readonly nprobe?: number;
  readonly candidates?: number;
  readonly explain: boolean;
  readonly relevant?: boolean;
  readonly format: SearchFormat;
  /** Fields to order by, `year desc, title`. */
  readonly sort?: string;
  /** Fields whose values are counted. */
  readonly facets?: string;
  /** Rank of the hit whose file is opened. */
  readonly open?: number;
  /** What is longer than the screen is shown in a pager. */
  readonly pager: boolean;
}

export async function searchCommand(
  words: string[],
  options: SearchCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  // An editor and a pager would share the terminal.
  const isPaged = options.pager && !options.json && options.format === 'text' && options.open === undefined;
  await paged(isPaged, () => searchAndPrint(words, options, signal));
}

async function searchAndPrint(words: string[], options: SearchCommandOptions, signal: AbortSignal): Promise<void> {
  if (options.json && options.format !== 'text') {
    throw new InvalidArgumentError(`--json and --format ${options.format} exclude each other.`, 'Give one of them.');
  }
  if (options.facets !== undefined && options.format !== 'text') {
    throw new InvalidArgumentError(
      `Counts of values have no place among hits as ${options.format}.`,
      'Leave --format out, or take --json, whose `facets` has them.',
    );
  }
  if (options.group === 'document' && options.perDocument !== undefined) {
    throw new InvalidArgumentError(
      '--group document and --per-document exclude each other: a document is a hit, or its passages are.',
      'Give one of them.',
    );
  }
  const query = words.join(' ');
  checkLike(query, options);
  checkEffects(query, options);
  await using collection = await openHere(options.in);
  // A pipeline may search another field, of whose lists this says nothing.
  const isListless = options.nprobe !== undefined && options.pipeline === undefined;
  if (isListless && (await collection.inspect()).vectorIndex === undefined) {
    say('--nprobe has no effect: vectors lie in no lists here until `sagitta rebuild` puts them there.');
  }
  if (options.relevant === true) return await relevantCommand(collection, query, options, signal);
  const { k, retriever, pipeline, perDocument, language, nprobe, candidates, explain, sort } = options;
  const named = (ids?: readonly string[]) => ids?.map((id) => ({ id: idFromHere(options.in, id) }));
  const [like, unlike] = [named(options.like), named(options.unlike)];
  const turns = options.turn?.map((text) => ({ role: 'user', text }) as const);
  const steps =
    turns === undefined
      ? given({ retriever, pipeline })
      : { pipeline: await pipelineWithTurns(collection, pipeline ?? retriever) };
  const search = (k: number): Promise<SearchResult> => {
    const how = {
      k,
      explain,
      collapse: !options.repeats,
      signal,
      ...given({ filter: filterOf(options), perDocument, nprobe, candidates, sort }),
      ...steps,
    };
    if (like !== undefined) return collection.similar(like, { ...how, ...given({ unlike, by: options.likeBy }) });
    return collection.search(query, {
      ...how,
      syntax: !options.raw,
      ...given({ language, turns }),
    });
  };
  const isGrouped = (options.group ?? (perDocument === undefined ? 'document' : 'none')) === 'document';
  const result = await (isGrouped ? byDocument(k, search) : search(k));
  await show(collection, query, result, options);
}

/** @throws InvalidArgumentError where documents are named beside what they stand in place of. */
function checkLike(query: string, { like, unlike, ...options }: SearchCommandOptions): void {
  if (like === undefined) {
    if (unlike === undefined && options.likeBy === undefined) return;
    throw new InvalidArgumentError(
      '--unlike and --like-by go with --like.',
      'Name with --like what hits are to be like.',
    );
  }
  const beside = [
    [query !== '', 'a query'],
    [options.relevant === true, '--relevant'],
    [options.facets !== undefined, '--facets'],
    [options.turn !== undefined, '--turn'],
    [options.language !== undefined, '--language'],
  ].find(([isGiven]) => isGiven === true);
  if (beside === undefined) return;
  throw new InvalidArgumentError(`--like and ${beside[1]} exclude each other.`, 'Give one of them.');
}

/** Options that do nothing beside others: which, what that is, and when. */
const SILENT: readonly (readonly [
  option: keyof SearchCommandOptions,
  beside: (options: SearchCommandOptions) => string,
  isSo: (options: SearchCommandOptions, query: string) => boolean,
])[] = [
  ['raw', () => '--like, where there is no query', ({ like }) => like !== undefined],
  ...(['turn', 'nprobe'] as const).map((option) => [option, () => '--relevant', isRelevant] as const),
  ['candidates', ({ retriever }) => `--retriever ${retriever}`, ({ retriever = 'hybrid' }) => retriever !== 'hybrid'],
  ['nprobe', () => '--retriever bm25', ({ retriever }) => retriever === 'bm25'],
  ['explain', ({ format }) => `--format ${format}`, ({ format }) => format === 'csv' || format === 'md'],
  ...(['retriever', 'pipeline', 'relevant', 'turn', 'raw', 'language', 'nprobe', 'candidates'] as const).map(
    (option) => [option, () => '--filter without a query', isFilterAlone] as const,
  ),
];

function isRelevant({ relevant }: SearchCommandOptions): boolean {
  return relevant === true;
}

function isFilterAlone({ filter, like }: SearchCommandOptions, query: string): boolean {
  return filter !== undefined && like === undefined && query.trim() === '';
}

/** @throws InvalidArgumentError for an option that would have no effect beside others. */
function checkEffects(query: string, options: SearchCommandOptions): void {
  const found = SILENT.find(([option, , isSo]) => {
    const value = options[option];
    return value !== undefined && value !== false && isSo(options, query);
  });
  if (found === undefined) return;
  const [option, beside] = found;
  throw new InvalidArgumentError(`--${option} has no effect beside ${beside(options)}.`, 'Leave one of them out.');
}

/** Prints what was found, and opens the hit that was asked for. @param after said below the hits, where a person reads them. */
async function show(
  collection: Collection,
  query: string,
  result: SearchResult,
  options: SearchCommandOptions,
  after?: () => void,
): Promise<void> {
  const facets = options.facets === undefined ? undefined : await facetsOf(collection, query, options);
  // What satisfies conditions alone is a document, and stands on no line.
  const isTold = result.retriever !== CONDITIONS && !options.json && options.format === 'text';
  const lineOf = isTold || options.open !== undefined ? await linesOf(options.in, collection, result.hits) : noLine;
  if (options.json) printJson({ ...result, hits: result.hits.map(withPlaces), ...given({ facets }) });
  else if (options.format !== 'text') printHits(result, options.format);
  else {
    printResult(result, options.explain, lineOf);
    after?.();
    if (facets !== undefined) printFacets(facets);
  }
  if (options.open === undefined) return;
  const hit = result.hits.find(({ rank }) => rank === options.open);
  await openHit(options.in, result.hits, options.open, hit === undefined ? undefined : lineOf(hit));
}

/** Counted over all documents that the query finds. */
function facetsOf(collection: Collection, query: string, options: SearchCommandOptions): Promise<FacetCounts> {
  const fields = options.facets === '*' ? undefined : options.facets!.split(',').map((field) => field.trim());
  const { language } = options;
  return collection.facets({
    syntax: !options.raw,
    ...given({ fields, language, filter: filterOf(options) }),
    ...(query === '' ? {} : { query }),
  });
}

function printFacets({ facets }: FacetCounts): void {
  for (const { field, distinct, values } of facets) {
    const shown = values.map(({ value, documents }) => `${printable(String(value))} ${pc.dim(number(documents))}`);
    const rest = distinct > values.length ? pc.dim(`, and ${number(distinct - values.length)} more`) : '';
    print(`${pc.bold(field)}: ${shown.join(', ')}${rest}`);
  }
}

/** The filter, paths from where one stands made those of the collection. */
function filterOf({ in: directory, filter }: SearchCommandOptions): Filter | undefined {
  return filter === undefined ? undefined : filterFromHere(directory, parseFilter(filter));
}

/** Hits on stdout, why there are not more on stderr. */
function printHits(
  {
    hits,
    shortfall,
    suggestion,
  }: { readonly hits: readonly SearchHit[]; readonly shortfall?: Shortfall; readonly suggestion?: string },
  format: Exclude<SearchFormat, 'text'>,
): void {
  // Of JSON its own escapes keep what it says, on a terminal too.
  const show = format === 'jsonl' ? printJsonText : printText;
  for (const line of formatHits(hits, format)) show(line);
  if (suggestion !== undefined) say(`Did you mean: ${printable(suggestion)}`);
  if (shortfall !== undefined) say(shortfallLine(shortfall));
}

/** Only what is probably relevant, up to k; says so when nothing is. */
async function relevantCommand(
  collection: Collection,
  query: string,
  options: SearchCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { k, retriever, pipeline, language, candidates, explain, sort } = options;
  // How relevant hits are was learned of lists that have one of each document.
  const perDocument = options.perDocument ?? (options.group === 'none' ? Number.POSITIVE_INFINITY : undefined);
  if (retriever !== undefined && retriever !== 'hybrid') {
    throw new InvalidArgumentError('--relevant judges hybrid search only.', 'Leave --retriever out.');
  }
  const result = await collection.searchRelevant(query, {
    k,
    explain,
    collapse: !options.repeats,
    syntax: !options.raw,
    signal,
    ...given({ pipeline, filter: filterOf(options), perDocument, language, candidates, sort }),
  });
  const { threshold, judged, kept, best } = result.relevance;
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  await show(collection, query, result, options, () =>
    print(
      pc.dim(
        kept === 0
          ? `nothing is probably relevant: the best of ${plural(judged, 'hit')} has ${percent(best)}, and ${percent(threshold)} is asked for`
          : `relevance: ${result.hits.map((hit) => percent(hit.relevance)).join(', ')}; ${number(judged - kept)} more hits were cut`,
      ),
    ),
  );
}
