// Scoring within one window of documents: terms are accumulated, collected or looked up.
import { Cursor, decode, END, frequencyAt, Index, isIn, lastOf, lengths, NONE, ready, seek } from "./postings-blocks";

export const WINDOW: u32 = 4096;
export const LOCAL: u32 = WINDOW - 1;

// Set when a search begins.
let blockBounds: usize = 0;
let boundTable: usize = 0;
let accumulators: usize = 0;
let dirty: usize = 0;
let spill: usize = 0;
let norm0: f32 = 0;
let norm1: f32 = 0;
export let rejected: u32 = 0; // documents that the last `scan` scored without keeping them

export function bindWindow(index: Index, constant: f32, slope: f32): void {
  blockBounds = index.blockBounds;
  boundTable = index.bounds;
  accumulators = index.accumulators;
  dirty = index.dirty;
  spill = index.candidates + (WINDOW << 3);
  norm0 = constant;
  norm1 = slope;
}

// @ts-ignore: decorator
@inline
export function boundOf(weight: f32, stored: u32): f32 {
  return weight * load<f32>(boundTable + (stored << 2));
}

// Moves a cursor to `from` and returns its greatest contribution in the window from `from` to `to` (exclusive).
export function enterWindow(cursor: Cursor, from: u32, to: u32): f32 {
  if (cursor.next >= to) return 0;
  if (cursor.first == NONE) {
    if (cursor.decoded != 0) decode(cursor);
    const position = seek(cursor, cursor.position, from);
    cursor.position = position;
    cursor.next = position < cursor.size ? load<u32>(cursor.documents + (position << 2)) : END;
    return cursor.next < to ? cursor.bound : 0;
  }
  const blocks = cursor.blocks;
  let block = cursor.block;
  while (lastOf(cursor, block) < from) {
    if (++block == blocks) {
      cursor.block = block;
      cursor.next = END;
      return 0;
    }
  }
  cursor.block = block;
  if (block > 0) {
    const least = lastOf(cursor, block - 1) + 1;
    if (least > cursor.next) cursor.next = least;
    if (least >= to) return 0;
  }
  let bound = <u32>load<u8>(blockBounds + cursor.first + block);
  while (lastOf(cursor, block) < to - 1 && block + 1 < blocks) {
    block++;
    bound = max(bound, <u32>load<u8>(blockBounds + cursor.first + block));
  }
  return boundOf(cursor.weight, bound);
}

// @ts-ignore: decorator
@inline
export function contribution(weight: f32, frequency: f32, document: u32): f32 {
  return weight * (frequency / (frequency + (norm0 + norm1 * load<f32>(lengths + (document << 2)))));
}

// The contributions of four postings, starting with the i-th of the decoded block.
// @ts-ignore: decorator
@inline
function fourContributions(cursor: Cursor, i: u32, weight: v128, k0: v128, k1: v128): v128 {
  const at = cursor.documents + (i << 2);
  let length = v128.load32_zero(lengths + (load<u32>(at) << 2));
  length = v128.load32_lane(lengths + (load<u32>(at, 4) << 2), length, 1);
  length = v128.load32_lane(lengths + (load<u32>(at, 8) << 2), length, 2);
  length = v128.load32_lane(lengths + (load<u32>(at, 12) << 2), length, 3);
  const frequency = v128.load(cursor.frequencies + (i << 2));
  const norm = f32x4.add(k0, f32x4.mul(k1, length));
  return f32x4.mul(weight, f32x4.div(frequency, f32x4.add(frequency, norm)));
}

// Decodes the block under the cursor and returns the end of its postings below `to`; they begin at `cursor.position`.
function openBlock(cursor: Cursor, from: u32, to: u32): u32 {
  if (cursor.decoded != cursor.block) decode(cursor);
  ready(cursor);
  const size = cursor.size;
  const start = seek(cursor, cursor.position, from);
  cursor.position = start;
  return load<u32>(cursor.documents + ((size - 1) << 2)) >= to ? seek(cursor, start, to) : size;
}

// Leaves the block at `end`; whether the term may have more postings below `to`.
function closeBlock(cursor: Cursor, end: u32, to: u32): bool {
  cursor.position = end;
  if (end < cursor.size) {
    cursor.next = load<u32>(cursor.documents + (end << 2));
    return false;
  }
  if (++cursor.block == cursor.blocks) {
    cursor.next = END;
    return false;
  }
  cursor.next = lastOf(cursor, cursor.block - 1) + 1;
  return cursor.next < to;
}

