// Records, blocks and cursors of bit-packed postings.
//
// A block is [document bits: 5, frequency bits: 3][documents][frequencies]; where these are more, 0xff and a byte for each comes first.
// Documents are stored as gaps minus one.
// A full block (128 postings) is packed vertically as in SIMD-BP128 (Lemire & Boytsov 2015): value j lies in lane j % 4.
// A shorter last block is packed as one little-endian bit stream and rounded up to bytes.

export const BLOCK: u32 = 128;
const WIDE: u32 = 0xff;
export const END: u32 = 0xffff_ffff;
export const NONE: u32 = 0xffff_ffff;

@unmanaged export class Index {
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

@unmanaged export class Cursor {
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

// Set by every entry; the module is single-threaded and never re-entered.
export let lengths: usize = 0;
let postings: usize = 0;
let codebook: usize = 0;
let blockLast: usize = 0;
let blockOffsets: usize = 0;

export function bindPostings(index: Index): void {
  lengths = index.lengths;
  postings = index.postings;
  codebook = index.codebook;
  blockLast = index.blockLast;
  blockOffsets = index.blockOffsets;
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
export function start(cursor: Cursor, index: Index): void {
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

export function decode(cursor: Cursor): void {
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
  const header = <u32>load<u8>(source++);
  let documentBits = header & 31;
  let bits = header >> 5;
  if (header == WIDE) {
    documentBits = load<u8>(source);
    bits = load<u8>(source, 1);
    source += 2;
  }
  const size = block + 1 == cursor.blocks ? cursor.frequency - block * BLOCK : BLOCK;
  cursor.bits = bits;
  cursor.size = size;
  cursor.position = 0;
  cursor.decoded = block;
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
export function ready(cursor: Cursor): void {
  if (cursor.ready == cursor.block) return;
  unpackFrequencies(cursor.packed, cursor.bits, cursor.size, cursor.frequencies);
  cursor.ready = cursor.block;
}

// Term frequency at position `j` of the decoded block, without unpacking the others.
export function frequencyAt(cursor: Cursor, j: u32): f32 {
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
export function seek(cursor: Cursor, from: u32, document: u32): u32 {
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
export function lastOf(cursor: Cursor, block: u32): u32 {
  return load<u32>(blockLast + ((cursor.first + block) << 2));
}

// @ts-ignore: decorator
@inline
export function isIn(bitmap: usize, document: u32): bool {
  return ((<u32>load<u8>(bitmap + (document >> 3)) >> (document & 7)) & 1) != 0;
}

/** Unpacks all postings of a term: `documents` u32[df], `frequencies` f32[df], both with room for a multiple of 128 and 4. */
export function readPostings(index: Index, term: u32, documents: usize, frequencies: usize, scratch: usize): void {
  bindPostings(index);
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
  bindPostings(index);
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

/**
 * Frequencies (f32) of a term in `count` ascending documents, 0 where it is absent. Unpacks only blocks that may hold one of them.
 * `scratch`: a cursor and 132 documents.
 */
export function lookUpPostings(index: Index, term: u32, documents: usize, count: u32, out: usize, scratch: usize): void {
  bindPostings(index);
  const cursor = changetype<Cursor>(scratch);
  cursor.term = term;
  start(cursor, index);
  cursor.documents = scratch + offsetof<Cursor>();
  let block: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const document = load<u32>(documents + (<usize>i << 2));
    if (cursor.first != NONE) {
      let high = cursor.blocks;
      while (block < high) {
        const middle = (block + high) >> 1;
        if (lastOf(cursor, middle) < document) block = middle + 1;
        else high = middle;
      }
    }
    let frequency: f32 = 0;
    if (block < cursor.blocks) {
      if (cursor.decoded != block) {
        cursor.block = block;
        decode(cursor);
      }
      const position = seek(cursor, cursor.position, document);
      cursor.position = position;
      if (position < cursor.size && load<u32>(cursor.documents + (position << 2)) == document) {
        frequency = frequencyAt(cursor, position);
      }
    }
    store<f32>(out + (<usize>i << 2), frequency);
  }
}
