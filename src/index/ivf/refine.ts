import { invariant } from '../../base/errors.ts';
import type { Vectors } from '../../base/vectors.ts';
import type { Codec } from '../../codec/index.ts';
import { type Address, Arena, heapBytes, type KernelBuild, type Selection } from '../../kernels/index.ts';
import type { Metric } from '../../math/index.ts';
import { end, type LentRows, RowMemory, type RowOptions } from './rows.ts';

/** Candidates scored at once; between batches it is decided whether there is any use in going on. */
const BATCH = 32;

/** What candidates are scored again with: one vector, or one code of it, for every item number. */
export interface Refiner {
  /** Memory, in bytes. */
  readonly bytes: number;
  put(ids: ArrayLike<number>, vectors: Vectors): void;
  /**
   * The `k` best of the candidates (no id twice), equal scores by ascending id.
   *
   * @param estimates what is known of the candidates' scores, non-increasing: those that cannot reach the `k`-th best so far,
   * even if they were `margin` better, are not looked at.
   */
  best(query: Float32Array, candidates: Uint32Array, k: number, estimates: Float32Array, margin: number): Selection;
  /** Writes a row for every item number below `items`, one after the other; those never put hold zeros. */
  write(items: number, sink: (bytes: Uint8Array) => void): void;
}

/** Vectors that somebody else keeps, numbered like the items of an index. */
export interface VectorReader {
  /** Fills `target` with the vectors of these items, one after the other. @param ids ascending. */
  read(ids: Uint32Array, target: Float32Array<ArrayBuffer>): void;
}

/** Full precision in memory, `4 * dim` bytes an item. */
export class FullRefiner implements Refiner {
  readonly #rows: RowMemory;
  readonly #query: Address;
  readonly #scores: Address;

  constructor(
    private readonly dim: number,
    private readonly metric: Metric,
    options?: RowOptions,
    lent?: LentRows,
  ) {
    const fixed = 4 * (dim + BATCH);
    this.#rows = new RowMemory(4 * dim, fixed, options, lent);
    this.#query = this.#rows.fixed;
    this.#scores = this.#query + 4 * dim;
  }

  get bytes(): number {
    return this.#rows.bytes;
  }

  get lent(): readonly LentRows[] {
    return this.#rows.lent;
  }

  put(ids: ArrayLike<number>, vectors: Vectors): void {
    this.#rows.reserveFor(ids);
    const { dim } = this;
    const all = this.#rows.arena.f32(this.#rows.start, end(ids) * dim);
    for (let i = 0; i < ids.length; i++) all.set(vectors.row(i), ids[i]! * dim);
  }

