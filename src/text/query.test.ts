import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatQuery, parseQuery, type QueryClause, type QueryPart } from './query.ts';

const hasField = (name: string): boolean => ['year', 'title', 'format'].includes(name);

/** `+word`, `-"a phrase"`, `(a | b)` for each clause. */
const read = (source: string): string[] =>
  parseQuery(source, { hasField }).clauses.map(({ occur, any }) => {
    const sign = { should: '', must: '+', not: '-' }[occur];
    return `${sign}${any.map((part) => (part.kind === 'field' ? `${part.field}=${part.value}` : part.kind === 'word' ? part.text : `${part.kind}[${part.text}]`)).join('|')}`;
  });

describe('parseQuery', () => {
  it.each<[string, string[]]>([
    ['plain words here', ['plain', 'words', 'here']],
    ['"exact phrase" more', ['+phrase[exact phrase]', 'more']],
    [
      '“curly” „deutsch“ «français» »umgekehrt«',
      ['+phrase[curly]', '+phrase[deutsch]', '+phrase[français]', '+phrase[umgekehrt]'],
    ],
    ['+must -not -"not this"', ['+must', '-not', '-phrase[not this]']],
    ['conf* +net*', ['prefix[conf]', '+prefix[net]']],
    ['year:2020 format:"md" -title:x y', ['+year=2020', '+format=md', '-title=x', 'y']],
    ['cats OR dogs birds', ['cats|dogs', 'birds']],
    ['a1 OR "b c" OR year:3', ['+a1|phrase[b c]|year=3']],
    ['OR cats OR', ['OR', 'cats', 'OR']],
    ['say "unbalanced quote', ['say', '"unbalanced', 'quote']],
    ['the 24" screen', ['the', '24"', 'screen']],
    ['git commit --no-verify -m', ['git', 'commit', '--no-verify', '-m']],
    ['-5 degrees +49 30', ['-5', 'degrees', '+49', '30']],
    ['std::vector http://x.example 12:30 note: this', ['std::vector', 'http://x.example', '12:30', 'note:', 'this']],
    ['C++ a+b e-mail x - y', ['C++', 'a+b', 'e-mail', 'x', '-', 'y']],
    ['* ** 2*3 glob/**', ['*', '**', '2*3', 'glob/**']],
    ['""  "!!!"', []],
    ['-only -exclusions', ['-only', '-exclusions']],
    ['-year:3', ['-year=3']],
    ['', []],
  ])('%j', (source, expected) => expect(read(source)).toEqual(expected));

  it.each<[string, string[] | undefined]>([
    ['year:>=2023', ['>=2023']],
    ['year:<-1.5', ['<-1.5']],
    ['-year:>2024-02-15', ['>2024-02-15']],
    ['year:2019..2021', ['>=2019', '<=2021']],
    ['year:2024-01..2024-02-03T10:00Z', ['>=2024-01', '<=2024-02-03T10:00Z']],
    ['year:1.5..2.5', ['>=1.5', '<=2.5']],
    ['year:2019..', ['>=2019']],
    ['year:..2021', ['<=2021']],
    ['year:2023', undefined],
    ['year:">=2023"', undefined],
    ['year:..', undefined],
    ['year:>=soon', undefined],
    ['title:../docs', undefined],
    ['year:1..2..3', undefined],
  ])('bounds of %j', (source, expected) => {
    const [part] = parseQuery(source, { hasField }).clauses[0]!.any;
    expect(part!.kind === 'field' && part.bounds?.map(({ op, value }) => op + value)).toEqual(expected);
    expect(formatQuery(parseQuery(source, { hasField }).clauses)).toBe(source.replaceAll('"', ''));
  });

  it('gives models the words without signs, and plain queries as they are', () => {
    expect(parseQuery('  how do I  rotate? ')).toMatchObject({ plain: true, text: '  how do I  rotate? ' });
    expect(parseQuery('+rotate "the key" -old year:2020 sec*', { hasField })).toMatchObject({
      plain: false,
      text: 'rotate the key sec',
    });
    expect(parseQuery('-only -exclusions')).toMatchObject({ plain: false, text: '' });
  });

  it('reads back what is written', () => {
    const name = fc.constantFrom('ship', 'été', '船', 'x1', 'b_c');
    const part: fc.Arbitrary<QueryPart> = fc.oneof(
      name.map((text) => ({ kind: 'word' as const, text })),
      name.map((text) => ({ kind: 'prefix' as const, text })),
      fc
        .array(name, { minLength: 1, maxLength: 3 })
        .map((words) => ({ kind: 'phrase' as const, text: words.join(' ') })),
      fc
        .tuple(fc.constantFrom('year', 'title'), fc.constantFrom('1', 'a b'))
        .map(([field, value]) => ({ kind: 'field' as const, field, value })),
    );
    const strict = (parts: readonly QueryPart[]): boolean =>
      parts.some(({ kind }) => kind === 'phrase' || kind === 'field');
    const clause: fc.Arbitrary<QueryClause> = fc.oneof(
      part.map((one) => ({ occur: 'not' as const, any: [one] })),
      fc
        .tuple(fc.array(part, { minLength: 1, maxLength: 3 }), fc.boolean())
        .map(([any, must]) => ({ occur: must || strict(any) ? ('must' as const) : ('should' as const), any })),
    );
    const clauses = fc
      .array(clause, { maxLength: 5 })
      .filter((all) => all.length === 0 || all.some(({ occur }) => occur !== 'not'));
    fc.assert(
      fc.property(clauses, (all) => {
        expect(parseQuery(formatQuery(all), { hasField }).clauses).toEqual(all);
      }),
      { numRuns: 500 },
    );
  });

  it('never fails and loses no word, whatever is typed', () => {
    const piece = fc.constantFrom(
      '"',
      '“',
      '+',
      '-',
      '*',
      ':',
      'OR',
      ' ',
      'word',
      'year',
      '(',
      ')',
      '😀',
      '\\',
      '\ud800',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const source = pieces.join('');
        const { clauses } = parseQuery(source, { hasField });
        const count = (text: string): number => text.split('word').length - 1;
        const kept = clauses.flatMap(({ any }) => any).map((part) => (part.kind === 'field' ? part.value : part.text));
        expect(count(kept.join(' '))).toBe(count(source));
      }),
      { numRuns: 500 },
    );
  });

  it('takes time in proportion to its length', () => {
    for (const piece of ['"', '“a ', '-"', 'a:', '+', 'a* ', 'OR ', '(']) {
      const start = performance.now();
      parseQuery(piece.repeat(100_000 / piece.length), { hasField });
      expect(performance.now() - start, piece).toBeLessThan(3000);
    }
  });
});
