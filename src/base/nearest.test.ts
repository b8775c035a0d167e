import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

describe('nearest', () => {
  it('finds the word that was meant', () => {
    expect(nearest('langauge', ['language', 'title'])).toBe('language');
    expect(nearest('hybird', ['bm25', 'dense', 'hybrid'])).toBe('hybrid');
  });

  it('says nothing when nothing is close', () => {
    expect(nearest('colour', ['title', 'path'])).toBeUndefined();
  });

  it('is a distance: symmetric, and zero only for equal words', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});
