import type { Filter } from '../../content/index.ts';
import { isBuiltIn, metadataName } from '../../search/filter.ts';
import type { Condition } from '../../search/filter-match.ts';
import { valueTest } from './filter-tests.ts';
import { isSayable, type Values } from './values.ts';

/** Conditions beyond which the engine asks the documents: each is a query within the statement. */
const MOST_CONDITIONS = 200;

/**
 * A filter as a condition in SQL on a row `d` of `documents`: true or false where that is what `compileFilter` gives, and null where SQL cannot tell, as for
 * small letters of rare scripts. Nulls combine as unknown truth does (Kleene): what is false beside one is false.
 * @returns undefined where the filter has too many conditions for a statement.
 */
export function filterSql(filter: Filter, values: Values): string | undefined {
  return countOf(filter) > MOST_CONDITIONS ? undefined : sqlOf(filter, values);
}

function countOf(filter: Filter): number {
  if ('and' in filter) return filter.and.reduce((sum, part) => sum + countOf(part), 0);
  if ('or' in filter) return filter.or.reduce((sum, part) => sum + countOf(part), 0);
  return 'not' in filter ? countOf(filter.not) : 1;
}

function sqlOf(filter: Filter, values: Values): string {
  if ('and' in filter) return joined(filter.and, 'and', 'true', values);
  if ('or' in filter) return joined(filter.or, 'or', 'false', values);
  if ('not' in filter) return `not ${sqlOf(filter.not, values)}`;
  const any = conditionSql(filter, values);
  return filter.op === '!=' ? `not ${any}` : any;
}

function joined(parts: readonly Filter[], by: string, empty: string, values: Values): string {
  return `(${parts.length === 0 ? empty : parts.map((part) => sqlOf(part, values)).join(` ${by} `)})`;
}

/** Whether one of a field's values satisfies a condition; null where none does for certain, and one may. */
function conditionSql(condition: Condition, values: Values): string {
  const members = membersSql(condition.field, values);
  if (members === undefined) return '(null::boolean)';
  return `(select case when bool_or(m.holds) then true when bool_or(m.holds is null) then null else false end
    from (select ${valueTest(condition, values)} as holds from (${members}) as v) as m)`;
}

/**
 * The values that a filter's field has in a row `d` of `documents`, as `fieldValues` gives them: `t` and `kind` as {@link valueTest} takes them, `source` and `place`
 * in the order of which they come. Undefined for a name that no metadata can have.
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
