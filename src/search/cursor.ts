import { InvalidArgumentError } from '../base/errors.ts';
import { hashText } from '../base/hash.ts';

/** Hits that paging reaches: each page is cut from a ranking of all that came before it. */
export const DEEPEST = 1000;

/** First byte of a cursor. */
const VERSION = 1;
/** Bytes of what names the search, and of each hit that was given out. */
const DIGEST = 8;
const MARK = 5;

/** A place in the pages of a search. */
export interface Cursor {
  /** Which search it belongs to: `digestOf`. */
  readonly digest: string;
  /** Hits that were given out: `markOf` each. */
  readonly seen: ReadonlySet<string>;
}

/** The beginning of every search. */
export const FIRST_PAGE: Cursor = { digest: '', seen: new Set() };

/** A search without its page, as a value that pages of the same search have in common. */
export function digestOf(search: readonly unknown[]): string {
  return bytesOf(hashText(JSON.stringify(search)), DIGEST);
}

/** A hit, as cursors remember it. Two share a mark once in 2^40 pairs. */
export function markOf({ id, start }: { readonly id: string; readonly start: number }): string {
  return bytesOf(hashText(`${start} ${id}`), MARK);
}

function bytesOf([high, low]: readonly [number, number], length: number): string {
  let bytes = '';
  for (let i = 0; i < length; i++) bytes += String.fromCharCode(((i < 4 ? low : high) >>> (8 * (i % 4))) & 0xff);
  return bytes;
}

/** The cursor as a text for addresses and JSON, 7 characters a hit. */
export function formatCursor({ digest, seen }: Cursor): string {
  const bytes = btoa(String.fromCharCode(VERSION) + digest + [...seen].join(''));
  return bytes.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** @throws InvalidArgumentError for what no search gave out. */
export function parseCursor(text: string): Cursor {
  let bytes = '';
  try {
    bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    // Told below.
  }
  const marks = bytes.slice(1 + DIGEST);
  if (bytes.length < 1 + DIGEST || bytes.charCodeAt(0) !== VERSION || marks.length % MARK !== 0) throw notOurs();
  const seen = new Set<string>();
  for (let at = 0; at < marks.length; at += MARK) seen.add(marks.slice(at, at + MARK));
  if (seen.size > DEEPEST) throw notOurs();
  return { digest: bytes.slice(1, 1 + DIGEST), seen };
}

function notOurs(): InvalidArgumentError {
  return new InvalidArgumentError(
    'The cursor is none that a search gave out.',
    'Pass `next` of the page before, or begin again without a cursor.',
  );
}

/** @throws InvalidArgumentError for the cursor of another search. */
export function checkCursor({ digest }: Cursor, search: string): void {
  if (digest === '' || digest === search) return;
  throw new InvalidArgumentError(
    'The cursor belongs to another search.',
    'Ask for the next page with the same query, filter and options; only `k` may differ.',
  );
}
