// BM25 over bit-packed postings: block decoding, the term dictionary, and exact top-k search with dynamic pruning.
//
// A block is [document bits: u8][frequency bits: u8][documents][frequencies]. Documents are stored as gaps minus one.
// A full block (128 postings) is packed vertically as in SIMD-BP128 (Lemire & Boytsov 2015): value j lies in lane j % 4.
// A shorter last block is packed as one little-endian bit stream and rounded up to bytes.
//
// The search runs document-at-a-time over windows of WINDOW documents, MaxScore inside a window (Turtle & Flood 1995) with
// the bounds of the blocks that overlap it (Block-Max, Ding & Suel 2011). Terms come in descending weight; every document
// adds up its contributions in that order in float32, so that pruning never changes a bit of a score.

import { offer, threshold as worstOf } from "./heap";

const BLOCK: u32 = 128;
const WINDOW: u32 = 4096;
const LOCAL: u32 = WINDOW - 1;
const END: u32 = 0xffff_ffff;
const NONE: u32 = 0xffff_ffff;
// With at most this many eligible documents in a window, the documents drive and every term is looked up in turn.
const SPARSE: u32 = 16;
// Postings from which a first lower bound of the k-th best score is taken, and from how many terms at most.
const SAMPLE: u32 = 128;
const SAMPLED_TERMS: usize = 4;

@unmanaged class Index {
  count: u32;
  terms: u32;
  lengths: usize;
  termOffsets: usize;
  termBytes: usize;
  termPostings: usize;
  termFrequencies: usize;
  termBounds: usize;
  blockLast: usize;
  blockOffsets: usize;
  blockBounds: usize;
  postings: usize;
  codebook: usize;
  accumulators: usize; // f32[WINDOW], all zero between searches
  dirty: usize; // u8[WINDOW / 16], all zero between searches: 0xff where a group of 16 accumulators was touched
  candidates: usize; // u32[WINDOW] documents, f32[WINDOW] scores, 64 bytes of scratch
  bounds: usize; // f32[256]: greatest tf / (tf + K) that a stored bound stands for, under the query's average length
}

@unmanaged class Query {
  norm0: f32; // K = norm0 + norm1 * length
  norm1: f32;
  terms: u32;
  cursors: usize;
  buffers: usize; // for each term 8 bytes a posting, at most 128 and at least 4 to spare, a multiple of 4
  eligible: usize; // bitmap padded to 16 documents, 0: all
  also: usize; // second bitmap to intersect with, 0: none
  heap: usize; // of topk.ts, empty
}

@unmanaged class Cursor {
  weight: f32;
  term: u32;
  frequency: u32;
  blocks: u32;
  first: u32; // number of the term's first block; NONE for a term of one block
  block: u32;
  decoded: u32; // block whose documents are in `documents`
  ready: u32; // block whose frequencies are in `frequencies`
  position: u32;
  size: u32;
  next: u32; // no unvisited posting lies below this document; END when exhausted
  documents: usize;
  frequencies: usize;
  packed: usize; // packed frequencies of the decoded block
  bits: u32;
  bound: f32; // greatest contribution anywhere
  windowBound: f32; // greatest contribution in the current window
  padding: u32;
  rest: f64; // sum of the window bounds of the terms after this one
}

// Set when a search begins; the module is single-threaded and never re-entered.
let lengths: usize = 0;
let postings: usize = 0;
let codebook: usize = 0;
let blockLast: usize = 0;
let blockOffsets: usize = 0;
let blockBounds: usize = 0;
let boundTable: usize = 0;
let accumulators: usize = 0;
let dirty: usize = 0;
let spill: usize = 0;
let rejected: u32 = 0; // documents that `collect` scored without keeping them
let norm0: f32 = 0;
let norm1: f32 = 0;

function bind(index: Index): void {
  lengths = index.lengths;
  postings = index.postings;
  codebook = index.codebook;
  blockLast = index.blockLast;
  blockOffsets = index.blockOffsets;
  blockBounds = index.blockBounds;
  boundTable = index.bounds;
  accumulators = index.accumulators;
  dirty = index.dirty;
}

