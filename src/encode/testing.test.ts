import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { testEncoder } from './testing.ts';

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe('the hashing encoder', () => {
  it('gives unit vectors, also for texts without words', async () => {
    const vectors = await testEncoder().encode(['a cat sat', '', ' \n', '...', '日本語', 'x'.repeat(10_000)]);
    expect(vectors.count).toBe(6);
    for (let i = 0; i < 6; i++) expect(dot(vectors.row(i), vectors.row(i))).toBeCloseTo(1, 5);
  });

  it('ranks texts by the words they share, whatever their case and order', async () => {
    const vectors = await testEncoder({ dim: 256 }).encode([
      'rotate the signing key',
      'Key signing: the ROTATE',
      'rotate the tyres',
      'bake bread',
    ]);
    const [same, near, far] = [1, 2, 3].map((i) => dot(vectors.row(0), vectors.row(i)));
    expect(same).toBeCloseTo(1, 5);
    expect(near).toBeGreaterThan(0.4);
    expect(Math.abs(far!)).toBeLessThan(0.25);
  });

  it('finds common characters in scripts without spaces', async () => {
    const vectors = await testEncoder({ dim: 256 }).encode(['東京の天気', '天気予報']);
    expect(dot(vectors.row(0), vectors.row(1))).toBeGreaterThan(0.25);
  });

  it('depends on its seed and on nothing else', async () => {
    const text = ['one two three'];
    const first = await testEncoder({ seed: 7 }).encode(text);
    expect((await testEncoder({ seed: 7, languages: ['en'] }).encode(text)).data).toEqual(first.data);
    expect((await testEncoder({ seed: 8 }).encode(text)).data).not.toEqual(first.data);
    expect(testEncoder({ seed: 7 }).id).not.toBe(testEncoder({ seed: 8 }).id);
  });

  it('gives one unit vector per word', async () => {
    const sets = await testEncoder().encodeTokens(['one two', '', 'two']);
    expect([...sets.offsets]).toEqual([0, 2, 3, 4]);
    expect(sets.item(0).row(1)).toEqual(sets.item(2).row(0));
    expect(dot(sets.item(1).row(0), sets.item(1).row(0))).toBeCloseTo(1, 5);
  });

  it('refuses impossible dimensions', () => {
    for (const dim of [0, -1, 1.5, Number.NaN, 1e9]) expect(() => testEncoder({ dim })).toThrow(InvalidArgumentError);
  });
});
