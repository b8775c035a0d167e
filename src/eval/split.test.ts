import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitByDocuments } from './index.ts';

describe('splitByDocuments', () => {
  it('never lets two parts share a relevant document, and loses no query', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 0, max: 2 })), { maxLength: 3 }), { maxLength: 60 }),
        fc.nat(),
        (queries, seed) => {
          const judgements = new Map(
            queries.map((judged, q) => [`q${q}`, new Map(judged.map(([d, grade]) => [`d${d}`, grade]))]),
          );
          const ids = [...judgements.keys()];
          const parts = splitByDocuments(ids, judgements, [0.6, 0.2, 0.2], seed);
          expect(parts.flat().sort()).toEqual([...ids].sort());
          const owner = new Map<string, number>();
          parts.forEach((part, p) => {
            for (const id of part) {
              for (const [document, grade] of judgements.get(id)!) {
                if (grade === 0) continue;
                expect(owner.get(document) ?? p).toBe(p);
                owner.set(document, p);
              }
            }
          });
        },
      ),
    );
  });

  it('keeps to the shares where queries are independent, and is the same for a seed', () => {
    const judgements = new Map(Array.from({ length: 100 }, (_, q) => [`q${q}`, new Map([[`d${q}`, 1]])]));
    const split = (seed: number) => splitByDocuments([...judgements.keys()], judgements, [0.6, 0.2, 0.2], seed);
    expect(split(1).map((part) => part.length)).toEqual([60, 20, 20]);
    expect(split(1)).toEqual(split(1));
    expect(split(1)).not.toEqual(split(2));
  });
});
