import { describe, expect, it } from 'vitest';
import { Vectors } from '../base/vectors.ts';
import type { Encoder } from '../encode/index.ts';
import { shorten, telling, without } from './shorten.ts';

/** Unit vectors of how often a text has each of some words; others count a little in a component of their own. */
function counting(...known: readonly string[]): Encoder {
  return {
    id: 'counting',
    dim: known.length + 1,
    async encode(texts) {
      const rows = texts.map((text) => {
        const words = text.toLowerCase().split(' ');
        const row = Float32Array.from([...known, ''], (one) =>
          one === '' ? 0.01 * words.length : words.filter((word) => word === one).length,
        );
        const length = Math.hypot(...row) || 1;
        return row.map((value) => value / length);
      });
      return Vectors.fromRows(rows, known.length + 1);
    },
  };
}

describe('shorten', () => {
  it('leaves out the words that change the vector least, in their order', async () => {
    const text = 'the harbour was in winter closed by much ice';
    expect(await shorten(text, counting('harbour', 'closed', 'ice', 'winter'), { keep: 4 / 9 })).toBe(
      'harbour winter closed ice',
    );
  });

  it('keeps numbers and negations, unless it is told otherwise', async () => {
    const text = 'it was not open in 1963';
    const encoder = counting('open');
    expect(await shorten(text, encoder, { keep: 0.5 })).toBe('not open 1963');
    expect(await shorten(text, encoder, { keep: 1 / 6, protect: () => false })).toBe('open');
    expect(["isn't", 'Not,', '3rd', 'knot'].map(telling)).toEqual([true, true, true, false]);
  });

  it('knows with more rounds that one copy of a word was spared already', async () => {
    const text = 'ice ice lamp';
    const encoder = counting('ice', 'lamp');
    const copies = (shorter: string) => shorter.split(' ').filter((word) => word === 'ice').length;
    expect(copies(await shorten(text, encoder, { keep: 1 / 3, rounds: 1 }))).toBe(0);
    expect(await shorten(text, encoder, { keep: 2 / 3, rounds: 2 })).toBe('ice lamp');
  });

  it('takes the first of words that change as much, and fewer where others are to stay', () => {
    expect(without([0, 1, 2, 3], [1, 1, 0, 1], 2)).toEqual([1, 3]);
    expect(without([0, 1], [1, 1], 2, () => true)).toEqual([0, 1]);
  });

  it('refuses shares and rounds that are none', async () => {
    const encoder = counting('a');
    await expect(shorten('a', encoder, { keep: 0 })).rejects.toThrow('Keep a share above 0, at most 1.');
    await expect(shorten('a', encoder, { rounds: 0.5 })).rejects.toThrow('whole number of rounds');
    expect(await shorten('', encoder)).toBe('');
  });
});
