// Product-quantizer kernels.
//
// 4-bit codes lie in blocks of 32 vectors, 16 bytes for each sub-quantizer: the low nibbles of bytes 0, 2, .. 14 belong to
// vectors 0 to 7, those of bytes 1, 3, .. 15 to vectors 8 to 15, and the high nibbles in the same order to vectors 16 to
// 31. (The idea of in-register tables is Andre, Kermarrec & Le Scouarnec's, "Cache locality is not enough", VLDB 2015; the
// interleaving leaves sums in the order of the vectors when bytes widen to 16 bits as even and odd halves.)
//
// Tables are unsigned bytes, scaled so that any four consecutive ones, from a multiple of four on, sum to at most 255:
// four look-ups are added as bytes before they are widened, and sums of 512 sub-quantizers stay within signed 16 bits.
import { offer, threshold } from "./heap";

// @ts-ignore: decorator
@inline
function lookup(table: v128, index: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, index);
  return i8x16.swizzle(table, index);
}

// @ts-ignore: decorator
@inline
function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * The greatest whole number that a sum must exceed for f32(sum) * scale + bias to possibly reach `least`: -1 to 32767.
 * The float sum's own rounding is allowed for, so that nothing that the heap would take is passed over.
 */
function sumBelow(least: f32, scale: f32, bias: f32): i32 {
  if (least == -Infinity) return -1;
  if (scale == 0) return bias >= least ? -1 : 32767;
  const slack = (Math.abs(<f64>least) + Math.abs(<f64>bias) + 32768.0 * <f64>scale) / 4194304.0;
  const reach = Math.ceil((<f64>least - <f64>bias - slack) / <f64>scale) - 1;
  return reach < 0 ? -1 : reach > 32767 ? 32767 : <i32>reach;
}

/** The bits of `mask` that belong to positions `start` to `start + 31`: by id from `ids`, or by number from `base` on. */
function allowedAmong(start: i32, rest: i32, ids: usize, base: u32, mask: usize): u32 {
  const size: i32 = rest < 32 ? rest : 32;
  const all: u32 = size == 32 ? 0xffff_ffff : (1 << size) - 1;
  if (!mask) return all;
  if (!ids) {
    const first = base + <u32>start;
    return <u32>(load<u64>(mask + <usize>(first >> 3)) >> <u64>(first & 7)) & all;
  }
  let word: u32 = 0;
  const list = ids + (<usize>start << 2);
  for (let i = 0; i < size; i++) {
    const id = load<u32>(list + (<usize>i << 2));
    word |= ((<u32>load<u8>(mask + <usize>(id >> 3)) >> (id & 7)) & 1) << i;
  }
  return word;
}

/**
 * Offers (f32(sum) * scale + bias, id) to the heap for the vectors of ceil(count / 32) blocks, sum being that of the
 * `m` table entries that the vector's code names. The id of vector i is ids[i], or base + i if `ids` is 0; with a `mask`,
 * only ids whose bit is set compete. Returns how many vectors competed.
 */
