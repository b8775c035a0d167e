import type { Address } from './address.ts';

/**
 * BM25 over bit-packed postings. `index` and `query` are records laid out by postings-records.ts. Postings may hold
 * anything: a kernel always ends, and at worst it traps.
 */
export interface PostingsKernels {
  /** Exact top-k into the query's heap; returns how many documents were scored in full. */
  searchPostings(index: Address, query: Address): number;
  /**
   * Unpacks a term's postings: documents (uint32) and term frequencies (float32), each with room for the number of
   * postings rounded up to 128, and 16 bytes more. `scratch`: {@link CURSOR_BYTES}.
   */
  readPostings(index: Address, term: number, documents: Address, frequencies: Address, scratch: Address): void;
  /** How many of a term's documents are in a bitmap. `scratch`: {@link CURSOR_BYTES} and 528 more. */
  countPostings(index: Address, term: number, bitmap: Address, scratch: Address): number;
  /**
   * Frequencies (float32) of a term in `count` ascending documents (uint32), 0 where it is absent; unpacks only blocks that may hold one
   * of them. `scratch`: {@link CURSOR_BYTES} and 528 more.
   */
  lookUpPostings(
    index: Address,
    term: number,
    documents: Address,
    count: number,
    frequencies: Address,
    scratch: Address,
  ): void;
  /** The first term >= the `length` UTF-8 bytes at `bytes`; the number of terms when there is none. */
  lowerBound(index: Address, bytes: Address, length: number): number;
  /**
   * Looks up `count` terms whose UTF-8 bytes stand one after the other. Replaces their lengths (uint32) by their numbers,
   * or by {@link NO_TERM}.
   */
  lookupTerms(index: Address, bytes: Address, lengths: Address, count: number): void;
  /** 128 documents from vertically packed gaps minus one, after document `base` (-1 before the first). */
  unpackDocuments(source: Address, bits: number, base: number, out: Address): void;
  /** `count` < 128 documents from a bit stream of gaps minus one. */
  unpackShortDocuments(source: Address, bits: number, base: number, count: number, out: Address): void;
  /** Bytes that `terms` front-coded terms take in UTF-8, -1 where what is coded is damaged. */
  dictionaryBytes(coded: Address, size: number, terms: number): number;
  /**
   * Fills what `index` says of terms and blocks from the coded terms (`size` bytes, `termBytes` unpacked) and the coded last documents of blocks; lengths,
   * postings (`postingsSize` bytes) and codebook (`codes` values) stand already. `constant + slope * length` is K of the score.
   * @returns 0 where anything is damaged; what was filled is then worth nothing.
   */
  unpackDictionary(
    index: Address,
    coded: Address,
    size: number,
    termBytes: number,
    codedLast: Address,
    lastSize: number,
    blocks: number,
    postingsSize: number,
    codes: number,
    constant: number,
    slope: number,
  ): number;
  /** out[i] (float32) = values[codes[i]] for `count` codes of `width` bytes (1, 2) into `size` values. @returns 0 where a code leads beyond them. */
  unpackLengths(codes: Address, width: number, count: number, values: Address, size: number, out: Address): number;
}

/** Documents in one window of the search; eligibility bitmaps are padded with zeros to a multiple of it. */
export const WINDOW_SIZE = 4096;
/** Bytes of the search's state of one query term. */
export const CURSOR_BYTES = 80;
/** What a lookup answers for a term that the dictionary lacks. */
export const NO_TERM = 0xffff_ffff;
