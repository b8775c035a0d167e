import type { Address } from './address.ts';

/**
 * Selection of the best (score, id) pairs: higher score first, equal scores by ascending id, exactly, in whatever order
 * they are offered. NaN is never selected; -0 equals 0; infinities are ordinary scores. A heap is {@link heapBytes} of
 * memory, 8-byte aligned, made by `heapReset` and fed by any number of kernels (`scanInt8` among them).
 */
export interface TopKKernels {
  /** Makes an empty heap for the best `capacity` pairs; 0 is allowed and keeps nothing. */
  heapReset(heap: Address, capacity: number): void;
  /** Offers one pair. */
  heapOffer(heap: Address, score: number, id: number): void;
  /**
   * Offers `(scores[i], base + i)` for every `i < count` with bit `i % 8` of byte `i >> 3` of `mask` set, or for all when
   * `mask` is 0. Up to 15 bytes after the scores and 7 after the mask are read and do not matter.
   */
  heapOfferAll(heap: Address, scores: Address, count: number, mask: Address, base: number): void;
  /**
   * Offers `(scores[i], ids[i])` for `i < count`; with a `mask` (not 0) only ids whose bit (`id % 8` of byte `id >> 3`) is
   * set. Returns how many competed.
   */
  heapOfferIds(heap: Address, scores: Address, ids: Address, count: number, mask: Address): number;
  /**
   * The `rank`-th best score kept, `rank` 1 or more, or -Infinity when fewer are kept. When fewer than `rank` of them exceed
   * `floor` (an earlier answer, say), `floor` is returned, which costs least. `scratch`: {@link heapBytes} for `rank` pairs.
   */
  heapRank(heap: Address, rank: number, floor: number, scratch: Address): number;
  /** Writes ids (uint32) and scores (float32), best first, empties the heap, and returns how many there were. */
  heapDrain(heap: Address, ids: Address, scores: Address): number;
}

/** Bytes of a heap for `capacity` pairs. */
export function heapBytes(capacity: number): number {
  return 8 + 8 * capacity;
}
