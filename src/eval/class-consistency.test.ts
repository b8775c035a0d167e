import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { classConsistency } from './class-consistency.ts';

/** Classes around random centres, each with a spread of its own. */
function clouds(spreads: readonly number[], members = 8, dim = 6): { vectors: Vectors; labels: number[] } {
  const random = new Random(7);
  const rows: number[][] = [];
  const labels: number[] = [];
  spreads.forEach((spread, label) => {
    const centre = Array.from({ length: dim }, () => random.normal());
    for (let i = 0; i < members; i++) {
      const row = centre.map((value) => value + spread * random.normal());
      rows.push(row.map((value) => value / Math.hypot(...row)));
      labels.push(label);
    }
  });
  return { vectors: Vectors.fromRows(rows), labels };
}

/** Word for word from the definition. */
function byDefinition(vectors: Vectors, labels: readonly number[]): number {
  const cosine = (i: number, j: number): number => {
    let sum = 0;
    for (let d = 0; d < vectors.dim; d++) sum += vectors.row(i)[d]! * vectors.row(j)[d]!;
    return Math.fround(sum);
  };
  const pairs = labels.flatMap((a, i) => labels.slice(i + 1).map((b, k) => ({ a, b, s: cosine(i, i + 1 + k) })));
  const apart = pairs.filter(({ a, b }) => a !== b).map(({ s }) => s);
  apart.sort((x, y) => y - x);
  const [high, low] = [apart[Math.floor(0.01 * apart.length)]!, apart[Math.floor(0.1 * apart.length)]!];
  const classes = [...new Set(labels)];
  let total = 0;
  for (let step = 0; step < 100; step++) {
    const threshold = low + ((high - low) * step) / 99;
    const utilities = classes.map((label) => {
      const own = pairs.filter(({ a, b }) => a === label && b === label);
      const foreign = pairs.filter(({ a, b }) => (a === label) !== (b === label));
      const sensitivity = own.filter(({ s }) => s > threshold).length / own.length;
      const specificity = foreign.filter(({ s }) => s <= threshold).length / foreign.length;
      return sensitivity + specificity === 0 ? 0 : (2 * sensitivity * specificity) / (sensitivity + specificity);
    });
    const mean = utilities.reduce((sum, u) => sum + u, 0) / utilities.length;
    total += utilities.reduce((sum, u) => sum + (u - mean) ** 2, 0) / utilities.length / 100;
  }
  return total;
}

describe('consistency of classes', () => {
  it('is what the definition says', () => {
    const { vectors, labels } = clouds([0.2, 0.5, 0.9, 1.5]);
    const { opis, deviation } = classConsistency(vectors, labels);
    expect(opis).toBeCloseTo(byDefinition(vectors, labels), 3);
    expect(opis).toBeCloseTo(deviation.reduce((a, b) => a + b) / 4, 10);
  });

  it('is worse for classes of unequal spread', () => {
    const of = (spreads: readonly number[]) => classConsistency(clouds(spreads).vectors, clouds(spreads).labels);
    const [even, uneven] = [of([0.5, 0.5, 0.5, 0.5]), of([0.1, 0.1, 1.5, 1.5])];
    expect(uneven.opis).toBeGreaterThan(2 * even.opis);
    expect(Math.max(...uneven.refused)).toBeGreaterThan(Math.max(...even.refused));
  });

  it('leaves out a class of one', () => {
    const { vectors, labels } = clouds([0.3, 0.6]);
    const { opis, deviation } = classConsistency(vectors, [...labels.slice(0, -1), 2]);
    expect(deviation[2]).toBeNaN();
    expect(opis).toBeGreaterThanOrEqual(0);
  });
});
