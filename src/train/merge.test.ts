import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { Parameters } from '../tensor/index.ts';
import { mergeCheckpoints } from './merge.ts';

function model(a: readonly number[], b: readonly number[]): Parameters {
  const parameters = new Parameters();
  parameters.set('a', Float32Array.from(a), [a.length]);
  parameters.set('b', Float32Array.from(b), [b.length]);
  return parameters;
}

describe('merging models', () => {
  const start = model([1, 1], [5]);

  it('takes the mean, or weighs each array by how far it moved', () => {
    const trained = [model([4, 5], [5]), model([1, 6], [7])];
    const uniform = mergeCheckpoints(start, trained);
    expect([...uniform.get('a').data]).toEqual([2.5, 5.5]);
    expect([...uniform.get('b').data]).toEqual([6]);
    // The array `a` moved by 5 in both, `b` in the second alone.
    const delta = mergeCheckpoints(start, trained, 'delta');
    expect([...delta.get('a').data]).toEqual([2.5, 5.5]);
    expect([...delta.get('b').data]).toEqual([7]);
  });

  it('leaves what nobody moved, and the models themselves', () => {
    const same = model([1, 1], [5]);
    const merged = mergeCheckpoints(start, [same, same], 'delta');
    expect([...merged.get('a').data]).toEqual([1, 1]);
    merged.get('a').data[0] = 9;
    expect(start.get('a').data[0]).toBe(1);
    expect(same.get('a').data[0]).toBe(1);
  });

  it('refuses nothing, and models of another form', () => {
    expect(() => mergeCheckpoints(start, [])).toThrow(InvalidArgumentError);
    expect(() => mergeCheckpoints(start, [model([1], [5])])).toThrow('is [1] in one model and [2] at the start');
  });
});
