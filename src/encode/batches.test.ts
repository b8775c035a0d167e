import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batchesByLength } from './batches.ts';

it('puts every item into one batch, in the order of lengths, within both limits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(200), { maxLength: 60 }),
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      (lengths, maxLength, maxCount, alike) => {
        const batches = batchesByLength(lengths, maxLength, maxCount, alike);
        const order = batches.flat();
        expect([...order].sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
        order.slice(1).forEach((item, i) => {
          expect(lengths[item]).toBeGreaterThanOrEqual(lengths[order[i]!]!);
        });
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(maxCount);
          const sum = batch.reduce((total, item) => total + lengths[item]!, 0);
          expect(batch.length === 1 || sum <= maxLength).toBe(true);
          if (alike) expect(new Set(batch.map((item) => lengths[item])).size).toBe(1);
        }
      },
    ),
  );
  expect(batchesByLength([1, 2, 3], Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toEqual([[0, 1, 2]]);
});
