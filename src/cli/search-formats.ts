import type { SearchHit } from '../collection/index.ts';
import { type DocumentHit, withPlaces } from './by-document.ts';
import { plural, printable } from './output.ts';

export const FORMATS = ['text', 'jsonl', 'csv', 'md'] as const;
export type SearchFormat = (typeof FORMATS)[number];

/** Hits for other programs, a line or a paragraph each; what is about the search itself goes elsewhere. */
export function formatHits(
  hits: readonly (SearchHit | DocumentHit)[],
  format: Exclude<SearchFormat, 'text'>,
): string[] {
  if (format === 'jsonl') return hits.map((hit) => JSON.stringify(withPlaces(hit)));
  if (format === 'md') return hits.map(markdown);
  return [COLUMNS.join(','), ...hits.map((hit) => cells(hit).map(quoted).join(','))];
}

const COLUMNS = [
  'rank',
  'score',
  'id',
  'path',
  'title',
  'section',
  'page',
  'start',
  'end',
  'language',
  'text',
  'further',
];

function cells(hit: SearchHit | DocumentHit) {
  const { rank, score, id, path = '', title, headings, page = '', start, end, language, text } = hit;
  const further = 'further' in hit ? hit.further.length : '';
  return [rank, score, id, path, title, headings.join(' > '), page, start, end, language, text, further];
}

/** RFC 4180. */
function quoted(cell: string | number): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

function markdown(hit: SearchHit | DocumentHit): string {
  const { rank, score, id, title, headings, page, text } = hit;
  const place = [id, ...headings, ...(page === undefined ? [] : [`page ${page}`])].map(escaped).join(' › ');
  const quote = printable(text || title).replace(/\r\n?|\n/g, '\n> ');
  const count = 'further' in hit ? hit.further.length : 0;
  const further = count === 0 ? '' : `, ${plural(count, 'further passage')}`;
  return `${rank}. **${place}** (${score.toFixed(3)}${further})\n\n> ${quote}\n`;
}

/** Signs that Markdown would take for its own. */
function escaped(text: string): string {
  return printable(text)
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>]/g, '\\$&');
}
