import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DocumentRecord, Metadata } from '../store/types.ts';
import {
  and,
  checkFields,
  checkFilter,
  compileFilter,
  eq,
  exists,
  type Filter,
  gte,
  lt,
  ne,
  not,
  oneOf,
  or,
  startsWith,
} from './filter.ts';
import { parseFilter } from './filter-parser.ts';

const document = (metadata: Metadata, rest: Partial<DocumentRecord> = {}): DocumentRecord => ({
  id: 'docs/a.md',
  title: 'A',
  path: 'docs/a.md',
  format: 'markdown',
  language: 'en',
  contentHash: '',
  metadata,
  ...rest,
});
const matches = (filter: Filter, metadata: Metadata): boolean => compileFilter(filter)(document(metadata));

describe('a filter', () => {
  it('compares numbers, texts and booleans with their own kind', () => {
    expect(matches(gte('year', 2020), { year: 2020 })).toBe(true);
    expect(matches(lt('year', 2020), { year: 2020 })).toBe(false);
    expect(matches(gte('year', 2020), { year: '2021' })).toBe(false);
    expect(matches(gte('date', '2024-01-01'), { date: '2024-03-05' })).toBe(true);
    expect(matches(eq('draft', false), { draft: false })).toBe(true);
  });

  it('is satisfied by one member of a list', () => {
    expect(matches(eq('tags', 'api'), { tags: ['guide', 'api'] })).toBe(true);
    expect(matches(oneOf('tags', ['x', 'guide']), { tags: ['guide', 'api'] })).toBe(true);
    expect(matches(ne('tags', 'api'), { tags: ['guide', 'api'] })).toBe(false);
  });

  it('treats an absent field as unequal to everything', () => {
    expect(matches(eq('year', 1), {})).toBe(false);
    expect(matches(ne('year', 1), {})).toBe(true);
    expect(matches(exists('year'), {})).toBe(false);
    expect(matches(eq('toString', 'x'), {})).toBe(false);
  });

  it('reads built-in fields', () => {
    expect(compileFilter(startsWith('path', 'docs/'))(document({}))).toBe(true);
    expect(compileFilter(eq('language', 'de'))(document({}))).toBe(false);
  });

  it('combines', () => {
    const filter = and(or(eq('a', 1), eq('b', 2)), not(eq('c', 3)));
    expect(matches(filter, { b: 2 })).toBe(true);
    expect(matches(filter, { a: 1, c: 3 })).toBe(false);
  });

  it('names an unknown field and the nearest known one', () => {
    expect(() => checkFields(eq('yaer', 1), new Set(['year', 'tags']))).toThrow(/"yaer".*Did you mean "year"\?/);
    expect(() => checkFields(eq('path', 'x'), new Set())).not.toThrow();
  });

  it('from outside is checked before use', () => {
    expect(() => checkFilter({ field: 'a', op: '~', value: 1 })).toThrow(/unknown operator "~"/);
    expect(() => checkFilter({ and: [{ field: 'a', op: '=' }] })).toThrow(/filter\.and\[0\]: "value"/);
    expect(() => checkFilter({ field: 'a', op: '=', value: Number.NaN })).toThrow(/"value"/);
    let deep: unknown = eq('a', 1);
    for (let i = 0; i < 1000; i++) deep = { not: deep };
    expect(() => checkFilter(deep)).toThrow(/deeper than 64/);
  });
});

describe('parseFilter', () => {
  it('reads what the documentation shows', () => {
    expect(parseFilter('year >= 2020 and (language = en or tags in ["api", guide]) and not draft = true')).toEqual(
      and(gte('year', 2020), or(eq('language', 'en'), oneOf('tags', ['api', 'guide'])), not(eq('draft', true))),
    );
    expect(parseFilter('path ^= "docs/"')).toEqual(startsWith('path', 'docs/'));
    expect(parseFilter('author exists')).toEqual(exists('author'));
  });

  it.each([
    ['year >=', /character 8: expected a value, found the end/],
    ['year 2020', /character 6: expected one of/],
    ['(year = 1', /expected "\)"/],
    ['year = 1 tags = 2', /character 10: expected "and", "or" or the end/],
    ['title = "open', /character 9: cannot read/],
    ['', /expected a field name/],
    [`${'('.repeat(5000)}a = 1`, /deeper than 64/],
  ])('refuses %j and says where', (source, message) => {
    expect(() => parseFilter(source)).toThrow(message);
  });

  it('never throws anything but its own error', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (source) => {
        try {
          checkFilter(parseFilter(source));
        } catch (error) {
          expect((error as Error).name).toBe('InvalidArgumentError');
        }
      }),
    );
  });

  it('reads back every filter that is written out', () => {
    const scalar = fc.oneof(fc.boolean(), fc.integer(), fc.string({ maxLength: 6 }));
    const field = fc.string({ minLength: 1, maxLength: 6 });
    const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
      filter: fc.oneof(
        { depthSize: 'small' },
        fc.record({
          field,
          op: fc.constantFrom('=' as const, '!=' as const, '>=' as const, '^=' as const),
          value: scalar,
        }),
        fc.record({ field, op: fc.constant('in' as const), values: fc.array(scalar, { minLength: 1, maxLength: 3 }) }),
        fc.record({ field, op: fc.constant('exists' as const) }),
        fc.array(tie('filter'), { minLength: 2, maxLength: 3 }).map((all) => ({ and: all })),
        fc.array(tie('filter'), { minLength: 2, maxLength: 3 }).map((any) => ({ or: any })),
      ),
    }));
    fc.assert(
      fc.property(filter, (value) => {
        expect(parseFilter(write(value))).toEqual(value);
      }),
    );
  });
});

function write(filter: Filter): string {
  const quote = (value: unknown): string =>
    typeof value === 'string' ? `"${value.replace(/["\\]/g, (c) => `\\${c}`)}"` : String(value);
  if ('and' in filter) return `(${filter.and.map(write).join(' and ')})`;
  if ('or' in filter) return `(${filter.or.map(write).join(' or ')})`;
  if ('not' in filter) return `(not ${write(filter.not)})`;
  if (filter.op === 'exists') return `${quote(filter.field)} exists`;
  if (filter.op === 'in') return `${quote(filter.field)} in [${filter.values.map(quote).join(', ')}]`;
  return `${quote(filter.field)} ${filter.op} ${quote(filter.value)}`;
}
