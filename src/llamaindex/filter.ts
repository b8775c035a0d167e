import type { MetadataFilter, MetadataFilters } from '@llamaindex/core/vector-store';
import { InvalidArgumentError } from '../base/errors.ts';
import { BUILT_IN_FIELDS, type Comparison, type Filter, type Scalar } from '../search/index.ts';

/** Filters as users of LlamaIndex write them, or an expression or a filter of ours. Fields of theirs are metadata. */
export type LlamaIndexFilter = MetadataFilters | Filter | string;

const COMPARES: Readonly<Record<string, Comparison>> = {
  '==': '=',
  '!=': '!=',
  '>': '>',
  '>=': '>=',
  '<': '<',
  '<=': '<=',
  contains: '=',
  text_match: 'contains',
};

/** @throws InvalidArgumentError for what has no equal here: it is refused, never passed over. */
export function mapFilter(filter: LlamaIndexFilter): Filter | string {
  if (typeof filter === 'string' || !('filters' in filter)) return filter;
  const { filters, condition = 'and' } = filter;
  if (filters.length === 0) throw new InvalidArgumentError('The filter is empty.', 'Leave it out, or name a field.');
  if (condition !== 'and' && condition !== 'or') {
    throw new InvalidArgumentError(`Filters are joined by "${String(condition)}".`, 'Join them by "and" or "or".');
  }
  const parts = filters.map(mapped);
  if (parts.length === 1) return parts[0]!;
  return condition === 'and' ? { and: parts } : { or: parts };
}

function mapped({ key, value, operator }: MetadataFilter): Filter {
  const field = (BUILT_IN_FIELDS as readonly string[]).includes(key) ? `metadata.${key}` : key;
  const op = COMPARES[operator];
  if (op !== undefined && isScalar(value)) return { field, op, value };
  if (operator === 'is_empty') return { not: { field, op: 'exists' } };
  if (Array.isArray(value) && value.length > 0 && value.every(isScalar)) {
    const values: readonly Scalar[] = value;
    if (operator === 'in' || operator === 'any') return { field, op: 'in', values };
    if (operator === 'nin') return { not: { field, op: 'in', values } };
    if (operator === 'all') return { and: values.map((one): Filter => ({ field, op: '=', value: one })) };
  }
  throw new InvalidArgumentError(
    `The filter's condition ${key} ${operator} ${JSON.stringify(value)?.slice(0, 100)} has no equal here.`,
    `Use ${Object.keys(COMPARES).join(', ')} with a value, in, nin, any and all with a list, or is_empty.`,
  );
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
