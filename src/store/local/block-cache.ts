/** The blocks of one list. */
export interface BlockList<T> {
  get(block: number, make: () => T): T;
  /** Makes room when the list is closed, instead of when others have pushed its blocks out. */
  forget(): void;
}

/** Unpacked blocks that are kept, of about 16,384 characters each: 64 MiB at two bytes a character. */
const BLOCKS = 2048;

/** A block that is kept, and whether it was asked for since it was last passed over. */
interface Kept {
  readonly list: (Kept | undefined)[];
  readonly block: number;
  readonly value: unknown;
  used: boolean;
}

/**
 * Unpacked blocks of many lists, at most so many of all together: a collection of many segments holds no more of them than one of
 * a single segment. Those that are used stay before those that are not, as in `Recent`; a list finds its own by their numbers, since ten
 * hits ask for thirty of them.
 */
export class BlockCache {
  /** A clock: the hand goes round, and takes the place of the first block that was not used since it came by. */
  readonly #clock: (Kept | undefined)[] = [];
  #hand = 0;

  constructor(readonly capacity: number = BLOCKS) {}

  /** A part of the cache for one list, whose blocks are numbered from 0 on. */
  list<T>(): BlockList<T> {
    const own: (Kept | undefined)[] = [];
    return {
      get: (block, make) => {
        const kept = own[block];
        if (kept !== undefined) {
          kept.used = true;
          return kept.value as T;
        }
        const value = make();
        const fresh = { list: own, block, value, used: false };
        own[block] = fresh;
        this.#keep(fresh);
        return value;
      },
      forget: () => {
        for (let at = 0; at < this.#clock.length; at++) {
          if (this.#clock[at]?.list === own) this.#clock[at] = undefined;
        }
        own.length = 0;
      },
    };
  }

  #keep(fresh: Kept): void {
    if (this.#clock.length < this.capacity) {
      this.#clock.push(fresh);
      return;
    }
    for (;;) {
      const at = this.#hand;
      this.#hand = (at + 1) % this.#clock.length;
      const before = this.#clock[at];
      if (before?.used === true) {
        before.used = false;
        continue;
      }
      if (before !== undefined) before.list[before.block] = undefined;
      this.#clock[at] = fresh;
      return;
    }
  }
}
