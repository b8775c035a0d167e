import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Comparison, Filter, Scalar } from '../content/index.ts';

export type { Comparison, Filter, Scalar } from '../content/index.ts';

export const COMPARISONS: readonly Comparison[] = ['=', '!=', '<', '<=', '>', '>=', '^=', 'contains', 'matches'];

/** Fields that every document has or may have, whatever its metadata. */
export const BUILT_IN = ['id', 'title', 'path', 'format', 'language'] as const;

export const eq = (field: string, value: Scalar): Filter => ({ field, op: '=', value });
export const ne = (field: string, value: Scalar): Filter => ({ field, op: '!=', value });
export const lt = (field: string, value: Scalar): Filter => ({ field, op: '<', value });
export const lte = (field: string, value: Scalar): Filter => ({ field, op: '<=', value });
export const gt = (field: string, value: Scalar): Filter => ({ field, op: '>', value });
export const gte = (field: string, value: Scalar): Filter => ({ field, op: '>=', value });
export const startsWith = (field: string, value: string): Filter => ({ field, op: '^=', value });
export const contains = (field: string, value: string): Filter => ({ field, op: 'contains', value });
export const matches = (field: string, pattern: string): Filter => ({ field, op: 'matches', value: pattern });
export const oneOf = (field: string, values: readonly Scalar[]): Filter => ({ field, op: 'in', values });
export const exists = (field: string): Filter => ({ field, op: 'exists' });
export const and = (...all: Filter[]): Filter => ({ and: all });
export const or = (...any: Filter[]): Filter => ({ or: any });
export const not = (inner: Filter): Filter => ({ not: inner });

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

export function isBuiltIn(field: string): boolean {
  return (BUILT_IN as readonly string[]).includes(field);
}

/** `year` for `metadata.year`; undefined for a name without that beginning. */
export function metadataName(field: string): string | undefined {
  return field.startsWith('metadata.') ? field.slice('metadata.'.length) : undefined;
}

/** @throws InvalidArgumentError when the filter names a field that no document has; `known` are the fields that exist. */
export function checkFields(filter: Filter, known: ReadonlySet<string>): void {
  for (const field of filterFields(filter)) {
    if (isBuiltIn(field) || known.has(field) || known.has(metadataName(field) ?? field)) continue;
    const candidates = [...new Set([...BUILT_IN, ...known])];
    const guess = nearest(metadataName(field) ?? field, candidates);
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
  const only = (...names: string[]): void => {
    const other = Object.keys(part).find((name) => !names.includes(name));
    if (other !== undefined) fail(`"${other}" does not stand beside "${names.join('", "')}"`);
  };
  for (const key of ['and', 'or'] as const) {
    if (!(key in part)) continue;
    only(key);
    const list = part[key];
    if (!Array.isArray(list) || list.length === 0) return fail(`"${key}" needs a list of at least one condition`);
    list.forEach((inner, i) => {
      checkFilter(inner, `${path}.${key}[${i}]`, depth + 1);
    });
    return;
  }
  if ('not' in part) {
    only('not');
    return checkFilter(part['not'], `${path}.not`, depth + 1);
  }
  if (typeof part['field'] !== 'string') fail('"field" must be a name');
  const op = part['op'];
  if (op === 'exists') return only('field', 'op');
  const scalar = (v: unknown): boolean => typeof v === 'string' || typeof v === 'boolean' || Number.isFinite(v);
  if (op === 'in') {
    only('field', 'op', 'values');
    const values = part['values'];
    if (!Array.isArray(values) || !values.every(scalar)) fail('"values" must be a list of texts, numbers or booleans');
    return;
  }
  if (!(COMPARISONS as readonly unknown[]).includes(op)) {
    const guess = typeof op === 'string' ? nearest(op, OPERATORS) : undefined;
    fail(`unknown operator ${JSON.stringify(op)}${guess === undefined ? '' : `, did you mean "${guess}"`}`);
  }
  only('field', 'op', 'value');
  if (!scalar(part['value'])) fail('"value" must be a text, a number or a boolean');
}

const OPERATORS = [...COMPARISONS, 'in', 'exists'];
