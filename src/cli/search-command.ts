import pc from 'picocolors';
import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Collection, RetrieverName, SearchHit, SearchResult, Shortfall } from '../collection/index.ts';
import { CONDITIONS, type FacetCounts, type Filter, parseFilter, type StageTrace } from '../search/index.ts';
import { linesOf, openHit } from './hit-places.ts';
import { openHere } from './opening.ts';
import { duration, emphasise, idOf, number, plural, print, printable, printJson, say } from './output.ts';
import { formatHits, type SearchFormat } from './search-formats.ts';
import { filterFromHere } from './where.ts';

export interface SearchCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly k: number;
  readonly retriever?: RetrieverName;
  readonly pipeline?: string;
  /** What was asked before, oldest first. */
  readonly turn?: readonly string[];
  readonly filter?: string;
  readonly perDocument?: number;
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
}

/** Documents that are named beside a hit. */
const SHOWN_REPEATS = 3;

export async function searchCommand(
  words: string[],
  options: SearchCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  if (options.json && options.format !== 'text') {
    throw new InvalidArgumentError(`--json and --format ${options.format} exclude each other.`, 'Give one of them.');
  }
  if (options.facets !== undefined && options.format !== 'text') {
    throw new InvalidArgumentError(
      `Counts of values have no place among hits as ${options.format}.`,
      'Leave --format out, or take --json, whose `facets` has them.',
    );
  }
  await using collection = await openHere(options.in);
  if (options.relevant === true) return await relevantCommand(collection, words.join(' '), options, signal);
  const { k, retriever, pipeline, perDocument, language, nprobe, candidates, explain, sort } = options;
  const query = words.join(' ');
  const result = await collection.search(query, {
    k,
    explain,
    collapse: !options.repeats,
    syntax: !options.raw,
    signal,
    ...given({ retriever, pipeline, filter: filterOf(options), perDocument, language, nprobe, candidates, sort }),
    ...(options.turn === undefined ? {} : { turns: options.turn.map((text) => ({ role: 'user', text }) as const) }),
  });
  await show(collection, query, result, options);
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
  const lines = isTold || options.open !== undefined ? await linesOf(options.in, collection, result.hits) : [];
  if (options.json) printJson(facets === undefined ? result : { ...result, facets });
  else if (options.format !== 'text') printHits(result, options.format);
  else {
    printResult(result, options.explain, lines);
    after?.();
    if (facets !== undefined) printFacets(facets);
  }
  if (options.open === undefined) return;
  const at = result.hits.findIndex(({ rank }) => rank === options.open);
  await openHit(options.in, result.hits, options.open, lines[at]);
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
  for (const line of formatHits(hits, format)) print(line);
  if (suggestion !== undefined) say(`Did you mean: ${printable(suggestion)}`);
  if (shortfall !== undefined) say(shortfallLine(shortfall));
}

function shortfallLine({ requested, returned, reason }: Shortfall): string {
  return `${number(returned)} of ${number(requested)}, because ${reason}`;
}

/** Only what is probably relevant, up to k; says so when nothing is. */
async function relevantCommand(
  collection: Collection,
  query: string,
  options: SearchCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { k, retriever, pipeline, perDocument, language, candidates, explain, sort } = options;
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

/** The answer as a person reads it. */
export function printResult(result: SearchResult, explain: boolean, lines: readonly (number | undefined)[] = []): void {
  const scored = result.retriever !== CONDITIONS;
  for (const [i, hit] of result.hits.entries()) printHit(hit, scored, scored ? lines[i] : undefined);
  const found = result.hits.length === 0 ? 'nothing found' : plural(result.hits.length, 'passage');
  print(
    pc.dim(
      `${found} in ${duration(result.tookMs)} (${result.retriever}, ${plural(result.examined, 'passage')} scored` +
        `${result.language === 'und' ? '' : `, query in "${result.language}"`})`,
    ),
  );
  if (result.suggestion !== undefined) print(`Did you mean: ${pc.bold(printable(result.suggestion))}`);
  if (result.shortfall !== undefined) print(pc.dim(printable(shortfallLine(result.shortfall))));
  if (explain) printTrace(result.trace, 0);
}

function printHit(hit: SearchHit, scored: boolean, line: number | undefined): void {
  const headings = hit.headings.map((part) => printable(part).replace(/\s/g, ' '));
  const place = [idOf(hit.id), ...headings].join(' › ');
  const page = hit.page !== undefined ? ` (page ${hit.page})` : line === undefined ? '' : ` (line ${number(line)})`;
  const score = scored ? `  ${pc.dim(hit.score.toFixed(3))}` : '';
  print(`${pc.bold(String(hit.rank).padStart(2))}  ${pc.cyan(place)}${page}${score}`);
  // A title without a text is found too.
  const { text, highlights } = hit.text === '' ? { text: hit.title, highlights: [] } : hit.snippet;
  print(`    ${emphasise(text, highlights)}`);
  if (hit.repeats !== undefined) print(pc.dim(`    ${repeated(hit.repeats)}`));
  for (const { stage, rank, score, share } of hit.contributions ?? []) {
    const place = rank === undefined ? 'no candidate' : `rank ${rank}`;
    const own = score === undefined ? 'no score' : `score ${score.toFixed(3)}`;
    print(pc.dim(`    ${stage}: ${place}, ${own}, adds ${share.toFixed(4)}`));
  }
  print();
}

/** Where else the same is said. */
function repeated(repeats: NonNullable<SearchHit['repeats']>): string {
  const ids = [...new Set(repeats.map(({ id }) => idOf(id)))];
  const shown = ids.slice(0, SHOWN_REPEATS).join(', ');
  return `much the same in ${shown}${ids.length > SHOWN_REPEATS ? ` and ${plural(ids.length - SHOWN_REPEATS, 'more document')}` : ''}`;
}

function printTrace({ stage, tookMs, examined, returned, note, inputs }: StageTrace, depth: number): void {
  const indent = '  '.repeat(depth);
  print(pc.dim(`${indent}${stage}: ${duration(tookMs)}, ${number(examined)} examined, ${number(returned)} returned`));
  if (note !== undefined) print(pc.dim(`${indent}  ${printable(note)}`));
  for (const input of inputs ?? []) printTrace(input, depth + 1);
}
