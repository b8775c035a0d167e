import type { Address } from './address.ts';
import type { Arena } from './arena.ts';
import { CURSOR_BYTES, WINDOW_SIZE } from './postings.ts';

/** Where the parts of a postings index lie; src/index/inverted/format.ts says what they hold. */
export interface PostingsIndexRecord {
  readonly count: number;
  readonly terms: number;
  readonly lengths: Address;
  readonly termOffsets: Address;
  readonly termBytes: Address;
  readonly termPostings: Address;
  readonly termFrequencies: Address;
  readonly termBounds: Address;
  readonly blockLast: Address;
  readonly blockOffsets: Address;
  readonly blockBounds: Address;
  readonly postings: Address;
  /** Values of the frequency codes (float32); 0 when code `c` means `c + 1`. */
  readonly codebook: Address;
  /** float32[256]: the greatest `tf / (tf + K)` that a stored bound allows under the query's average length. */
  readonly bounds: Address;
}

const FIELDS = 17;

/** Writes the record and reserves the search's window, which is zero between searches; see {@link clearWindow}. */
export function putPostingsIndex(arena: Arena, index: PostingsIndexRecord): Address {
  const record = arena.allocate(4 * FIELDS);
  const accumulators = arena.allocate(4 * WINDOW_SIZE + WINDOW_SIZE / 16);
  const candidates = arena.allocate(8 * WINDOW_SIZE + 64);
  arena
    .u32(record, FIELDS)
    .set([
      index.count,
      index.terms,
      index.lengths,
      index.termOffsets,
      index.termBytes,
      index.termPostings,
      index.termFrequencies,
      index.termBounds,
      index.blockLast,
      index.blockOffsets,
      index.blockBounds,
      index.postings,
      index.codebook,
      accumulators,
      accumulators + 4 * WINDOW_SIZE,
      candidates,
      index.bounds,
    ]);
  clearWindow(arena, record);
  return record;
}

/** Zeroes the window, as is needed after a search that trapped. */
export function clearWindow(arena: Arena, record: Address): void {
  const accumulators = arena.u32(record, FIELDS)[13]!;
  arena.u8(accumulators, 4 * WINDOW_SIZE + WINDOW_SIZE / 16).fill(0);
}

/** One query. A document of length `len` scores `weight * tf / (tf + (norm0 + norm1 * len))` for each of the terms. */
export interface PostingsQueryRecord {
  readonly norm0: number;
  readonly norm1: number;
  /** Distinct term numbers in the order in which every document adds up its contributions. */
  readonly terms: ArrayLike<number>;
  /** Positive weights (query weight times inverse document frequency), non-increasing. */
  readonly weights: ArrayLike<number>;
  /** Number of postings of each term. */
  readonly frequencies: ArrayLike<number>;
  /** Bitmaps of the documents that may be returned, as {@link putBitmap} makes them; the first is overwritten. 0: all. */
  readonly eligible: Address;
  readonly also: Address;
  /** An empty heap, see topk.ts. */
  readonly heap: Address;
  /** Only greater scores are wanted; 0: all. */
  readonly floor: number;
}

const QUERY_BYTES = 36;

export function putPostingsQuery(arena: Arena, query: PostingsQueryRecord): Address {
  const count = query.terms.length;
  let postings = 0;
  for (let i = 0; i < count; i++) postings += (Math.min(query.frequencies[i]!, 128) + 7) & ~3;
  const record = arena.allocate(QUERY_BYTES);
  const cursors = arena.allocate(count * CURSOR_BYTES);
  const buffers = arena.allocate(postings * 8);
  const words = (cursors - record + count * CURSOR_BYTES) / 4;
  const integers = arena.u32(record, words);
  const floats = arena.f32(record, words);
  floats[0] = query.norm0;
  floats[1] = query.norm1;
  integers[2] = count;
  integers[3] = cursors;
  integers[4] = buffers;
  integers[5] = query.eligible;
  integers[6] = query.also;
  integers[7] = query.heap;
  floats[8] = query.floor;
  for (let i = 0, at = (cursors - record) / 4; i < count; i++, at += CURSOR_BYTES / 4) {
    floats[at] = query.weights[i]!;
    integers[at + 1] = query.terms[i]!;
  }
  return record;
}

/** Copies a bitmap of `count` bits, padded with zeros to whole windows. */
export function putBitmap(arena: Arena, bytes: Uint8Array, count: number): Address {
  const size = Math.ceil(count / WINDOW_SIZE) * (WINDOW_SIZE / 8);
  const address = arena.allocate(size);
  const view = arena.u8(address, size);
  const used = bytes.subarray(0, Math.ceil(count / 8));
  view.set(used);
  view.fill(0, used.length);
  return address;
}
