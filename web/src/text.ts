/**
 * Text of documents, safe to show: control characters and those that turn the direction of writing around (with which a
 * text can pretend to say something else) become a visible sign. Every character keeps its place, so ranges stay true.
 */
export function visible(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to show as a sign
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    '\ufffd',
  );
}

/** Letters of scripts that are written from right to left. */
const RIGHT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/gu;
const LETTER = /\p{L}/gu;
/** Characters by which the direction of a text is told. */
const TOLD_BY = 2000;

/**
 * The direction of a text, by what most of its letters are: `dir="auto"` goes by the first letter alone, which in a Persian passage may well be
 * of a name in Latin script.
 */
export function directionOf(text: string): 'rtl' | 'ltr' {
  const part = text.slice(0, TOLD_BY);
  const right = part.match(RIGHT)?.length ?? 0;
  return right > 0 && 2 * right >= (part.match(LETTER)?.length ?? 0) ? 'rtl' : 'ltr';
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

/** A text in pieces, those within the ranges marked. Ranges are ascending and disjoint. */
export function pieces(text: string, ranges: readonly Range[]): Piece[] {
  const result: Piece[] = [];
  let at = 0;
  for (const { start, end } of ranges) {
    if (start > at) result.push({ text: text.slice(at, start), marked: false });
    if (end > start) result.push({ text: text.slice(Math.max(at, start), end), marked: true });
    at = Math.max(at, end);
  }
  if (at < text.length) result.push({ text: text.slice(at), marked: false });
  return result;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

export function bytes(count: number): string {
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export const number = (count: number): string => count.toLocaleString('en');

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

export function milliseconds(time: number): string {
  return time < 10 ? `${time.toFixed(1)} ms` : time < 1000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(1)} s`;
}

export const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** The last part of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
