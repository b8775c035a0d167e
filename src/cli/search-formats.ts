import type { SearchHit } from '../collection/index.ts';
import { printable } from './output.ts';

export const FORMATS = ['text', 'jsonl', 'csv', 'md'] as const;
export type SearchFormat = (typeof FORMATS)[number];

/** Hits for other programs, a line or a paragraph each; what is about the search itself goes elsewhere. */
export function formatHits(hits: readonly SearchHit[], format: Exclude<SearchFormat, 'text'>): string[] {
  if (format === 'jsonl') return hits.map((hit) => JSON.stringify(hit));
  if (format === 'md') return hits.map(markdown);
  return [COLUMNS.join(','), ...hits.map((hit) => cells(hit).map(quoted).join(','))];
}

const COLUMNS = ['rank', 'score', 'id', 'path', 'title', 'section', 'page', 'start', 'end', 'language', 'text'];

function cells({ rank, score, id, path, title, headings, page, start, end, language, text }: SearchHit) {
  return [rank, score, id, path ?? '', title, headings.join(' > '), page ?? '', start, end, language, text];
}

/** RFC 4180. */
function quoted(cell: string | number): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

function markdown({ rank, score, id, title, headings, page, text }: SearchHit): string {
  const place = [id, ...headings, ...(page === undefined ? [] : [`page ${page}`])].map(escaped).join(' › ');
  const quote = printable(text || title).replace(/\r\n?|\n/g, '\n> ');
  return `${rank}. **${place}** (${score.toFixed(3)})\n\n> ${quote}\n`;
}

/** Signs that Markdown would take for its own. */
function escaped(text: string): string {
  return printable(text)
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>]/g, '\\$&');
}
