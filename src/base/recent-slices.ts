/** Slots that a table begins with; a power of two. */
const FIRST = 1024;

/**
 * `Recent` for values of stretches of texts, which are looked for without being cut out: most stretches of natural text are known already, and to cut one
 * out and have it hashed takes longer than what is made of it. Those that are used stay before those that are not (CLOCK, as there).
 */
export class RecentSlices<V> {
  /** Numbers of entries plus one by the hashes of their keys, 0 where there is none: open addressing with linear probing. */
  #slots = new Uint32Array(FIRST);
  readonly #keys: string[] = [];
  readonly #values: V[] = [];
  readonly #hashes: number[] = [];
  /** Whether an entry was asked for since the hand passed it. */
  #used = new Uint8Array(FIRST / 2);
  #hand = 0;

  /** @param capacity values that are kept at most, at least 1. */
  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#keys.length;
  }

  /** The value of `text.slice(start, end)`. */
  get(text: string, start: number, end: number): V | undefined {
    const entry = this.#find(text, start, end, hashOf(text, start, end));
    if (entry < 0) return undefined;
    this.#used[entry] = 1;
    return this.#values[entry];
  }

  /** @param key a string of its own (`ownString`): one that was cut from a longer string keeps the whole of it alive. */
  set(key: string, value: V): void {
    const hash = hashOf(key, 0, key.length);
    const known = this.#find(key, 0, key.length, hash);
    if (known >= 0) {
      this.#values[known] = value;
      return;
    }
    const entry = this.#keys.length < this.capacity ? this.#keys.length : this.#makeRoom();
    if (2 * (entry + 1) > this.#slots.length) this.#grow();
    this.#keys[entry] = key;
    this.#values[entry] = value;
    this.#hashes[entry] = hash;
    this.#used[entry] = 0;
    this.#insert(entry);
  }

  #find(text: string, start: number, end: number, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]! - 1;
      if (this.#hashes[entry] === hash && isSlice(this.#keys[entry]!, text, start, end)) return entry;
    }
    return -1;
  }

  #insert(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[entry]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  #grow(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    const used = new Uint8Array(2 * this.#used.length);
    used.set(this.#used);
    this.#used = used;
    for (let entry = 0; entry < this.#keys.length; entry++) this.#insert(entry);
  }

  /** Takes the next entry that was not used since the hand passed it out of the slots. @returns its number. */
  #makeRoom(): number {
    while (this.#used[this.#hand] === 1) {
      this.#used[this.#hand] = 0;
      this.#hand = (this.#hand + 1) % this.#keys.length;
    }
    const entry = this.#hand;
    this.#hand = (entry + 1) % this.#keys.length;
    const mask = this.#slots.length - 1;
    let hole = this.#hashes[entry]! & mask;
    while (this.#slots[hole] !== entry + 1) hole = (hole + 1) & mask;
    // What is found by way of the hole moves into it.
    for (let slot = (hole + 1) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hashes[this.#slots[slot]! - 1]! & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#slots[hole] = this.#slots[slot]!;
      hole = slot;
    }
    this.#slots[hole] = 0;
    return entry;
  }
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
