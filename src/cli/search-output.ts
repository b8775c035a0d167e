import pc from 'picocolors';
import type { SearchHit, SearchResult, Shortfall } from '../collection/index.ts';
import { CONDITIONS, type StageTrace } from '../search/index.ts';
import type { DocumentHit } from './by-document.ts';
import { duration, emphasise, idOf, number, plural, print, printable } from './output.ts';

/** Documents, and places, that are named beside a hit. */
const SHOWN = 3;

/** The line of its file that a hit stands on, where that is known. */
export type LineOf = (hit: SearchHit) => number | undefined;

export const noLine: LineOf = () => undefined;

function furtherOf(hit: SearchHit | DocumentHit): readonly SearchHit[] {
  return 'further' in hit ? hit.further : [];
}

/** The answer as a person reads it. */
export function printResult(result: SearchResult, explain: boolean, lineOf: LineOf): void {
  const scored = result.retriever !== CONDITIONS;
  for (const hit of result.hits) printHit(hit, scored, scored ? lineOf : noLine);
  const what = result.hits.some((hit) => 'further' in hit) ? 'document' : 'passage';
  const found = result.hits.length === 0 ? 'nothing found' : plural(result.hits.length, what);
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

function printHit(hit: SearchHit | DocumentHit, scored: boolean, lineOf: LineOf): void {
  const place = [idOf(hit.id), ...hit.headings.map(onLine)].join(' › ');
  const spot = spotOf(hit, lineOf);
  const page = spot === undefined ? '' : ` (${spot})`;
  const score = scored ? `  ${pc.dim(hit.score.toFixed(3))}` : '';
  print(`${pc.bold(String(hit.rank).padStart(2))}  ${pc.cyan(place)}${page}${score}`);
  // A title without a text is found too.
  const { text, highlights } = hit.text === '' ? { text: hit.title, highlights: [] } : hit.snippet;
  print(`    ${emphasise(text, highlights)}`);
  if (hit.repeats !== undefined) print(pc.dim(`    ${repeated(hit.repeats)}`));
  if (furtherOf(hit).length > 0) print(pc.dim(`    ${further(hit, lineOf)}`));
  for (const { stage, rank, score, share } of hit.contributions ?? []) {
    const place = rank === undefined ? 'no candidate' : `rank ${rank}`;
    const own = score === undefined ? 'no score' : `score ${score.toFixed(3)}`;
    print(pc.dim(`    ${stage}: ${place}, ${own}, adds ${share.toFixed(4)}`));
  }
  print();
}

/** Where a passage stands in its document: its page, or its line. */
function spotOf(hit: SearchHit, lineOf: LineOf): string | undefined {
  if (hit.page !== undefined) return `page ${hit.page}`;
  const line = lineOf(hit);
  return line === undefined ? undefined : `line ${number(line)}`;
}

function onLine(heading: string): string {
  return printable(heading).replace(/\s/g, ' ');
}

/** What else was found in a hit's document. */
function further(hit: SearchHit | DocumentHit, lineOf: LineOf): string {
  const hits = furtherOf(hit);
  const placeOf = (one: SearchHit): string | undefined => spotOf(one, lineOf) ?? one.headings.map(onLine).at(-1);
  const places = new Set(hits.slice(0, SHOWN).map(placeOf));
  const named = [...places].filter((place) => place !== undefined && place !== placeOf(hit));
  const rest = named.length > 0 && hits.length > SHOWN ? ', ...' : '';
  return `${plural(hits.length, 'further passage')}${named.length === 0 ? '' : `: ${named.join(', ')}${rest}`}`;
}

/** Where else the same is said. */
function repeated(repeats: NonNullable<SearchHit['repeats']>): string {
  const ids = [...new Set(repeats.map(({ id }) => idOf(id)))];
  const shown = ids.slice(0, SHOWN).join(', ');
  return `much the same in ${shown}${ids.length > SHOWN ? ` and ${plural(ids.length - SHOWN, 'more document')}` : ''}`;
}

function printTrace({ stage, tookMs, examined, returned, note, inputs }: StageTrace, depth: number): void {
  const indent = '  '.repeat(depth);
  print(pc.dim(`${indent}${stage}: ${duration(tookMs)}, ${number(examined)} examined, ${number(returned)} returned`));
  if (note !== undefined) print(pc.dim(`${indent}  ${printable(note)}`));
  for (const input of inputs ?? []) printTrace(input, depth + 1);
}

export function shortfallLine({ requested, returned, reason }: Shortfall): string {
  return `${number(returned)} of ${number(requested)}, because ${reason}`;
}
