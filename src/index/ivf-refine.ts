import { invariant } from '../base/errors.ts';
import type { Vectors } from '../base/vectors.ts';
import type { Codec } from '../codec/index.ts';
import { type Address, Arena, heapBytes, type KernelBuild, type Selection } from '../kernels/index.ts';
import type { Metric } from './spec.ts';

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
  readonly #arena: Arena;
  readonly #query: Address;
  readonly #scores: Address;
  readonly #start: Address;
  #rows = 0;
  #capacity = 0;

  constructor(
    private readonly dim: number,
    private readonly metric: Metric,
    build?: KernelBuild,
  ) {
    this.#arena = new Arena(build);
    this.#query = this.#arena.allocate(4 * dim);
    this.#scores = this.#arena.allocate(4 * BATCH);
    this.#start = this.#arena.allocate(0, 64);
  }

  get bytes(): number {
    return 4 * this.dim * this.#capacity;
  }

  /** Grows to `rows` rows; from the second time on, to a quarter more than was there. */
  reserve(rows: number): void {
    if (rows > this.#capacity) {
      const target = Math.max(rows, Math.ceil(1.25 * this.#capacity));
      this.#arena.allocate(4 * this.dim * (target - this.#capacity), 4);
      this.#capacity = target;
    }
    if (rows > this.#rows) {
      this.#arena.f32(this.#start + 4 * this.dim * this.#rows, (rows - this.#rows) * this.dim).fill(0);
      this.#rows = rows;
    }
  }

  put(ids: ArrayLike<number>, vectors: Vectors): void {
    this.reserve(mostOf(ids) + 1);
    const { dim } = this;
    const all = this.#arena.f32(this.#start, this.#rows * dim);
    for (let i = 0; i < ids.length; i++) all.set(vectors.row(i), ids[i]! * dim);
  }

  best(query: Float32Array, candidates: Uint32Array, k: number, estimates: Float32Array, margin: number): Selection {
    const arena = this.#arena;
    const { kernels } = arena;
    return bestOf(arena, candidates, k, estimates, margin, (ids, count) => {
      arena.f32(this.#query, this.dim).set(query);
      const score = this.metric === 'l2' ? kernels.l2RowsAt : kernels.dotRowsAt;
      score(this.#query, this.#start, ids, count, this.dim, this.#scores);
      if (this.metric === 'l2') negate(arena.f32(this.#scores, count));
      return this.#scores;
    });
  }

  write(items: number, sink: (bytes: Uint8Array) => void): void {
    this.reserve(items);
    sink(this.#arena.u8(this.#start, 4 * this.dim * items));
  }

  /** @param fill receives the place for so many rows. */
  restore(rows: number, fill: (target: Float32Array) => void): void {
    this.reserve(rows);
    fill(this.#arena.f32(this.#start, rows * this.dim));
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
  #codes = new Uint8Array(0);
  #rows = 0;
  #load: (() => Uint8Array) | undefined;

  constructor(
    readonly codec: Codec,
    private readonly metric: Metric,
  ) {}

  get bytes(): number {
    return this.#loaded().byteLength;
  }

  reserve(rows: number): void {
    const codes = this.#loaded();
    const bytes = rows * this.codec.codeSize;
    if (bytes > codes.byteLength) {
      this.#codes = new Uint8Array(Math.max(bytes, Math.ceil(1.25 * codes.byteLength)));
      this.#codes.set(codes);
    }
    this.#rows = Math.max(this.#rows, rows);
  }

  put(ids: ArrayLike<number>, vectors: Vectors): void {
    this.reserve(mostOf(ids) + 1);
    const { codeSize } = this.codec;
    const codes = this.codec.encode(vectors);
    for (let i = 0; i < ids.length; i++) {
      this.#codes.set(codes.subarray(i * codeSize, (i + 1) * codeSize), ids[i]! * codeSize);
    }
  }

  best(query: Float32Array, candidates: Uint32Array, k: number): Selection {
    const { codeSize } = this.codec;
    const codes = new Uint8Array(candidates.length * codeSize);
    const all = this.#loaded();
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
    this.reserve(items);
    sink(this.#codes.subarray(0, items * this.codec.codeSize));
  }

  /** @param load gives the codes of so many rows, when they are first needed. */
  restore(rows: number, load: () => Uint8Array): void {
    this.#rows = rows;
    this.#load = load;
  }

  #loaded(): Uint8Array {
    if (this.#load !== undefined) {
      this.#codes = this.#load() as Uint8Array<ArrayBuffer>;
      this.#load = undefined;
    }
    return this.#codes;
  }
}

function mostOf(ids: ArrayLike<number>): number {
  let most = -1;
  for (let i = 0; i < ids.length; i++) if (ids[i]! > most) most = ids[i]!;
  return most;
}

export function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += (a[c]! - b[c]!) ** 2;
  return sum;
}
