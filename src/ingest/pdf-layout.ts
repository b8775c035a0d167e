import type { Block } from '../text/blocks.ts';

/** A run of glyphs as a PDF draws it. Lengths in points, y upwards. */
export interface PdfRun {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly size: number;
  /** The producer, or PDF.js, sees the line end behind it. */
  readonly endsLine: boolean;
}

export interface PdfLine {
  text: string;
  readonly x: number;
  readonly right: number;
  readonly y: number;
  readonly size: number;
}

export interface PdfPage {
  readonly lines: readonly PdfLine[];
  readonly height: number;
}

/** Runs in drawing order to lines; runs on one base line that follow one another belong together. */
export function toLines(runs: readonly PdfRun[]): PdfLine[] {
  const lines: PdfLine[] = [];
  let text = '';
  let first: PdfRun | undefined;
  let last: PdfRun | undefined;
  /** Size of the longest run: a footnote mark does not make the line small. */
  let size = 0;
  let longest = 0;
  const finish = (): void => {
    const clean = tidy(text);
    if (first !== undefined && last !== undefined && clean !== '') {
      lines.push({ text: clean, x: first.x, right: last.x + last.width, y: first.y, size });
    }
    text = '';
    first = undefined;
    last = undefined;
    size = 0;
    longest = 0;
  };
  for (const run of runs) {
    if (last !== undefined) {
      const em = Math.max(last.size, run.size, 1);
      const rises = Math.abs(run.y - last.y) > 0.6 * em;
      const jumpsBack = run.x < last.x + last.width - 2 * em;
      if (rises || (jumpsBack && run.text !== '')) finish();
    }
    if (run.text !== '') {
      if (last !== undefined) {
        const gap = run.x - (last.x + last.width);
        if (gap > 0.2 * Math.max(run.size, 1) && !/\s$/.test(text) && !/^\s/.test(run.text)) text += ' ';
      }
      text += run.text;
      first ??= run;
      last = run;
      if (run.text.trim().length > longest) {
        longest = run.text.trim().length;
        size = run.size;
      }
    }
    if (run.endsLine) finish();
  }
  finish();
  return lines;
}

const LIGATURES: Readonly<Record<string, string>> = {
  '\uFB00': 'ff',
  '\uFB01': 'fi',
  '\uFB02': 'fl',
  '\uFB03': 'ffi',
  '\uFB04': 'ffl',
  '\uFB05': 'st',
  '\uFB06': 'st',
};

function tidy(text: string): string {
  return (
    text
      .replace(/[\uFB00-\uFB06]/g, (ligature) => LIGATURES[ligature]!)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: fonts without a mapping yield control characters
      .replace(/[\u0000-\u0008\u000E-\u001F\u200B\uFEFF]/g, '')
      .replace(/\s+/gu, ' ')
      .trim()
  );
}

/**
 * Text and blocks of a PDF. Lines become paragraphs by their distance, indentation and size; larger lines become
 * headings; lines that repeat at the top or the bottom of most pages, and page numbers, are left out; words divided at
 * a line end are joined. A block lies on one page.
 */
export function layoutPages(pages: readonly PdfPage[]): { readonly text: string; readonly blocks: readonly Block[] } {
  const running = runningLines(pages);
  const bodySize = commonSize(pages);
  const levels = headingLevels(pages, bodySize);
  const compounds = hyphenatedWords(pages);
  const parts: string[] = [];
  const blocks: Block[] = [];
  let length = 0;

  pages.forEach(({ lines }, index) => {
    const page = index + 1;
    const kept = lines.filter((line) => !running.has(key(line, lines)) && !isPageNumber(line, lines));
    for (const group of paragraphs(kept, bodySize)) {
      const text = joinLines(group, compounds);
      if (text === '') continue;
      if (parts.length > 0) {
        parts.push('\n\n');
        length += 2;
      }
      const place = { start: length, end: length + text.length, page };
      const level = text.length <= 200 ? levels.get(sizeClass(group[0]!.size)) : undefined;
      if (level === undefined) blocks.push({ kind: /^[•◦▪‣–-] /u.test(text) ? 'list-item' : 'paragraph', ...place });
      else blocks.push({ kind: 'heading', ...place, level, name: text });
      parts.push(text);
      length += text.length;
    }
  });
  return { text: parts.join(''), blocks };
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
  for (const { text: line } of lines) {
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

/** Sizes clearly above the body's, the largest first: levels 1 to 6. */
function headingLevels(pages: readonly PdfPage[], bodySize: number): Map<number, number> {
  const characters = new Map<number, number>();
  let total = 0;
  for (const { lines } of pages) {
    for (const { size, text } of lines) {
      characters.set(sizeClass(size), (characters.get(sizeClass(size)) ?? 0) + text.length);
      total += text.length;
    }
  }
  const sizes = [...characters]
    .filter(([size, count]) => size >= bodySize * 1.12 && count < total * 0.25)
    .map(([size]) => size)
    .sort((a, b) => b - a);
  return new Map(sizes.map((size, rank) => [size, Math.min(rank + 1, 6)]));
}

/** Identifies a line by its words without digits, and by being the first or second, last or last but one of its page. */
function key(line: PdfLine, lines: readonly PdfLine[]): string {
  const index = lines.indexOf(line);
  const edge = index < 2 ? 'top' : index >= lines.length - 2 ? 'bottom' : '';
  return edge === '' ? '' : `${edge}\0${line.text.replace(/\d+|\b[ivxl]+\b/g, '#')}`;
}

function isPageNumber(line: PdfLine, lines: readonly PdfLine[]): boolean {
  if (lines.length < 2 || (line !== lines[0] && line !== lines.at(-1))) return false;
  return /^[-–— ]*(?:\d{1,4}|[ivxl]{1,6})[-–— ]*$/.test(line.text);
}

/** Headers, footers and page numbers: what stands at the edge of at least half of the pages, and of four. */
function runningLines(pages: readonly PdfPage[]): Set<string> {
  const seen = new Map<string, number>();
  for (const { lines } of pages) {
    for (const unique of new Set([...lines.slice(0, 2), ...lines.slice(-2)].map((line) => key(line, lines)))) {
      seen.set(unique, (seen.get(unique) ?? 0) + 1);
    }
  }
  const running = new Set<string>();
  for (const [text, count] of seen) if (text !== '' && count >= 4 && count >= pages.length / 3) running.add(text);
  return running;
}