// Adds a term's contributions to every document of the window into the accumulators.
function accumulate(cursor: Cursor, from: u32, to: u32): void {
  const weight = f32x4.splat(cursor.weight);
  const k0 = f32x4.splat(norm0);
  const k1 = f32x4.splat(norm1);
  for (;;) {
    const end = openBlock(cursor, from, to);
    const documents = cursor.documents;
    let i = cursor.position;
    for (; i + 4 <= end; i += 4) {
      const score = fourContributions(cursor, i, weight, k0, k1);
      const at = documents + (i << 2);
      add(load<u32>(at), f32x4.extract_lane(score, 0));
      add(load<u32>(at, 4), f32x4.extract_lane(score, 1));
      add(load<u32>(at, 8), f32x4.extract_lane(score, 2));
      add(load<u32>(at, 12), f32x4.extract_lane(score, 3));
    }
    for (; i < end; i++) {
      const document = load<u32>(documents + (i << 2));
      add(document, contribution(cursor.weight, load<f32>(cursor.frequencies + (i << 2)), document));
    }
    if (!closeBlock(cursor, end, to)) return;
  }
}

function fourEligible(eligible: usize, documents: usize): u32 {
  return (
    <u32>isIn(eligible, load<u32>(documents)) |
    (<u32>isIn(eligible, load<u32>(documents, 4)) << 1) |
    (<u32>isIn(eligible, load<u32>(documents, 8)) << 2) |
    (<u32>isIn(eligible, load<u32>(documents, 12)) << 3)
  );
}

// Collects the documents of the window that one term alone lifts above `least`; returns their number.
function collect(cursor: Cursor, from: u32, to: u32, least: f32, eligible: usize, candidates: usize): u32 {
  const weight = f32x4.splat(cursor.weight);
  const k0 = f32x4.splat(norm0);
  const k1 = f32x4.splat(norm1);
  const leasts = f32x4.splat(least);
  let found: u32 = 0;
  let more = true;
  do {
    const end = openBlock(cursor, from, to);
    for (let i = cursor.position; i < end; i += 4) {
      const scores = fourContributions(cursor, i, weight, k0, k1);
      let valid: u32 = end - i >= 4 ? 15 : (1 << (end - i)) - 1;
      if (eligible != 0) valid &= fourEligible(eligible, cursor.documents + (i << 2));
      let bits = <u32>i32x4.bitmask(f32x4.gt(scores, leasts)) & valid;
      rejected += popcnt(bits ^ valid);
      if (bits == 0) continue;
      v128.store(spill, scores);
      do {
        const lane = ctz(bits);
        bits &= bits - 1;
        const document = load<u32>(cursor.documents + ((i + lane) << 2));
        // Only postings that do not ascend can be more than the window has documents.
        if (found == WINDOW) return found;
        store<u32>(candidates + (found << 2), document);
        store<f32>(candidates + (found << 2), load<f32>(spill + (lane << 2)), WINDOW << 2);
        found++;
      } while (bits != 0);
    }
    more = closeBlock(cursor, end, to);
  } while (more);
  return found;
}

// @ts-ignore: decorator
@inline
function add(document: u32, score: f32): void {
  const local = document & LOCAL;
  const at = accumulators + (local << 2);
  store<f32>(at, load<f32>(at) + score);
  store<u8>(dirty + (local >> 4), 0xff);
}