// @ts-ignore: decorator
@inline
function maskOf(bits: u32): u32 {
  return <u32>((<u64>1 << bits) - 1);
}

/** Documents of a full block: 128 packed gaps minus one after document `base` (-1 before the first). */
export function unpackDocuments(source: usize, bits: u32, base: u32, out: usize): void {
  const zero = i32x4.splat(0);
  const mask = i32x4.splat(maskOf(bits));
  const step = i32x4(1, 2, 3, 4);
  const end = out + (BLOCK << 2);
  let previous = i32x4.splat(base);
  if (bits == 0) {
    for (; out < end; out += 16) {
      previous = i32x4.add(previous, step);
      v128.store(out, previous);
      previous = v128.shuffle<i32>(previous, previous, 3, 3, 3, 3);
    }
    return;
  }
  let shift: u32 = 0;
  let word = v128.load(source);
  for (; out < end; out += 16) {
    let v = i32x4.shr_u(word, shift);
    shift += bits;
    if (shift >= 32) {
      shift -= 32;
      source += 16;
      word = v128.load(source);
      if (shift > 0) v = v128.or(v, i32x4.shl(word, bits - shift));
    }
    v = v128.and(v, mask);
    v = i32x4.add(v, v128.shuffle<i32>(zero, v, 3, 4, 5, 6));
    v = i32x4.add(v, v128.shuffle<i32>(zero, v, 2, 3, 4, 5));
    v = i32x4.add(i32x4.add(v, step), previous);
    v128.store(out, v);
    previous = v128.shuffle<i32>(v, v, 3, 3, 3, 3);
  }
}

/** Documents of a block of `count` < 128 postings. */
export function unpackShortDocuments(source: usize, bits: u32, base: u32, count: u32, out: usize): void {
  const mask = maskOf(bits);
  let bit: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    base += (<u32>(load<u64>(source + (bit >> 3)) >> (bit & 7)) & mask) + 1;
    store<u32>(out + (i << 2), base);
    bit += bits;
  }
}

// @ts-ignore: decorator
@inline
function frequencyOf(code: u32): f32 {
  return codebook == 0 ? <f32>(code + 1) : load<f32>(codebook + (code << 2));
}

// @ts-ignore: decorator
@inline
function storeFrequencies(out: usize, codes: v128): void {
  if (codebook == 0) {
    v128.store(out, f32x4.convert_i32x4_u(i32x4.add(codes, i32x4.splat(1))));
  } else {
    store<f32>(out, frequencyOf(i32x4.extract_lane(codes, 0)));
    store<f32>(out, frequencyOf(i32x4.extract_lane(codes, 1)), 4);
    store<f32>(out, frequencyOf(i32x4.extract_lane(codes, 2)), 8);
    store<f32>(out, frequencyOf(i32x4.extract_lane(codes, 3)), 12);
  }
}

function unpackFrequencies(source: usize, bits: u32, count: u32, out: usize): void {
  if (bits == 0) {
    const value = f32x4.splat(frequencyOf(0));
    // Buffers are a multiple of four postings.
    for (let i: u32 = 0; i < count; i += 4) v128.store(out + (i << 2), value);
    return;
  }
  if (count < BLOCK) {
    const mask = maskOf(bits);
    let bit: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      store<f32>(out + (i << 2), frequencyOf(<u32>(load<u64>(source + (bit >> 3)) >> (bit & 7)) & mask));
      bit += bits;
    }
    return;
  }
  const mask = i32x4.splat(maskOf(bits));
  const end = out + (BLOCK << 2);
  let shift: u32 = 0;
  let word = v128.load(source);
  for (; out < end; out += 16) {
    let v = i32x4.shr_u(word, shift);
    shift += bits;
    if (shift >= 32) {
      shift -= 32;
      source += 16;
      word = v128.load(source);
      if (shift > 0) v = v128.or(v, i32x4.shl(word, bits - shift));
    }
    storeFrequencies(out, v128.and(v, mask));
  }
}

