import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DocumentRecord, Metadata } from '../content/index.ts';
import {
  and,
  checkFields,
  checkFilter,
  contains,
  eq,
  exists,
  type Filter,
  gte,
  matches as like,
  lt,
  ne,
  not,
  oneOf,
  or,
  startsWith,
} from './filter.ts';
import { askedOf, compileFilter, explainNothing } from './filter-match.ts';
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
  it('compares numbers, texts and booleans', () => {
    expect(matches(gte('year', 2020), { year: 2020 })).toBe(true);
    expect(matches(lt('year', 2020), { year: 2020 })).toBe(false);
    expect(matches(gte('year', true), { year: 2020 })).toBe(false);
    expect(matches(eq('draft', true), { draft: 'true' })).toBe(true);
    expect(matches(eq('draft', 'TRUE'), { draft: true })).toBe(true);
    expect(matches(eq('draft', 1), { draft: true })).toBe(false);
    expect(matches(gte('date', '2024-01-01'), { date: '2024-03-05' })).toBe(true);
    expect(matches(eq('draft', false), { draft: false })).toBe(true);
  });

  it.each([
    ['zip = 01234', '01234', true],
    ['zip = 01234', '1234', false],
    ['zip = 01234', 1234, true],
    ['zip = 1234', '01234', false],
    ['zip != 01234', '01234', false],
    ['zip in [01234]', '01234', true],
    ['zip ^= 01', '01234', true],
    ['zip ^= 1', '01234', false],
    ['zip ^= 12', 1234, true],
    ['zip = 1.10', '1.10', true],
    ['zip = 1.10', '1.1', false],
    ['zip = 1.10', 1.1, true],
    ['zip = "1.1"', 1.1, true],
    ['zip = 42', '42', true],
    ['zip = "42"', 42, true],
    ['zip = 1e3', 1000, true],
    ['zip = +7', 7, true],
    ['zip = 12345678901234567890', '12345678901234567890', true],
    ['zip = 12345678901234567891', '12345678901234567890', false],
    ['zip >= 9', '10', true],
    ['zip >= "9"', '10', false],
    ['zip >= "9"', 10, true],
    ['zip > 2019', '2020-05-01', true],
    ['zip > 2020', '2020-05-01', false],
    ['zip <= 2020', '2020-05-01', true],
    ['zip >= 2020-02-01', '2020-05-01', true],
    ['zip > 5', 'unknown', false],
    ['zip < 5', 'unknown', false],
  ])('%s for %j: %s', (source, zip, expected) => {
    expect(matches(parseFilter(source), { zip })).toBe(expected);
  });

  it('takes ids and titles for texts, whatever they look like', () => {
    const numbered = document({}, { id: '42', title: '1984' });
    for (const source of ['id = 42', 'id in [42, 43]', 'title = 1984', 'not id != 42', 'id ^= 4']) {
      expect(compileFilter(parseFilter(source))(numbered), source).toBe(true);
    }
  });

  it('looks into a text, and compares it with a pattern', () => {
    expect(matches(contains('title', 'ZÜRICH'), { title: 'Nach Zu\u0308rich' })).toBe(true);
    expect(matches(contains('tags', 'pi'), { tags: ['guide', 'api'] })).toBe(true);
    expect(matches(contains('year', '02'), { year: 2024 })).toBe(true);
    expect(matches(contains('tags', 'x'), {})).toBe(false);
    expect(matches(like('path', 'docs/*.md'), {})).toBe(true);
    expect(matches(parseFilter('path MATCHES *.md and not title contains "b"'), {})).toBe(true);
    expect(parseFilter('year contains 2020')).toEqual(contains('year', '2020'));
  });

  it('reaches metadata named like a built-in field', () => {
    const own = { language: 'rust', id: 'ext', format: ['code', 'source'] };
    for (const source of [
      'language = rust',
      'language = en',
      'id = ext',
      'id ^= docs',
      'format = source',
      'metadata.id = ext',
    ])
      expect(matches(parseFilter(source), own), source).toBe(true);
    for (const source of ['language != rust', 'language != en', 'metadata.language = en', 'metadata.title exists'])
      expect(matches(parseFilter(source), own), source).toBe(false);
    expect(matches(parseFilter('metadata.x = 1'), { 'metadata.x': 1 })).toBe(true);
    expect(matches(parseFilter('"" = 1'), { '': 1 })).toBe(true);
  });

  it('says which condition no document satisfies, and what there is instead', async () => {
    const documents = [1999, 2001, 2005, 2001, 2011].map((year) => document({ year, tags: ['a'] }));
    const why = (source: string): Promise<string | undefined> =>
      explainNothing(parseFilter(source), askedOf(documents));
    expect(await why('year > 2020')).toBe('no document has year > 2020; year is for example 2001, 1999, 2005');
    expect(await why('tags = a and (year = 1 or format = pdf)')).toBe(
      'no document has year = 1; year is for example 2001, 1999, 2005',
    );
    expect(await why('tags = a and (year = 1 or tags = a) and format = markdwon')).toBe(
      'no document has format = "markdwon"; format is "markdown"',
    );
    expect(await why('path exists and author exists')).toBe('no document has author exists; author is nowhere set');
    expect(await why('year = 1999 and year = 2001')).toBeUndefined();
    expect(await why('not tags = a')).toBeUndefined();
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
    expect(() => checkFilter({ field: 'a', op: 'contain', value: 'b' })).toThrow(/did you mean "contains"/);
    expect(() => checkFilter({ and: [eq('a', 1)], or: [eq('b', 1)] })).toThrow(/"or" does not stand beside "and"/);
    expect(() => checkFilter({ and: [eq('a', 1)], field: 'b', op: '=', value: 1 })).toThrow(/"field" does not stand/);
    expect(() => checkFilter({ field: 'a', op: 'exists', value: false })).toThrow(/"value" does not stand beside/);
    expect(() => checkFilter({ field: 'a', op: '=', value: 1, values: [2] })).toThrow(/"values" does not stand/);
    expect(() => checkFilter({ not: eq('a', 1), field: 'a' })).toThrow(/"field" does not stand beside "not"/);
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
          op: fc.constantFrom('=' as const, '!=' as const, '>=' as const),
          value: scalar,
        }),
        fc.record({
          field,
          op: fc.constantFrom('^=' as const, 'contains' as const, 'matches' as const),
          value: fc.string({ maxLength: 6 }),
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
