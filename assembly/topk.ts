// Selection of the k best scores. A heap is made by heapReset, fed by any number of kernels, and read by heapDrain.
import { drain, idOf, keyOf, offer, scoreOf, threshold } from "./heap";

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

/** Offers (scores[i], ids[i]) for i < count, with a `mask` only ids whose bit is set; NaN is ignored. Returns how many competed. */
export function heapOfferIds(heap: usize, scores: usize, ids: usize, count: i32, mask: usize): i32 {
  let least = threshold(heap);
  let competed = 0;
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 2;
    const id = load<u32>(ids + at);
    if (mask && !((<u32>load<u8>(mask + <usize>(id >> 3)) >> (id & 7)) & 1)) continue;
    competed++;
    const score = load<f32>(scores + at);
    if (score >= least) {
      offer(heap, score, id);
      least = threshold(heap);
    }
  }
  return competed;
}

/**
 * The `rank`-th best score that the heap keeps (from 1 on), -Infinity when it keeps fewer; or `floor`, if fewer than `rank`
 * scores exceed it. `scratch` takes a heap of `rank` pairs.
 */
export function heapRank(heap: usize, rank: u32, floor: f32, scratch: usize): f32 {
  const size = load<u32>(heap, 4);
  if (size < rank) return -Infinity;
  let above: u32 = 0;
  const end = heap + 8 + (<usize>size << 3);
  // No key of the floor's own score is greater than that of id 0.
  const most = keyOf(floor, 0);
  for (let key = heap + 8; key < end; key += 8) above += u32(load<u64>(key) > most);
  if (above < rank) return floor;
  heapReset(scratch, rank);
  for (let key = heap + 8; key < end; key += 8) {
    const kept = load<u64>(key);
    offer(scratch, scoreOf(kept), idOf(kept));
  }
  return threshold(scratch);
}