// Points a cursor at a term's first posting.
function start(cursor: Cursor, index: Index): void {
  const term = cursor.term;
  const frequency = load<u32>(index.termFrequencies + (term << 2));
  const pointer = load<u32>(index.termPostings + (term << 2));
  cursor.frequency = frequency;
  cursor.block = 0;
  cursor.decoded = NONE;
  cursor.ready = NONE;
  cursor.position = 0;
  cursor.size = 0;
  cursor.next = 0;
  cursor.blocks = (frequency + BLOCK - 1) / BLOCK;
  cursor.first = frequency <= BLOCK ? NONE : pointer;
  cursor.packed = pointer; // offset of the only block, until it is decoded
}

function decode(cursor: Cursor): void {
  const block = cursor.block;
  let base: u32 = END;
  let source: usize;
  if (cursor.first == NONE) {
    source = postings + cursor.packed;
  } else {
    const at = (cursor.first + block) << 2;
    source = postings + load<u32>(blockOffsets + at);
    if (block > 0) base = load<u32>(blockLast + at - 4);
  }
  const documentBits = <u32>load<u8>(source);
  const size = block + 1 == cursor.blocks ? cursor.frequency - block * BLOCK : BLOCK;
  cursor.bits = load<u8>(source, 1);
  cursor.size = size;
  cursor.position = 0;
  cursor.decoded = block;
  source += 2;
  if (size == BLOCK) {
    unpackDocuments(source, documentBits, base, cursor.documents);
    cursor.packed = source + (documentBits << 4);
  } else {
    unpackShortDocuments(source, documentBits, base, size, cursor.documents);
    cursor.packed = source + ((size * documentBits + 7) >> 3);
  }
  // Vector steps may take in up to three postings behind the last.
  v128.store(cursor.documents + (size << 2), i32x4.splat(0));
}

// @ts-ignore: decorator
@inline
function ready(cursor: Cursor): void {
  if (cursor.ready == cursor.block) return;
  unpackFrequencies(cursor.packed, cursor.bits, cursor.size, cursor.frequencies);
  cursor.ready = cursor.block;
}

// Term frequency at position `j` of the decoded block, without unpacking the others.
function frequencyAt(cursor: Cursor, j: u32): f32 {
  if (cursor.ready == cursor.decoded) return load<f32>(cursor.frequencies + (j << 2));
  const bits = cursor.bits;
  let code: u32 = 0;
  if (bits > 0) {
    if (cursor.size == BLOCK) {
      const bit = (j >> 2) * bits;
      const at = cursor.packed + ((bit >> 5) << 4) + ((j & 3) << 2);
      const shift = bit & 31;
      code = load<u32>(at) >> shift;
      if (shift + bits > 32) code |= load<u32>(at, 16) << (32 - shift);
    } else {
      const bit = j * bits;
      code = <u32>(load<u64>(cursor.packed + (bit >> 3)) >> (bit & 7));
    }
    code &= maskOf(bits);
  }
  return frequencyOf(code);
}

// First position >= `from` of the decoded block whose document is >= `document`; the block's size when there is none.
function seek(cursor: Cursor, from: u32, document: u32): u32 {
  const documents = cursor.documents;
  const size = cursor.size;
  const target = i32x4.splat(document);
  while (from + 4 <= size) {
    const below = i32x4.bitmask(i32x4.lt_u(v128.load(documents + (from << 2)), target));
    if (below != 15) return from + ctz<u32>(~below);
    from += 4;
  }
  while (from < size && load<u32>(documents + (from << 2)) < document) from++;
  return from;
}

// @ts-ignore: decorator
@inline
function lastOf(cursor: Cursor, block: u32): u32 {
  return load<u32>(blockLast + ((cursor.first + block) << 2));
}

// Moves a cursor to `from` and returns its greatest contribution in the window from `from` to `to` (exclusive).
function enterWindow(cursor: Cursor, from: u32, to: u32): f32 {
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
  return cursor.weight * load<f32>(boundTable + (bound << 2));
}

