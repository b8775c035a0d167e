/** FNV-1a, over UTF-16 units. */
const HASH_START = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;

/**
 * The tokens of a WordPiece model, and the split of a word into them: greedy, the longest token first (Wu et al. 2016, "Google's
 * Neural Machine Translation System", as BERT simplified it). Tokens that go on within a word carry a prefix, usually `##`.
 *
 * An open-addressing table over the tokens' characters, since it is made in a few milliseconds and looking a word up makes no
 * string: one pass hashes all beginnings of what is left of the word, and the longest that is a token wins.
 */
export class Vocabulary {
  /** One more than the greatest id. */
  size = 0;
  readonly #prefix: Uint16Array;
  /** Where hashing goes on for a token that begins with the prefix. */
  readonly #prefixHash: number;
  /** Characters of all tokens, one after the other; those of entry `e` end where those of `e + 1` start. */
  #characters = new Uint16Array(1 << 18);
  #starts = new Int32Array(1 << 15);
  #ids = new Int32Array(1 << 15);
  #hashes = new Int32Array(1 << 15);
  #count = 0;
  /** Entry + 1 by slot; 0 marks a free one. A power of two of slots, at most half of them in use. */
  #slots = new Int32Array(1 << 16);
  /** Hashes of the beginnings of what is left of a word, up to the length of the longest token. */
  #beginnings = new Int32Array(1);
  /** Entry + 1 by id. */
  #byId: Int32Array | undefined;

  /** @param prefix what tokens within a word begin with, possibly nothing. */
  constructor(prefix: string) {
    this.#prefix = Uint16Array.from({ length: prefix.length }, (_, i) => prefix.charCodeAt(i));
    this.#prefixHash = this.#prefix.reduce(step, HASH_START);
  }

  /** Number of different tokens. */
  get count(): number {
    return this.#count;
  }

  /** Adds the token `text[start .. end)`; of one that is added twice, the later id counts. */
  add(text: string, start: number, end: number, id: number): void {
    const length = end - start;
    if (this.#count + 1 === this.#starts.length) this.#growEntries();
    if (2 * this.#count === this.#slots.length) this.#growSlots();
    const from = this.#starts[this.#count]!;
    if (from + length > this.#characters.length) this.#characters = grown(this.#characters, from + length);
    const characters = this.#characters;
    let hash = HASH_START;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(start + i);
      characters[from + i] = unit;
      hash = Math.imul(hash ^ unit, HASH_PRIME);
    }
    if (id >= this.size) this.size = id + 1;
    this.#byId = undefined;
    const mask = this.#slots.length - 1;
    let slot = slotOf(hash, mask);
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = this.#slots[slot]! - 1;
      if (this.#hashes[other] !== hash || this.#find(characters, from, from + length, hash, 0) !== other) continue;
      this.#ids[other] = id;
      return;
    }
    const entry = this.#count++;
    this.#starts[entry + 1] = from + length;
    this.#hashes[entry] = hash;
    this.#ids[entry] = id;
    this.#slots[slot] = entry + 1;
    if (length >= this.#beginnings.length) this.#beginnings = new Int32Array(length + 1);
  }

  /** @returns the token's id, or -1 when there is none. */
  idOf(token: string): number {
    const units = Uint16Array.from({ length: token.length }, (_, i) => token.charCodeAt(i));
    const entry = this.#find(units, 0, units.length, units.reduce(step, HASH_START), 0);
    return entry < 0 ? -1 : this.#ids[entry]!;
  }

  tokenOf(id: number): string | undefined {
    if (this.#byId === undefined) {
      this.#byId = new Int32Array(this.size);
      for (let entry = 0; entry < this.#count; entry++) this.#byId[this.#ids[entry]!] = entry + 1;
    }
    const entry = (this.#byId[id] ?? 0) - 1;
    if (entry < 0) return undefined;
    return String.fromCharCode(...this.#characters.subarray(this.#starts[entry]!, this.#starts[entry + 1]!));
  }

  /**
   * Splits the first `length` units of `word`, and writes the tokens' ids to `out` from `at` on (at most `length`).
   * @returns how many, or 0 when some part of the word is no token, so that all of it is unknown.
   */
  split(word: Uint16Array, length: number, out: Int32Array, at: number): number {
    const beginnings = this.#beginnings;
    let count = 0;
    for (let from = 0; from < length; ) {
      const prefixed = from === 0 ? 0 : this.#prefix.length;
      const most = Math.min(length - from, beginnings.length - 1 - prefixed);
      let hash = from === 0 ? HASH_START : this.#prefixHash;
      for (let i = 0; i < most; i++) {
        hash = step(hash, word[from + i]!);
        beginnings[i] = hash;
      }
      let taken = most;
      let entry = -1;
      for (; taken > 0; taken--) {
        entry = this.#find(word, from, from + taken, beginnings[taken - 1]!, prefixed);
        if (entry >= 0 && !splitsPair(word, from + taken, length)) break;
      }
      if (taken <= 0) return 0;
      out[at + count++] = this.#ids[entry]!;
      from += taken;
    }
    return count;
  }

  /** The entry of `units[from .. to)`, with the first `prefixed` units of the prefix before it; -1 when there is none. */
  #find(units: Uint16Array, from: number, to: number, hash: number, prefixed: number): number {
    const length = to - from + prefixed;
    const mask = this.#slots.length - 1;
    for (let slot = slotOf(hash, mask); ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] !== hash) continue;
      const start = this.#starts[entry]!;
      if (this.#starts[entry + 1]! - start !== length) continue;
      let i = 0;
      while (i < prefixed && this.#characters[start + i] === this.#prefix[i]) i++;
      if (i < prefixed) continue;
      while (i < length && this.#characters[start + i] === units[from + i - prefixed]) i++;
      if (i === length) return entry;
    }
  }

  #freeSlot(hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = slotOf(hash, mask);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    return slot;
  }

  #growEntries(): void {
    const size = 2 * this.#starts.length;
    this.#starts = grown(this.#starts, size);
    this.#ids = grown(this.#ids, size);
    this.#hashes = grown(this.#hashes, size);
  }

  #growSlots(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let entry = 0; entry < this.#count; entry++) this.#slots[this.#freeSlot(this.#hashes[entry]!)] = entry + 1;
  }
}

function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, HASH_PRIME);
}

function slotOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask;
}

/** Whether a cut before `at` would lie inside a surrogate pair: tokens are made of whole characters. */
function splitsPair(word: Uint16Array, at: number, length: number): boolean {
  return at < length && (word[at]! & 0xfc00) === 0xdc00 && (word[at - 1]! & 0xfc00) === 0xd800;
}

function grown<A extends Uint16Array | Int32Array>(array: A, least: number): A {
  const larger = new (array.constructor as new (length: number) => A)(Math.max(least, 2 * array.length));
  larger.set(array);
  return larger;
}