export function scanPq4(
  tables: usize, blocks: usize, count: i32, m: i32, scale: f32, bias: f32, ids: usize, base: u32, mask: usize, heap: usize,
): i32 {
  const nibble = i8x16.splat(15);
  const stride = <usize>m << 4;
  const quads = blocks + (<usize>(m & ~3) << 4);
  // Behind the tables, not in static memory: threads share that.
  const scratch = tables + stride;
  let below = sumBelow(threshold(heap), scale, bias);
  let examined = 0;
  let quadsEnd = quads;
  for (let start = 0; start < count; start += 32, blocks += stride, quadsEnd += stride) {
    let allowed: u32 = 0xffff_ffff;
    if (mask || count - start < 32) {
      allowed = allowedAmong(start, count - start, ids, base, mask);
      if (!allowed) continue;
      examined += <i32>popcnt(allowed);
    } else {
      examined += 32;
    }
    // `sums` add bytes as 16-bit lanes, odd bytes 256-fold on top of the even ones; `odds` add the odd bytes alone.
    let sums0 = i16x8.splat(0), odds0 = i16x8.splat(0), sums1 = i16x8.splat(0), odds1 = i16x8.splat(0);
    let code = blocks;
    let table = tables;
    while (code < quadsEnd) {
      const c0 = v128.load(code), c1 = v128.load(code, 16), c2 = v128.load(code, 32), c3 = v128.load(code, 48);
      const t0 = v128.load(table), t1 = v128.load(table, 16), t2 = v128.load(table, 32), t3 = v128.load(table, 48);
      const low = i8x16.add(
        i8x16.add(lookup(t0, v128.and(c0, nibble)), lookup(t1, v128.and(c1, nibble))),
        i8x16.add(lookup(t2, v128.and(c2, nibble)), lookup(t3, v128.and(c3, nibble))),
      );
      const high = i8x16.add(
        i8x16.add(lookup(t0, v128.and(i16x8.shr_u(c0, 4), nibble)), lookup(t1, v128.and(i16x8.shr_u(c1, 4), nibble))),
        i8x16.add(lookup(t2, v128.and(i16x8.shr_u(c2, 4), nibble)), lookup(t3, v128.and(i16x8.shr_u(c3, 4), nibble))),
      );
      sums0 = i16x8.add(sums0, low);
      odds0 = i16x8.add(odds0, i16x8.shr_u(low, 8));
      sums1 = i16x8.add(sums1, high);
      odds1 = i16x8.add(odds1, i16x8.shr_u(high, 8));
      code += 64;
      table += 64;
    }
    const end = blocks + stride;
    while (code < end) {
      const c = v128.load(code);
      const t = v128.load(table);
      const low = lookup(t, v128.and(c, nibble));
      const high = lookup(t, v128.and(i16x8.shr_u(c, 4), nibble));
      sums0 = i16x8.add(sums0, low);
      odds0 = i16x8.add(odds0, i16x8.shr_u(low, 8));
      sums1 = i16x8.add(sums1, high);
      odds1 = i16x8.add(odds1, i16x8.shr_u(high, 8));
      code += 16;
      table += 16;
    }
    sums0 = i16x8.sub(sums0, i16x8.shl(odds0, 8));
    sums1 = i16x8.sub(sums1, i16x8.shl(odds1, 8));
    const least = i16x8.splat(<i16>below);
    const passed0 = i16x8.gt_s(sums0, least), passed1 = i16x8.gt_s(odds0, least);
    const passed2 = i16x8.gt_s(sums1, least), passed3 = i16x8.gt_s(odds1, least);
    if (!v128.any_true(v128.or(v128.or(passed0, passed1), v128.or(passed2, passed3)))) continue;
    let passed = allowed & (
      <u32>i8x16.bitmask(i8x16.narrow_i16x8_s(passed0, passed1)) |
      (<u32>i8x16.bitmask(i8x16.narrow_i16x8_s(passed2, passed3)) << 16)
    );
    if (!passed) continue;
    v128.store(scratch, sums0);
    v128.store(scratch, odds0, 16);
    v128.store(scratch, sums1, 32);
    v128.store(scratch, odds1, 48);
    do {
      const i = ctz(passed);
      passed &= passed - 1;
      const sum = <i32>load<i16>(scratch + (<usize>i << 1));
      if (sum > below) {
        const id = ids ? load<u32>(ids + (<usize>(<u32>start + i) << 2)) : base + <u32>start + i;
        offer(heap, <f32>sum * scale + bias, id);
        below = sumBelow(threshold(heap), scale, bias);
      }
    } while (passed);
  }
  return examined;
}

/** out[v] = sum over sub-quantizers of the table entry that vector v of the blocks names, as u16, 32 for every block. */
export function sumPq4(tables: usize, blocks: usize, count: i32, m: i32, out: usize): void {
  const nibble = i8x16.splat(15);
  for (let start = 0; start < count; start += 32, out += 64) {
    let sums0 = i16x8.splat(0), odds0 = i16x8.splat(0), sums1 = i16x8.splat(0), odds1 = i16x8.splat(0);
    for (let j = 0; j < m; j++, blocks += 16) {
      const c = v128.load(blocks);
      const t = v128.load(tables + (<usize>j << 4));
      const low = lookup(t, v128.and(c, nibble));
      const high = lookup(t, v128.and(i16x8.shr_u(c, 4), nibble));
      sums0 = i16x8.add(sums0, low);
      odds0 = i16x8.add(odds0, i16x8.shr_u(low, 8));
      sums1 = i16x8.add(sums1, high);
      odds1 = i16x8.add(odds1, i16x8.shr_u(high, 8));
    }
    v128.store(out, i16x8.sub(sums0, i16x8.shl(odds0, 8)));
    v128.store(out, odds0, 16);
    v128.store(out, i16x8.sub(sums1, i16x8.shl(odds1, 8)), 32);
    v128.store(out, odds1, 48);
  }
}

