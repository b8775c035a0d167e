import { Recent } from '../../base/recent.ts';

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
  readonly #blocks: Recent<number, unknown>;
  #lists = 0;

  constructor(capacity: number = BLOCKS) {
    this.#blocks = new Recent(capacity);
  }

  /** A part of the cache for one list, whose blocks are numbered from 0 on. */
  list<T>(): BlockList<T> {
    const first = this.#lists++ * 2 ** 32;
    return {
      get: (block, make) => {
        let value = this.#blocks.get(first + block);
        if (value === undefined) {
          value = make();
          this.#blocks.set(first + block, value);
        }
        return value as T;
      },
      forget: () => this.#blocks.forget((key) => key >= first && key < first + 2 ** 32),
    };
  }
}
