import { InvalidArgumentError } from '../../../base/errors.ts';
import type { SectionData } from '../../../base/sections.ts';
import { GrowingBytes, GrowingU32 } from '../growing.ts';
import { PLACE_BLOCK, positionsSection, riceBits, WORD_BLOCK } from './format.ts';

/** Writes the sections of {@link positionsSection}, one word after the other in ascending byte order. */
export class PositionsEncoder {
  readonly #words = new GrowingBytes();
  readonly #blocks = new GrowingU32();
  readonly #positions = new GrowingBytes();
  readonly #bits = new BitWriter();
  #previous: Uint8Array = new Uint8Array(0);
  #count = 0;

  /** @param sizes places of each document. */
  constructor(
    readonly sizes: Uint32Array,
    readonly total: number,
  ) {
    if (total > 0xffff_ffff) {
      throw new InvalidArgumentError(
        `${total} places of words do not fit into one lexical index.`,
        'Split the documents over several segments.',
      );
    }
  }

  /** Adds a word with its places `from` (inclusive) to `to` (exclusive), at least one, ascending. */
  add(word: Uint8Array, places: Uint32Array, from: number, to: number): void {
    if (this.#count++ % WORD_BLOCK === 0) {
      this.#blocks.push(this.#words.length);
      this.#blocks.push(this.#positions.length);
      this.#previous = new Uint8Array(0);
    }
    let shared = 0;
    while (shared < word.length && shared < this.#previous.length && word[shared] === this.#previous[shared]) shared++;
    const start = this.#positions.length;
    this.#list(places, from, to);
    this.#words.varint(shared);
    this.#words.varint(word.length - shared);
    this.#words.append(word.subarray(shared));
    this.#words.varint(to - from);
    this.#words.varint(this.#positions.length - start);
    this.#previous = word;
  }

  #list(places: Uint32Array, from: number, to: number): void {
    if (to - from <= PLACE_BLOCK) {
      this.#positions.append(this.#bits.code(places, from, to, -1, riceBits(this.total, to - from)));
      return;
    }
    const blocks = new GrowingBytes();
    let before = -1;
    for (let at = from; at < to; at += PLACE_BLOCK) {
      const end = Math.min(to, at + PLACE_BLOCK);
      const last = places[end - 1]!;
      const coded = this.#bits.code(places, at, end, before, riceBits(last - before, end - at));
      this.#positions.varint(last - before);
      this.#positions.varint(coded.length);
      blocks.append(coded);
      before = last;
    }
    this.#positions.append(blocks.bytes.subarray(0, blocks.length));
  }

  finish(): SectionData {
    const places = new GrowingBytes();
    for (const size of this.sizes) places.varint(size);
    return new Map([
      [positionsSection.words, this.#words.finish()],
      [positionsSection.blocks, this.#blocks.finish()],
      [positionsSection.positions, this.#positions.finish()],
      [positionsSection.places, places.finish()],
    ]);
  }
}

/** Rice codes, the lowest bit of a byte first. */
class BitWriter {
  #bytes = new Uint8Array(1024);
  /** Bytes of the codes before, which are not zero. */
  #used = 0;

  /** Valid until the next call. */
  code(places: Uint32Array, from: number, to: number, before: number, bits: number): Uint8Array {
    let bytes = this.#bytes;
    bytes.fill(0, 0, this.#used);
    let bit = 0;
    let previous = before;
    for (let i = from; i < to; i++) {
      const distance = (places[i]! - previous - 1) >>> 0;
      previous = places[i]!;
      const quotient = distance >>> bits;
      if (bit + quotient + 1 + bits > 8 * bytes.length) {
        const larger = new Uint8Array(2 * bytes.length + ((quotient + bits) >> 3));
        larger.set(bytes);
        bytes = larger;
      }
      bit += quotient;
      // A one ends the quotient, and the rest stands behind it.
      let code = (((distance - quotient * 2 ** bits) << 1) | 1) >>> 0;
      let at = bit >> 3;
      bytes[at++]! |= code << (bit & 7);
      for (code >>>= 8 - (bit & 7); code !== 0; code >>>= 8) bytes[at++] = code;
      bit += 1 + bits;
    }
    this.#bytes = bytes;
    this.#used = (bit + 7) >> 3;
    return bytes.subarray(0, this.#used);
  }
}
