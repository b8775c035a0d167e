import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { Vocabulary } from './vocabulary.ts';

/** Optimal string alignment, from its definition. */
function distance(a: string, b: string): number {
  const d = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      d[i]![j] = Math.min(d[i - 1]![j]! + 1, d[i]![j - 1]! + 1, d[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d[i]![j] = Math.min(d[i]![j]!, d[i - 2]![j - 2]! + 1);
    }
  }
  return d[a.length]![b.length]!;
}

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '船'), maxLength: 7 });
const vocabulary = fc.uniqueArray(word, { maxLength: 60 });
const frequency = (term: string): number => (term.length * 7) % 5;

describe('Vocabulary', () => {
  it('finds what comparing with every term finds', () => {
    fc.assert(
      fc.property(vocabulary, word, fc.constantFrom(1, 2), (terms, asked, most) => {
        const index = new Vocabulary(terms.map((term) => [term, frequency(term)]));
        const near = terms.filter((term) => distance(term, asked) <= most && term !== asked);
        const found = index.similar(asked, most, 1000);
        expect(found.map(({ term }) => term).sort()).toEqual(near.sort());
        for (const { term, edits, frequency: known } of found)
          expect([edits, known]).toEqual([distance(term, asked), frequency(term)]);
        for (let i = 1; i < found.length; i++) expect(found[i]!.edits).toBeGreaterThanOrEqual(found[i - 1]!.edits);
        const begins = index.beginning(asked, 1000).map(({ term }) => term);
        expect(begins.sort()).toEqual(terms.filter((term) => term.startsWith(asked)).sort());
        const ends = index.ending(asked, 1000).map(({ term }) => term);
        expect(ends.sort()).toEqual(terms.filter((term) => term.endsWith(asked) && term !== asked).sort());
        expect(index.frequency(asked)).toBe(terms.includes(asked) ? frequency(asked) : 0);
      }),
      { numRuns: 500 },
    );
  });

  it('finds long words too, and any that a letter makes longer', () => {
    const long = 'Donaudampfschifffahrtsgesellschaft'.toLowerCase();
    const words = [20, 22, 23, 24, 25, 34].map((length) => long.slice(0, length));
    const index = new Vocabulary(words.map((term) => [term, 1]));
    for (const word of words) {
      const middle = word.length >> 1;
      const asked = [
        word.slice(0, 3) + word.slice(4),
        `${word.slice(0, middle)}x${word.slice(middle)}`,
        `${word.slice(0, -1)}q`,
        word.slice(0, middle - 1) + word[middle] + word[middle - 1] + word.slice(middle + 1),
      ];
      for (const mistake of asked) expect(index.similar(mistake, 1, 9).map(({ term }) => term)).toContain(word);
    }
  });

  it('gives the most frequent first, as many as are wanted', () => {
    const index = new Vocabulary([
      ['car', 3],
      ['care', 9],
      ['cart', 1],
      ['scar', 4],
      ['card', 5],
    ]);
    expect(index.beginning('car', 2)).toEqual([
      { term: 'care', frequency: 9 },
      { term: 'card', frequency: 5 },
    ]);
    expect(index.similar('carr', 1, 3).map(({ term }) => term)).toEqual(['care', 'card', 'car']);
    expect(index.similar('acr', 1, 3).map(({ term }) => term)).toEqual(['car']);
    expect(index.ending('ar', 9).map(({ term }) => term)).toEqual(['scar', 'car']);
    expect(index.size).toBe(5);
  });

  it('looks at a small part of a large vocabulary', () => {
    const random = new Random(3);
    const letters = 'etaoinshrdlucmfwypvbgk';
    const terms = new Set<string>();
    while (terms.size < 60_000)
      terms.add(
        Array.from(
          { length: 3 + random.below(9) },
          () => letters[Math.floor(letters.length * random.next() ** 2)]!,
        ).join(''),
      );
    const index = new Vocabulary([...terms].map((term) => [term, 1]));
    const asked = [...terms].filter((_, i) => i % 3000 === 0).map((term) => `${term.slice(0, 2)}x${term.slice(2)}`);
    const start = performance.now();
    for (const one of asked) expect(index.similar(one, 1, 50).length).toBeGreaterThan(0);
    expect((performance.now() - start) / asked.length).toBeLessThan(100);
  });
});
