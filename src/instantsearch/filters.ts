import { InvalidArgumentError } from '../base/errors.ts';

/** Filters as InstantSearch sends them: all of the outer list must hold, of an inner list one. */
export type NestedFilters = string | readonly (string | readonly string[])[];

/** What of a request's parameters is a filter. */
export interface FilterParameters {
  /** An expression of ours (`year >= 2020`), not one of Algolia's. */
  readonly filters?: string | undefined;
  readonly facetFilters?: NestedFilters | undefined;
  readonly numericFilters?: NestedFilters | undefined;
}

/**
 * One expression of all filters of a request; undefined where there is none.
 * @throws InvalidArgumentError for a condition that has no equal here.
 */
export function filterOf({ filters, facetFilters, numericFilters }: FilterParameters): string | undefined {
  const parts = [
    ...(filters === undefined || filters.trim() === '' ? [] : [`(${filters})`]),
    ...conjunction(facetFilters, facetCondition),
    ...conjunction(numericFilters, numericCondition),
  ];
  return parts.length === 0 ? undefined : parts.join(' and ');
}

function conjunction(filters: NestedFilters | undefined, condition: (text: string) => string): string[] {
  if (filters === undefined) return [];
  const all = typeof filters === 'string' ? [filters] : filters;
  return all
    .filter((one) => one.length > 0)
    .map((one) => (typeof one === 'string' ? condition(one) : `(${one.map(condition).join(' or ')})`));
}

/** `colour:red`, `colour:-red`; a minus that belongs to the value is written `\-`. */
function facetCondition(text: string): string {
  const at = text.indexOf(':');
  if (at < 1) throw unknown(text, 'field:value');
  const field = fieldOf(text.slice(0, at));
  const value = text.slice(at + 1);
  const excluded = value.startsWith('-');
  const plain = excluded ? value.slice(1) : value.replace(/^\\-/, '-');
  const equal = /^(true|false)$/.test(plain)
    ? `(${field} = ${plain} or ${field} = "${plain}")`
    : `${field} = "${plain.replace(/["\\]/g, '\\$&')}"`;
  return excluded ? `not ${equal}` : equal;
}

/** `price>=10`, `price:10 TO 20`. */
function numericCondition(text: string): string {
  const [, name, operator, number] = /^\s*(.+?)\s*(!=|<=|>=|=|<|>)\s*(-?[\d.]+(?:e[+-]?\d+)?)\s*$/i.exec(text) ?? [];
  if (name !== undefined) return `${fieldOf(name)} ${operator} ${number}`;
  const [, field, from, to] = /^\s*([^:]+?)\s*:\s*(-?[\d.]+)\s+TO\s+(-?[\d.]+)\s*$/.exec(text) ?? [];
  if (field === undefined) throw unknown(text, 'field>=number');
  return `(${fieldOf(field)} >= ${from} and ${fieldOf(field)} <= ${to})`;
}

function fieldOf(name: string): string {
  if (/^[\p{L}\p{N}_.$-]+$/u.test(name)) return name;
  throw unknown(name, 'a field name of letters, digits, dots, dashes and underscores');
}

function unknown(text: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`The filter "${text.slice(0, 100)}" cannot be read.`, `Write ${expected}.`);
}
