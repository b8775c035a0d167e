// Kernels over codes of one bit a dimension.
import { offer, threshold } from "./heap";

// Offsets must be constants to become part of the instruction: hence no loop, and no sums of addresses.
// @ts-ignore: decorator
@inline
function words4(query: usize, row: usize): i64 {
  return (popcnt<i64>(load<i64>(query) ^ load<i64>(row)) + popcnt<i64>(load<i64>(query, 8) ^ load<i64>(row, 8))) +
    (popcnt<i64>(load<i64>(query, 16) ^ load<i64>(row, 16)) + popcnt<i64>(load<i64>(query, 24) ^ load<i64>(row, 24)));
}

// @ts-ignore: decorator
@inline
function words8(query: usize, row: usize): i64 {
  return words4(query, row) +
    (popcnt<i64>(load<i64>(query, 32) ^ load<i64>(row, 32)) + popcnt<i64>(load<i64>(query, 40) ^ load<i64>(row, 40))) +
    (popcnt<i64>(load<i64>(query, 48) ^ load<i64>(row, 48)) + popcnt<i64>(load<i64>(query, 56) ^ load<i64>(row, 56)));
}

/**
 * By the processor's population count over 64-bit words. The last word may run into what follows the row; `tail` keeps what
 * belongs to it.
 */
// @ts-ignore: decorator
@inline
function hamming(query: usize, row: usize, bytes: usize, tail: i64): i32 {
  let sum: i64 = 0;
  const rest = row + (bytes & ~7);
  const end = row + (bytes & ~63);
  while (row < end) {
    sum += words8(query, row);
    row += 64;
    query += 64;
  }
  if (bytes & 32) {
    sum += words4(query, row);
    row += 32;
    query += 32;
  }
  while (row < rest) {
    sum += popcnt<i64>(load<i64>(query) ^ load<i64>(row));
    row += 8;
    query += 8;
  }
  if (tail) sum += popcnt<i64>((load<i64>(query) ^ load<i64>(row)) & tail);
  return <i32>sum;
}

// @ts-ignore: decorator
@inline
function tailMask(bytes: usize): i64 {
  return ((<i64>1) << (<i64>(bytes & 7) << 3)) - 1;
}

/** out[r] = bits in which row r differs from the query, u32. */
export function hammingRows(query: usize, rows: usize, count: i32, bytes: i32, out: usize): void {
  const tail = tailMask(<usize>bytes);
  for (let r = 0; r < count; r++) {
    store<u32>(out + (<usize>r << 2), hamming(query, rows + <usize>r * <usize>bytes, <usize>bytes, tail));
  }
}

/**
 * Offers (-distance, id) to the heap: id is ids[r], or base + r if `ids` is 0; with a `mask` only ids with a set bit.
 * Returns how many rows competed.
 */
