import type { SectionData } from '../../../base/sections.ts';
import { sortedByBytes, wellFormed } from '../byte-order.ts';
import { PositionsEncoder } from './encode.ts';

/** Collects the words of documents for {@link Positions}: 4 bytes a word, and every distinct word once. */
export class PositionsBuilder {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  /** Numbers of the words of all documents, from 1; 0 for empty places. */
  #row = new Uint32Array(4096);
  #total = 0;
  #sizes = new Uint32Array(256);
  #count = 0;

  /** The next document's words, in order, an empty one between two texts. */
  add(words: readonly string[]): void {
    while (this.#total + words.length + 1 > this.#row.length) this.#row = enlarged(this.#row);
    for (const word of words) this.#row[this.#total++] = word === '' ? 0 : this.#numberOf(word);
    // The place behind it; a document without words has none.
    const size = words.length === 0 ? 0 : words.length + 1;
    if (size > 0) this.#row[this.#total++] = 0;
    if (this.#count === this.#sizes.length) this.#sizes = enlarged(this.#sizes);
    this.#sizes[this.#count++] = size;
  }

  #numberOf(word: string): number {
    let number = this.#numbers.get(word);
    if (number !== undefined) return number;
    const name = wellFormed(word);
    number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#names.push(name);
      this.#numbers.set(name, number);
    }
    this.#numbers.set(word, number);
    return number;
  }

  /** More documents may be added and `build` called again. */
  build(): SectionData {
    // Counting sort of the places by word; they stay ascending within each.
    const starts = new Float64Array(this.#names.length + 2);
    for (let place = 0; place < this.#total; place++) starts[this.#row[place]! + 1]!++;
    for (let word = 1; word < starts.length; word++) starts[word]! += starts[word - 1]!;
    const next = starts.slice();
    const places = new Uint32Array(this.#total);
    for (let place = 0; place < this.#total; place++) places[next[this.#row[place]!]!++] = place;
    const encoder = new PositionsEncoder(this.#sizes.subarray(0, this.#count), this.#total);
    const utf8 = new TextEncoder();
    for (const name of sortedByBytes(this.#names)) {
      const number = this.#numbers.get(name)!;
      encoder.add(utf8.encode(name), places, starts[number]!, starts[number + 1]!);
    }
    return encoder.finish();
  }
}

function enlarged(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}
