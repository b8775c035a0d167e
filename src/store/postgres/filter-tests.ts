import type { Scalar } from '../../content/index.ts';
import { type Condition, folded, numberOf, yearOf } from '../../search/filter-match.ts';
import { globPattern } from './glob-pattern.ts';
import { PLAIN } from './plain-text.ts';
import { isSayable, type Values } from './values.ts';

/** A value of a field, in SQL: its text in the collation "C", as JavaScript writes it, and its type in JSON (`string`, `number` or `boolean`). */
export interface SqlScalar {
  readonly text: string;
  readonly kind: string;
}

/** What is asked of one value, in SQL. */
export type ValueTest = (value: SqlScalar) => string;

/** What a condition asks of one value of its field: what `compileFilter` gives, or null. */
export function valueTest(condition: Condition, values: Values): ValueTest {
  switch (condition.op) {
    case 'exists':
      return () => 'true';
    case 'in':
      return equalsOneOf(condition.values, values);
    case '=':
    case '!=':
      return equalsOneOf([condition.value], values);
    case '^=': {
      const prefix = String(condition.value);
      if (!isSayable(prefix)) return unknown;
      const given = values.add(prefix, 'text');
      return ({ text }) => `starts_with(${text}, ${given})`;
    }
    case 'contains':
      return holds(folded(condition.value), values);
    case 'matches':
      return matches(String(condition.value), values);
    default:
      return compares(condition.op, condition.value, values);
  }
}

/** What SQL cannot tell: the engine asks the document itself. */
function unknown(): string {
  return 'null::boolean';
}

/** Written alike, or the same number: a number's text is that of no other. */
function equalsOneOf(given: readonly Scalar[], values: Values): ValueTest {
  const texts = given.map(String);
  const numbers = given.map(numberOf).filter((number) => number !== undefined);
  const lower = new Set(texts.map((text) => text.toLowerCase()));
  const among = (some: readonly string[]): ((text: string) => string) => {
    const sayable = [...new Set(some)].filter(isSayable);
    if (sayable.length === 0) return () => 'false';
    const list = values.add(sayable, 'text[]');
    return (text) => `${text} = any(${list})`;
  };
  const [truths, sizes, words] = [
    among(['true', 'false'].filter((text) => lower.has(text))),
    among([...texts, ...numbers.map(String)]),
    among(texts),
  ];
  return ({ text, kind }) =>
    `case ${kind} when 'boolean' then ${truths(text)} when 'number' then ${sizes(text)} else ${words(text)} end`;
}

function holds(part: string, values: Values): ValueTest {
  if (!isSayable(part)) return unknown;
  const [sought, plain] = [values.add(part, 'text'), values.add(PLAIN.pattern, 'text')];
  const [large, small] = [values.add(PLAIN.large, 'text'), values.add(PLAIN.small, 'text')];
  // In the collation "C", lower() changes the letters of ASCII alone.
  return ({
    text,
  }) => `case when octet_length(${text}) = char_length(${text}) then strpos(lower(${text}), ${sought}) > 0
    when ${text} ~ ${plain} then strpos(translate(lower(${text}), ${large}, ${small}), ${sought}) > 0 end`;
}

function matches(glob: string, values: Values): ValueTest {
  const pattern = globPattern(glob);
  if (pattern === undefined) return unknown;
  const test = values.add(pattern.source, 'text');
  return ({ text }) =>
    pattern.crossing ? `(${text} ~ ${test} or substring(${text} from '[^/]*$') ~ ${test})` : `${text} ~ ${test}`;
}

/** Texts that write a number which no type of the database overflows, those that write any other, and dates. */
const NUMERAL = '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$';
const LONGEST_NUMERAL = 100;
const ANY_NUMERAL = '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$';
const DATE = '^[0-9]{4}-[0-9][0-9]';

function compares(op: '<' | '<=' | '>' | '>=', value: Scalar, values: Values): ValueTest {
  if (typeof value === 'boolean') {
    return ({ text, kind }) => `(${kind} = 'boolean' and (${text} = 'true')::int ${op} ${Number(value)})`;
  }
  const number = numberOf(value) ?? yearOf(value);
  if (number !== undefined && !Number.isFinite(number))
    return ({ kind }) => `case ${kind} when 'boolean' then false end`;
  const size = number === undefined ? undefined : values.add(number, 'float8');
  const bySize = (text: string): string => (size === undefined ? 'false' : `${text}::float8 ${op} ${size}`);
  if (typeof value === 'string') {
    const follows = followsText(op, value, values);
    return (one) =>
      `case ${one.kind} when 'string' then ${follows(one)} when 'number' then ${bySize(one.text)} else false end`;
  }
  return ({ text, kind }) => `case ${kind} when 'number' then ${bySize(text)} when 'string' then
    case when ${text} ~ '${NUMERAL}' and char_length(${text}) <= ${LONGEST_NUMERAL} then ${bySize(text)}
      when ${text} ~ '${ANY_NUMERAL}' then null when ${text} ~ '${DATE}' then ${bySize(`left(${text}, 4)`)} else false end
    else false end`;
}

/** The order of code units is that of code points where one of the two texts has none from U+D800 on. */
function followsText(op: string, value: string, values: Values): ValueTest {
  if (!isSayable(value) || /[\ud800-\uffff]/.test(value)) return unknown;
  const given = values.add(value, 'text');
  return ({ text }) => `${text} ${op} ${given}`;
}
