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
  /** The same without blocking the thread, so that several come at once. Absent where nothing is gained by it. */
  fetch?(file: File, from: number, to: number): Promise<Uint8Array>;
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

/** Blocks `from` (inclusive) to `to` (exclusive) of a file, which are not here. */
interface Missing<File> extends Pick<Open<File>, 'file' | 'path' | 'size'> {
  readonly from: number;
  to: number;
}

/** What a read that is only to find out what is missing ends with. */
const MISSING = new Error('missing');
/** Times that reads are tried: an index, what it names, and what that names. */
const ROUNDS = 4;

/** Files whose blocks are kept once they were read, up to so many bytes of all of them; neighbouring ones are fetched together. */
export class RangedFiles<File> implements Files {
  readonly #open = new Map<number, Open<File>>();
  readonly #blocks: Recent<string, Uint8Array>;
  /** What was fetched ahead, until it was used. */
  readonly #held = new Map<string, Uint8Array>();
  /** What is missing, where reads are only to find that out. */
  #missing: Missing<File>[] | undefined;
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
      const kept = this.#block(path, block);
      if (kept !== undefined) {
        const from = at - block * BLOCK_BYTES;
        const piece = kept.subarray(from, Math.min(kept.byteLength, from + end - at));
        target.set(piece, at - position);
        at += piece.byteLength;
        continue;
      }
      let after = block + 1;
      while (after * BLOCK_BYTES < end && this.#block(path, after) === undefined) after++;
      if (this.#missing !== undefined) {
        this.#missing.push({ file, path, size, from: block, to: after });
        throw MISSING;
      }
      const start = block * BLOCK_BYTES;
      const bytes = this.ranges.read(file, start, Math.min(size, after * BLOCK_BYTES));
      for (let one = block; one < after; one++) {
        if (after - block > LONGEST_KEPT && one > block && one < after - 1) continue;
        this.#blocks.set(`${path} ${one}`, blockOf(bytes, one - block));
      }
      const piece = bytes.subarray(at - start, end - start);
      target.set(piece, at - position);
      at += piece.byteLength;
    }
    return Math.max(0, end - position);
  }

  /**
   * Runs what reads files, when what it reads is here: `reads`, which are tried for that, tell what is missing, and all of it is fetched at once. What they read depends
   * on what they have read before, so they are tried a few times. Where that does not suffice, `run` waits for each stretch.
   */
  async ahead<T>(reads: readonly (() => unknown)[], run: () => T): Promise<T> {
    const { fetch } = this.ranges;
    if (fetch === undefined) return run();
    const held: string[] = [];
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const missing = this.#missingOf(reads);
        if (missing.length === 0) break;
        const came = await Promise.allSettled(
          missing.map(async ({ file, path, size, from, to }) => {
            const bytes = await fetch.call(this.ranges, file, from * BLOCK_BYTES, Math.min(size, to * BLOCK_BYTES));
            for (let one = from; one < to; one++) {
              const key = `${path} ${one}`;
              this.#held.set(key, blockOf(bytes, one - from));
              held.push(key);
              if (to - from <= LONGEST_KEPT) this.#blocks.set(key, this.#held.get(key)!);
            }
          }),
        );
        for (const one of came) if (one.status === 'rejected') throw one.reason;
      }
      return run();
    } finally {
      for (const key of held) this.#held.delete(key);
    }
  }

  /** Stretches of blocks that the reads lack, neighbours together. */
  #missingOf(reads: readonly (() => unknown)[]): Missing<File>[] {
    const missing: Missing<File>[] = [];
    this.#missing = missing;
    try {
      for (const read of reads) {
        try {
          read();
        } catch {
          // What is wrong besides is told by who reads in earnest.
        }
      }
    } finally {
      this.#missing = undefined;
    }
    missing.sort((a, b) => (a.path === b.path ? a.from - b.from : a.path < b.path ? -1 : 1));
    const merged: Missing<File>[] = [];
    for (const one of missing) {
      const last = merged.at(-1);
      if (last === undefined || last.path !== one.path || last.to < one.from) merged.push({ ...one });
      else last.to = Math.max(last.to, one.to);
    }
    return merged;
  }

  #block(path: string, block: number): Uint8Array | undefined {
    const key = `${path} ${block}`;
    return this.#blocks.get(key) ?? this.#held.get(key);
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

function blockOf(bytes: Uint8Array, block: number): Uint8Array {
  return bytes.slice(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
}

/** An error like those of Node's file system. */
export function systemError(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall });
}