/**
 * Rounds `m` tables of 16 floats to bytes as scanPq4 takes them: an entry becomes round((entry - least of its table) /
 * scale). Stores the scale and the sum of the least entries at `meta`.
 */
export function quantizePq4(tables: usize, m: i32, out: usize, meta: usize): void {
  let widest: f32 = 0;
  let bias: f64 = 0;
  let group: f32 = 0;
  for (let j = 0; j < m; j++) {
    const table = tables + (<usize>j << 6);
    let least = v128.load(table), most = least;
    for (let i: usize = 16; i < 64; i += 16) {
      const entries = v128.load(table + i);
      least = f32x4.pmin(least, entries);
      most = f32x4.pmax(most, entries);
    }
    const low = lane4Min(least);
    group += lane4Max(most) - low;
    bias += <f64>low;
    if ((j & 3) == 3 || j == m - 1) {
      widest = max<f32>(widest, group);
      group = 0;
    }
  }
  // Rounding may add a half to each of four entries: 253 + 4 / 2 = 255.
  const scale = widest / 253;
  // A scale so small that its inverse overflows stands for tables without any difference.
  const inverse = scale < 1e-37 ? <f32>0 : 1 / scale;
  for (let j = 0; j < m; j++) {
    const table = tables + (<usize>j << 6);
    const e0 = v128.load(table), e1 = v128.load(table, 16), e2 = v128.load(table, 32), e3 = v128.load(table, 48);
    const low = f32x4.splat(lane4Min(f32x4.pmin(f32x4.pmin(e0, e1), f32x4.pmin(e2, e3))));
    v128.store(out + (<usize>j << 4), i8x16.narrow_i16x8_u(
      i16x8.narrow_i32x4_s(step(e0, low, inverse), step(e1, low, inverse)),
      i16x8.narrow_i32x4_s(step(e2, low, inverse), step(e3, low, inverse)),
    ));
  }
  store<f32>(meta, inverse == 0 ? 0 : scale);
  store<f32>(meta, <f32>bias, 4);
}

// @ts-ignore: decorator
@inline
function step(entries: v128, low: v128, inverse: f32): v128 {
  const scaled = f32x4.mul(f32x4.sub(entries, low), f32x4.splat(inverse));
  return i32x4.trunc_sat_f32x4_s(f32x4.add(scaled, f32x4.splat(0.5)));
}

// @ts-ignore: decorator
@inline
function lane4Min(a: v128): f32 {
  return min(
    min(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1)), min(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)),
  );
}

// @ts-ignore: decorator
@inline
function lane4Max(a: v128): f32 {
  return max(
    max(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1)), max(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)),
  );
}

/**
 * out[j * k + i] = query[starts[j] .. starts[j + 1]] . centroid i of sub-quantizer j. The codebooks are transposed: for
 * each component of the query, the `k` (a multiple of 16) centroids' values.
 */
export function tablesPq(query: usize, codebooks: usize, starts: usize, m: i32, k: i32, out: usize): void {
  const row = <usize>k << 2;
  for (let j = 0; j < m; j++) {
    const first = load<u32>(starts + (<usize>j << 2));
    const last = load<u32>(starts + (<usize>j << 2), 4);
    for (let i: usize = 0; i < row; i += 64) {
      let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
      let column = codebooks + i;
      for (let c = first; c < last; c++) {
        const q = v128.load32_splat(query + (<usize>c << 2));
        s0 = madd(q, v128.load(column), s0);
        s1 = madd(q, v128.load(column, 16), s1);
        s2 = madd(q, v128.load(column, 32), s2);
        s3 = madd(q, v128.load(column, 48), s3);
        column += row;
      }
      v128.store(out + i, s0);
      v128.store(out + i, s1, 16);
      v128.store(out + i, s2, 32);
      v128.store(out + i, s3, 48);
    }
    out += row;
    codebooks += row * <usize>(last - first);
  }
}

// @ts-ignore: decorator
@inline
function sumPq8(tables: usize, code: usize, m: i32): f32 {
  let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
  let j = 0;
  for (; j + 4 <= m; j += 4, tables += 4096) {
    const c = load<u32>(code + <usize>j);
    s0 += load<f32>(tables + (<usize>(c & 255) << 2));
    s1 += load<f32>(tables + (<usize>((c >> 8) & 255) << 2), 1024);
    s2 += load<f32>(tables + (<usize>((c >> 16) & 255) << 2), 2048);
    s3 += load<f32>(tables + (<usize>(c >> 24) << 2), 3072);
  }
  for (; j < m; j++, tables += 1024) s0 += load<f32>(tables + (<usize>load<u8>(code + <usize>j) << 2));
  return (s0 + s1) + (s2 + s3);
}

