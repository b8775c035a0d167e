// Kernels over codes of one bit a dimension.
import { offer, threshold } from "./heap";

// @ts-ignore: decorator
@inline
function distance(query: usize, row: usize, bytes: usize): i32 {
  let sum: v128 = i32x4.splat(0);
  let i: usize = 0;
  while (i + 16 <= bytes) {
    // Counts of a byte are at most 8: 31 of them fit before they are widened.
    const end = min(i + 31 * 16, bytes & ~15);
    let counts: v128 = i8x16.splat(0);
    for (; i < end; i += 16) counts = i8x16.add(counts, i8x16.popcnt(v128.xor(v128.load(query + i), v128.load(row + i))));
    sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(counts)));
  }
  let total = i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) +
    (i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3));
  for (; i + 8 <= bytes; i += 8) total += <i32>popcnt(load<u64>(query + i) ^ load<u64>(row + i));
  for (; i < bytes; i++) total += <i32>popcnt(<u32>(load<u8>(query + i) ^ load<u8>(row + i)));
  return total;
}

/** Codes of whole 64-bit words: the processor's population count beats what vectors have to offer. */
// @ts-ignore: decorator
@inline
function distanceOfWords(query: usize, row: usize, bytes: usize): i32 {
  let s0: u64 = 0, s1: u64 = 0;
  const end = row + (bytes & ~31);
  const rest = row + bytes;
  while (row < end) {
    s0 += popcnt(load<u64>(query) ^ load<u64>(row)) + popcnt(load<u64>(query, 8) ^ load<u64>(row, 8));
    s1 += popcnt(load<u64>(query, 16) ^ load<u64>(row, 16)) + popcnt(load<u64>(query, 24) ^ load<u64>(row, 24));
    row += 32;
    query += 32;
  }
  while (row < rest) {
    s0 += popcnt(load<u64>(query) ^ load<u64>(row));
    row += 8;
    query += 8;
  }
  return <i32>(s0 + s1);
}

// @ts-ignore: decorator
@inline
function hamming(query: usize, row: usize, bytes: usize): i32 {
  return (bytes & 7) == 0 ? distanceOfWords(query, row, bytes) : distance(query, row, bytes);
}

/** out[r] = bits in which row r differs from the query, u32. */
export function hammingRows(query: usize, rows: usize, count: i32, bytes: i32, out: usize): void {
  for (let r = 0; r < count; r++) {
    store<u32>(out + (<usize>r << 2), hamming(query, rows + <usize>r * <usize>bytes, <usize>bytes));
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
  let worst = threshold(heap);
  // Distances are whole: a row competes if its own is at most this.
  let most = worst == -Infinity ? i32.MAX_VALUE : worst == Infinity ? -1 : <i32>-worst;
  if (!mask) {
    for (let r = 0; r < count; r++, rows += size) {
      const d = hamming(query, rows, size);
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
    const d = hamming(query, rows, size);
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
