// Int8 kernels: rows of signed bytes against a query of int16, exact in int32.
//
// Rows are contiguous, `dim` bytes each; the query is padded with zeros to a multiple of 16 components, so that a row's
// last step may run into whatever follows it. The rows are walked one at a time: taking four together would load the
// query a quarter as often, but four interleaved streams defeat the hardware's prefetching (measured 2.8 times slower).
// Relaxed SIMD has nothing to add: its 7-bit dot product would cost the query's precision, and the scan waits for memory.
import { offer, threshold } from "./heap";

// @ts-ignore: decorator
@inline
function dotInt8(query: usize, row: usize, padded: usize): i32 {
  let s0 = i32x4.splat(0), s1 = i32x4.splat(0), s2 = i32x4.splat(0), s3 = i32x4.splat(0);
  const end = row + padded;
  if (padded & 16) {
    s0 = i32x4.dot_i16x8_s(v128.load_ext<i8>(row), v128.load(query));
    s1 = i32x4.dot_i16x8_s(v128.load_ext<i8>(row, 8), v128.load(query, 16));
    row += 16;
    query += 32;
  }
  while (row < end) {
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load_ext<i8>(row), v128.load(query)));
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load_ext<i8>(row, 8), v128.load(query, 16)));
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v128.load_ext<i8>(row, 16), v128.load(query, 32)));
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v128.load_ext<i8>(row, 24), v128.load(query, 48)));
    row += 32;
    query += 64;
  }
  const s = i32x4.add(i32x4.add(s0, s1), i32x4.add(s2, s3));
  const t = i32x4.add(s, v128.shuffle<i32>(s, s, 2, 3, 0, 1));
  return i32x4.extract_lane(t, 0) + i32x4.extract_lane(t, 1);
}

/** out[r] = query . rows[r] as int32. */
export function dotRowsInt8(query: usize, rows: usize, count: i32, dim: i32, out: usize): void {
  const padded = <usize>((dim + 15) & ~15);
  for (let r = 0; r < count; r++) {
    store<i32>(out + (<usize>r << 2), dotInt8(query, rows + <usize>r * <usize>dim, padded));
  }
}

/**
 * Offers (f32(query . rows[r]) * scales[r], base + r) to the heap for r < count with bit r of `mask` set (every r if
 * `mask` is 0). Returns how many rows that were.
 */
export function scanInt8(
  query: usize, rows: usize, scales: usize, count: i32, dim: i32, mask: usize, base: u32, heap: usize,
): i32 {
  const padded = <usize>((dim + 15) & ~15);
  const stride = <usize>dim;
  let least = threshold(heap);
  let examined = 0;
  for (let start = 0; start < count; start += 64) {
    let bits: u64 = mask ? load<u64>(mask + (<usize>start >> 3)) : -1;
    const rest = count - start;
    if (rest < 64) bits &= (<u64>1 << rest) - 1;
    const wanted = <i32>popcnt(bits);
    examined += wanted;
    // Gaps break the sequential reads that the hardware prefetches: a row on its own costs as much as four in sequence.
    // Where a quarter is wanted, every row is therefore scored, and the others are not offered.
    const gapless = wanted >= 16;
    for (let r = start; bits != 0; r++, bits >>= 1) {
      if (!gapless) {
        const gap = ctz(bits);
        r += <i32>gap;
        bits >>= gap;
      }
      const score = <f32>dotInt8(query, rows + <usize>r * stride, padded) * load<f32>(scales + (<usize>r << 2));
      if (score >= least && (bits & 1) != 0) {
        offer(heap, score, base + <u32>r);
        least = threshold(heap);
      }
    }
  }
  return examined;
}
