import { ByteReader } from '../byte-reader.ts';

/**
 * Where words stand, so that phrases are found without reading texts. All words of all documents make one row: those of the first
 * document, then those of the second, and so on, with an empty place behind each document and between the texts of one. A word has one
 * ascending list of places in that row; neither documents nor frequencies are repeated.
 *
 * The documents of a word are known already where a term of the index has them all, as the word itself or its stem does. Its places are then those in
 * the row of that term's documents alone (rows.ts), which is so much shorter that a place takes a few bits; and the word's letters are those of the term,
 * or begin as it does.
 *
 * | section | elements | |
 * |---|---|---|
 * | `lexical.words` | bytes | words in ascending byte order, 16 to a block: of each its row, its bytes (front-coding.ts) by those of the row's term, how many places it has, and, where these are {@link SMALL_LIST} or more, the bytes of their list |
 * | `lexical.word-blocks` | 2 varints per block | how far behind the block before it begins in `words`, and its lists in `positions` |
 * | `lexical.positions` | bytes | lists of places: of each block of words the longer ones, then all shorter ones as one stream of bits |
 * | `lexical.places` | varint per document | places that it takes in the row, the empty one behind it included |
 *
 * Numbers are varints (seven bits a byte, the lowest first). A row is 0 for that of all documents, where the word's bytes share
 * nothing; else one more than four times the zigzag code of what has to be added to the number of the term before in its block (0 at first), and 1 where the word is the
 * term, whose bytes are then left out, and 2 where it has as many places as the term has documents, which are left out too. A list of more than 256 places is one of blocks: of each, the distance of its last
 * place from that of the block before and its bytes, then the blocks. The distances in a block are Rice codes, the quotient in unary, with
 * as many bits of remainder as their mean has; the mean of a list of one block is that of all places of the row by the list's number. Before a list in the stream stand five bits for the number of
 * these bits.
 */
export const positionsSection = {
  words: 'lexical.words',
  blocks: 'lexical.word-blocks',
  positions: 'lexical.positions',
  places: 'lexical.places',
} as const;

/** Lists of fewer places stand in a stream of their block's. */
export const SMALL_LIST = 64;
/** Bits of the number of bits of a list's remainders. */
export const PARAMETER_BITS = 5;
/** Words to a block of the dictionary. */
export const WORD_BLOCK = 16;
/** Places to a block of a list. */
export const PLACE_BLOCK = 256;

/** Bits of the remainder for `count` distances over `span` places. */
export function riceBits(span: number, count: number): number {
  return span <= count ? 0 : 31 - Math.clz32(Math.floor(span / count));
}

/** The document that has a place, at `from` or behind. @param bases where each begins, and the end. */
export function documentAt(bases: Uint32Array, place: number, from: number): number {
  if (place < bases[from + 1]!) return from;
  let low = from;
  let high = bases.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (bases[middle]! <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Reads distances bit by bit, too. */
export class PlaceReader extends ByteReader {
  #bit = 0;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    super(bytes, positionsSection.positions, at, end);
  }

  /** Fills `places` from `from` on with `count` places behind `before`; the codes begin at a whole byte. */
  distances(places: Uint32Array, from: number, count: number, before: number, bits: number): void {
    const { bytes, end } = this;
    let { at } = this;
    let bit = this.#bit;
    let place = before;
    const scale = 2 ** bits;
    for (let i = from; i < from + count; i++) {
      let quotient = 0;
      for (;;) {
        if (at >= end) throw this.damaged();
        const rest = bytes[at]! >>> bit;
        if (rest !== 0) {
          const zeros = 31 - Math.clz32(rest & -rest);
          quotient += zeros;
          bit += zeros + 1;
          break;
        }
        quotient += 8 - bit;
        bit = 0;
        at++;
      }
      let remainder = 0;
      for (let got = 0; got < bits; ) {
        if (bit === 8) {
          bit = 0;
          at++;
        }
        if (at >= end) throw this.damaged();
        const taken = Math.min(8 - bit, bits - got);
        remainder += ((bytes[at]! >>> bit) & ((1 << taken) - 1)) * 2 ** got;
        got += taken;
        bit += taken;
      }
      if (bit === 8) {
        bit = 0;
        at++;
      }
      place += quotient * scale + remainder + 1;
      places[i] = place;
    }
    if (place > 0xffff_ffff) throw this.damaged();
    this.at = at;
    this.#bit = bit;
  }

  /** The next number of `count` bits, at most 8. */
  bits(count: number): number {
    const { bytes, at } = this;
    if (8 * at + this.#bit + count > 8 * this.end) throw this.damaged();
    const value = ((bytes[at]! | ((bytes[at + 1] ?? 0) << 8)) >>> this.#bit) & ((1 << count) - 1);
    this.#bit += count;
    this.at += this.#bit >> 3;
    this.#bit &= 7;
    return value;
  }
}