  best(query: Float32Array, candidates: Uint32Array, k: number, estimates: Float32Array, margin: number): Selection {
    const { arena, start } = this.#rows;
    const { kernels } = arena;
    return bestOf(arena, candidates, k, estimates, margin, (ids, count) => {
      arena.f32(this.#query, this.dim).set(query);
      const score = this.metric === 'l2' ? kernels.l2RowsAt : kernels.dotRowsAt;
      score(this.#query, start, ids, count, this.dim, this.#scores);
      if (this.metric === 'l2') negate(arena.f32(this.#scores, count));
      return this.#scores;
    });
  }

  write(items: number, sink: (bytes: Uint8Array) => void): void {
    this.#rows.reserve(items);
    sink(this.#rows.u8(items));
  }

  /** @param fill receives the place for so many rows. */
  restore(rows: number, fill: (target: Float32Array) => void): void {
    this.#rows.reserve(rows);
    fill(this.#rows.arena.f32(this.#rows.start, rows * this.dim));
  }
}

/**
 * Full precision where it is, read for each candidate: nothing in memory. The index does not keep it: what it adds, the reader
 * must know already.
 */
export class ReadingRefiner implements Refiner {
  readonly bytes = 0;
  readonly #arena: Arena;
  readonly #query: Address;
  readonly #scores: Address;
  readonly #rows: Address;
  readonly #read: Float32Array<ArrayBuffer>;

  constructor(
    readonly reader: VectorReader,
    private readonly dim: number,
    private readonly metric: Metric,
    build?: KernelBuild,
  ) {
    this.#arena = new Arena(build);
    this.#query = this.#arena.allocate(4 * dim);
    this.#scores = this.#arena.allocate(4 * BATCH);
    this.#rows = this.#arena.allocate(4 * BATCH * dim);
    this.#read = new Float32Array(BATCH * dim);
  }

  put(): void {
    // The reader has them.
  }

  best(query: Float32Array, candidates: Uint32Array, k: number, estimates: Float32Array, margin: number): Selection {
    const arena = this.#arena;
    const { kernels } = arena;
    const { dim } = this;
    return bestOf(arena, candidates, k, estimates, margin, (ids, count) => {
      // Candidates of a batch come in any order; rows are read in theirs.
      const sorted = arena.u32(ids, count).sort();
      const vectors = this.#read.subarray(0, count * dim);
      this.reader.read(sorted.slice(), vectors);
      arena.f32(this.#rows, count * dim).set(vectors);
      arena.f32(this.#query, dim).set(query);
      const score = this.metric === 'l2' ? kernels.l2Rows : kernels.dotRows;
      score(this.#query, this.#rows, count, dim, this.#scores);
      if (this.metric === 'l2') negate(arena.f32(this.#scores, count));
      return this.#scores;
    });
  }

  write(): void {
    invariant(false, 'vectors that are kept elsewhere are not saved');
  }
}

/** Looks at candidates in batches, most promising first, until no more can be among the `k` best. */
function bestOf(
  arena: Arena,
  candidates: Uint32Array,
  k: number,
  estimates: Float32Array,
  margin: number,
  score: (ids: Address, count: number) => Address,
): Selection {
  const { kernels } = arena;
  const mark = arena.mark();
  try {
    const wanted = Math.min(k, candidates.length);
    const heap = arena.allocate(heapBytes(wanted), 8);
    const outIds = arena.allocate(4 * wanted);
    const outScores = arena.allocate(4 * wanted);
    const scratch = arena.allocate(heapBytes(wanted), 8);
    const all = arena.put(candidates);
    kernels.heapReset(heap, wanted);
    let least = Number.NEGATIVE_INFINITY;
    for (let from = 0; from < candidates.length; from += BATCH) {
      if (estimates[from]! + margin < least) break;
      const count = Math.min(BATCH, candidates.length - from);
      const ids = all + 4 * from;
      kernels.heapOfferIds(heap, score(ids, count), ids, count, 0);
      least = kernels.heapRank(heap, wanted, least, scratch);
    }
    const count = kernels.heapDrain(heap, outIds, outScores);
    return { ids: arena.u32(outIds, count).slice(), scores: arena.f32(outScores, count).slice() };
  } finally {
    arena.release(mark);
  }
}

function negate(scores: Float32Array): void {
  for (let i = 0; i < scores.length; i++) scores[i] = -scores[i]!;
}

/** A second code of the whole vectors, in memory. */
export class CodeRefiner implements Refiner {
  readonly #rows: RowMemory;
  #load: (() => void) | undefined;

  constructor(
    readonly codec: Codec,
    private readonly metric: Metric,
    options?: RowOptions,
    lent?: LentRows,
  ) {
    this.#rows = new RowMemory(codec.codeSize, 0, options, lent);
  }

  get bytes(): number {
    return this.#loaded().bytes;
  }

  get lent(): readonly LentRows[] {
    return this.#loaded().lent;
  }

  put(ids: ArrayLike<number>, vectors: Vectors): void {
    const rows = this.#loaded();
    rows.reserveFor(ids);
    const { codeSize } = this.codec;
    const codes = this.codec.encode(vectors);
    const all = rows.u8(end(ids));
    for (let i = 0; i < ids.length; i++) {
      all.set(codes.subarray(i * codeSize, (i + 1) * codeSize), ids[i]! * codeSize);
    }
  }

  best(query: Float32Array, candidates: Uint32Array, k: number): Selection {
    const { codeSize } = this.codec;
    const codes = new Uint8Array(candidates.length * codeSize);
    const all = this.#loaded().u8(end(candidates));
    candidates.forEach((id, i) => {
      codes.set(all.subarray(id * codeSize, (id + 1) * codeSize), i * codeSize);
    });
    const scores = new Float32Array(candidates.length);
    if (this.metric === 'l2') {
      const decoded = this.codec.decode(codes);
      for (let i = 0; i < scores.length; i++) scores[i] = -squaredDistance(query, decoded.row(i));
    } else {
      this.codec.scorer(query).score(codes, candidates.length, scores);
    }
    const order = [...scores.keys()]
      .sort((a, b) => scores[b]! - scores[a]! || candidates[a]! - candidates[b]!)
      .slice(0, k);
    return { ids: Uint32Array.from(order, (i) => candidates[i]!), scores: Float32Array.from(order, (i) => scores[i]!) };
  }

  write(items: number, sink: (bytes: Uint8Array) => void): void {
    const rows = this.#loaded();
    rows.reserve(items);
    sink(rows.u8(items));
  }

  /** @param fill receives the place for so many codes, when they are first needed. */
  restore(rows: number, fill: (target: Uint8Array) => void): void {
    this.#load = () => {
      this.#rows.reserve(rows);
      fill(this.#rows.u8(rows));
    };
  }

  #loaded(): RowMemory {
    this.#load?.();
    this.#load = undefined;
    return this.#rows;
  }
}

export function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += (a[c]! - b[c]!) ** 2;
  return sum;
}
