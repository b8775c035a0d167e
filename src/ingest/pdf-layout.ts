import type { Block } from '../text/blocks.ts';
import { type PdfLine, type PdfPage, runningLines } from './pdf-lines.ts';

/**
 * Text and blocks of a PDF. Lines become paragraphs by their distance, indentation and size; larger lines become
 * headings; headers, footers and page numbers are left out ({@link runningLines}); words divided at a line end are joined.
 * Tables of contents stand in the text but in no block: their headings follow. A block lies on one page.
 */
export function layoutPages(pages: readonly PdfPage[]): { readonly text: string; readonly blocks: readonly Block[] } {
  const running = runningLines(pages);
  const bodySize = commonSize(pages);
  const levels = headingLevels(pages, bodySize);
  const compounds = hyphenatedWords(pages);
  const parts: string[] = [];
  const blocks: Block[] = [];
  /** Entries of tables of contents. */
  const aside: Block[] = [];
  let length = 0;

  pages.forEach(({ lines }, index) => {
    const page = index + 1;
    const kept = lines.filter((line) => !running.has(line));
    const contents = contentsLines(kept);
    for (const group of paragraphs(kept, bodySize)) {
      const text = joinLines(group, compounds);
      if (text === '') continue;
      if (parts.length > 0) {
        parts.push('\n\n');
        length += 2;
      }
      const place = { start: length, end: length + text.length, page };
      parts.push(text);
      length += text.length;
      if (group.every((line) => contents.has(line))) {
        aside.push({ kind: 'list-item', ...place });
        continue;
      }
      const level = text.length <= 200 ? levels.get(sizeClass(group[0]!.size)) : undefined;
      if (level === undefined) blocks.push({ kind: /^[•◦▪‣–-] /u.test(text) ? 'list-item' : 'paragraph', ...place });
      else blocks.push({ kind: 'heading', ...place, level, name: text });
    }
  });
  return { text: parts.join(''), blocks: blocks.length === 0 ? aside : blocks };
}

/** Dots that lead from a title to its page. */
const LEADER = /^(.*?)\s*(?:[.·•…_]\s?){4,}\s*(\d{1,4}|[ivxlc]{1,7})$/i;
const LEAST_ENTRIES = 3;

/** Lines of a table of contents: leaders to numbers that never fall. A price list's do. */
function contentsLines(lines: readonly PdfLine[]): ReadonlySet<PdfLine> {
  const found = new Set<PdfLine>();
  let previous = 0;
  for (const line of lines) {
    const number = Number(LEADER.exec(line.text)?.[2] ?? Number.NaN);
    if (Number.isNaN(number)) continue;
    if (number < previous) return new Set();
    previous = number;
    found.add(line);
  }
  if (found.size < LEAST_ENTRIES) return new Set();
  addChapters(lines, found);
  return found;
}

/** A title and its page, without what leads from the one to the other. */
const CHAPTER = /^\S.{0,120}\s(\d{1,4})$/;

/** Chapters stand between the entries without leaders: their pages lie between those of the entries around them. */
function addChapters(lines: readonly PdfLine[], entries: Set<PdfLine>): void {
  const pages = lines.map((line) => (entries.has(line) ? Number(LEADER.exec(line.text)![2]) : undefined));
  lines.forEach((line, i) => {
    const page = Number(CHAPTER.exec(line.text)?.[1] ?? Number.NaN);
    if (pages[i] !== undefined || Number.isNaN(page)) return;
    const before = pages.slice(0, i).findLast((one) => one !== undefined) ?? 0;
    const after = pages.slice(i + 1).find((one) => one !== undefined) ?? Number.POSITIVE_INFINITY;
    const next = pages[i - 1] !== undefined || pages[i + 1] !== undefined;
    if (next && before <= page && page <= after) entries.add(line);
  });
}

