import { InvalidArgumentError } from '../base/errors.ts';
import { BUILT_IN_FIELDS, type Comparison, type Filter, type Scalar } from '../search/index.ts';

/**
 * Filters as users of LangChain write them: an expression of ours, a filter of ours as JSON, or an object in the style of
 * MongoDB that most of its stores take: `{ year: { $gte: 2020 }, tags: 'api' }` with `$eq $ne $gt $gte $lt $lte $in $nin
 * $exists` on fields and `$and $or $not` around conditions. Fields of such an object are metadata, also where they are called like a part of every document
 * (`id`, `title`, `path`, `format`, `language`); dates are compared as texts in ISO 8601.
 */
export type LangChainFilter = string | object;

const OPERATORS: Readonly<Record<string, Comparison>> = {
  $eq: '=',
  $ne: '!=',
  $gt: '>',
  $gte: '>=',
  $lt: '<',
  $lte: '<=',
};
const KNOWN = '$eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $and, $or and $not';

/** @throws InvalidArgumentError for anything that has no equal here: it is refused, never passed over. */
export function mapFilter(filter: LangChainFilter): Filter | string {
  if (typeof filter === 'string') return filter;
  if (typeof filter === 'function') {
    throw new InvalidArgumentError('A filter that is a function cannot look into the index.', 'Write it as an object.');
  }
  // Fields of metadata may be called `op` or `not`: a filter of ours looks like one besides.
  const { field, op, and, or, not } = filter as Record<string, unknown>;
  const nested = (typeof not === 'object' && not !== null) || Array.isArray(and) || Array.isArray(or);
  if (nested || (typeof field === 'string' && typeof op === 'string')) return filter as Filter;
  return conditions(filter);
}

function conditions(object: unknown): Filter {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    throw new InvalidArgumentError(
      `The filter holds ${JSON.stringify(object)?.slice(0, 100)} where a condition should be.`,
      'Write { field: value } or { field: { $gte: value } }.',
    );
  }
  const parts = Object.entries(object).map(([key, value]) => condition(key, value));
  if (parts.length === 0) throw new InvalidArgumentError('The filter is empty.', 'Leave it out, or name a field.');
  return parts.length === 1 ? parts[0]! : { and: parts };
}

function condition(name: string, value: unknown): Filter {
  const key = (BUILT_IN_FIELDS as readonly string[]).includes(name) ? `metadata.${name}` : name;
  if (key === '$and' || key === '$or') {
    if (!Array.isArray(value)) throw unknown(key, value);
    const parts = value.map(conditions);
    return key === '$and' ? { and: parts } : { or: parts };
  }
  if (key === '$not') return { not: conditions(value) };
  if (key.startsWith('$')) throw unknown(key, value);
  if (isScalar(value)) return { field: key, op: '=', value };
  if (value instanceof Date) return { field: key, op: '=', value: String(written(value)) };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unknown(key, value);
  const parts = Object.entries(value).map(([operator, given]): Filter => {
    const operand = Array.isArray(given) ? given.map(written) : written(given);
    const comparison = OPERATORS[operator];
    if (comparison !== undefined && isScalar(operand)) return { field: key, op: comparison, value: operand };
    if (operator === '$in' && isScalars(operand)) return { field: key, op: 'in', values: operand };
    if (operator === '$nin' && isScalars(operand)) return { not: { field: key, op: 'in', values: operand } };
    if (operator === '$exists' && typeof operand === 'boolean') {
      return operand ? { field: key, op: 'exists' } : { not: { field: key, op: 'exists' } };
    }
    throw unknown(`${key}.${operator}`, operand);
  });
  if (parts.length === 0) throw unknown(key, value);
  return parts.length === 1 ? parts[0]! : { and: parts };
}

/** A date as it is stored. */
function written<T>(value: T): T | string {
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : value;
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function isScalars(value: unknown): value is Scalar[] {
  return Array.isArray(value) && value.every(isScalar);
}

function unknown(where: string, value: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    `The filter's condition ${where} = ${JSON.stringify(value)?.slice(0, 100)} has no equal here.`,
    `Use ${KNOWN} with texts, numbers and booleans, or an expression such as "year >= 2020".`,
  );
}
