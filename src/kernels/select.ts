import type { BitSet } from '../base/bits.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import type { Address } from './address.ts';
import type { Arena } from './arena.ts';
import { heapBytes } from './topk.ts';

/** Selected pairs, best first, equal scores by ascending id. */
export interface Selection {
  readonly ids: Uint32Array;
  readonly scores: Float32Array;
}

export interface SelectOptions {
  /** Only positions in this set, which must have one bit per score, compete. Default: all. */
  readonly allowed?: BitSet;
  /** Added to positions to make ids. Default 0. */
  readonly base?: number;
}

/** Stands in a heap for a pair that is not there. */
const NOBODY = 0xffff_ffff;

/**
 * Makes a heap that only pairs of at least the score `floor` enter, as where others have found `capacity` pairs as good already: it is full
 * of nobody. {@link drainHeap} leaves nobody out.
 */
export function resetHeapAbove(arena: Arena, heap: Address, capacity: number, floor: number): void {
  arena.kernels.heapReset(heap, capacity);
  if (floor === Number.NEGATIVE_INFINITY || capacity === 0) return;
  const words = arena.u32(heap, 2 + 2 * capacity);
  // As keys are made: the bits of the score, mapped so that their order is that of numbers, above the complement of the id.
  const bits = new Uint32Array(Float32Array.of(floor === 0 ? 0 : floor).buffer)[0]!;
  words.fill(0, 2);
  const ordered = bits >>> 31 === 1 ? ~bits >>> 0 : (bits | 0x8000_0000) >>> 0;
  for (let i = 3; i < words.length; i += 2) words[i] = ordered;
  words[1] = capacity;
}

/** Takes the pairs out of a heap of at most `capacity` pairs, as fresh arrays; scratch space comes from its arena. */
export function drainHeap(arena: Arena, heap: Address, capacity: number): Selection {
  const mark = arena.mark();
  try {
    const ids = arena.allocate(4 * capacity);
    const scores = arena.allocate(4 * capacity);
    let count = arena.kernels.heapDrain(heap, ids, scores);
    const drained = arena.u32(ids, count);
    while (count > 0 && drained[count - 1] === NOBODY) count--;
    return { ids: arena.u32(ids, count).slice(), scores: arena.f32(scores, count).slice() };
  } finally {
    arena.release(mark);
  }
}

/**
 * The `k` best of an array of scores, fewer when fewer compete (NaN never does). Costs one comparison for four scores,
 * plus `log k` for each that enters.
 *
 * @param k a whole number, 0 or more.
 */
export function selectTop(
  arena: Arena,
  scores: Float32Array,
  k: number,
  { allowed, base = 0 }: SelectOptions = {},
): Selection {
  if (!Number.isInteger(k) || k < 0) {
    throw new InvalidArgumentError(`k is ${k}.`, 'Pass a whole number, 0 or more.');
  }
  if (allowed !== undefined && allowed.size !== scores.length) {
    throw new InvalidArgumentError(
      `A set of ${allowed.size} positions does not fit ${scores.length} scores.`,
      'Pass one bit per score.',
    );
  }
  const mark = arena.mark();
  try {
    const capacity = Math.min(k, scores.length);
    const heap = arena.allocate(heapBytes(capacity));
    const values = arena.put(scores);
    const mask = allowed === undefined ? 0 : arena.put(allowed.bytes);
    arena.kernels.heapReset(heap, capacity);
    arena.kernels.heapOfferAll(heap, values, scores.length, mask, base);
    return drainHeap(arena, heap, capacity);
  } finally {
    arena.release(mark);
  }
}