/** Groups consecutive lines. */
function paragraphs(lines: readonly PdfLine[], bodySize: number): PdfLine[][] {
  const groups: PdfLine[][] = [];
  const gap = commonGap(lines);
  let group: PdfLine[] = [];
  for (const line of lines) {
    const previous = group.at(-1);
    if (previous !== undefined && startsParagraph(previous, line, group, gap, bodySize)) {
      groups.push(group);
      group = [];
    }
    group.push(line);
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

function startsParagraph(
  previous: PdfLine,
  line: PdfLine,
  group: readonly PdfLine[],
  gap: number,
  bodySize: number,
): boolean {
  if (sizeClass(previous.size) !== sizeClass(line.size)) return true;
  if (LEADER.test(line.text) || LEADER.test(previous.text)) return true;
  const fall = previous.y - line.y;
  const em = line.size || bodySize;
  // The next column, or another part of the page.
  if (fall < -0.5 * em) return !endsOpen(previous.text) || !/^\p{Ll}/u.test(line.text);
  if (fall > Math.max(1.35 * gap, 1.5 * em) && fall > 1.15 * gap) return true;
  if (/^(?:[•◦▪‣]|[–-] |\(?\d{1,2}[.)] |\(?[a-z]\) )/u.test(line.text)) return !endsOpen(previous.text);
  // The first line of a paragraph is set in, and the last one of the one before is short or ends a sentence.
  const left = Math.min(...group.map(({ x }) => x));
  const right = Math.max(...group.map((member) => member.right));
  const indented = line.x > left + 0.8 * em && line.x > previous.x + 0.8 * em;
  return indented && (/[.!?:…»”"]$/u.test(previous.text) || previous.right < right - 4 * em);
}

/** The sentence goes on in the next line. */
function endsOpen(text: string): boolean {
  return /[\p{L},;-]$/u.test(text);
}

function joinLines(lines: readonly PdfLine[], compounds: ReadonlySet<string>): string {
  let text = '';
  for (const { text: raw } of lines) {
    const line = raw.replace(LEADER, '$1 … $2');
    if (text === '') text = line;
    else if (text.endsWith('\u00AD')) text = text.slice(0, -1) + line;
    else {
      const before = /(\p{L}+)[-\u2010]$/u.exec(text)?.[1];
      const after = /^\p{Ll}+/u.exec(line)?.[0];
      if (before === undefined || after === undefined) {
        text += isUnspaced(text, line) ? line : ` ${line}`;
      } else {
        // "state-of-the-" + "art" keeps its hyphen when the document also writes the word in one line.
        text = compounds.has(`${before}-${after}`.toLowerCase()) ? text + line : text.slice(0, -1) + line;
      }
    }
  }
  return text.replaceAll('\u00AD', '');
}

/** Chinese, Japanese and Thai have no space at a line end. */
function isUnspaced(before: string, after: string): boolean {
  const script = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\u3000-\u303F\uFF00-\uFFEF]/u;
  return script.test(before.slice(-1)) && script.test(after.slice(0, 1));
}

function hyphenatedWords(pages: readonly PdfPage[]): Set<string> {
  const found = new Set<string>();
  for (const { lines } of pages) {
    for (const { text } of lines) {
      for (const [word] of text.matchAll(/\p{L}+(?=-\p{Ll})-\p{Ll}+/gu)) found.add(word.toLowerCase());
    }
  }
  return found;
}

const sizeClass = (size: number): number => Math.round(size * 2) / 2;

/** The font size in which most characters are set. */
function commonSize(pages: readonly PdfPage[]): number {
  const characters = new Map<number, number>();
  for (const { lines } of pages) {
    for (const { size, text } of lines) {
      const rounded = sizeClass(size);
      characters.set(rounded, (characters.get(rounded) ?? 0) + text.length);
    }
  }
  let best = 0;
  let most = 0;
  for (const [size, count] of characters) {
    if (count > most) {
      best = size;
      most = count;
    }
  }
  return best;
}

/** The usual distance of base lines on a page. */
function commonGap(lines: readonly PdfLine[]): number {
  const gaps: number[] = [];
  for (let i = 1; i < lines.length; i++) {
    const fall = lines[i - 1]!.y - lines[i]!.y;
    if (fall > 0.5 * lines[i]!.size && fall < 4 * lines[i]!.size) gaps.push(fall);
  }
  gaps.sort((a, b) => a - b);
  // The lower quartile: distances between paragraphs are the larger ones, and on sparse pages the more frequent.
  return gaps[gaps.length >> 2] ?? 0;
}

/** Pages from which on the first one may be a title page. */
const LEAST_PAGES = 3;

/**
 * Sizes clearly above the body's, the largest first: levels 1 to 6. Of those that the first page alone has, only the largest one heads
 * anything: the others are names and dates of a title page, or of the beginning of a paper.
 */
function headingLevels(pages: readonly PdfPage[], bodySize: number): Map<number, number> {
  const characters = new Map<number, number>();
  const later = new Set<number>();
  let total = 0;
  pages.forEach(({ lines }, page) => {
    for (const { size, text } of lines) {
      characters.set(sizeClass(size), (characters.get(sizeClass(size)) ?? 0) + text.length);
      if (page > 0) later.add(sizeClass(size));
      total += text.length;
    }
  });
  const sizes = [...characters]
    .filter(([size, count]) => size >= bodySize * 1.12 && count < total * 0.25)
    .map(([size]) => size)
    .sort((a, b) => b - a)
    .filter((size, rank) => rank === 0 || pages.length < LEAST_PAGES || later.has(size));
  return new Map(sizes.map((size, rank) => [size, Math.min(rank + 1, 6)]));
}
