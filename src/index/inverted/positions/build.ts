import type { SectionData } from '../../../base/sections.ts';
import { sortedByBytes, wellFormed } from '../byte-order.ts';
import { PositionsEncoder } from './encode.ts';
import type { TermDocuments } from './rows.ts';

/** Collects the words of documents for {@link Positions}: 4 bytes a word, and every distinct word once. */
export class PositionsBuilder {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  /** Numbers of the words of all documents, from 1; 0 for empty places. */
  #row = new Uint32Array(4096);
  #total = 0;
  #sizes = new Uint32Array(256);
  #count = 0;
  /** Names that were given with numbers last, and of each of them our number plus one, 0 where it has none yet. */
  #given: readonly string[] = [];
  #ofGiven = new Uint32Array(1024);

  /** The words of the next document's texts, each in order, an empty one where they do not follow one another. */
  add(texts: readonly (readonly string[])[]): void {
    this.#add(texts, (word) => (word === '' ? 0 : this.#numberOf(word)));
  }

  /** The same of words that are numbers. @param names what they stand for: the same list for all documents, which may grow. */
  addNumbered(texts: readonly Uint32Array[], names: readonly string[]): void {
    if (names !== this.#given) {
      this.#given = names;
      this.#ofGiven.fill(0);
    }
    while (names.length > this.#ofGiven.length) this.#ofGiven = enlarged(this.#ofGiven);
    this.#add(texts, (given) => {
      const known = this.#ofGiven[given]!;
      if (known > 0) return known - 1;
      const word = names[given]!;
      const number = word === '' ? 0 : this.#numberOf(word);
      this.#ofGiven[given] = number + 1;
      return number;
    });
  }

  #add<Word>(texts: readonly Words<Word>[], numberOf: (word: Word) => number): void {
    const start = this.#total;
    for (let text = 0; text < texts.length; text++) {
      const words = texts[text]!;
      while (this.#total + words.length + 2 > this.#row.length) this.#row = enlarged(this.#row);
      // Between two texts, as the first has one before it.
      if (text > 0 && words.length > 0) this.#row[this.#total++] = 0;
      for (let i = 0; i < words.length; i++) this.#row[this.#total++] = numberOf(words[i]!);
    }
    // The place behind it; a document without words has none.
    if (this.#total > start) {
      if (this.#total === this.#row.length) this.#row = enlarged(this.#row);
      this.#row[this.#total++] = 0;
    }
    if (this.#count === this.#sizes.length) this.#sizes = enlarged(this.#sizes);
    this.#sizes[this.#count++] = this.#total - start;
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

  /** More documents may be added and `build` called again. @param terms of the same documents. */
  build(terms: TermDocuments): SectionData {
    // Counting sort of the places by word; they stay ascending within each.
    const starts = new Float64Array(this.#names.length + 2);
    for (let place = 0; place < this.#total; place++) starts[this.#row[place]! + 1]!++;
    for (let word = 1; word < starts.length; word++) starts[word]! += starts[word - 1]!;
    const next = starts.slice();
    const places = new Uint32Array(this.#total);
    for (let place = 0; place < this.#total; place++) places[next[this.#row[place]!]!++] = place;
    const encoder = new PositionsEncoder(this.#sizes.subarray(0, this.#count), this.#total, terms);
    const utf8 = new TextEncoder();
    for (const name of sortedByBytes(this.#names)) {
      const number = this.#numbers.get(name)!;
      encoder.add(utf8.encode(name), places, starts[number]!, starts[number + 1]!);
    }
    return encoder.finish();
  }
}

interface Words<Word> {
  readonly length: number;
  readonly [place: number]: Word;
}

function enlarged(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}
