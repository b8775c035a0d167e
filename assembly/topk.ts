// Selection of the k best scores. A heap is made by heapReset, fed by any number of kernels, and read by heapDrain.
import { drain, offer, threshold } from "./heap";

/** Makes an empty heap for the best `capacity` pairs in the `8 + 8 * capacity` bytes at `heap` (8-byte aligned). */
export function heapReset(heap: usize, capacity: u32): void {
  store<u32>(heap, capacity);
  store<u32>(heap, 0, 4);
}

/** Offers one pair; a NaN score is ignored. */
export function heapOffer(heap: usize, score: f32, id: u32): void {
  if (score >= threshold(heap)) offer(heap, score, id);
}

/**
 * Offers (scores[i], base + i) for i < count with bit i of `mask` set (every i if `mask` is 0); NaN is ignored.
 * Four scores are compared with the worst kept one at a time, so that most groups cost one branch.
 */
export function heapOfferAll(heap: usize, scores: usize, count: i32, mask: usize, base: u32): void {
  let least = threshold(heap);
  for (let start = 0; start < count; start += 64) {
    let bits: u64 = mask ? load<u64>(mask + (<usize>start >> 3)) : -1;
    const rest = count - start;
    if (rest < 64) bits &= (<u64>1 << rest) - 1;
    for (let i = start; bits != 0; bits >>= 4, i += 4) {
      const group = scores + (<usize>i << 2);
      let passed = i32x4.bitmask(f32x4.ge(v128.load(group), f32x4.splat(least))) & (<i32>bits & 15);
      while (passed != 0) {
        const lane = ctz(passed);
        passed &= passed - 1;
        offer(heap, load<f32>(group + (<usize>lane << 2)), base + <u32>(i + lane));
        least = threshold(heap);
      }
    }
  }
}

/** Writes ids and scores, best first and ties by ascending id, empties the heap, and returns how many there were. */
export function heapDrain(heap: usize, ids: usize, scores: usize): u32 {
  return drain(heap, ids, scores);
}
