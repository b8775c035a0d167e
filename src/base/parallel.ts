/**
 * Work that threads may share: a setup that each of them gets once, and pieces that are done in any order. All threads know it by
 * its name. Results must depend on setup and piece alone, so that they are the same for any number of threads.
 *
 * Setups, pieces and results are copied from thread to thread as `structuredClone` copies, except for arrays that
 * {@link Parallel.sharedArray} gave: those are the same memory everywhere. Views of larger arrays that are not shared must be sliced.
 */
export interface Work<Setup, Piece, Result> {
  readonly name: string;
  /** @param thread tells the threads that have this setup apart: a number from 0 on, below {@link Parallel.threads}. */
  prepare(setup: Setup, thread: number): (piece: Piece) => Result | Promise<Result>;
}

/** Threads that were told a setup. */
export interface Team<Piece, Result> {
  /**
   * Does all pieces; results are in the order of pieces. Pieces are taken from the iterable when a thread is about to be free.
   * Several calls may run at once.
   *
   * @throws what a piece threw, or the signal's reason: pieces under way are finished, and the rest are left alone.
   */
  map(pieces: Iterable<Piece>, options?: { readonly signal?: AbortSignal | undefined }): Promise<Result[]>;
  /** Lets the threads forget the setup, once the pieces under way are done. */
  close(): void;
}

/** What work is given to: threads, or the calling thread ({@link ThisThread}). */
export interface Parallel {
  /** How many pieces run at once. */
  readonly threads: number;
  /** The array, or a copy of it, where all threads see the same memory. */
  sharedArray<A extends Float32Array | Uint32Array | Uint8Array>(array: A): A;
  start<Setup, Piece, Result>(work: Work<Setup, Piece, Result>, setup: Setup): Team<Piece, Result>;
}

/** Gives other tasks of the event loop a turn every 50 ms or so. */
export class Turns {
  #last = performance.now();

  /** Costs next to nothing when it is not time yet. @throws the signal's reason once it is aborted. */
  async give(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (performance.now() - this.#last < 50) return;
    await new Promise((resolve) => setTimeout(resolve));
    this.#last = performance.now();
    signal?.throwIfAborted();
  }
}

/** All work is done by the calling thread, piece after piece. Nothing is copied. */
export class ThisThread implements Parallel {
  readonly threads = 1;
  readonly #turns = new Turns();

  sharedArray<A extends Float32Array | Uint32Array | Uint8Array>(array: A): A {
    return array;
  }

  start<Setup, Piece, Result>(work: Work<Setup, Piece, Result>, setup: Setup): Team<Piece, Result> {
    const run = work.prepare(setup, 0);
    return {
      map: async (pieces, { signal } = {}) => {
        const results: Result[] = [];
        for (const piece of pieces) {
          await this.#turns.give(signal);
          results.push(await run(piece));
        }
        return results;
      },
      close: () => undefined,
    };
  }
}

/** `[0, size), [size, 2 size), ...` up to `count`. */
export function* pieces(count: number, size: number): Generator<{ readonly from: number; readonly to: number }> {
  for (let from = 0; from < count; from += size) yield { from, to: Math.min(count, from + size) };
}