export function scanHamming(
  query: usize, rows: usize, count: i32, bytes: i32, ids: usize, base: u32, mask: usize, heap: usize,
): i32 {
  const size = <usize>bytes;
  const tail = tailMask(size);
  let worst = threshold(heap);
  // Distances are whole: a row competes if its own is at most this.
  let most = worst == -Infinity ? i32.MAX_VALUE : worst == Infinity ? -1 : <i32>-worst;
  if (!mask && bytes == 128) {
    // 1,024 bits, the common case of embeddings. The query stays in registers, and carry-save adders (Harley & Seal) leave four
    // vectors to count instead of eight.
    const q0 = v128.load(query), q1 = v128.load(query, 16), q2 = v128.load(query, 32), q3 = v128.load(query, 48);
    const q4 = v128.load(query, 64), q5 = v128.load(query, 80), q6 = v128.load(query, 96), q7 = v128.load(query, 112);
    for (let r = 0; r < count; r++, rows += 128) {
      let a = v128.xor(q0, v128.load(rows)), b = v128.xor(q1, v128.load(rows, 16)), c = v128.xor(q2, v128.load(rows, 32));
      let u = v128.xor(a, b);
      let twos0 = v128.or(v128.and(a, b), v128.and(u, c));
      const ones0 = v128.xor(u, c);
      a = v128.xor(q3, v128.load(rows, 48)), b = v128.xor(q4, v128.load(rows, 64)), c = v128.xor(q5, v128.load(rows, 80));
      u = v128.xor(a, b);
      const twos1 = v128.or(v128.and(a, b), v128.and(u, c));
      const ones1 = v128.xor(u, c);
      c = v128.xor(q6, v128.load(rows, 96));
      u = v128.xor(ones0, ones1);
      const twos2 = v128.or(v128.and(ones0, ones1), v128.and(u, c));
      const ones2 = v128.xor(u, c);
      u = v128.xor(twos0, twos1);
      const fours = v128.or(v128.and(twos0, twos1), v128.and(u, twos2));
      twos0 = v128.xor(u, twos2);
      const last = v128.xor(q7, v128.load(rows, 112));
      let counts = i8x16.popcnt(fours);
      counts = i8x16.add(i8x16.add(counts, counts), i8x16.popcnt(twos0));
      counts = i8x16.add(i8x16.add(counts, counts), i8x16.add(i8x16.popcnt(ones2), i8x16.popcnt(last)));
      let sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(counts));
      sums = i32x4.add(sums, v128.shuffle<i32>(sums, sums, 2, 3, 0, 1));
      const d = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1);
      if (d > most) continue;
      offer(heap, <f32>-d, ids ? load<u32>(ids + (<usize>r << 2)) : base + <u32>r);
      worst = threshold(heap);
      if (worst > -Infinity) most = <i32>-worst;
    }
    return count;
  }
  if (!mask) {
    for (let r = 0; r < count; r++, rows += size) {
      const d = hamming(query, rows, size, tail);
      if (d > most) continue;
      offer(heap, <f32>-d, ids ? load<u32>(ids + (<usize>r << 2)) : base + <u32>r);
      worst = threshold(heap);
      if (worst > -Infinity) most = <i32>-worst;
    }
    return count;
  }
  let examined = 0;
  for (let r = 0; r < count; r++, rows += size) {
    const id = ids ? load<u32>(ids + (<usize>r << 2)) : base + <u32>r;
    if (!((<u32>load<u8>(mask + <usize>(id >> 3)) >> (id & 7)) & 1)) continue;
    examined++;
    const d = hamming(query, rows, size, tail);
    if (d > most) continue;
    offer(heap, <f32>-d, id);
    worst = threshold(heap);
    if (worst > -Infinity) most = <i32>-worst;
  }
  return examined;
}

/**
 * out[r] = sum over bits of +query[i] where row r has bit i, -query[i] where not, from tables of 16 sums for every four
 * bits (see tablesBits): 2 * ceil(bits / 8) tables.
 */
export function scoreBits(tables: usize, rows: usize, count: i32, bytes: i32, out: usize): void {
  for (let r = 0; r < count; r++) {
    let s0: f32 = 0, s1: f32 = 0;
    let table = tables;
    const row = rows + <usize>r * <usize>bytes;
    for (let i: usize = 0; i < <usize>bytes; i++, table += 128) {
      const b = <u32>load<u8>(row + i);
      s0 += load<f32>(table + (<usize>(b & 15) << 2));
      s1 += load<f32>(table + (<usize>(b >> 4) << 2), 64);
    }
    store<f32>(out + (<usize>r << 2), s0 + s1);
  }
}

/** For each of the `bytes` * 2 nibbles of a code the 16 sums of +query[i] or -query[i]; components past `bits` count 0. */
export function tablesBits(query: usize, bits: i32, bytes: i32, out: usize): void {
  for (let n = 0; n < bytes * 2; n++, out += 64) {
    for (let code = 0; code < 16; code++) {
      let sum: f32 = 0;
      for (let b = 0; b < 4; b++) {
        const i = n * 4 + b;
        if (i < bits) {
          const q = load<f32>(query + (<usize>i << 2));
          sum += (code >> b) & 1 ? q : -q;
        }
      }
      store<f32>(out + (<usize>code << 2), sum);
    }
  }
}
