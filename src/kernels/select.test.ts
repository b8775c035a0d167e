import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitSet } from '../base/bits.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { Arena, supportedBuilds } from './arena.ts';
import * as reference from './reference.ts';
import { drainHeap, resetHeapAbove, selectTop } from './select.ts';
import { heapBytes } from './topk.ts';

const awkward = fc.constantFrom(
  0,
  -0,
  1,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e-45,
  -1e-45,
);
const scoreArrays = fc
  .array(fc.oneof(awkward, fc.float({ noDefaultInfinity: true }), fc.integer({ min: -3, max: 3 })), { maxLength: 300 })
  .map((values) => Float32Array.from(values));

describe.each(supportedBuilds())('top-k selection on the %s build', (build) => {
  const arena = new Arena(build);

  it('equals sorting, ties by ascending id, NaN left out', () => {
    fc.assert(
      fc.property(scoreArrays, fc.integer({ min: 0, max: 320 }), fc.option(fc.integer()), (scores, k, seed) => {
        let allowed: BitSet | undefined;
        if (seed !== null) {
          const random = new Random(seed);
          const share = random.next();
          allowed = new BitSet(scores.length);
          for (let i = 0; i < scores.length; i++) if (random.next() < share) allowed.add(i);
        }
        const used = arena.used;
        const actual = selectTop(arena, scores, k, { base: 70, ...(allowed === undefined ? {} : { allowed }) });
        const best = reference.selectTop(scores, k, allowed);
        expect([...actual.ids]).toEqual(best.map((i) => 70 + i));
        expect([...actual.scores]).toEqual(best.map((i) => scores[i]! + 0));
        expect(arena.used).toBe(used);
      }),
      { numRuns: 500 },
    );
  });

  it('offers scores by id, and ranks what is kept', () => {
    fc.assert(
      fc.property(scoreArrays, fc.integer({ min: 1, max: 50 }), fc.integer(), (scores, k, seed) => {
        const random = new Random(seed);
        const ids = Uint32Array.from(random.shuffle([...scores.keys()]));
        const byId = new Float32Array(scores.length);
        ids.forEach((id, i) => {
          byId[id] = scores[i]!;
        });
        const allowed = new BitSet(scores.length);
        for (let i = 0; i < scores.length; i++) if (random.next() < 0.7) allowed.add(i);
        const mark = arena.mark();
        const heap = arena.allocate(heapBytes(k), 8);
        const scratch = arena.allocate(heapBytes(k), 8);
        arena.kernels.heapReset(heap, k);
        const [s, i, mask] = [arena.put(scores), arena.put(ids), arena.put(allowed.bytes)];
        expect(arena.kernels.heapOfferIds(heap, s, i, scores.length, mask)).toBe(allowed.count);
        const best = reference.selectTop(byId, k, allowed);
        const rank = 1 + random.below(k);
        const expected = rank > best.length ? Number.NEGATIVE_INFINITY : byId[best[rank - 1]!]! + 0;
        expect(arena.kernels.heapRank(heap, rank, Number.NEGATIVE_INFINITY, scratch)).toBe(expected);
        const floor = best.length === 0 ? 0 : byId[best[random.below(best.length)]!]!;
        const above = best.filter((id) => byId[id]! > floor).length;
        if (best.length >= rank) {
          expect(arena.kernels.heapRank(heap, rank, floor, scratch)).toBe(above < rank ? floor : expected);
        }
        expect([...drainHeap(arena, heap, k).ids]).toEqual(best);
        arena.release(mark);
      }),
      { numRuns: 300 },
    );
  });

  it('does not depend on the order of offers', () => {
    fc.assert(
      fc.property(scoreArrays, fc.integer({ min: 1, max: 50 }), fc.integer(), (scores, k, seed) => {
        const mark = arena.mark();
        const heap = arena.allocate(heapBytes(k));
        arena.kernels.heapReset(heap, k);
        for (const i of new Random(seed).shuffle([...scores.keys()])) arena.kernels.heapOffer(heap, scores[i]!, i);
        const actual = drainHeap(arena, heap, k);
        arena.release(mark);
        expect([...actual.ids]).toEqual(reference.selectTop(scores, k));
      }),
    );
  });

  it('selects from a million scores, all of them equal or all of them rising', () => {
    const equal = new Float32Array(1_000_000).fill(0.5);
    expect([...selectTop(arena, equal, 3).ids]).toEqual([0, 1, 2]);
    const rising = Float32Array.from(equal, (_, i) => i);
    expect([...selectTop(arena, rising, 3).ids]).toEqual([999_999, 999_998, 999_997]);
    expect(selectTop(arena, rising, 1_000_000).ids.at(-1)).toBe(0);
  });

  it('refuses a fractional k and a set of another size', () => {
    const scores = new Float32Array(4);
    expect(() => selectTop(arena, scores, 1.5)).toThrow(InvalidArgumentError);
    expect(() => selectTop(arena, scores, 1, { allowed: new BitSet(5) })).toThrow(InvalidArgumentError);
  });
});

describe.each(supportedBuilds())('a heap above a score on the %s build', (build) => {
  it('keeps what is as good at least, and no more than it holds', () => {
    const random = new Random(3);
    const arena = new Arena(build);
    for (const floor of [Number.NEGATIVE_INFINITY, -2, -0, 0, 0.5, 3, 100]) {
      for (const k of [0, 1, 7, 50]) {
        const scores = Array.from({ length: 60 }, () => (random.below(13) - 6) / 2);
        const heap = arena.allocate(heapBytes(k));
        resetHeapAbove(arena, heap, k, floor);
        for (const [id, score] of scores.entries()) arena.kernels.heapOffer(heap, score, id);
        const expected = scores
          .map((score, id) => ({ score, id }))
          .filter(({ score }) => score >= floor)
          .sort((a, b) => b.score - a.score || a.id - b.id)
          .slice(0, k);
        const { ids, scores: kept } = drainHeap(arena, heap, k);
        expect([...ids]).toEqual(expected.map(({ id }) => id));
        expect([...kept]).toEqual(expected.map(({ score }) => score + 0));
      }
    }
  });
});
