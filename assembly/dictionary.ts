// The term dictionary: sorted UTF-8, searched by bisection.
import { Index, NONE } from "./postings-blocks";

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
