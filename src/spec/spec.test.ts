import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { formatExpression, itemsOf, numberIn, parseExpression, readSettings, SpecText, type Term } from './index.ts';

const textOf = (source: string) => new SpecText(source, 'Pipeline', 'fuse(words, meaning) > cut');
const parse = (source: string) => parseExpression(textOf(source));

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return (error as Error).message;
  }
  throw new Error('it passed');
}

describe('parseExpression', () => {
  it('reads chains of terms with arguments, named and not', () => {
    const chain = itemsOf(
      parse('fuse(words, meaning > prf(k=10)) > rerank(cross-encoder/tiny, depth=50) > cut'),
      'chain',
    );
    expect(chain.map((item) => (item as Term).word)).toEqual(['fuse', 'rerank', 'cut']);
    const [fuse, rerank] = chain as [Term, Term];
    expect(fuse.arguments!.map(({ value }) => value.kind)).toEqual(['term', 'chain']);
    const [model, depth] = rerank.arguments!;
    expect([(model!.value as Term).word, model!.name]).toEqual(['cross-encoder/tiny', undefined]);
    expect([depth!.name!.word, numberIn(depth!.value)]).toEqual(['depth', 50]);
  });

  it('reads lists, sums and labels', () => {
    const list = itemsOf(parse(' opq, ivf8(spill=1) ,pq4x8+pq4x8 , refine:sq8+f16'), 'list');
    expect(list.map(({ kind }) => kind)).toEqual(['term', 'term', 'sum', 'labelled']);
    expect(list.map(({ at, end }) => [at, end])).toEqual([
      [1, 4],
      [6, 19],
      [21, 32],
      [35, 49],
    ]);
  });

  it('reads brackets, and labels behind labels', () => {
    const term = parse('fuse(a, weights=[1, b > c, []], by=x:y:z)') as Term;
    const [, weights, by] = term.arguments!.map(({ value }) => value);
    expect(weights!.kind === 'bracketed' && weights!.items.map(({ kind }) => kind)).toEqual([
      'term',
      'chain',
      'bracketed',
    ]);
    expect(by!.kind === 'labelled' && [by!.label.word, by!.item.kind]).toEqual(['x', 'labelled']);
    expect(formatExpression(term)).toBe('fuse(a, weights=[1, b > c, []], by=x:y:z)');
  });

  it('reads texts in quotes, which are never numbers', () => {
    const term = parse(`rerank("bert:./a \\"b\\"", '5')`) as Term;
    const [model, number] = term.arguments!.map(({ value }) => value as Term);
    expect(model!.word).toBe('bert:./a "b"');
    expect(numberIn(number!)).toBeUndefined();
    expect((parse('"\\u00e9\\n\\q\\ux"') as Term).word).toBe('é\nqux');
    expect(['12', '0.5', '-1', '1e-3', '.5', 'x', '1x'].map((word) => numberIn(parse(word)))).toEqual([
      12,
      0.5,
      -1,
      0.001,
      0.5,
      undefined,
      undefined,
    ]);
  });

  it.each([
    ['', 1, 'fuse(words, meaning) > cut'],
    ['fuse(words,', 12, 'fuse(words, meaning)'],
    ['fuse(words', 11, 'Close it'],
    ['a > > b', 5, 'fuse('],
    ['a)', 2, 'Remove it'],
    ['a b', 3, 'fuse('],
    ['f(a b)', 5, 'fuse('],
    ['f(k=)', 5, 'fuse('],
    ['f("a)', 3, 'Close it'],
    ['[a', 3, 'Close it'],
    ['a]', 2, 'Remove it'],
    ['[a)', 3, 'fuse('],
    ['k=1', 2, 'fuse('],
    [`${'f('.repeat(65)}`, 130, 'Nest less'],
  ])('refuses "%s" with the place and the remedy', (source, position, remedy) => {
    const said = messageOf(() => parse(source));
    expect(said).toContain(`Pipeline, at character ${position}: `);
    expect(said).toContain(remedy);
  });

  it('parses what it formats, and says what is wrong otherwise', () => {
    const pieces = fc.constantFrom(...'fuse words k 1 -2.5 "a b" \' ( ) [ ] , > + : = é \\'.split(' '), ' ');
    const source = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(source, (given) => {
        let form: string;
        try {
          form = formatExpression(parse(given));
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
          return;
        }
        expect(formatExpression(parse(form))).toBe(form);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('readSettings', () => {
  const rules = {
    reps: { kind: 'number', default: 20, least: 1, most: 1000, isWhole: true },
    pool: { kind: 'text', choices: ['mean', 'sum'] },
  } as const;
  const read = (source: string) => readSettings(textOf(source), parse(source) as Term, rules);

  it('gives values and defaults', () => {
    expect(read('fde')).toEqual({ reps: 20, pool: undefined });
    expect(read('fde(REPS=4, pool=sum)')).toEqual({ reps: 4, pool: 'sum' });
  });

  it.each([
    ['fde(rep=4)', 5, '`reps`'],
    ['fde(reps=0)', 5, 'a whole number from 1 to 1000'],
    ['fde(reps=1.5)', 5, 'whole number'],
    ['fde(reps=a)', 5, 'whole number'],
    ['fde(reps=1,reps=2)', 12, 'Keep one'],
    ['fde(4)', 5, 'reps=20'],
    ['fde(pool=max)', 10, 'mean, sum'],
    ['fde(pool=f(1))', 10, 'a word'],
    ['fde(constructor=1)', 5, 'Choose from reps, pool'],
  ])('refuses "%s"', (source, position, remedy) => {
    const said = messageOf(() => read(source));
    expect(said).toContain(`at character ${position}: `);
    expect(said).toContain(remedy);
  });
});
