import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { DocumentRecord, MetadataValue } from '../store/types.ts';

export type Scalar = string | number | boolean;
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=' | '^=';

/**
 * A condition on documents, as plain data (it travels as JSON). Fields are `id`, `title`, `path`, `format`, `language`
 * and every metadata field. A document without the field satisfies no comparison; `!=` and `not` are satisfied by it.
 * A list-valued field satisfies a comparison when one of its members does. `^=` means "starts with".
 */
export type Filter =
  | { readonly field: string; readonly op: Comparison; readonly value: Scalar }
  | { readonly field: string; readonly op: 'in'; readonly values: readonly Scalar[] }
  | { readonly field: string; readonly op: 'exists' }
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter };

export const eq = (field: string, value: Scalar): Filter => ({ field, op: '=', value });
export const ne = (field: string, value: Scalar): Filter => ({ field, op: '!=', value });
export const lt = (field: string, value: Scalar): Filter => ({ field, op: '<', value });
export const lte = (field: string, value: Scalar): Filter => ({ field, op: '<=', value });
export const gt = (field: string, value: Scalar): Filter => ({ field, op: '>', value });
export const gte = (field: string, value: Scalar): Filter => ({ field, op: '>=', value });
export const startsWith = (field: string, value: string): Filter => ({ field, op: '^=', value });
export const oneOf = (field: string, values: readonly Scalar[]): Filter => ({ field, op: 'in', values });
export const exists = (field: string): Filter => ({ field, op: 'exists' });
export const and = (...all: Filter[]): Filter => ({ and: all });
export const or = (...any: Filter[]): Filter => ({ or: any });
export const not = (inner: Filter): Filter => ({ not: inner });

const BUILT_IN = ['id', 'title', 'path', 'format', 'language'] as const;

/** The value of a filter's field in a document: built-in fields first, then metadata. */
export function fieldValue(document: DocumentRecord, field: string): MetadataValue | undefined {
  switch (field) {
    case 'id':
      return document.id;
    case 'title':
      return document.title;
    case 'path':
      return document.path;
    case 'format':
      return document.format;
    case 'language':
      return document.language;
    default:
      return Object.hasOwn(document.metadata, field) ? document.metadata[field] : undefined;
  }
}

/**
 * The filter as a predicate. Comparing a field with a value of another type (a number with a string) is false for that
 * document, except that numbers and dates written as text compare with text, character by character.
 */
export function compileFilter(filter: Filter): (document: DocumentRecord) => boolean {
  if ('and' in filter) {
    const parts = filter.and.map(compileFilter);
    return (document) => parts.every((part) => part(document));
  }
  if ('or' in filter) {
    const parts = filter.or.map(compileFilter);
    return (document) => parts.some((part) => part(document));
  }
  if ('not' in filter) {
    const inner = compileFilter(filter.not);
    return (document) => !inner(document);
  }
  const { field } = filter;
  const test = memberTest(filter);
  const negated = filter.op === '!=';
  return (document) => {
    const value = fieldValue(document, field);
    if (value === undefined || value === null) return negated;
    const matched = Array.isArray(value) ? value.some(test) : test(value as Scalar);
    return negated ? !matched : matched;
  };
}

function memberTest(filter: Extract<Filter, { field: string }>): (member: Scalar) => boolean {
  switch (filter.op) {
    case 'exists':
      return () => true;
    case 'in': {
      const values = new Set(filter.values);
      return (member) => values.has(member);
    }
    case '=':
    case '!=':
      return (member) => member === filter.value;
    case '^=': {
      const prefix = String(filter.value);
      return (member) => typeof member === 'string' && member.startsWith(prefix);
    }
    default: {
      const { op, value } = filter;
      return (member) => {
        if (typeof member !== typeof value) return false;
        if (op === '<') return member < value;
        if (op === '<=') return member <= value;
        if (op === '>') return member > value;
        return member >= value;
      };
    }
  }
}

/** Every field that the filter names. */
export function filterFields(filter: Filter): Set<string> {
  const fields = new Set<string>();
  const visit = (part: Filter): void => {
    if ('and' in part) part.and.forEach(visit);
    else if ('or' in part) part.or.forEach(visit);
    else if ('not' in part) visit(part.not);
    else fields.add(part.field);
  };
  visit(filter);
  return fields;
}

/** @throws InvalidArgumentError when the filter names a field that no document has; `known` are the fields that exist. */
export function checkFields(filter: Filter, known: ReadonlySet<string>): void {
  for (const field of filterFields(filter)) {
    if (known.has(field) || (BUILT_IN as readonly string[]).includes(field)) continue;
    const candidates = [...BUILT_IN, ...known];
    const guess = nearest(field, candidates);
    throw new InvalidArgumentError(
      `No document has the field "${field}".`,
      guess === undefined
        ? `Known fields: ${candidates.slice(0, 20).join(', ')}.`
        : `Did you mean "${guess}"? Known fields: ${candidates.slice(0, 20).join(', ')}.`,
    );
  }
}

const MAX_DEPTH = 64;

/**
 * Checks the shape of a filter that came from outside (JSON).
 * @throws InvalidArgumentError naming the part that is wrong, or when it nests deeper than 64 levels.
 */
export function checkFilter(value: unknown, path = 'filter', depth = 0): asserts value is Filter {
  const fail = (problem: string): never => {
    throw new InvalidArgumentError(
      `${path}: ${problem}.`,
      'Write {"field": "year", "op": ">=", "value": 2020}, {"field": "tag", "op": "in", "values": ["a"]}, {"and": [...]}, {"or": [...]} or {"not": ...}.',
    );
  };
  if (depth > MAX_DEPTH) fail(`nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('not an object');
  const part = value as Record<string, unknown>;
  for (const key of ['and', 'or'] as const) {
    if (!(key in part)) continue;
    const list = part[key];
    if (!Array.isArray(list) || list.length === 0) return fail(`"${key}" needs a list of at least one condition`);
    list.forEach((inner, i) => {
      checkFilter(inner, `${path}.${key}[${i}]`, depth + 1);
    });
    return;
  }
  if ('not' in part) return checkFilter(part['not'], `${path}.not`, depth + 1);
  if (typeof part['field'] !== 'string' || part['field'] === '') fail('"field" must be a name');
  const op = part['op'];
  if (op === 'exists') return;
  const scalar = (v: unknown): boolean => typeof v === 'string' || typeof v === 'boolean' || Number.isFinite(v);
  if (op === 'in') {
    const values = part['values'];
    if (!Array.isArray(values) || !values.every(scalar)) fail('"values" must be a list of texts, numbers or booleans');
    return;
  }
  if (!['=', '!=', '<', '<=', '>', '>=', '^='].includes(op as string)) fail(`unknown operator ${JSON.stringify(op)}`);
  if (!scalar(part['value'])) fail('"value" must be a text, a number or a boolean');
}
