import pc from 'picocolors';
import type { Range } from '../collection/index.ts';

let held: string[] | undefined;

/** Writes to stdout what the user asked for; a closed pipe (`| head`) ends the program quietly. */
export function print(line = ''): void {
  if (held === undefined) process.stdout.write(`${line}\n`);
  else held.push(`${line}\n`);
}

/** Keeps what is printed from now on. @returns what gives it, and lets printing go on. */
export function holdPrinted(): () => string {
  const lines: string[] = [];
  held = lines;
  return () => {
    held = undefined;
    return lines.join('');
  };
}

/** Writes to stderr what is about the run rather than its result. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  printJsonText(JSON.stringify(value));
}

/** A line of JSON: to a terminal with escapes for what it would act on. */
export function printJsonText(line: string): void {
  print(process.stdout.isTTY ? escapedControls(line) : line);
}

/** Prints text of documents: to a file or another program as it is, to a terminal as {@link printable}. */
export function printText(text: string): void {
  print(forTerminal(text));
}

/** Text on stdout: as it is for a file or another program, as {@link printable} for a terminal. */
export function forTerminal(text: string): string {
  return process.stdout.isTTY ? printable(text) : text;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `1234567` as `1.2 MB`. */
export function bytes(count: number): string {
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `1234` as `1,234`. Without the runtime's own formats, which a new process would have to load for it. */
export function number(count: number): string {
  return String(count).replace(/(?<!\.\d*)\B(?=(\d{3})+(?!\d))/g, ',');
}

export function duration(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** Rows of cells as aligned columns; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => (typeof cell === 'number' ? number(cell) : cell)));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row, i) => {
      const line = row
        .map((cell, column) =>
          i > 0 && typeof rows[i - 1]![column] === 'number'
            ? cell.padStart(widths[column]!)
            : cell.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd();
      return i === 0 ? pc.dim(line) : line;
    })
    .join('\n');
}

/**
 * Text from a document, safe for a terminal: control characters (escape sequences, bidirectional overrides) are shown
 * as a visible sign, since a document must not be able to drive the reader's terminal.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/**
 * An id on one line. One with line breaks, other control characters, spaces at its ends, or a quotation mark at its beginning is written as JSON does
 * it: as another one it could not be told from, and not be given back. {@link parseId} reads it.
 */
export function idOf(id: string): string {
  const unclear = printable(id) !== id || /[\n\t\u2028\u2029]|^[\s"]|\s$/.test(id);
  if (!unclear) return id;
  return escapedControls(JSON.stringify(id));
}

/** JSON with all that a terminal would act on as escapes, which says the same. */
function escapedControls(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** An id as {@link idOf} writes it. */
export function parseId(line: string): string {
  if (!line.startsWith('"')) return line;
  try {
    const id: unknown = JSON.parse(line);
    return typeof id === 'string' ? id : line;
  } catch {
    return line;
  }
}

/** The text with the ranges emphasised. Ranges are ascending and disjoint. */
export function emphasise(text: string, ranges: readonly Range[]): string {
  let out = '';
  let at = 0;
  for (const { start, end } of ranges) {
    out += printable(text.slice(at, start)) + pc.bold(pc.yellow(printable(text.slice(start, end))));
    at = end;
  }
  return out + printable(text.slice(at));
}
