import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { formatSpec, parseSpec, setting } from './spec.ts';

const transforms = fc.subarray(['norm', 'center', 'pca64', 'rot', 'opq']);
const lists = fc.constantFrom('', 'ivf1', 'ivf1024', 'ivf64(spill=1)', 'ivf64(residual=0,spill=1)');
const quantizer = fc.constantFrom('pq32x4', 'apq8x8', 'pq8x8+pq8x4', 'sq8', 'sq4', 'f16', 'bin64', 'rabitq3');
const refine = fc.constantFrom('', 'refine:full', 'refine:sq8', 'refine:pq16x8');
const sets = fc.constantFrom('', 'fde', 'fde(reps=5)', 'fde(bits=2,fill=0)');
const canonical = fc
  .tuple(sets, transforms, lists, quantizer, refine)
  .map(([start, middle, ...rest]) => [start, ...middle, ...rest].filter((part) => part !== '').join(','));

function message(text: string): string {
  try {
    parseSpec(text);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return (error as Error).message;
  }
  throw new Error(`"${text}" parsed`);
}

describe('parseSpec', () => {
  it('takes a specification apart', () => {
    expect(parseSpec('opq,ivf1024(spill=1),pq32x4,refine:sq8')).toEqual({
      sets: undefined,
      transforms: [{ name: 'opq', numbers: [], settings: {} }],
      lists: { name: 'ivf', numbers: [1024], settings: { spill: 1 } },
      quantizer: [{ name: 'pq', numbers: [32, 4], settings: {} }],
      refine: [{ name: 'sq8', numbers: [], settings: {} }],
    });
    expect(parseSpec('fde(reps=5,bits=4),rbin64x2')).toMatchObject({
      sets: { name: 'fde', numbers: [], settings: { reps: 5 } },
      quantizer: [{ name: 'rbin', numbers: [64, 2] }],
    });
    expect(parseSpec('flat,f16')).toEqual(parseSpec('f16'));
    expect(parseSpec('ivf8,f16,refine:full').refine).toBe('full');
  });

  it('gives settings their defaults', () => {
    const { lists } = parseSpec('ivf8(spill=1),sq8');
    expect(setting(lists!, 'spill')).toBe(1);
    expect(setting(lists!, 'residual')).toBe(1);
  });

  it('round-trips every canonical form', () => {
    fc.assert(
      fc.property(canonical, (text) => {
        expect(formatSpec(parseSpec(text))).toBe(text);
      }),
    );
  });

  it('minds neither case nor blanks nor defaults', () => {
    expect(formatSpec(parseSpec(' OPQ , Ivf1024 ( SPILL = 0, residual=1 ),Pq32X4 , Refine: Full '))).toBe(
      'opq,ivf1024,pq32x4,refine:full',
    );
  });

  it.each([
    ['opq,ivff1024,pq32x4', 5, '`ivf1024`'],
    ['opqq,pq32x4', 1, '`opq`'],
    ['ivf1024,sq9', 9, '`sq8`'],
    ['ivf1024,pq32', 11, '`pq32x4`'],
    ['ivf1024,pq32x5', 11, '`pq32x4`'],
    ['ivf,sq8', 4, '`ivf1024`'],
    ['ivf0,sq8', 4, '`ivf1024`'],
    ['ivf8(spil=1),sq8', 6, '`spill`'],
    ['ivf8(spill=2),sq8', 6, '0 to 1'],
    ['ivf8(spill=1,spill=1),sq8', 14, 'Keep one'],
    ['ivf8(spill),sq8', 6, 'residual=1'],
    ['sq8(a=1)', 5, 'remove the parentheses'],
    ['sq8,refine:ful', 12, '`full`'],
    ['sq8,refine:opq', 12, '`refine:full`'],
    ['sq8,refine:', 12, 'refine:full`'],
    ['refine:full', 1, '`sq8,refine:full`'],
    ['sq8,refine:full,rot', 17, 'last'],
    ['sq8,rot', 5, 'before'],
    ['sq8,pq4x8', 5, 'refine:pq4x8'],
    ['ivf8,opq,pq4x8', 6, 'before `ivf8`'],
    ['ivf8,ivf4,pq4x8', 6, 'one of them'],
    ['ivf1024', 8, 'pq32x4'],
    ['pq4x8+opq', 7, 'parts with commas'],
    ['pq4x8+', 7, 'ivf1024,pq32x4'],
    ['sq8,fde', 5, 'before `sq8`'],
    ['rot,fde(reps=2),sq8', 5, 'first'],
    ['fde(rep=2),sq8', 5, '`reps`'],
    ['fde(reps=0),sq8', 5, '1 to 1000'],
    ['fde,ivf4', 9, 'pq32x4'],
    ['sq8,refin:full', 5, '`refine`'],
    ['rot+rot,sq8', 1, 'parts with commas'],
    ['', 1, 'ivf1024,pq32x4'],
    ['sq8,,', 5, 'ivf1024,pq32x4'],
    ['ivf8(spill=1', 13, 'Close'],
    ['sq8)', 4, 'Remove'],
    ['constructor', 1, 'Choose from'],
    ['ivf8(constructor=1),sq8', 6, 'no setting'],
  ])('refuses "%s" with the place and the remedy', (text, position, remedy) => {
    const said = message(text);
    expect(said).toContain(`at character ${position}:`);
    expect(said).toContain(remedy);
  });

  it('either parses or says what is wrong, whatever it is given', () => {
    const pieces = fc.constantFrom(
      ...'opq pca ivf pq apq x sq8 bin f16 rabitq refine: full ( ) = , + 0 1 32 é \n spill'.split(' '),
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
        ),
        (text) => {
          let spec: ReturnType<typeof parseSpec>;
          try {
            spec = parseSpec(text);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidArgumentError);
            return;
          }
          const form = formatSpec(spec);
          expect(parseSpec(form)).toEqual(spec);
          expect(formatSpec(parseSpec(form))).toBe(form);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
