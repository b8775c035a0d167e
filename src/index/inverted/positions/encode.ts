import { InvalidArgumentError } from '../../../base/errors.ts';
import type { SectionData } from '../../../base/sections.ts';
import { writeFrontCoded } from '../front-coding.ts';
import { GrowingBytes, GrowingU32 } from '../growing.ts';
import { documentAt, PLACE_BLOCK, positionsSection, riceBits, WORD_BLOCK } from './format.ts';
import { RowChooser, type TermDocuments } from './rows.ts';

/** Writes the sections of {@link positionsSection}, one word after the other in ascending byte order. */
export class PositionsEncoder {
  readonly #words = new GrowingBytes();
  readonly #blocks = new GrowingU32();
  readonly #positions = new GrowingBytes();
  readonly #bits = new BitWriter();
  #previous: Uint8Array = new Uint8Array(0);
  #count = 0;
  readonly #bases: Uint32Array;
  readonly #rows: RowChooser;
  /** Of the word before in the block that has one. */
  #term = 0;
  /** Documents of a word, and its places in their row. */
  #documents = new Uint32Array(256);
  #inRow = new Uint32Array(256);

  /**
   * @param sizes places of each document.
   * @param terms of the same documents.
   */
  constructor(
    readonly sizes: Uint32Array,
    readonly total: number,
    terms: TermDocuments,
  ) {
    if (total > 0xffff_ffff) {
      throw new InvalidArgumentError(
        `${total} places of words do not fit into one lexical index.`,
        'Split the documents over several segments.',
      );
    }
    this.#bases = new Uint32Array(sizes.length + 1);
    for (let i = 0; i < sizes.length; i++) this.#bases[i + 1] = this.#bases[i]! + sizes[i]!;
    this.#rows = new RowChooser(terms, this.#bases);
  }

  /** Adds a word with its places `from` (inclusive) to `to` (exclusive), at least one, ascending. */
  add(word: Uint8Array, places: Uint32Array, from: number, to: number): void {
    if (this.#count++ % WORD_BLOCK === 0) {
      this.#blocks.push(this.#words.length);
      this.#blocks.push(this.#positions.length);
      this.#previous = new Uint8Array(0);
      this.#term = 0;
    }
    const start = this.#positions.length;
    const row = this.#rows.choose(word, this.#documentsOf(places, from, to));
    if (row === undefined) this.#list(places, from, to, this.total);
    else {
      if (to - from > this.#inRow.length) this.#inRow = new Uint32Array(2 * (to - from));
      row.row.enter(places, from, to, this.#inRow);
      this.#list(this.#inRow, 0, to - from, row.row.total);
    }
    writeFrontCoded(this.#words, this.#previous, word);
    this.#words.varint(to - from);
    this.#words.varint(this.#positions.length - start);
    if (row === undefined) this.#words.varint(0);
    else {
      const difference = row.term - this.#term;
      this.#words.varint(1 + (difference < 0 ? -2 * difference - 1 : 2 * difference));
      this.#term = row.term;
    }
    this.#previous = word;
  }

  /** Valid until the next call. */
  #documentsOf(places: Uint32Array, from: number, to: number): Uint32Array {
    if (to - from > this.#documents.length) this.#documents = new Uint32Array(2 * (to - from));
    let count = 0;
    let last = 0;
    for (let i = from; i < to; i++) {
      if (count > 0 && places[i]! < this.#bases[last + 1]!) continue;
      last = documentAt(this.#bases, places[i]!, last);
      this.#documents[count++] = last;
    }
    return this.#documents.subarray(0, count);
  }

  /** @param total places of the row that these are in. */
  #list(places: Uint32Array, from: number, to: number, total: number): void {
    if (to - from <= PLACE_BLOCK) {
      this.#positions.append(this.#bits.code(places, from, to, -1, riceBits(total, to - from)));
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
