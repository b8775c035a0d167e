/**
 * Remembers values in two generations: when the young one is full it becomes the old one, and what was in the old one and not asked for
 * since is forgotten. So what is used stays, at the price of one look-up, without a list to keep in order.
 */
export class Generations<K, V> {
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /**
   * @param size values in a generation, at least 1: at most twice as many are kept.
   * @param own makes a key that may be kept of one that is asked for: a piece of a string keeps the whole of it alive ({@link ownString}).
   */
  constructor(
    readonly size: number,
    private readonly own: (key: K) => K = (key) => key,
  ) {}

  get(key: K): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  /** @param value not undefined. */
  set(key: K, value: V): void {
    if (this.#young.size >= this.size) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(this.own(key), value);
  }

  /** Forgets the values of some keys. */
  forget(which: (key: K) => boolean): void {
    for (const generation of [this.#young, this.#old]) {
      for (const key of generation.keys()) if (which(key)) generation.delete(key);
    }
  }
}

/** The same string in memory of its own, whatever longer one it was cut from. */
export function ownString(piece: string): string {
  return piece.split('').join('');
}
