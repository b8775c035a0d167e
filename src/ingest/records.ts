import type { Block } from '../text/blocks.ts';
import { textBlocks } from '../text/index.ts';
import type { Reading } from './document.ts';
import { fitsMetadata, isPlainObject } from './metadata.ts';

const IDS = ['id', '_id'];
const TITLES = ['title', 'name', 'headline', 'subject'];
const TEXTS = ['text', 'content', 'contents', 'body', 'passage', 'document', 'abstract', 'description', 'summary'];
const LANGUAGES = ['language', 'lang'];
/** A string field beside the text that is longer than this is searched with it rather than kept as metadata. */
const LONGEST_LABEL = 200;

const NONE: ReadonlySet<string> = new Set();

/**
 * How a record of a JSON, JSONL or CSV file becomes a document:
 *
 * - id: `id` or `_id`, a string or a number; else the record's number in the file;
 * - title: `title`, `name`, `headline` or `subject`;
 * - text: the first non-empty one of `text`, `content`, `contents`, `body`, `passage`, `document`, `abstract`,
 *   `description`, `summary` (a string, or a list of strings), followed by every other string longer than 200
 *   characters as `field: value`; where none of these fields exists, every field as `field: value` (numbers and
 *   truth values too) and nested values as `path: value` lines; where there is nothing but the title, the title;
 * - language: `language` or `lang`, where it is a language code;
 * - metadata: the other scalars and lists of scalars; an object called `metadata` as if its fields were the record's,
 *   any other object flattened (`author.name`). What they cannot hold (lists of objects) is searched as `path: value` lines.
 *
 * @param spilled fields that are searched whatever their length: cells beyond the columns that a table declares.
 */
export function readRecord(
  record: Readonly<Record<string, unknown>>,
  number: number,
  format: string,
  spilled: ReadonlySet<string> = NONE,
): Reading {
  const rest = new Map(Object.entries(record));
  const nested = rest.get('metadata');
  if (isPlainObject(nested)) {
    rest.delete('metadata');
    for (const [key, value] of Object.entries(nested)) if (!rest.has(key)) rest.set(key, value);
  }

  const id = take(rest, IDS, (value) => isLabel(value) && String(value).length <= 512);
  const title = take(rest, TITLES, (value) => typeof value === 'string' && value.trim() !== '');
  const language = take(rest, LANGUAGES, (value) => typeof value === 'string' && /^[a-z]{2}([-_]|$)/i.test(value));
  const body = take(rest, TEXTS, (value) => proseOf(value) !== undefined);

  const parts: string[] = [];
  if (body !== undefined) parts.push(proseOf(body)!);
  for (const [key, value] of rest) {
    const prose = proseOf(value);
    if (prose === undefined) {
      if (body === undefined || !fitsMetadata(value)) parts.push(...nestedText(key, value));
      continue;
    }
    if (body === undefined || prose.length > LONGEST_LABEL || spilled.has(key)) parts.push(`${key}: ${prose}`);
    if (prose.length > LONGEST_LABEL) rest.delete(key);
  }
  const text = parts.length > 0 ? parts.join('\n\n') : typeof title === 'string' ? title : '';
  return {
    format,
    text,
    blocks: textBlocks(text),
    record: id === undefined ? String(number) : String(id),
    title,
    language,
    fields: Object.fromEntries(rest),
  };
}

/** Lines of what is no string, as one paragraph or none. */
function nestedText(key: string, value: unknown): string[] {
  const lines = [...describeMember(key, value)];
  return lines.length === 0 ? [] : [lines.join('\n')];
}

/** The value of the first of these fields that is acceptable; it leaves the map. */
function take(
  fields: Map<string, unknown>,
  names: readonly string[],
  accept: (value: unknown) => boolean,
): unknown | undefined {
  for (const name of names) {
    const value = fields.get(name);
    if (value !== undefined && accept(value)) {
      fields.delete(name);
      return value;
    }
  }
  return undefined;
}

function isLabel(value: unknown): value is string | number | bigint {
  return (typeof value === 'string' && value.trim() !== '') || typeof value === 'number' || typeof value === 'bigint';
}

/** A non-empty string, or the non-empty members of a list of strings, as text. */
function proseOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  if (!Array.isArray(value) || value.length === 0 || !value.every((item) => typeof item === 'string')) return undefined;
  const text = value
    .filter((item) => item.trim() !== '')
    .join(value.some((item) => item.length > LONGEST_LABEL) ? '\n\n' : ', ');
  return text === '' ? undefined : text;
}

