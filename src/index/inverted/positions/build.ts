import type { SectionData } from '../../../base/sections.ts';
import { PositionsEncoder } from './encode.ts';
import type { TermDocuments } from './rows.ts';

/** Collects the words of documents for {@link Positions}: 4 bytes a word. */
export class PositionsBuilder {
  /** Numbers of the words of all documents; 0 for empty places. */
  #row = new Uint32Array(4096);
  #total = 0;
  #sizes = new Uint32Array(256);
  #count = 0;

  /** The words of the next document's texts, each in order, 0 where they do not follow one another. */
  add(texts: readonly { readonly words?: Uint32Array }[]): void {
    const start = this.#total;
    for (let text = 0; text < texts.length; text++) {
      const { words } = texts[text]!;
      if (words === undefined || words.length === 0) continue;
      while (this.#total + words.length + 2 > this.#row.length) this.#row = enlarged(this.#row);
      // Between two texts, as the first has one before it.
      if (text > 0) this.#row[this.#total++] = 0;
      this.#row.set(words, this.#total);
      this.#total += words.length;
    }
    // The place behind it; a document without words has none.
    if (this.#total > start) {
      if (this.#total === this.#row.length) this.#row = enlarged(this.#row);
      this.#row[this.#total++] = 0;
    }
    if (this.#count === this.#sizes.length) this.#sizes = enlarged(this.#sizes);
    this.#sizes[this.#count++] = this.#total - start;
  }

  /**
   * More documents may be added and `build` called again.
   * @param order all numbers of words, in ascending byte order, and others.
   * @param bytes UTF-8 of each.
   * @param terms of the same documents.
   */
  build(order: Uint32Array, bytes: readonly Uint8Array[], terms: TermDocuments): SectionData {
    // Counting sort of the places by word; they stay ascending within each.
    const starts = new Float64Array(order.length + 1);
    for (let place = 0; place < this.#total; place++) starts[this.#row[place]! + 1]!++;
    for (let word = 0; word < order.length; word++) starts[word + 1]! += starts[word]!;
    const next = starts.slice();
    const places = new Uint32Array(this.#total);
    for (let place = 0; place < this.#total; place++) places[next[this.#row[place]!]!++] = place;
    const encoder = new PositionsEncoder(this.#sizes.subarray(0, this.#count), this.#total, terms);
    order.forEach((word, at) => {
      const from = starts[word]!;
      const to = starts[word + 1]!;
      if (word !== 0 && from < to) encoder.add(bytes[at]!, places, from, to);
    });
    return encoder.finish();
  }
}

function enlarged(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}
