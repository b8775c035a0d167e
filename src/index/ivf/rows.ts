import { type Address, Arena, type ArenaLoan, type KernelBuild } from '../../kernels/index.ts';

export interface RowOptions {
  readonly build?: KernelBuild | undefined;
  /** Keep rows in shared memory, with scratch space for so many other threads. Default 0: private memory. */
  readonly lend?: number | undefined;
}

/** Rows of another thread, and scratch space for this one. */
export interface LentRows {
  readonly scratch: ArenaLoan;
  readonly start: Address;
}

/** Scratch space of each of `threads` threads, in bytes. Pages that are not used cost nothing, but addresses are few. */
export function scratchBytes(threads: number): number {
  return Math.min(16 << 20, Math.floor((256 << 20) / threads));
}

/** Rows of one size, numbered from 0 on, in an arena of their own, so that they may grow at their end. */
export class RowMemory {
  readonly arena: Arena;
  readonly start: Address;
  /** For each other thread. */
  readonly lent: readonly LentRows[];
  #rows = 0;
  #capacity = 0;

  /** @param fixed bytes set aside once and for all, before the rows. @param lent rows to be seen through another arena. */
  constructor(
    readonly rowBytes: number,
    fixed: number,
    options: RowOptions = {},
    lent?: LentRows,
  ) {
    const { build, lend = 0 } = options;
    this.arena = lent === undefined ? new Arena(build, { shared: lend > 0 }) : Arena.attach(lent.scratch);
    this.fixed = this.arena.allocate(fixed);
    const loans = Array.from({ length: lend }, () => this.arena.lend(scratchBytes(lend)));
    const start = lent?.start ?? this.arena.allocate(0, 64);
    this.start = start;
    this.lent = loans.map((scratch) => ({ scratch, start }));
  }

  readonly fixed: Address;

  get bytes(): number {
    return this.rowBytes * this.#capacity;
  }

  /** Grows to `rows` rows, of zeros; from the second time on, to a quarter more than was there. */
  reserve(rows: number): void {
    const { rowBytes, arena, start } = this;
    if (rows > this.#capacity) {
      const target = Math.max(rows, Math.ceil(1.25 * this.#capacity));
      arena.allocate(rowBytes * (target - this.#capacity), 1);
      this.#capacity = target;
    }
    if (rows > this.#rows) {
      arena.u8(start + rowBytes * this.#rows, (rows - this.#rows) * rowBytes).fill(0);
      this.#rows = rows;
    }
  }

  /** Makes room for the rows with these numbers. */
  reserveFor(ids: ArrayLike<number>): void {
    this.reserve(end(ids));
  }

  /** A view of the first `rows` rows, until they grow. */
  u8(rows: number): Uint8Array {
    return this.arena.u8(this.start, rows * this.rowBytes);
  }
}

/** One more than the greatest number. */
export function end(ids: ArrayLike<number>): number {
  let most = -1;
  for (let i = 0; i < ids.length; i++) if (ids[i]! > most) most = ids[i]!;
  return most + 1;
}
