import { compareBytes } from '../../../base/byte-order.ts';
import { InvalidArgumentError } from '../../../base/errors.ts';
import type { SectionData } from '../../../base/sections.ts';
import { writeFrontCoded } from '../front-coding.ts';
import { GrowingBytes } from '../growing.ts';
import { BitWriter } from './bit-writer.ts';
import {
  documentAt,
  PARAMETER_BITS,
  PLACE_BLOCK,
  positionsSection,
  riceBits,
  SMALL_LIST,
  WORD_BLOCK,
} from './format.ts';
import { RowChooser, type TermDocuments } from './rows.ts';

/** Writes the sections of {@link positionsSection}, one word after the other in ascending byte order. */
export class PositionsEncoder {
  readonly #words = new GrowingBytes();
  readonly #blocks = new GrowingBytes();
  /** Where the block before begins in the words and the positions. */
  #wordsBefore = 0;
  #positionsBefore = 0;
  readonly #positions = new GrowingBytes();
  readonly #bits = new BitWriter();
  /** The short lists of a block. */
  readonly #small = new BitWriter();
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
    private readonly terms: TermDocuments,
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
    if (this.#count++ % WORD_BLOCK === 0) this.#beginBlock();
    const count = to - from;
    const chosen = this.#rows.choose(word, this.#documentsOf(places, from, to));
    const isKnown = this.#word(word, count, chosen?.term);
    if (!isKnown) this.#words.varint(count);
    let list = places;
    let at = from;
    if (chosen !== undefined) {
      if (count > this.#inRow.length) this.#inRow = new Uint32Array(2 * count);
      chosen.row.enter(places, from, to, this.#inRow);
      list = this.#inRow;
      at = 0;
    }
    if (count < SMALL_LIST) {
      const bits = bestBits(list, at, at + count);
      this.#small.bits(bits, PARAMETER_BITS);
      this.#small.distances(list, at, at + count, -1, bits);
      return;
    }
    const start = this.#positions.length;
    this.#list(list, at, at + count, chosen?.row.total ?? this.total);
    this.#words.varint(this.#positions.length - start);
  }

  /** Row and bytes of a word. Returns whether they say how many places it has. */
  #word(word: Uint8Array, count: number, term: number | undefined): boolean {
    if (term === undefined) {
      this.#words.varint(0);
      writeFrontCoded(this.#words, NO_BYTES, word);
      return false;
    }
    const difference = term - this.#term;
    this.#term = term;
    const bytes = this.terms.termBytes(term);
    const isTerm = compareBytes(bytes, word) === 0;
    const isKnown = count === this.terms.frequency(term);
    const zigzag = difference < 0 ? -2 * difference - 1 : 2 * difference;
    this.#words.varint(1 + 4 * zigzag + (isTerm ? 1 : 0) + (isKnown ? 2 : 0));
    if (!isTerm) writeFrontCoded(this.#words, bytes, word);
    return isKnown;
  }

  #beginBlock(): void {
    this.#positions.append(this.#small.take());
    this.#blocks.varint(this.#words.length - this.#wordsBefore);
    this.#blocks.varint(this.#positions.length - this.#positionsBefore);
    this.#wordsBefore = this.#words.length;
    this.#positionsBefore = this.#positions.length;
    this.#term = 0;
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
      this.#bits.distances(places, from, to, -1, riceBits(total, to - from));
      this.#positions.append(this.#bits.take());
      return;
    }
    const blocks = new GrowingBytes();
    let before = -1;
    for (let at = from; at < to; at += PLACE_BLOCK) {
      const end = Math.min(to, at + PLACE_BLOCK);
      const last = places[end - 1]!;
      this.#bits.distances(places, at, end, before, riceBits(last - before, end - at));
      const coded = this.#bits.take();
      this.#positions.varint(last - before);
      this.#positions.varint(coded.length);
      blocks.append(coded);
      before = last;
    }
    this.#positions.append(blocks.bytes.subarray(0, blocks.length));
  }

  finish(): SectionData {
    this.#positions.append(this.#small.take());
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

/** The number of bits of remainders that makes a list the shortest. */
function bestBits(places: Uint32Array, from: number, to: number): number {
  const usual = riceBits(places[to - 1]! + 1, to - from);
  let best = usual;
  let least = Number.POSITIVE_INFINITY;
  for (let bits = Math.max(0, usual - 1); bits <= Math.min(31, usual + 1); bits++) {
    let size = (to - from) * bits;
    let previous = -1;
    for (let i = from; i < to; i++) {
      size += (places[i]! - previous - 1) >>> bits;
      previous = places[i]!;
    }
    if (size < least) {
      least = size;
      best = bits;
    }
  }
  return best;
}

const NO_BYTES = new Uint8Array(0);
