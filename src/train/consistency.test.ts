import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { dot } from '../math/index.ts';
import { consistentPairs } from './consistency.ts';

/** Unit vectors at these angles, in degrees. */
const at = (...degrees: readonly number[]) =>
  Vectors.fromRows(
    degrees.map((angle) => Float32Array.of(Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180))),
    2,
  );

describe('the consistency filter', () => {
  it('keeps pairs whose document is among the nearest to its query', () => {
    const [queries, documents] = [at(0, 0, 0, 0), at(1, 10, 20, 30)];
    const pairs = [[0], [1], [2], [3]];
    expect(consistentPairs(queries, documents, pairs)).toEqual([[0], [1], [], []]);
    expect(consistentPairs(queries, documents, pairs, { rank: 1 })).toEqual([[0], [], [], []]);
    // Documents of one query do not count against each other.
    expect(
      consistentPairs(
        at(0, 0),
        documents,
        [
          [2, 0, 1],
          [3, 2],
        ],
        { rank: 1 },
      ),
    ).toEqual([[2, 0, 1], []]);
    expect(consistentPairs(at(0, 0), documents, [[], [3]], { rank: 3 })).toEqual([[], []]);
  });

  it('keeps those that are near enough, of any rank where there is none', () => {
    const [queries, documents] = [at(0, 0, 0, 0), at(1, 10, 20, 30)];
    const pairs = [[0], [1], [2], [3]];
    const score = Math.cos((25 * Math.PI) / 180);
    expect(consistentPairs(queries, documents, pairs, { rank: 3, score })).toEqual([[0], [1], [2], []]);
    expect(consistentPairs(queries, documents, pairs, { rank: Number.POSITIVE_INFINITY, score })).toEqual([
      [0],
      [1],
      [2],
      [],
    ]);
    expect(consistentPairs(queries, documents, pairs, { rank: 2, score: 0.99 })).toEqual([[0], [], [], []]);
  });

  it('agrees with its definition', () => {
    const random = new Random(3);
    for (let round = 0; round < 30; round++) {
      const [count, asked] = [2 + random.below(60), 1 + random.below(20)];
      const some = (n: number) => at(...Array.from({ length: n }, () => 360 * random.next()));
      const [queries, documents] = [some(asked), some(count)];
      const positives = Array.from({ length: asked }, () =>
        random.shuffle(Array.from({ length: count }, (_, row) => row)).slice(0, random.below(4)),
      );
      const [rank, score] = [1 + random.below(count + 2), 2 * random.next() - 1];
      const expected = positives.map((own, query) => {
        const to = (row: number) => dot(queries.row(query), documents.row(row));
        return own.filter((row) => {
          const before = Array.from({ length: count }, (_, other) => other).filter(
            (other) => !own.includes(other) && to(other) > to(row),
          );
          return before.length < rank && to(row) >= score;
        });
      });
      expect(consistentPairs(queries, documents, positives, { rank, score })).toEqual(expected);
    }
  });

  it('refuses ranks that are none, and lists that are not one for each query', () => {
    for (const rank of [0, 1.5, Number.NaN]) {
      expect(() => consistentPairs(at(0), at(0), [[0]], { rank })).toThrow(InvalidArgumentError);
    }
    expect(() => consistentPairs(at(0, 1), at(0), [[0]])).toThrow('There are 1 lists of documents for 2 queries.');
  });
});
