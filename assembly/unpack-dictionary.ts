// Unpacks the dictionary of a postings index, whose coding src/index/inverted/format.ts describes and src/index/inverted/dictionary.ts reads byte by byte.
// What is damaged is refused here without a word: the scalar reader says what is wrong with it.
import { BLOCK, Index } from "./postings-blocks";

const MORE: u32 = 15;
const WIDE: u32 = 0xff;
/** Stands for a number that is cut off, or has more bits than were ever written. */
const CUT: u64 = u64.MAX_VALUE;

// Of the section that is being read; the module is single-threaded and never re-entered.
let at: usize = 0;
let end: usize = 0;

/** The next number, seven bits a byte, the lowest first; CUT where there is none. */
function varint(): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift <= 28; shift += 7) {
    if (at >= end) return CUT;
    const byte = <u64>load<u8>(at++);
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
  }
  return CUT;
}

// Of the name that `nextName` began.
let shared: u64 = 0;
let own: u64 = 0;

/** Reads how much of a name is that of the one before, of `length` bytes, and stands before its own bytes. */
function nextName(length: u64): bool {
  if (at >= end) return false;
  const head = <u32>load<u8>(at++);
  shared = head >> 4;
  own = head & MORE;
  if (shared == MORE) {
    const more = varint();
    if (more == CUT) return false;
    shared += more;
  }
  if (own == MORE) {
    const more = varint();
    if (more == CUT) return false;
    own += more;
  }
  return shared <= length && own <= <u64>(end - at);
}

/** Bytes of `terms` terms in UTF-8, coded in `size` bytes; -1 where they are damaged. */
export function dictionaryBytes(coded: usize, size: u32, terms: u32): f64 {
  at = coded;
  end = coded + size;
  let length: u64 = 0;
  let bytes: u64 = 0;
  for (let term: u32 = 0; term < terms; term++) {
    if (!nextName(length)) return -1;
    length = shared + own;
    at += <usize>own;
    const frequency = varint();
    if (frequency == CUT) return -1;
    if (frequency > 1 && ++at > end) return -1;
    bytes += length;
  }
  return <f64>bytes;
}

/** Where the codes of one block lie; see `passBlock`. */
let offset: u64 = 0;
let documentBits: u64 = 0;
let frequencyBits: u64 = 0;

// @ts-ignore: decorator
@inline
function packedBytes(count: u64, bits: u64): u64 {
  return (count * bits + 7) >> 3;
}

/** Steps over a block of `size` postings. */
function passBlock(postings: usize, postingsSize: u64, size: u64): bool {
  if (offset >= postingsSize) return false;
  const header = <u32>load<u8>(postings + <usize>offset);
  offset++;
  if (header == WIDE) {
    if (offset + 2 > postingsSize) return false;
    documentBits = load<u8>(postings + <usize>offset);
    frequencyBits = load<u8>(postings + <usize>offset, 1);
    offset += 2;
  } else {
    documentBits = header & 31;
    frequencyBits = header >> 5;
  }
  if (documentBits > 32 || frequencyBits > 32) return false;
  offset += packedBytes(size, documentBits) + packedBytes(size, frequencyBits);
  return offset <= postingsSize;
}

// @ts-ignore: decorator
@inline
function valueAt(source: usize, bits: u64): u32 {
  return <u32>(load<u64>(source) & (((<u64>1) << bits) - 1));
}

/**
 * Fills the arrays of `index` from the terms in `coded` and the last documents of blocks in `codedLast`, whose `lengths`, `postings` and `codebook` (of `codes` values) stand
 * already. `constant + slope * length` is K of the score. Up to 7 bytes behind the `termBytes` bytes of the terms are overwritten. False where something is damaged: the arrays then hold anything.
 */
