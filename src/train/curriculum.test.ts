import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { curriculumTemperature, drawNegatives } from './curriculum.ts';

describe('the curriculum', () => {
  it('falls in a straight line, and stays within its ends', () => {
    expect(curriculumTemperature(0)).toBe(0.05);
    expect(curriculumTemperature(1)).toBeCloseTo(0.001, 12);
    expect(curriculumTemperature(0.5, { from: 0.4, to: 0.2 })).toBeCloseTo(0.3, 12);
    expect(curriculumTemperature(7, { from: 2, to: 1 })).toBe(1);
    expect(curriculumTemperature(-1, { from: 2, to: 1 })).toBe(2);
    expect(() => curriculumTemperature(0, { to: 0 })).toThrow(InvalidArgumentError);
  });

  it('draws the first by the softmax, and the next by that of those that are left', () => {
    const [random, scores, temperature] = [new Random(5), [0.5, 0.3, 0.1, 0.4], 0.2];
    const weights = scores.map((score) => Math.exp(score / temperature));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const counts = new Map<string, number>();
    const draws = 40_000;
    for (let i = 0; i < draws; i++) {
      const key = drawNegatives(scores, 2, temperature, random).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(12);
    for (const [key, count] of counts) {
      const [first, second] = key.split(',').map(Number) as [number, number];
      const expected = ((weights[first]! / total) * weights[second]!) / (total - weights[first]!);
      expect(Math.abs(count / draws - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / draws));
    }
  });

  it('takes the hardest where the temperature is low, any where it is high, and each once', () => {
    const random = new Random(6);
    const scores = Float32Array.from({ length: 20 }, (_, i) => 1 - i / 20);
    expect(drawNegatives(scores, 4, 1e-4, random)).toEqual([0, 1, 2, 3]);
    const met = new Set(Array.from({ length: 200 }, () => drawNegatives(scores, 1, 1e3, random)[0]));
    expect(met.size).toBe(20);
    for (let i = 0; i < 50; i++) expect(new Set(drawNegatives(scores, 12, 0.1, random)).size).toBe(12);
    expect(drawNegatives(scores, 50, 0.1, random)).toHaveLength(20);
    expect(drawNegatives([], 3, 0.1, random)).toEqual([]);
  });
});