// @ts-ignore: decorator
@inline
function contribution(weight: f32, frequency: f32, document: u32): f32 {
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

// @ts-ignore: decorator
@inline
function isIn(bitmap: usize, document: u32): bool {
  return ((<u32>load<u8>(bitmap + (document >> 3)) >> (document & 7)) & 1) != 0;
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
function probe(cursor: Cursor, document: u32, needed: f64): f32 {
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
      if (<f64>(cursor.weight * load<f32>(boundTable + (bound << 2))) <= needed) return 0;
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

/**
 * A score that at least k eligible documents reach: the k-th best sum over a sample, namely the first postings of the
 * terms of greatest weight. Sums of some of a document's contributions never exceed its score, not even rounded, as they
 * are added in the same order. Zero if the sample is too small.
 */
function floorScore(query: Query, capacity: u32): f32 {
  const stride = offsetof<Cursor>();
  const cursors = query.cursors;
  const allEnd = cursors + <usize>query.terms * stride;
  let end = cursors;
  let sampled: u32 = 0;
  let skipped: u32 = 0;
  for (const few = cursors + SAMPLED_TERMS * stride; end < min(allEnd, few) && sampled < SAMPLE; end += stride) {
    const cursor = changetype<Cursor>(end);
    if (cursor.decoded != 0) decode(cursor);
    cursor.next = load<u32>(cursor.documents);
    sampled += cursor.size;
    skipped += cursor.frequency - cursor.size;
  }
  for (let at = end; at < allEnd; at += stride) skipped += changetype<Cursor>(at).frequency;
  if (sampled < capacity || skipped < SAMPLE) end = cursors;
  const heap = query.heap;
  const eligible = query.eligible;
  while (end > cursors) {
    let document: u32 = END;
    for (let at = cursors; at < end; at += stride) document = min(document, changetype<Cursor>(at).next);
    if (document == END) break;
    let score: f32 = 0;
    for (let at = cursors; at < end; at += stride) {
      const cursor = changetype<Cursor>(at);
      if (cursor.next != document) continue;
      const position = cursor.position;
      score += contribution(cursor.weight, frequencyAt(cursor, position), document);
      cursor.position = position + 1;
      // Documents that do not ascend would never end.
      const next = position + 1 < cursor.size ? load<u32>(cursor.documents + (position << 2), 4) : END;
      cursor.next = next > document ? next : END;
    }
    if (eligible == 0 || isIn(eligible, document)) offer(heap, score, document);
  }
  for (let at = cursors; at < allEnd; at += stride) {
    const cursor = changetype<Cursor>(at);
    cursor.position = 0;
    cursor.next = 0;
  }
  const floor = worstOf(heap);
  store<u32>(heap, 0, 4);
  // Only greater scores are hits, so that one just below has to do.
  return floor > 1e-30 ? reinterpret<f32>(reinterpret<u32>(floor) - 1) : 0;
}

function countEligible(eligible: usize, from: u32, to: u32): u32 {
  // The bitmap is padded with zeros to the window's end.
  let sum = i16x8.splat(0);
  const end = eligible + ((to + 127) >> 7 << 4);
  for (let at = eligible + (from >> 3); at < end; at += 16) {
    sum = i16x8.add(sum, i16x8.extadd_pairwise_i8x16_u(i8x16.popcnt(v128.load(at))));
  }
  const quads = i32x4.extadd_pairwise_i16x8_u(sum);
  return i32x4.extract_lane(quads, 0) + i32x4.extract_lane(quads, 1) + i32x4.extract_lane(quads, 2) + i32x4.extract_lane(quads, 3);
}

/** Exact top-k: leaves the hits in `query.heap` and returns how many documents were scored in full. */
export function searchPostings(index: Index, query: Query): u32 {
  bind(index);
  norm0 = query.norm0;
  norm1 = query.norm1;
  const count = index.count;
  const n = query.terms;
  const heap = query.heap;
  const stride = offsetof<Cursor>();
  const cursors = query.cursors;
  const cursorsEnd = cursors + <usize>n * stride;
  const candidates = index.candidates;
  spill = candidates + (WINDOW << 3);
  const eligible = query.eligible;
  if (query.also != 0) {
    const bytes = ((count + WINDOW - 1) & ~LOCAL) >> 3;
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(eligible + i, v128.and(v128.load(eligible + i), v128.load(query.also + i)));
    }
  }

  let buffer = query.buffers;
  for (let at = cursors; at < cursorsEnd; at += stride) {
    const cursor = changetype<Cursor>(at);
    start(cursor, index);
    const room = (min(cursor.frequency, BLOCK) + 7) & ~3;
    cursor.documents = buffer;
    cursor.frequencies = buffer + (room << 2);
    buffer += room << 3;
    cursor.bound = cursor.weight * load<f32>(boundTable + (<u32>load<u8>(index.termBounds + cursor.term) << 2));
  }

  // A rounded sum of n contributions, each rounded a few times, times this factor is below the sum of their bounds.
  const slack: f64 = max(0.0, 1.0 - (<f64>n + 16.0) / 8388608.0);
  let threshold = floorScore(query, load<u32>(heap)); // only a greater score is a hit; soon the k-th best so far
  let raised = threshold > 0;
  let cut: f64 = 0; // what an upper bound has to exceed: `threshold`, less the slack
  let essential = cursorsEnd; // from here on, all terms together never exceed `cut`
  let beyond: f64 = 0; // sum of their bounds
  let examined: u32 = 0;
  let from: u32 = 0;

  while (from < count) {
    if (raised) {
      raised = false;
      cut = <f64>threshold * slack;
      while (essential > cursors) {
        const bound = beyond + <f64>changetype<Cursor>(essential - stride).bound;
        if (bound > cut) break;
        beyond = bound;
        essential -= stride;
      }
      if (essential == cursors) break;
    }
    let next: u32 = END;
    for (let at = cursors; at < essential; at += stride) next = min(next, changetype<Cursor>(at).next);
    if (next >= count) break;
    from = max(from, next & ~LOCAL);
    const to = min(count, from + WINDOW);

    let sparse = false;
    if (eligible != 0) {
      const allowed = countEligible(eligible, from, to);
      if (allowed == 0) {
        from = to;
        continue;
      }
      sparse = allowed <= SPARSE;
    }

    let rest: f64 = 0;
    let split = cursorsEnd; // terms before it are accumulated, the others looked up
    let open = false;
    for (let at = cursorsEnd; at > cursors; ) {
      at -= stride;
      const cursor = changetype<Cursor>(at);
      cursor.windowBound = enterWindow(cursor, from, to);
      cursor.rest = rest;
      rest += cursor.windowBound;
      if (!open && rest <= cut) split = at;
      else open = true;
    }
    if (open) {
      let found: u32;
      if (sparse) {
        found = gather(from, to, eligible, candidates);
        split = cursors;
      } else {
        const after = changetype<Cursor>(split - stride).rest;
        const complete = after == 0;
        rejected = 0;
        found = scan(cursors, split, from, to, complete ? threshold : <f32>max(0.0, cut - after), eligible, candidates);
        if (complete) {
          examined += found + rejected;
          split = cursorsEnd;
        }
      }
      if (split < cursorsEnd) {
        found = lookUp(split, cursorsEnd, cut, candidates, found);
        examined += found;
      }
      for (let c = candidates, end = candidates + (found << 2); c < end; c += 4) {
        const score = load<f32>(c, WINDOW << 2);
        if (!(score > threshold) || load<u32>(c) >= count) continue;
        offer(heap, score, load<u32>(c));
        const worst = worstOf(heap);
        if (worst > 0) {
          threshold = worst;
          raised = true;
        }
      }
    }
    from = to;
  }
  return examined;
}

// Makes candidates of the eligible documents of a window, without a score.
function gather(from: u32, to: u32, eligible: usize, candidates: usize): u32 {
  let found: u32 = 0;
  for (let group = from; group < to; group += 16) {
    let bits = <u32>load<u16>(eligible + (group >> 3));
    while (bits != 0) {
      store<u32>(candidates + (found << 2), group + ctz(bits));
      store<f32>(candidates + (found << 2), 0, WINDOW << 2);
      bits &= bits - 1;
      found++;
    }
  }
  return found;
}

// Candidates that the terms before `split` lift above `least`.
function scan(cursors: usize, split: usize, from: u32, to: u32, least: f32, eligible: usize, candidates: usize): u32 {
  const stride = offsetof<Cursor>();
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
function lookUp(split: usize, end: usize, cut: f64, candidates: usize, found: u32): u32 {
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

// @ts-ignore: decorator
@inline
function sixteen(a: v128, b: v128, c: v128, d: v128, least: v128): u32 {
  const low = i16x8.narrow_i32x4_s(f32x4.gt(a, least), f32x4.gt(b, least));
  const high = i16x8.narrow_i32x4_s(f32x4.gt(c, least), f32x4.gt(d, least));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

/** Unpacks all postings of a term: `documents` u32[df], `frequencies` f32[df], both with room for a multiple of 128 and 4. */
export function readPostings(index: Index, term: u32, documents: usize, frequencies: usize, scratch: usize): void {
  bind(index);
  const cursor = changetype<Cursor>(scratch);
  cursor.term = term;
  start(cursor, index);
  for (; cursor.block < cursor.blocks; cursor.block++) {
    const at = <usize>cursor.block * (BLOCK << 2);
    cursor.documents = documents + at;
    cursor.frequencies = frequencies + at;
    decode(cursor);
    ready(cursor);
  }
}

/** How many of a term's documents are in a bitmap of `count` bits. `scratch`: a cursor and 132 documents. */
export function countPostings(index: Index, term: u32, bitmap: usize, scratch: usize): u32 {
  bind(index);
  const cursor = changetype<Cursor>(scratch);
  cursor.term = term;
  start(cursor, index);
  cursor.documents = scratch + offsetof<Cursor>();
  const count = index.count;
  let sum: u32 = 0;
  for (; cursor.block < cursor.blocks; cursor.block++) {
    decode(cursor);
    for (let i: u32 = 0; i < cursor.size; i++) {
      const document = load<u32>(cursor.documents + (i << 2));
      if (document < count) sum += <u32>isIn(bitmap, document);
    }
  }
  return sum;
}

/** The first term >= `bytes`, by binary search over the sorted dictionary; the number of terms when there is none. */
export function lowerBound(index: Index, bytes: usize, length: u32): u32 {
  let low: u32 = 0;
  let high = index.terms;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(index, middle, bytes, length) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Looks up `count` terms whose UTF-8 bytes stand one after the other at `bytes`, lengths in `lengths` (u32[count]), which
 * the answer overwrites: the term's number, or 0xffffffff for an unknown one.
 */
export function lookupTerms(index: Index, bytes: usize, lengths: usize, count: u32): void {
  const end = lengths + (count << 2);
  for (; lengths < end; lengths += 4) {
    const length = load<u32>(lengths);
    const term = lowerBound(index, bytes, length);
    store<u32>(lengths, term < index.terms && compare(index, term, bytes, length) == 0 ? term : NONE);
    bytes += length;
  }
}

function compare(index: Index, term: u32, bytes: usize, length: u32): i32 {
  const offset = load<u32>(index.termOffsets + (term << 2));
  const size = load<u32>(index.termOffsets + (term << 2), 4) - offset;
  const at = index.termBytes + offset;
  const common = min(size, length);
  let i: u32 = 0;
  for (; i + 8 <= common; i += 8) {
    if (load<u64>(at + i) != load<u64>(bytes + i)) break;
  }
  for (; i < common; i++) {
    const difference = <i32>load<u8>(at + i) - <i32>load<u8>(bytes + i);
    if (difference != 0) return difference;
  }
  return size < length ? -1 : size > length ? 1 : 0;
}