export function unpackDictionary(
  index: Index, coded: usize, size: u32, termBytes: u32, codedLast: usize, lastSize: u32, blocks: u32, postingsSize: u32, codes: u32, constant: f64, slope: f64,
): bool {
  const count = <u64>index.count;
  const terms = index.terms;
  const bytes = index.termBytes;
  const postings = index.postings;
  const codedEnd = coded + size;
  const lastEnd = codedLast + lastSize;
  offset = 0;
  at = coded;
  end = codedEnd;
  let before: usize = 0; // of the term before, and of this one
  let start: usize = 0;
  let block: u32 = 0;
  for (let term: u32 = 0; term < terms; term++) {
    const length = start - before;
    if (!nextName(length)) return false;
    const kept = <usize>shared;
    const added = <usize>own;
    if (kept + added > <usize>termBytes - start) return false;
    const to = bytes + start;
    const from = bytes + before;
    for (let i: usize = 0; i < kept; i += 8) store<u64>(to + i, load<u64>(from + i));
    for (let i: usize = 0; i < added; i += 8) store<u64>(to + kept + i, load<u64>(at + i));
    at += added;
    if (term > 0 && (added == 0 || (kept < length && load<u8>(to + kept) <= load<u8>(from + kept)))) return false;
    store<u32>(index.termOffsets + (<usize>term << 2), <u32>start);
    before = start;
    start += kept + added;
    const frequency = varint();
    if (frequency < 1 || frequency > count) return false;
    store<u32>(index.termFrequencies + (<usize>term << 2), <u32>frequency);
    if (frequency > 1) {
      if (at >= end) return false;
      store<u8>(index.termBounds + term, load<u8>(at++));
    }
    if (frequency <= BLOCK) {
      store<u32>(index.termPostings + (<usize>term << 2), <u32>offset);
      if (!passBlock(postings, postingsSize, frequency)) return false;
      if (frequency > 1) continue;
      const packed = postings + <usize>(offset - packedBytes(1, frequencyBits));
      const document = valueAt(packed - <usize>packedBytes(1, documentBits), documentBits);
      const code = valueAt(packed, frequencyBits);
      if (<u64>document >= count || (codes > 0 && code >= codes)) return false;
      const tf = codes == 0 ? <f64>code + 1 : <f64>load<f32>(index.codebook + (<usize>code << 2));
      const saturated = tf / (tf + (constant + slope * <f64>load<f32>(index.lengths + (<usize>document << 2))));
      if (!(saturated >= 0 && saturated <= 1)) return false;
      store<u8>(index.termBounds + term, <u8>ceil<f64>(saturated * 255));
      continue;
    }
    store<u32>(index.termPostings + (<usize>term << 2), block);
    const resume = at;
    at = codedLast;
    end = lastEnd;
    let next: u64 = 0; // one more than the last document
    for (let left = frequency; ; left -= BLOCK, block++) {
      if (block >= blocks) return false;
      const distance = varint();
      if (distance == 0 || distance > count - next) return false;
      next += distance;
      store<u32>(index.blockLast + (<usize>block << 2), <u32>next - 1);
      store<u32>(index.blockOffsets + (<usize>block << 2), <u32>offset);
      if (!passBlock(postings, postingsSize, min<u64>(left, BLOCK))) return false;
      if (left <= BLOCK) {
        block++;
        break;
      }
    }
    codedLast = at;
    at = resume;
    end = codedEnd;
  }
  store<u32>(index.termOffsets + (<usize>terms << 2), <u32>start);
  return block == blocks && codedLast == lastEnd && at == codedEnd && offset == <u64>postingsSize;
}

/**
 * out[i] = values[codes[i]], the codes of `width` bytes (1 or 2). False where one is not below `size`.
 */
export function unpackLengths(codes: usize, width: u32, count: u32, values: usize, size: u32, out: usize): bool {
  let greatest: u32 = 0;
  for (let i: u32 = 0; i < count; i++, out += 4) {
    const code = width == 1 ? <u32>load<u8>(codes + i) : <u32>load<u16>(codes + (<usize>i << 1));
    greatest = max(greatest, code);
    store<f32>(out, load<f32>(values + (<usize>min(code, size - 1) << 2)));
  }
  return greatest < size;
}
