import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitSet } from './bits.ts';
import { InvariantError, invariant, MissingPackageError, UserError } from './errors.ts';
import { Random } from './random.ts';
import { VectorSets, Vectors } from './vectors.ts';

describe('BitSet', () => {
  it('behaves as a set of numbers does', () => {
    const size = 200;
    const step = fc.record({ add: fc.boolean(), value: fc.integer({ min: 0, max: size - 1 }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const bits = new BitSet(size);
        const model = new Set<number>();
        for (const { add, value } of steps) {
          if (add) {
            bits.add(value);
            model.add(value);
          } else {
            bits.delete(value);
            model.delete(value);
          }
        }
        expect([...bits]).toEqual([...model].sort((a, b) => a - b));
        expect(bits.count).toBe(model.size);
        expect(bits.clone().has(7)).toBe(model.has(7));
      }),
    );
  });

  it('adds ranges', () => {
    const bits = new BitSet(20);
    bits.addRange(6, 11);
    expect([...bits]).toEqual([6, 7, 8, 9, 10]);
  });
});

describe('Random', () => {
  it('repeats itself for a seed, and differs between seeds', () => {
    const draw = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 5 }, () => random.uint32());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('is uniform and normal within what chance allows', () => {
    const random = new Random(1);
    const uniform = Array.from({ length: 20_000 }, () => random.next());
    const normal = Array.from({ length: 20_000 }, () => random.normal());
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    expect(mean(normal)).toBeCloseTo(0, 1);
    expect(mean(normal.map((value) => value ** 2))).toBeCloseTo(1, 1);
    expect(random.shuffle([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4]);
  });
});

describe('Vectors', () => {
  it('gives views of its rows', () => {
    const vectors = Vectors.fromRows([
      [1, 2],
      [3, 4],
    ]);
    vectors.row(1)[0] = 9;
    expect([...vectors.slice(1, 2).data]).toEqual([9, 4]);
    expect(vectors.count).toBe(2);
  });

  it('joins matrices of one dimension', () => {
    const [a, b] = [
      Vectors.fromRows([[1, 2]]),
      Vectors.fromRows([
        [3, 4],
        [5, 6],
      ]),
    ];
    const all = Vectors.concat([a, Vectors.zeros(0, 2), b]);
    expect([...all.data]).toEqual([1, 2, 3, 4, 5, 6]);
    all.row(0)[0] = 9;
    expect(a.row(0)[0]).toBe(1);
    expect(() => Vectors.concat([a, Vectors.zeros(1, 3)])).toThrow(/2 and 3 components cannot be joined/);
    expect(() => Vectors.concat([])).toThrow(/no components/);
  });

  it('refuses what does not fit', () => {
    expect(() => new Vectors(new Float32Array(5), 2)).toThrow(/5 components do not divide into vectors of 2/);
    expect(() => new Vectors(new Float32Array(0), 0)).toThrow(/positive whole number/);
    expect(() => Vectors.fromRows([[1, 2], [1]])).toThrow(/Row 1 has 1 components/);
    expect(() => new VectorSets(Vectors.zeros(3, 2), new Uint32Array([0, 2]))).toThrow(/from 0 to 3/);
  });

  it('groups rows into sets', () => {
    const sets = new VectorSets(Vectors.fromRows([[1], [2], [3]]), new Uint32Array([0, 1, 3]));
    expect([...sets.item(1).data]).toEqual([2, 3]);
  });
});

describe('an error', () => {
  it('of the user ends with the remedy', () => {
    const error = new MissingPackageError('left-pad', 'Padding');
    expect(error).toBeInstanceOf(UserError);
    expect(error.name).toBe('MissingPackageError');
    expect(error.message).toMatch(/npm install left-pad$/);
  });

  it('of ours asks for a report', () => {
    expect(() => invariant(false, 'one is two')).toThrow(InvariantError);
    expect(() => invariant(false, 'one is two')).toThrow(/one is two.*please report it/);
  });
});
