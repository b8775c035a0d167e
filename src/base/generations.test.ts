import { expect, it } from 'vitest';
import { Generations } from './generations.ts';

it('keeps what is asked for and forgets what is not, at most twice a generation', () => {
  const known = new Generations<number, string>(10);
  for (let key = 0; key < 100; key++) {
    known.set(key, String(key));
    expect(known.get(0)).toBe('0');
    expect(known.get(key)).toBe(String(key));
  }
  const kept = Array.from({ length: 100 }, (_, key) => known.get(key)).filter((value) => value !== undefined);
  expect(kept.length).toBeLessThanOrEqual(20);
  expect(kept.length).toBeGreaterThanOrEqual(10);
});

it('forgets what it is told to', () => {
  const known = new Generations<string, number>(2);
  for (const [i, key] of ['a1', 'a2', 'b1', 'a3'].entries()) known.set(key, i);
  known.forget((key) => key.startsWith('a'));
  expect(['a1', 'a2', 'a3'].map((key) => known.get(key))).toEqual([undefined, undefined, undefined]);
  expect(known.get('b1')).toBe(2);
});