/** Lines of `path: value` for a JSON value that is not a list of records, one block per member of the top level. */
export function describeValue(value: unknown): { readonly text: string; readonly blocks: readonly Block[] } {
  const blocks: Block[] = [];
  const lines: string[] = [];
  let length = 0;
  const members: (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map((item, i) => [`[${i}]`, item] as const)
    : isPlainObject(value)
      ? Object.entries(value)
      : [['', value]];
  let start = 0;
  for (const [key, member] of members) {
    const before = lines.length;
    for (const line of describeMember(key, member)) {
      lines.push(line);
      length += line.length + 1;
    }
    if (lines.length > before) {
      blocks.push({ kind: 'paragraph', start, end: length - 1 });
      lines.push('');
      length++;
      start = length;
    }
  }
  lines.pop();
  return { text: lines.join('\n'), blocks };
}

/** Numbers of a longer list are measurements or vectors, which nobody searches for; whole ones may be identifiers. */
const MOST_NUMBERS = { fractions: 20, whole: 1000 };
const LONGEST_PATH = 200;

function* describeMember(key: string, member: unknown): Generator<string> {
  // An explicit stack: a document may be nested deeper than the call stack is long.
  const stack: (readonly [string, unknown])[] = [[key, member]];
  while (stack.length > 0) {
    const [whole, value] = stack.pop()!;
    // Hostile nesting must not make the paths outgrow the values.
    const path = whole.length <= LONGEST_PATH ? whole : `…${whole.slice(-LONGEST_PATH / 2)}`;
    const label = path === '' ? '' : `${path}: `;
    if (value === null || value === undefined || value === '') continue;
    if (typeof value !== 'object') {
      yield `${label}${String(value)}`;
    } else if (Array.isArray(value)) {
      if (value.every((item) => typeof item !== 'object' || item === null)) {
        const most = value.every(isWhole) ? MOST_NUMBERS.whole : MOST_NUMBERS.fractions;
        const numbers =
          value.length > most && value.every((item) => typeof item === 'number' || typeof item === 'bigint');
        const shown = numbers ? value.slice(0, MOST_NUMBERS.fractions) : value;
        const more = numbers ? `, ... (${value.length} numbers)` : '';
        if (value.length > 0) yield `${label}${shown.join(', ')}${more}`;
      } else {
        // So are points of a line.
        const points = value.length > MOST_NUMBERS.fractions && value.every(isPoint);
        const shown = points ? MOST_NUMBERS.fractions : value.length;
        if (points) stack.push([path, `... (${value.length} points)`]);
        for (let i = shown - 1; i >= 0; i--) stack.push([`${path}[${i}]`, value[i]]);
      }
    } else {
      const inner = Object.entries(value);
      for (let i = inner.length - 1; i >= 0; i--) {
        stack.push([path === '' ? inner[i]![0] : `${path}.${inner[i]![0]}`, inner[i]![1]]);
      }
    }
  }
}

function isPoint(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'number') && !value.every(Number.isInteger);
}

function isWhole(value: unknown): boolean {
  return typeof value === 'bigint' || Number.isInteger(value);
}

/** Hands out ids that are unique within a file: the later of two equal ones gets its record number behind a `#`. */
export class RecordIds {
  readonly #seen = new Fingerprints();

  unique(record: string, number: number): string {
    if (this.#seen.add(record)) return record;
    const numbered = `${record}#${number}`;
    this.#seen.add(numbered);
    return numbered;
  }
}

/**
 * A set of strings remembered by 64-bit fingerprints, 8 bytes each at a load of at most one half: ids of files with
 * millions of records. Two strings in a million share a fingerprint with probability 3e-8.
 */
class Fingerprints {
  #slots = new Uint32Array(2 * 1024);
  #size = 0;

  /** False when the string was there already. */
  add(text: string): boolean {
    const [low, high] = fingerprint(text);
    if (this.#size * 4 > this.#slots.length) this.#grow();
    if (!insert(this.#slots, low, high)) return false;
    this.#size++;
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      if (old[i] !== 0 || old[i + 1] !== 0) insert(this.#slots, old[i]!, old[i + 1]!);
    }
  }
}

function insert(slots: Uint32Array, low: number, high: number): boolean {
  const mask = slots.length / 2 - 1;
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const at = slot * 2;
    if (slots[at] === 0 && slots[at + 1] === 0) {
      slots[at] = low;
      slots[at + 1] = high;
      return true;
    }
    if (slots[at] === low && slots[at + 1] === high) return false;
  }
}

/** Two multiplicative hashes with different constants, each finished with an avalanche; never both zero. */
function fingerprint(text: string): readonly [number, number] {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x85ebca6b) ^ (high >>> 15);
  }
  low = Math.imul(low ^ (low >>> 16), 0x7feb352d);
  high = Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return [(low ^ (low >>> 15)) >>> 0, (high ^ (high >>> 16)) >>> 0 || 1];
}