// Empties the accumulators; collects the documents with more than `least`, like `collect`.
function harvest(from: u32, to: u32, least: f32, eligible: usize, candidates: usize): u32 {
  const leasts = f32x4.splat(least);
  const zero = f32x4.splat(0);
  const end = (to - from + 15) >> 4;
  let found: u32 = 0;
  for (let g: u32 = 0; g < end; g += 16) {
    let groups = <u32>i8x16.bitmask(v128.load(dirty + g));
    if (groups == 0) continue;
    v128.store(dirty + g, zero);
    do {
      const base = (g + ctz(groups)) << 4;
      groups &= groups - 1;
      const at = accumulators + (base << 2);
      const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48);
      v128.store(at, zero);
      v128.store(at, zero, 16);
      v128.store(at, zero, 32);
      v128.store(at, zero, 48);
      const document = from + base;
      const mask: u32 = eligible == 0 ? 0xffff : <u32>load<u16>(eligible + (document >> 3));
      let bits = sixteen(a, b, c, d, leasts) & mask;
      rejected += popcnt((sixteen(a, b, c, d, zero) & mask) ^ bits);
      if (bits == 0) continue;
      v128.store(spill, a);
      v128.store(spill, b, 16);
      v128.store(spill, c, 32);
      v128.store(spill, d, 48);
      do {
        const j = ctz(bits);
        bits &= bits - 1;
        store<u32>(candidates + (found << 2), document + j);
        store<f32>(candidates + (found << 2), load<f32>(spill + (j << 2)), WINDOW << 2);
        found++;
      } while (bits != 0);
    } while (groups != 0);
  }
  return found;
}

// The term's contribution to one document, never below the last one asked for. Zero when the term is not in it, or (then
// pruned by the caller) when the block's bound says that `needed` cannot be exceeded.
export function probe(cursor: Cursor, document: u32, needed: f64): f32 {
  if (cursor.next > document) return 0;
  if (cursor.first != NONE) {
    let block = cursor.block;
    while (lastOf(cursor, block) < document) {
      if (++block == cursor.blocks) {
        cursor.block = block;
        cursor.next = END;
        return 0;
      }
    }
    cursor.block = block;
    if (cursor.decoded != block) {
      const bound = <u32>load<u8>(blockBounds + cursor.first + block);
      if (<f64>boundOf(cursor.weight, bound) <= needed) return 0;
      decode(cursor);
    }
  } else if (cursor.decoded != 0) {
    decode(cursor);
  }
  const position = seek(cursor, cursor.position, document);
  cursor.position = position;
  if (position == cursor.size) {
    // Only a block that contradicts its own last document ends here with blocks to come.
    cursor.next = document + 1;
    return 0;
  }
  const found = load<u32>(cursor.documents + (position << 2));
  cursor.next = found;
  return found == document ? contribution(cursor.weight, frequencyAt(cursor, position), document) : 0;
}

// @ts-ignore: decorator
@inline
function sixteen(a: v128, b: v128, c: v128, d: v128, least: v128): u32 {
  const low = i16x8.narrow_i32x4_s(f32x4.gt(a, least), f32x4.gt(b, least));
  const high = i16x8.narrow_i32x4_s(f32x4.gt(c, least), f32x4.gt(d, least));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

// Candidates that the terms before `split` lift above `least`.
export function scan(cursors: usize, split: usize, from: u32, to: u32, least: f32, eligible: usize, candidates: usize): u32 {
  const stride = offsetof<Cursor>();
  rejected = 0;
  let active: u32 = 0;
  let only = cursors;
  for (let at = cursors; at < split; at += stride) {
    if (changetype<Cursor>(at).windowBound == 0) continue;
    active++;
    only = at;
  }
  if (active == 1) return collect(changetype<Cursor>(only), from, to, least, eligible, candidates);
  for (let at = cursors; at < split; at += stride) {
    const cursor = changetype<Cursor>(at);
    if (cursor.windowBound > 0) accumulate(cursor, from, to);
  }
  return harvest(from, to, least, eligible, candidates);
}

// Adds the contributions of the terms from `split` on to the candidates, dropping those that cannot exceed `cut`.
export function lookUp(split: usize, end: usize, cut: f64, candidates: usize, found: u32): u32 {
  for (let at = split; at < end && found > 0; at += offsetof<Cursor>()) {
    const cursor = changetype<Cursor>(at);
    if (cursor.windowBound == 0) continue;
    const after = cursor.rest;
    let kept: u32 = 0;
    for (let c: u32 = 0; c < found; c++) {
      const document = load<u32>(candidates + (c << 2));
      let score = load<f32>(candidates + (c << 2), WINDOW << 2);
      score += probe(cursor, document, cut - after - <f64>score);
      if (<f64>score + after > cut) {
        store<u32>(candidates + (kept << 2), document);
        store<f32>(candidates + (kept << 2), score, WINDOW << 2);
        kept++;
      }
    }
    found = kept;
  }
  return found;
}
