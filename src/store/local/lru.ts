/** The most recently used values, at most `capacity` of them. */
export class LruCache<K, V> {
  readonly #entries = new Map<K, V>();

  constructor(readonly capacity: number) {}

  /** The value of `key`, made by `make` unless it is cached. */
  get(key: K, make: () => V): V {
    let value = this.#entries.get(key);
    if (value === undefined) {
      value = make();
      if (this.#entries.size >= this.capacity) this.#entries.delete(this.#entries.keys().next().value!);
    } else {
      this.#entries.delete(key);
    }
    this.#entries.set(key, value);
    return value;
  }

  /** Drops the values of some keys. */
  forget(which: (key: K) => boolean): void {
    for (const key of this.#entries.keys()) if (which(key)) this.#entries.delete(key);
  }
}

/** The blocks of one list. */
export interface BlockList<T> {
  get(block: number, make: () => T): T;
  /** Makes room when the list is closed, instead of when others have pushed its blocks out. */
  forget(): void;
}

/** Unpacked blocks that are kept, of about 16,384 characters each: 64 MiB at two bytes a character. */
const BLOCKS = 2048;

/**
 * Unpacked blocks of many lists, at most so many of all together: a collection of many segments holds no more of them than one of
 * a single segment.
 */
export class BlockCache {
  readonly #blocks: LruCache<number, unknown>;
  #lists = 0;

  constructor(capacity: number = BLOCKS) {
    this.#blocks = new LruCache(capacity);
  }

  /** A part of the cache for one list, whose blocks are numbered from 0 on. */
  list<T>(): BlockList<T> {
    const first = this.#lists++ * 2 ** 32;
    return {
      get: (block, make) => this.#blocks.get(first + block, make) as T,
      forget: () => this.#blocks.forget((key) => key >= first && key < first + 2 ** 32),
    };
  }
}
