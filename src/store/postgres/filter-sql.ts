import type { Filter } from '../../content/index.ts';
import { isBuiltIn, metadataName } from '../../search/filter.ts';
import type { Condition } from '../../search/filter-match.ts';
import { type ValueTest, valueTest } from './filter-tests.ts';
import { isSayable, type Values } from './values.ts';

/** Conditions beyond which the engine asks the documents: each is a query within the statement. */
const MOST_CONDITIONS = 200;

/** What a statement is made of that asks documents for fields. */
export interface FieldsAsked {
  readonly values: Values;
  /** Columns beside those of `documents`: `j0`, `k0`, `t0` and so on for the values of fields of the metadata, made once for each row. */
  readonly columns: Map<string, string>;
}

/**
 * A filter as a condition in SQL on a row `d` of `documents` with the columns that it adds: true or false where that is what `compileFilter` gives, and null
 * where SQL cannot tell, as for small letters of rare scripts. Nulls combine as unknown truth does (Kleene): what is false beside one is false.
 * @returns undefined where the filter has too many conditions for a statement.
 */
export function filterSql(filter: Filter, asked: FieldsAsked): string | undefined {
  return countOf(filter) > MOST_CONDITIONS ? undefined : sqlOf(filter, asked);
}

function countOf(filter: Filter): number {
  if ('and' in filter) return filter.and.reduce((sum, part) => sum + countOf(part), 0);
  if ('or' in filter) return filter.or.reduce((sum, part) => sum + countOf(part), 0);
  return 'not' in filter ? countOf(filter.not) : 1;
}

function sqlOf(filter: Filter, asked: FieldsAsked): string {
  if ('and' in filter) return joined(filter.and, 'and', 'true', asked);
  if ('or' in filter) return joined(filter.or, 'or', 'false', asked);
  if ('not' in filter) return `not ${sqlOf(filter.not, asked)}`;
  const any = conditionSql(filter, asked);
  return filter.op === '!=' ? `not ${any}` : any;
}

function joined(parts: readonly Filter[], by: string, empty: string, asked: FieldsAsked): string {
  return `(${parts.length === 0 ? empty : parts.map((part) => sqlOf(part, asked)).join(` ${by} `)})`;
}

/** Whether one of a field's values satisfies a condition; null where none does for certain, and one may. */
function conditionSql(condition: Condition, asked: FieldsAsked): string {
  const { field } = condition;
  // No metadata has such a name.
  if (!isSayable(field)) return 'false';
  const test = valueTest(condition, asked.values);
  const inner = metadataName(field);
  const parts = [metadataTest(columnsOf(field, asked), test)];
  if (isBuiltIn(field)) parts.unshift(builtInTest(field, test));
  else if (inner !== undefined) parts.unshift(metadataTest(columnsOf(inner, asked), test));
  return `(${parts.join(' or ')})`;
}

function builtInTest(column: string, test: ValueTest): string {
  return `(d.${column} is not null and ${test({ text: `(d.${column} collate "C")`, kind: "'string'" })})`;
}

/** The number of the columns for a field of the metadata. */
function columnsOf(name: string, { columns, values }: FieldsAsked): number {
  const known = [...columns.keys()].indexOf(name);
  if (known >= 0) return known;
  columns.set(name, values.add(name, 'text'));
  return columns.size - 1;
}

/** The columns that filters need, as they stand in a selection of rows `d` of `documents`. */
export function columnsSql({ columns }: FieldsAsked): string {
  return [...columns.values()]
    .map((name, i) => {
      const value = `d.metadata -> ${name}`;
      return `, ${value} as j${i}, json_typeof(${value}) as k${i}, (d.metadata ->> ${name}) collate "C" as t${i}`;
    })
    .join('');
}

/** Whether the value, or one of a list, is one that the test is for. */
function metadataTest(at: number, test: ValueTest): string {
  return `case when d.k${at} is null or d.k${at} = 'null' then false when d.k${at} = 'array' then
    (select case when bool_or(m.holds) then true when bool_or(m.holds is null) then null else false end
      from (select ${test({ text: 'v.t', kind: 'v.kind' })} as holds
        from (select (e #>> '{}'::text[]) collate "C" as t, json_typeof(e) as kind from json_array_elements(d.j${at}) as e) as v) as m)
    else ${test({ text: `d.t${at}`, kind: `d.k${at}` })} end`;
}

/**
 * All values that a filter's field has in a row `d` of `documents`, as `fieldValues` gives them: `t` and `kind`, and `source` and `place` in the order of which
 * they come. Undefined for a name that no metadata can have.
 */
export function membersSql(field: string, values: Values): string | undefined {
  if (!isSayable(field)) return undefined;
  const inner = metadataName(field);
  const further = isBuiltIn(field)
    ? `select d.${field} collate "C" as t, 'string' as kind, 0 as source, 1::bigint as place where d.${field} is not null`
    : inner === undefined
      ? undefined
      : metadataSql(inner, 0, values);
  const own = metadataSql(field, 1, values);
  return further === undefined ? own : `${further} union all ${own}`;
}

/** Values of one field of the metadata: none where it is null or absent. */
function metadataSql(name: string, source: number, values: Values): string {
  const value = `d.metadata -> ${values.add(name, 'text')}`;
  return `select (e.value #>> '{}'::text[]) collate "C" as t, json_typeof(e.value) as kind, ${source} as source, e.place
    from json_array_elements(case json_typeof(${value}) when 'array' then ${value} else json_build_array(${value}) end)
      with ordinality as e(value, place)
    where json_typeof(e.value) <> 'null'`;
}
