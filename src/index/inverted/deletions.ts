/** Longer terms would take an entry for each letter, and are no words that somebody types. */
const LONGEST = 24;

/**
 * Finds the terms that may be one edit away from a word by what both become where one letter is left out (symmetric deletion, W. Garbe 2012): with a
 * letter exchanged, put in, left out or swapped with its neighbour, two words have one of these in common. A hash table of the numbers of terms, some
 * 70 bytes a term; nothing is kept of what the entries are of, so that who asks looks at each term that is found.
 */
export class Deletions {
  /** Number of a term plus one; 0 for a free slot. */
  readonly #slots: Uint32Array;
  readonly #mask: number;
  readonly #hashes = new Uint32Array(LONGEST + 3);
  readonly #powers = new Uint32Array(LONGEST + 3);

  constructor(terms: readonly string[]) {
    this.#powers[0] = 1;
    for (let i = 1; i < this.#powers.length; i++) this.#powers[i] = Math.imul(this.#powers[i - 1]!, FACTOR);
    let entries = 0;
    for (const { length } of terms) if (length <= LONGEST) entries += length + 1;
    let size = 16;
    while (size < 1.6 * entries) size *= 2;
    this.#slots = new Uint32Array(size);
    this.#mask = size - 1;
    for (let number = 0; number < terms.length; number++) {
      if (terms[number]!.length > LONGEST) continue;
      const count = this.#hash(terms[number]!);
      for (let i = 0; i < count; i++) this.#put(this.#hashes[i]!, number + 1);
    }
  }

  /** Whether all terms within one edit of a word are found. */
  covers(word: string): boolean {
    return word.length < LONGEST;
  }

  /** Passes on numbers of terms, among them all within one edit of the word; some more than once. */
  candidates(word: string, found: (number: number) => void): void {
    const count = this.#hash(word);
    for (let i = 0; i < count; i++) {
      let slot = this.#hashes[i]! & this.#mask;
      for (let entry = this.#slots[slot]!; entry > 0; entry = this.#slots[slot]!) {
        found(entry - 1);
        slot = (slot + 1) & this.#mask;
      }
    }
  }

  #put(hash: number, entry: number): void {
    let slot = hash & this.#mask;
    while (this.#slots[slot]! > 0) {
      // What two equal letters leave is the same.
      if (this.#slots[slot] === entry) return;
      slot = (slot + 1) & this.#mask;
    }
    this.#slots[slot] = entry;
  }

  /** Hashes of the word and of what it is without each of its letters; returns how many there are. */
  #hash(word: string): number {
    const { length } = word;
    const [hashes, powers] = [this.#hashes, this.#powers];
    let whole = 0;
    for (let i = 0; i < length; i++) whole = (Math.imul(whole, FACTOR) + word.charCodeAt(i) + 1) | 0;
    hashes[0] = spread(whole);
    // Without letter i: what is before it, moved by what is behind it.
    let before = 0;
    let behind = whole;
    for (let i = 0; i < length; i++) {
      const code = word.charCodeAt(i) + 1;
      const rest = powers[length - 1 - i]!;
      behind = (behind - Math.imul(code, rest)) | 0;
      hashes[i + 1] = spread((Math.imul(before, rest) + behind) | 0);
      before = (Math.imul(before, FACTOR) + code) | 0;
    }
    return length + 1;
  }
}

const FACTOR = 0x0100_0193;

/** The last bits say where an entry lies, so that all have to bear on them (the finalizer of MurmurHash3). */
function spread(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85eb_ca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