/** out[v] = bias + sum of the table entries that code v names, `m` bytes a code, tables of 256 floats. */
export function scorePq8(tables: usize, codes: usize, count: i32, m: i32, bias: f32, out: usize): void {
  for (let v = 0; v < count; v++) {
    store<f32>(out + (<usize>v << 2), sumPq8(tables, codes + <usize>v * <usize>m, m) + bias);
  }
}

/** As scanPq4, over rows of `m` bytes with tables of 256 floats. */
export function scanPq8(
  tables: usize, codes: usize, count: i32, m: i32, bias: f32, ids: usize, base: u32, mask: usize, heap: usize,
): i32 {
  let least = threshold(heap);
  let examined = 0;
  for (let start = 0; start < count; start += 32) {
    let allowed = allowedAmong(start, count - start, ids, base, mask);
    examined += <i32>popcnt(allowed);
    while (allowed) {
      const i = <u32>start + ctz(allowed);
      allowed &= allowed - 1;
      const score = sumPq8(tables, codes + <usize>i * <usize>m, m) + bias;
      if (score >= least) {
        offer(heap, score, ids ? load<u32>(ids + (<usize>i << 2)) : base + i);
        least = threshold(heap);
      }
    }
  }
  return examined;
}

/** out[v] = bias + sum of the table entries that row v names: ceil(m / 2) bytes, low nibbles first, tables of 16 floats. */
export function scorePq4(tables: usize, codes: usize, count: i32, m: i32, bias: f32, out: usize): void {
  scoreNibbles(tables, codes, <usize>((m + 1) >> 1), count, m, bias, out);
}

/** The same for rows that begin `stride` bytes apart. */
export function scoreNibbles(
  tables: usize, codes: usize, stride: usize, count: i32, m: i32, bias: f32, out: usize,
): void {
  const pairs = m >> 1;
  for (let v = 0; v < count; v++, codes += stride) {
    let s0: f32 = 0, s1: f32 = 0;
    let table = tables;
    for (let j = 0; j < pairs; j++, table += 128) {
      const c = <u32>load<u8>(codes + <usize>j);
      s0 += load<f32>(table + (<usize>(c & 15) << 2));
      s1 += load<f32>(table + (<usize>(c >> 4) << 2), 64);
    }
    if (m & 1) s0 += load<f32>(table + (<usize>(load<u8>(codes + <usize>pairs) & 15) << 2));
    store<f32>(out + (<usize>v << 2), (s0 + s1) + bias);
  }
}

/**
 * Places rows (ceil(m / 2) bytes, low nibbles first) as vectors `position`, `position + 1`, ... of the blocks. What was
 * there before is replaced; neighbours stay.
 */
export function packPq4(rows: usize, count: i32, m: i32, blocks: usize, position: u32): void {
  const size = <usize>((m + 1) >> 1);
  for (let v = 0; v < count; v++, rows += size, position++) {
    const i = position & 31;
    const shift = (i >> 4) << 2;
    const keep = <u32>0xf0 >> shift;
    let at = blocks + <usize>(position >> 5) * (<usize>m << 4) + <usize>(((i & 7) << 1) + ((i >> 3) & 1));
    for (let j = 0; j < m; j++, at += 16) {
      const code = (<u32>load<u8>(rows + <usize>(j >> 1)) >> ((j & 1) << 2)) & 15;
      store<u8>(at, (<u32>load<u8>(at) & keep) | (code << shift));
    }
  }
}

/** The reverse of packPq4: writes the rows of vectors `position` to `position + count - 1`. */
export function unpackPq4(blocks: usize, position: u32, count: i32, m: i32, rows: usize): void {
  const size = <usize>((m + 1) >> 1);
  for (let v = 0; v < count; v++, rows += size, position++) {
    const i = position & 31;
    const shift = (i >> 4) << 2;
    let at = blocks + <usize>(position >> 5) * (<usize>m << 4) + <usize>(((i & 7) << 1) + ((i >> 3) & 1));
    for (let j = 0; j < m; j += 2, at += 32) {
      let byte = (<u32>load<u8>(at) >> shift) & 15;
      if (j + 1 < m) byte |= ((<u32>load<u8>(at, 16) >> shift) & 15) << 4;
      store<u8>(rows + <usize>(j >> 1), byte);
    }
  }
}
