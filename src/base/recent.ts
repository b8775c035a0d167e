/** A value, and whether it was asked for since it was last passed over. */
interface Entry<V> {
  readonly value: V;
  used: boolean;
}

/**
 * Remembers a number of values, those that are used before those that are not: CLOCK (Corbató 1968), which comes near the least recently
 * used and changes nothing in its order when a value is asked for.
 */
export class Recent<K, V> {
  readonly #entries = new Map<K, Entry<V>>();
  /** At the first of them, once room was made. A new one each time would have to step over all that was let go of lately. */
  #hand: MapIterator<[K, Entry<V>]> | undefined;

  /**
   * @param capacity values that are kept at most, at least 1. A key that was cut from a longer string keeps the whole of it alive: set it as
   * one of its own ({@link ownString}).
   */
  constructor(readonly capacity: number) {}

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.used = true;
    return entry.value;
  }

  /** @param value not undefined. */
  set(key: K, value: V): void {
    if (this.#entries.size >= this.capacity && !this.#entries.has(key)) this.#makeRoom();
    this.#entries.set(key, { value, used: false });
  }

  /** Forgets the values of some keys. */
  forget(which: (key: K) => boolean): void {
    for (const key of this.#entries.keys()) if (which(key)) this.#entries.delete(key);
  }

  /** Lets go of the first value that was not used since the hand passed it; those that were go to the end. */
  #makeRoom(): void {
    this.#hand ??= this.#entries.entries();
    for (;;) {
      const [key, entry] = this.#hand.next().value!;
      this.#entries.delete(key);
      if (!entry.used) return;
      entry.used = false;
      this.#entries.set(key, entry);
    }
  }
}

/** The same string in memory of its own, whatever longer one it was cut from. */
export function ownString(piece: string): string {
  // V8 copies what is cut out in so few characters.
  return piece.length < 13 ? piece : piece.split('').join('');
}
