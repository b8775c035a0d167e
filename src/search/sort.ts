import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { DocumentRecord } from '../content/index.ts';
import { BUILT_IN, metadataName, type Scalar } from './filter.ts';
import { fieldValues, numberOf } from './filter-match.ts';

/** One field that documents are ordered by, as filters name fields. */
export interface SortKey {
  readonly field: string;
  /** Default `asc`. */
  readonly order?: 'asc' | 'desc';
}

/** `year desc, title`, or the same as a list. */
export type Sort = string | readonly SortKey[];

/** @throws InvalidArgumentError for what is no list of fields with an order each. */
export function parseSort(sort: Sort): readonly SortKey[] {
  const keys = typeof sort === 'string' ? sort.split(',').map(parseKey) : sort;
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isKey)) throw notSort(sort);
  return keys;
}

function parseKey(text: string): SortKey {
  const [, field, order] = /^\s*(?:"([^"]+)"|(\S+?))(?:\s+(asc|desc))?\s*$/i.exec(text)?.filter(Boolean) ?? [];
  if (field === undefined) throw notSort(text);
  return order === undefined ? { field } : { field, order: order.toLowerCase() as 'asc' | 'desc' };
}

function isKey(value: unknown): value is SortKey {
  const { field, order = 'asc', ...rest } = (value ?? {}) as Record<string, unknown>;
  return typeof field === 'string' && (order === 'asc' || order === 'desc') && Object.keys(rest).length === 0;
}

function notSort(sort: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    `${JSON.stringify(sort)?.slice(0, 100)} is no order.`,
    'Write fields with commas between them, each with `asc` or `desc` behind it or without: `year desc, title`.',
  );
}

/** @throws InvalidArgumentError for a field that no document has. */
export function checkSort(keys: readonly SortKey[], known: ReadonlySet<string>): void {
  for (const { field } of keys) {
    if (known.has(field)) continue;
    const names = [...new Set([...BUILT_IN, ...known])].filter((name) => metadataName(name) === undefined);
    const guess = nearest(field, names);
    throw new InvalidArgumentError(
      `No document has the field "${field}".`,
      guess === undefined ? `Known fields: ${names.slice(0, 20).join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
}

/** What a document is ordered by: of a list the least member, or the greatest for a descending order; null without the field. */
export function sortValues(document: DocumentRecord, keys: readonly SortKey[]): (Scalar | null)[] {
  return keys.map(({ field, order }) => {
    const sign = order === 'desc' ? -1 : 1;
    let first: Scalar | null = null;
    for (const value of fieldValues(document, field)) {
      if (first === null || sign * ordered(value, first) < 0) first = value;
    }
    return first;
  });
}

/** Below, at or above 0 as the first comes before, with or after the second; what lacks a field comes after all that have it. */
export function compareSorted(
  a: readonly (Scalar | null)[],
  b: readonly (Scalar | null)[],
  keys: readonly SortKey[],
): number {
  for (const [i, { order }] of keys.entries()) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === null || y === null) {
      if (x !== y) return x === null ? 1 : -1;
      continue;
    }
    const difference = ordered(x, y);
    if (difference !== 0) return order === 'desc' ? -difference : difference;
  }
  return 0;
}

/** Numbers by size, texts that write numbers among them; then texts by code unit, upper and lower case alike; then booleans. */
function ordered(a: Scalar, b: Scalar): number {
  const [x, y] = [rankOf(a), rankOf(b)];
  if (x !== y) return x - y;
  if (x === 0) return numberOf(a)! - numberOf(b)!;
  const [s, t] = [String(a).toLowerCase(), String(b).toLowerCase()];
  return s < t ? -1 : s > t ? 1 : 0;
}

function rankOf(value: Scalar): number {
  if (typeof value === 'boolean') return 2;
  return numberOf(value) === undefined ? 1 : 0;
}
