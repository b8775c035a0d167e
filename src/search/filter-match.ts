import type { DocumentRecord, MetadataValue } from '../content/index.ts';
import type { CorpusFilters } from '../corpus/index.ts';
import { type Filter, isBuiltIn, metadataName, type Scalar } from './filter.ts';
import { globMatcher } from './glob.ts';

/** A filter that asks for one thing. */
export type Condition = Extract<Filter, { field: string }>;
const NONE: readonly Scalar[] = [];

/** All values of a filter's field in a document: of a built-in field that of the document and those of metadata of that name. */
export function fieldValues(document: DocumentRecord, field: string): readonly Scalar[] {
  const { metadata } = document;
  const own = Object.hasOwn(metadata, field) ? membersOf(metadata[field]) : NONE;
  const inner = metadataName(field);
  const further = isBuiltIn(field)
    ? membersOf(document[field as 'id' | 'title' | 'path' | 'format' | 'language'])
    : inner !== undefined && Object.hasOwn(metadata, inner)
      ? membersOf(metadata[inner])
      : NONE;
  if (own.length === 0 || further.length === 0) return own.length === 0 ? further : own;
  return [...new Set([...further, ...own])];
}

function membersOf(value: MetadataValue | undefined): readonly Scalar[] {
  if (value === undefined || value === null) return NONE;
  return typeof value === 'object' ? value : [value];
}

/** The filter as a predicate; {@link Filter} says how values compare. */
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
  return (document) => fieldValues(document, field).some(test) !== negated;
}

function memberTest(filter: Condition): (member: Scalar) => boolean {
  switch (filter.op) {
    case 'exists':
      return () => true;
    case 'in':
      return equalsOneOf(filter.values);
    case '=':
    case '!=':
      return equalsOneOf([filter.value]);
    case '^=': {
      const prefix = String(filter.value);
      return (member) => String(member).startsWith(prefix);
    }
    case 'contains': {
      const part = folded(filter.value);
      return (member) => folded(member).includes(part);
    }
    case 'matches': {
      const matches = globMatcher(String(filter.value));
      return (member) => matches(String(member));
    }
    default: {
      const { op, value } = filter;
      return (member) => {
        const order = compare(member, value);
        if (order === undefined) return false;
        if (op === '<') return order < 0;
        if (op === '<=') return order <= 0;
        return op === '>' ? order > 0 : order >= 0;
      };
    }
  }
}

export function folded(value: Scalar): string {
  return String(value).normalize('NFC').toLowerCase();
}

/** Whether a member is written like one of the values, or is the same number. */
function equalsOneOf(values: readonly Scalar[]): (member: Scalar) => boolean {
  const texts = new Set(values.map(String));
  const lower = new Set(values.map((value) => String(value).toLowerCase()));
  const numbers = new Set(values.map(numberOf).filter((number) => number !== undefined));
  return (member) => {
    if (typeof member === 'boolean') return lower.has(String(member));
    return texts.has(String(member)) || (typeof member === 'number' && numbers.has(member));
  };
}

/** Below, at or above 0 as the member is less, equal or greater; undefined for what has no order. */
function compare(member: Scalar, value: Scalar): number | undefined {
  if (typeof member === 'string' && typeof value === 'string') return member < value ? -1 : member > value ? 1 : 0;
  if (typeof member === 'boolean' || typeof value === 'boolean') {
    return typeof member === typeof value ? Number(member) - Number(value) : undefined;
  }
  const [a, b] = [numberOf(member) ?? yearOf(member), numberOf(value) ?? yearOf(value)];
  return a === undefined || b === undefined ? undefined : a - b;
}

/** The year of a date in ISO 8601. */
export function yearOf(value: Scalar): number | undefined {
  return typeof value === 'string' && /^\d{4}-\d\d/.test(value) ? Number(value.slice(0, 4)) : undefined;
}

const NUMERAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A number, or the number that a text writes. */
export function numberOf(value: Scalar): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && NUMERAL.test(value) ? Number(value) : undefined;
}

const EXAMPLES = 3;
/** Different values of a field that are looked at. */
const MOST_VALUES = 10_000;

/** What is asked of all documents to explain why none satisfies a filter. */
type Asked = Pick<CorpusFilters, 'any' | 'values'>;

/**
 * Why no document satisfies a filter, as far as one of its conditions is to blame: the first that none satisfies by itself, and what
 * values its field has instead. Undefined where only their combination satisfies none.
 */
export async function explainNothing(filter: Filter, asked: Asked): Promise<string | undefined> {
  const conditions = conditionsOf(filter);
  const met = await asked.any(conditions);
  const condition = blamed(filter, new Set(conditions.filter((_, i) => !met[i])));
  if (condition === undefined) return undefined;
  const values = await asked.values(condition.field, EXAMPLES + 1);
  const examples = values
    .slice(0, EXAMPLES)
    .map((value) => JSON.stringify(typeof value === 'string' ? value.slice(0, 60) : value));
  const instead =
    examples.length === 0
      ? 'is nowhere set'
      : `is ${values.length > EXAMPLES ? 'for example ' : ''}${examples.join(', ')}`;
  return `no document has ${written(condition)}; ${condition.field} ${instead}`;
}

/** Documents at hand, as what {@link explainNothing} asks. */
export function askedOf(documents: readonly DocumentRecord[]): Asked {
  return {
    any: async (filters) => filters.map(compileFilter).map((test) => documents.some(test)),
    values: async (field, most) => {
      const counts = new Map<Scalar, number>();
      for (const document of documents) {
        for (const value of fieldValues(document, field)) {
          if (counts.size < MOST_VALUES || counts.has(value)) counts.set(value, (counts.get(value) ?? 0) + 1);
        }
      }
      const common = [...counts].sort(([, a], [, b]) => b - a).slice(0, most);
      return common.map(([value]) => value);
    },
  };
}

/** All conditions that ask for something; those below a `not` only exclude. */
function conditionsOf(filter: Filter): Condition[] {
  if ('and' in filter) return filter.and.flatMap(conditionsOf);
  if ('or' in filter) return filter.or.flatMap(conditionsOf);
  return 'not' in filter || filter.op === '!=' ? [] : [filter];
}

/** A condition that keeps the filter from being satisfied: of an `or`, the first where all of them do. */
function blamed(filter: Filter, unmet: ReadonlySet<Condition>): Condition | undefined {
  if ('not' in filter) return undefined;
  if ('and' in filter) return filter.and.map((part) => blamed(part, unmet)).find((one) => one !== undefined);
  if ('or' in filter) {
    const all = filter.or.map((part) => blamed(part, unmet));
    return all.includes(undefined) ? undefined : all[0];
  }
  return unmet.has(filter) ? filter : undefined;
}

function written(condition: Condition): string {
  if (condition.op === 'exists') return `${condition.field} exists`;
  const operand = condition.op === 'in' ? condition.values : condition.value;
  return `${condition.field} ${condition.op} ${JSON.stringify(operand)}`;
}
