export interface PdfLine {
  readonly text: string;
  readonly x: number;
  readonly right: number;
  readonly y: number;
  readonly size: number;
  /** Wide gaps within the line: offset in the text behind which it lies, and its edges. */
  readonly gaps?: readonly { readonly at: number; readonly left: number; readonly right: number }[];
}

export interface PdfPage {
  readonly lines: readonly PdfLine[];
  readonly height: number;
  /** What the document calls the page (`iv`, `A-3`), where it says so. */
  readonly label?: string | undefined;
}

/** Lines at the top and at the bottom of a page that may be running lines. */
const EDGE = 2;
/** Pages on which a running line stands, at least; and their share of all. */
const LEAST_PAGES = 4;
const LEAST_SHARE = 1 / 3;
const LONGEST_TITLE = 200;
/** The longest number that counts pages. */
const PAGE_NUMBER = /\d{1,4}|\b[ivxlc]{1,7}\b/gi;

/**
 * Headers, footers and page numbers, which are no part of the text: lines at the edge of a page that stand, equal but
 * for a number that follows the count of pages, on at least a third of the pages and on four; the titles of chapters and sections beside such a
 * number; and lone numbers that are the page's own. Amounts and years stay, and so does a line without which a page would be empty.
 */
export function runningLines(pages: readonly PdfPage[]): ReadonlySet<PdfLine> {
  const seen = new Map<string, number>();
  const titles = titlesOf(pages);
  const keyed = pages.map((page, index) =>
    edgesOf(page).map(({ line, edge }) => ({
      line,
      keys: [
        ...keysOf(line.text, edge, index + 1, pages.length),
        ...titleKeys(line, edge, index + 1, pages.length, titles),
      ],
    })),
  );
  for (const lines of keyed) {
    for (const key of new Set(lines.flatMap(({ keys }) => keys))) seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  const running = new Set<PdfLine>();
  keyed.forEach((lines, index) => {
    const page = pages[index]!;
    const repeated = lines.filter(({ keys }) =>
      keys.some((key) => seen.get(key)! >= LEAST_PAGES && seen.get(key)! >= pages.length * LEAST_SHARE),
    );
    const own = lines.filter(({ line }) => isOwnNumber(line, page, index + 1));
    const dropped = new Set([...repeated, ...own].map(({ line }) => line));
    if (dropped.size < page.lines.length) for (const line of dropped) running.add(line);
  });
  return running;
}

function edgesOf({ lines }: PdfPage): { readonly line: PdfLine; readonly edge: string }[] {
  return lines.flatMap((line, i) => {
    if (i < EDGE) return [{ line, edge: 'top' }];
    return i >= lines.length - EDGE ? [{ line, edge: 'bottom' }] : [];
  });
}

/** What the line has in common with its like on other pages: its text, or its text around a number less the page's. */
function keysOf(text: string, edge: string, page: number, pages: number): string[] {
  const keys = [`${edge}\0${text}`];
  for (const match of text.matchAll(PAGE_NUMBER)) {
    const before = text.slice(0, match.index);
    const after = text.slice(match.index + match[0].length);
    // Part of a longer number (an amount, a date, a version) counts nothing.
    if (/\d[.,:/-]?$/.test(before) || /^[.,:/-]?\d/.test(after)) continue;
    const value = countOf(match[0]);
    // Numbers far beyond the pages count something else, unless they stand alone, as in a volume of a journal.
    const alone = !/[\p{L}\p{N}]/u.test(before + after);
    if (value === undefined || (!alone && value > 2 * pages + 50)) continue;
    keys.push(`${edge}\0${before}#${after}\0${value - page}`);
  }
  return keys;
}

const lettersOf = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{M}]/gu, '');

/** The letters of lines, and of two that follow each other in one size, with the largest size that each is set in: titles among them. */
function titlesOf(pages: readonly PdfPage[]): ReadonlyMap<string, number> {
  const titles = new Map<string, number>();
  for (const { lines } of pages) {
    let before = '';
    lines.forEach(({ text, size }, i) => {
      const letters = text.length > LONGEST_TITLE ? '' : lettersOf(text);
      const joined = before !== '' && lines[i - 1]!.size === size ? before + letters : '';
      for (const one of [letters, joined]) if (one !== '') titles.set(one, Math.max(titles.get(one) ?? 0, size));
      before = letters;
    });
  }
  return titles;
}

/** `4.4. Changelogs 21`, `22 Chapter 4. Packages`: a title that stands larger elsewhere, and a number that counts the page. */
function titleKeys(
  { text, size }: PdfLine,
  edge: string,
  page: number,
  pages: number,
  titles: ReadonlyMap<string, number>,
): string[] {
  const [, left, afterLeft, beforeRight, right] = /^(\d{1,4})\s+(\D.*)$|^(.*\D)\s(\d{1,4})$/.exec(text) ?? [];
  const rest = afterLeft ?? beforeRight;
  if (rest === undefined || text.length > LONGEST_TITLE) return [];
  const value = Number(left ?? right);
  if (value > 2 * pages + 50) return [];
  const names = [lettersOf(rest), lettersOf(rest.replace(/^\p{L}+/u, ''))];
  const isTitle = names.some((letters) => letters !== '' && (titles.get(letters) ?? 0) > 1.12 * size);
  return isTitle ? [`${edge}\0title\0${value - page}`] : [];
}

function isOwnNumber(line: PdfLine, { lines, label }: PdfPage, page: number): boolean {
  if (lines.length < 2 || (line !== lines[0] && line !== lines.at(-1))) return false;
  const number = /^[-–— ]*(\d{1,4}|[ivxlc]{1,7})[-–— ]*$/i.exec(line.text)?.[1];
  return number !== undefined && (countOf(number) === page || number === label);
}

const ROMAN: Readonly<Record<string, number>> = { i: 1, v: 5, x: 10, l: 50, c: 100 };

/** The number that digits or Roman numerals stand for. */
function countOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const digits = Array.from(text.toLowerCase(), (letter) => ROMAN[letter]);
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits[i];
    if (digit === undefined) return undefined;
    sum += digit < (digits[i + 1] ?? 0) ? -digit : digit;
  }
  return sum > 0 ? sum : undefined;
}
