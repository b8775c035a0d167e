import { InvariantError } from './errors.ts';

/** Slots that a table begins with; a power of two. */
const FIRST = 1024;
/** Bits of a slot that number its entry; the others are of the hash, so that few keys are read in vain. */
const ENTRY_BITS = 22;
const ENTRY = (1 << ENTRY_BITS) - 1;

/**
 * `Recent` for values of stretches of texts, which are looked for without being cut out: most stretches of natural text are known already, and to cut one
 * out and have it hashed takes longer than what is made of it. Those that are used stay before those that are not (CLOCK, as there).
 *
 * A look-up waits for memory more than for anything else: it reads one slot, one pair, and the key.
 */
export class RecentSlices<V> {
  /** Numbers of entries plus one by the hashes of their keys, 0 where there is none: open addressing with linear probing. */
  #slots = new Uint32Array(FIRST);
  /** Key and value of each entry. */
  readonly #pairs: (string | V)[] = [];
  readonly #hashes: number[] = [];
  /** Whether an entry was asked for since the hand passed it. */
  #used = new Uint8Array(FIRST / 2);
  #hand = 0;

  /** @param capacity values that are kept at most, from 1 to 4 million. */
  constructor(readonly capacity: number) {
    if (capacity > ENTRY - 1) throw new InvariantError(`${capacity} entries have no number each.`);
  }

  get size(): number {
    return this.#hashes.length;
  }

  /** The value of `text.slice(start, end)`. */
  get(text: string, start: number, end: number): V | undefined {
    const entry = this.#find(text, start, end, hashOf(text, start, end));
    if (entry < 0) return undefined;
    // What was not asked for is let go of first, once there is no room.
    if (this.#hashes.length === this.capacity) this.#used[entry] = 1;
    return this.#pairs[2 * entry + 1] as V;
  }

  /** @param key a string of its own (`ownString`): one that was cut from a longer string keeps the whole of it alive. */
  set(key: string, value: V): void {
    const hash = hashOf(key, 0, key.length);
    const known = this.#find(key, 0, key.length, hash);
    if (known >= 0) {
      this.#pairs[2 * known + 1] = value;
      return;
    }
    const entry = this.size < this.capacity ? this.size : this.#makeRoom();
    if (2 * (entry + 1) > this.#slots.length) this.#grow();
    this.#pairs[2 * entry] = key;
    this.#pairs[2 * entry + 1] = value;
    this.#hashes[entry] = hash;
    this.#used[entry] = 0;
    this.#insert(entry);
  }

  #find(text: string, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const tag = tagOf(hash);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = slots[slot]!;
      if (found === 0) return -1;
      if (found >>> ENTRY_BITS !== tag) continue;
      const entry = (found & ENTRY) - 1;
      if (isSlice(this.#pairs[2 * entry] as string, text, start, end)) return entry;
    }
  }

  #insert(entry: number): void {
    const mask = this.#slots.length - 1;
    const hash = this.#hashes[entry]!;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = (tagOf(hash) << ENTRY_BITS) | (entry + 1);
  }

  #grow(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    const used = new Uint8Array(2 * this.#used.length);
    used.set(this.#used);
    this.#used = used;
    for (let entry = 0; entry < this.#hashes.length; entry++) this.#insert(entry);
  }

  /** Takes the next entry that was not used since the hand passed it out of the slots. @returns its number. */
  #makeRoom(): number {
    const count = this.#hashes.length;
    while (this.#used[this.#hand] === 1) {
      this.#used[this.#hand] = 0;
      this.#hand = (this.#hand + 1) % count;
    }
    const entry = this.#hand;
    this.#hand = (entry + 1) % count;
    const mask = this.#slots.length - 1;
    const entryAt = (slot: number): number => (this.#slots[slot]! & ENTRY) - 1;
    let hole = this.#hashes[entry]! & mask;
    while (entryAt(hole) !== entry) hole = (hole + 1) & mask;
    // What is found by way of the hole moves into it.
    for (let slot = (hole + 1) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hashes[entryAt(slot)]! & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#slots[hole] = this.#slots[slot]!;
      hole = slot;
    }
    this.#slots[hole] = 0;
    return entry;
  }
}

/** The bits of a hash that stand in a slot: its highest, of which the place of the slot says nothing. */
function tagOf(hash: number): number {
  return hash >>> (30 - (32 - ENTRY_BITS));
}

function hashOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // The lowest bits of what is multiplied know little of the highest; 31 bits are a small integer.
  return (hash ^ (hash >>> 15)) & 0x3fff_ffff;
}

function isSlice(key: string, text: string, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) !== text.charCodeAt(start + i)) return false;
  return true;
}
