import { expect, it } from 'vitest';
import { Recent } from './recent.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

it('keeps what is used and forgets what is not, at most as many as fit', () => {
  const known = new Recent<number, string>(10);
  for (const key of numbers(100)) {
    known.set(key, String(key));
    expect(known.get(0)).toBe('0');
    expect(known.get(1)).toBe(key < 1 ? undefined : '1');
  }
  const kept = numbers(100).filter((key) => known.get(key) !== undefined);
  expect(kept).toHaveLength(10);
  expect(kept).toContain(0);
  expect(kept).toContain(1);
  expect(kept).toContain(99);
});

it('loses nothing of what fits, however often it is asked for and set', () => {
  const known = new Recent<number, number>(10);
  for (let round = 0; round < 5; round++) {
    for (const key of numbers(10)) {
      if (round % 2 === 0) known.set(key, key);
      expect(known.get((7 * key) % 10)).toBe(round === 0 && (7 * key) % 10 > key ? undefined : (7 * key) % 10);
    }
  }
  expect(numbers(10).map((key) => known.get(key))).toEqual(numbers(10));
});

it('makes room for one more also where all were used', () => {
  const known = new Recent<number, number>(3);
  for (const key of numbers(3)) known.set(key, key);
  for (const key of numbers(3)) known.get(key);
  known.set(3, 3);
  expect(numbers(4).map((key) => known.get(key))).toEqual([undefined, 1, 2, 3]);
});

it('says of a key the value that was set last', () => {
  const known = new Recent<string, number>(2);
  for (const value of numbers(10)) known.set('a', value);
  known.set('b', 1);
  known.set('a', 10);
  expect([known.get('a'), known.get('b')]).toEqual([10, 1]);
});

it('forgets what it is told to', () => {
  const known = new Recent<string, number>(4);
  for (const [i, key] of ['a1', 'a2', 'b1', 'a3'].entries()) known.set(key, i);
  known.forget((key) => key.startsWith('a'));
  expect(['a1', 'a2', 'a3'].map((key) => known.get(key))).toEqual([undefined, undefined, undefined]);
  expect(known.get('b1')).toBe(2);
});
