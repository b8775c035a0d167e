import { posix } from 'node:path';
import type { Metadata, MetadataValue } from '../content/index.ts';
import { innerPath } from './paths.ts';

/** What filters know by these names is set by Sagitta; a source's own field of that name is kept as `source.<name>`. */
const RESERVED = new Set(['id', 'title', 'path', 'folder', 'format', 'language']);
/** A longer string is prose: worth searching, useless to filter by. UTF-16 code units. */
const LONGEST_SCALAR = 1024;
/** Objects within objects that are flattened, and objects of a list. */
const DEEPEST = 4;
const MOST_OBJECTS = 100;

type Scalar = string | number | boolean;

/**
 * Turns the fields of a foreign object (front matter, a record) into metadata: scalars and lists of scalars as they
 * are, dates as ISO 8601 strings, objects flattened (`author.name`), and of a list of objects each of their fields as a
 * list (`authors.name`). Strings of more than 1,024 code units are left out, and what lies deeper than {@link DEEPEST}.
 */
export function toMetadata(fields: Readonly<Record<string, unknown>>): Metadata {
  const entries: [string, MetadataValue][] = [];
  const add = (key: string, value: unknown, depth: number): void => {
    const flat = toValue(value);
    if (flat !== undefined) entries.push([depth === 0 && RESERVED.has(key) ? `source.${key}` : key, flat]);
    else if (depth === DEEPEST) return;
    else if (isPlainObject(value)) {
      for (const [inner, innerValue] of Object.entries(value)) add(`${key}.${inner}`, innerValue, depth + 1);
    } else if (Array.isArray(value) && value.length <= MOST_OBJECTS && value.every(isPlainObject)) {
      for (const [inner, scalars] of columns(value)) add(`${key}.${inner}`, scalars, DEEPEST);
    }
  };
  for (const [key, value] of Object.entries(fields)) add(key, value, 0);
  // fromEntries defines own properties, so a field called `__proto__` stays a field.
  return Object.fromEntries(entries);
}

/** Whether {@link toMetadata} leaves out nothing of a field's value, and keeps together what belongs together. */
export function fitsMetadata(value: unknown, depth = 0): boolean {
  if (toValue(value) !== undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  return (
    depth < DEEPEST && isPlainObject(value) && Object.values(value).every((inner) => fitsMetadata(inner, depth + 1))
  );
}

/** Scalars of objects, by the names of their fields. */
function columns(objects: readonly Record<string, unknown>[]): ReadonlyMap<string, readonly Scalar[]> {
  const found = new Map<string, Scalar[]>();
  for (const object of objects) {
    for (const [name, value] of Object.entries(object)) {
      const scalar = toScalar(value);
      if (scalar === undefined) continue;
      const column = found.get(name);
      if (column === undefined) found.set(name, [scalar]);
      else column.push(scalar);
    }
  }
  return found;
}

function toValue(value: unknown): MetadataValue | undefined {
  if (value === null) return null;
  if (Array.isArray(value)) {
    const list = value.map(toScalar).filter((item) => item !== undefined);
    return list.length === value.length && list.length > 0 ? list : undefined;
  }
  return toScalar(value);
}

function toScalar(value: unknown): Scalar | undefined {
  switch (typeof value) {
    case 'string':
      return value.length > LONGEST_SCALAR ? undefined : isoTimestamp(value);
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : undefined;
    case 'bigint':
      return value.toString();
    case 'object':
      return value instanceof Date && !Number.isNaN(value.getTime()) ? isoDate(value) : undefined;
    default:
      return undefined;
  }
}

/** `2024-05-01` for midnight UTC, the full timestamp otherwise. */
function isoDate(date: Date): string {
  const iso = date.toISOString();
  return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso.replace('.000Z', 'Z');
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\d)(?:[Tt]|[ \t]+)(\d\d?:\d\d:\d\d(?:\.\d+)?)(?:[ \t]*(Z|[-+]\d\d(?::?\d\d)?))?$/;

/** YAML timestamps (`2024-05-01 10:00:00 +2`) as ISO 8601 in UTC, so that they compare as strings; others unchanged. */
function isoTimestamp(text: string): string {
  const match = TIMESTAMP.exec(text);
  if (match === null) return text;
  const [, day, time, zone = 'Z'] = match;
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.replace(':', '').slice(3) || '00'}`;
  const date = new Date(`${day}T${time!.padStart(8, '0')}${offset}`);
  return Number.isNaN(date.getTime()) ? text : date.toISOString().replace('.000Z', 'Z');
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** What the path says beyond the document's own fields: `folder`, absent at the top. */
export function pathMetadata(path: string): Metadata {
  const folder = posix.dirname(path);
  return folder === '.' ? {} : { folder };
}

/**
 * The id of a document: its file's path, with `#` and a record's id or number behind it where a file holds several. A
 * `#` that belongs to the path is written `%23` (and `%23`, `%2523`), so that no file shares an id with a record.
 */
export function documentId(path: string, record?: string): string {
  const file = path.replaceAll('%23', '%2523').replaceAll('#', '%23');
  return record === undefined ? file : `${file}#${record}`;
}

/** The file's name, without its extension unless that is asked for. */
function titleFromPath(path: string, keepExtension = false): string {
  const name = posix.basename(innerPath(path)).normalize('NFC');
  return keepExtension ? name : name.replace(/(?<=.)\.[^.]{1,10}$/u, '');
}

/**
 * The titles that a document gets when its source declares none: the name of its file, followed by its record's number
 * or id where the file holds several.
 */
export function fallbackTitle(path: string, record: string | undefined, keepExtension = false): string {
  const title = titleFromPath(path, keepExtension);
  return record === undefined ? title : `${title} #${record}`;
}

/** Whether the title says nothing but what the id and the path say. */
export function isFallbackTitle(title: string, id: string, path: string): boolean {
  const prefix = `${documentId(path)}#`;
  const record = id.startsWith(prefix) ? id.slice(prefix.length) : undefined;
  return title === fallbackTitle(path, record) || title === fallbackTitle(path, record, true);
}

/** `en` for `en`, `EN-us`, `en_GB.UTF-8`; undefined for what is no language code. */
export function languageCode(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const match = /^\s*([a-z]{2})(?![a-z])/i.exec(value);
  return match?.[1]?.toLowerCase();
}

/** One line, trimmed, at most 300 code units; undefined when nothing is left. */
export function cleanTitle(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const title = String(value).replace(/\s+/gu, ' ').trim();
  if (title === '') return undefined;
  return title.length <= 300 ? title : `${title.slice(0, 299).replace(/[\uD800-\uDBFF]$/u, '')}…`;
}
