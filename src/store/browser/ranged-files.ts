import { Recent } from '../../base/recent.ts';
import type { Files } from '../local/filesystem.ts';

/** What reads stretches of files that lie behind something slow, while the thread waits. */
export interface Ranges<File> {
  /** @throws an error of the code `ENOENT` where there is no such file. */
  open(path: string): {
    readonly file: File;
    readonly size: number /** Its first bytes, if they came along. */;
    readonly head?: Uint8Array;
  };
  /** All bytes from `from` (inclusive) to `to` (exclusive), which lie within the file. */
  read(file: File, from: number, to: number): Uint8Array;
  list(path: string): string[];
  stamp(path: string): string | undefined;
}

/** Bytes of a block: what is fetched at least. A vector and a compressed text lie in one or two. */
export const BLOCK_BYTES = 16_384;
/** Blocks that are fetched at once and kept; of longer stretches only the ends are, since their middle goes into an index. */
const LONGEST_KEPT = 16;
/** Bytes that are kept. */
const CACHE_BYTES = 32 * 2 ** 20;

interface Open<File> {
  readonly file: File;
  readonly size: number;
  /** Part of the names of its blocks: files that are opened again find theirs. */
  readonly path: string;
}

/** Files whose blocks are kept once they were read, up to so many bytes of all of them; neighbouring ones are fetched together. */
export class RangedFiles<File> implements Files {
  readonly #open = new Map<number, Open<File>>();
  readonly #blocks: Recent<string, Uint8Array>;
  #next = 1;

  /** @param cacheBytes that are kept at most. Default 32 MiB. */
  constructor(
    readonly ranges: Ranges<File>,
    cacheBytes = CACHE_BYTES,
  ) {
    this.#blocks = new Recent(Math.max(1, Math.floor(cacheBytes / BLOCK_BYTES)));
  }

  open(path: string): number {
    const { file, size, head } = this.ranges.open(path);
    if (head !== undefined && head.byteLength >= Math.min(size, BLOCK_BYTES)) {
      this.#blocks.set(`${path} 0`, head.slice(0, BLOCK_BYTES));
    }
    this.#open.set(this.#next, { file, size, path });
    return this.#next++;
  }

  size(file: number): number {
    return this.#open.get(file)!.size;
  }

  read(number: number, target: Uint8Array, position: number): number {
    const { file, size, path } = this.#open.get(number)!;
    const end = Math.min(size, position + target.byteLength);
    for (let at = position; at < end; ) {
      const block = Math.floor(at / BLOCK_BYTES);
      const kept = this.#blocks.get(`${path} ${block}`);
      if (kept !== undefined) {
        const from = at - block * BLOCK_BYTES;
        const piece = kept.subarray(from, Math.min(kept.byteLength, from + end - at));
        target.set(piece, at - position);
        at += piece.byteLength;
        continue;
      }
      let after = block + 1;
      while (after * BLOCK_BYTES < end && this.#blocks.get(`${path} ${after}`) === undefined) after++;
      const start = block * BLOCK_BYTES;
      const bytes = this.ranges.read(file, start, Math.min(size, after * BLOCK_BYTES));
      for (let one = block; one < after; one++) {
        if (after - block > LONGEST_KEPT && one > block && one < after - 1) continue;
        this.#blocks.set(`${path} ${one}`, bytes.slice((one - block) * BLOCK_BYTES, (one - block + 1) * BLOCK_BYTES));
      }
      const piece = bytes.subarray(at - start, end - start);
      target.set(piece, at - position);
      at += piece.byteLength;
    }
    return Math.max(0, end - position);
  }

  close(file: number): void {
    this.#open.delete(file);
  }

  list(path: string): string[] {
    return this.ranges.list(path);
  }

  stamp(path: string): string | undefined {
    return this.ranges.stamp(path);
  }

  /** What is kept of a file no longer counts: another has its name. */
  forget(path: string): void {
    this.#blocks.forget((key) => key.startsWith(`${path} `));
  }
}

/** An error like those of Node's file system. */
export function systemError(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall });
}
