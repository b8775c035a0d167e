import type { Scalar } from '../../content/index.ts';
import { type Condition, folded, numberOf, yearOf } from '../../search/filter-match.ts';
import { globPattern } from './glob-pattern.ts';
import { PLAIN } from './plain-text.ts';
import { isSayable, type Values } from './values.ts';

/** What SQL cannot tell: the engine asks the document itself. */
const UNKNOWN = 'null::boolean';

/**
 * What a condition asks of one value of its field, in SQL. The value is `t`, its text in the collation "C", and `kind`, its type in JSON: `string`,
 * `number` or `boolean`. The text of a number is as JavaScript writes it. What it gives is what `compileFilter` does, or null.
 */
export function valueTest(condition: Condition, values: Values): string {
  switch (condition.op) {
    case 'exists':
      return 'true';
    case 'in':
      return equalsOneOf(condition.values, values);
    case '=':
    case '!=':
      return equalsOneOf([condition.value], values);
    case '^=': {
      const prefix = String(condition.value);
      return isSayable(prefix) ? `starts_with(t, ${values.add(prefix, 'text')})` : UNKNOWN;
    }
    case 'contains':
      return holds(folded(condition.value), values);
    case 'matches':
      return matches(String(condition.value), values);
    default:
      return compares(condition.op, condition.value, values);
  }
}

/** Written alike, or the same number: a number's text is that of no other. */
function equalsOneOf(given: readonly Scalar[], values: Values): string {
  const texts = given.map(String);
  const numbers = given.map(numberOf).filter((number) => number !== undefined);
  const lower = new Set(texts.map((text) => text.toLowerCase()));
  const among = (some: readonly string[]): string => {
    const sayable = [...new Set(some)].filter(isSayable);
    return sayable.length === 0 ? 'false' : `t = any(${values.add(sayable, 'text[]')})`;
  };
  return `case kind when 'boolean' then ${among(['true', 'false'].filter((text) => lower.has(text)))}
    when 'number' then ${among([...texts, ...numbers.map(String)])} else ${among(texts)} end`;
}

function holds(part: string, values: Values): string {
  if (!isSayable(part)) return UNKNOWN;
  const [sought, plain] = [values.add(part, 'text'), values.add(PLAIN.pattern, 'text')];
  const [large, small] = [values.add(PLAIN.large, 'text'), values.add(PLAIN.small, 'text')];
  // In the collation "C", lower() changes the letters of ASCII alone.
  return `case when octet_length(t) = char_length(t) then strpos(lower(t), ${sought}) > 0
    when t ~ ${plain} then strpos(translate(lower(t), ${large}, ${small}), ${sought}) > 0 end`;
}

function matches(glob: string, values: Values): string {
  const pattern = globPattern(glob);
  if (pattern === undefined) return UNKNOWN;
  const test = values.add(pattern.source, 'text');
  return pattern.crossing ? `(t ~ ${test} or substring(t from '[^/]*$') ~ ${test})` : `t ~ ${test}`;
}

/** Texts that write a number which no type of the database overflows, those that write any other, and dates. */
const NUMERAL = "t ~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$' and char_length(t) <= 100";
const LONG_NUMERAL = "t ~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$'";
const DATE = "t ~ '^[0-9]{4}-[0-9][0-9]'";

function compares(op: '<' | '<=' | '>' | '>=', value: Scalar, values: Values): string {
  if (typeof value === 'boolean') return `kind = 'boolean' and (t = 'true')::int ${op} ${Number(value)}`;
  const number = numberOf(value) ?? yearOf(value);
  if (number !== undefined && !Number.isFinite(number)) return `case kind when 'boolean' then false end`;
  const size = number === undefined ? undefined : values.add(number, 'float8');
  const bySize = size === undefined ? 'false' : `t::float8 ${op} ${size}`;
  if (typeof value === 'string') {
    return `case kind when 'string' then ${follows(op, value, values)} when 'number' then ${bySize} else false end`;
  }
  return `case kind when 'number' then ${bySize} when 'string' then
    case when ${NUMERAL} then ${bySize} when ${LONG_NUMERAL} then null when ${DATE} then left(t, 4)::float8 ${op} ${size} else false end
    else false end`;
}

/** The order of code units is that of code points where one of the two texts has none from U+D800 on. */
function follows(op: string, value: string, values: Values): string {
  const plain = isSayable(value) && !/[\ud800-\uffff]/.test(value);
  return plain ? `t ${op} ${values.add(value, 'text')}` : UNKNOWN;
}
