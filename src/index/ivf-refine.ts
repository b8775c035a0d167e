import { invariant } from '../base/errors.ts';
import type { Vectors } from '../base/vectors.ts';
import type { Codec } from '../codec/index.ts';
import { type Address, Arena, heapBytes, type KernelBuild, type Selection } from '../kernels/index.ts';
import type { Metric } from './spec.ts';

/** Candidates scored at once; between batches it is decided whether there is any use in going on. */
const BATCH = 32;

/**
 * What candidates are scored again with: one vector, or one code of it, for every item number. Each has an arena of its own,
 * so that rows may grow at its end.
 */
export interface Refiner {
  readonly bytes: number;
  /** Rows that there is room for; those never put hold zeros. */
  readonly rows: number;
  put(ids: ArrayLike<number>, vectors: Vectors): void;
  /**
   * The `k` best of the candidates (no id twice), equal scores by ascending id.
   *
   * @param estimates what is known of the candidates' scores, non-increasing: those that cannot reach the `k`-th best so far,
   * even if they were `margin` better, are not looked at.
   */
  best(query: Float32Array, candidates: Uint32Array, k: number, estimates: Float32Array, margin: number): Selection;
  /** Everything, one row after the other. */
  save(): Uint8Array;
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

  get rows(): number {
    return this.#rows;
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
    const mark = arena.mark();
    try {
      const wanted = Math.min(k, candidates.length);
      const heap = arena.allocate(heapBytes(wanted), 8);
      const outIds = arena.allocate(4 * wanted);
      const outScores = arena.allocate(4 * wanted);
      const scratch = arena.allocate(heapBytes(wanted), 8);
      const all = arena.put(candidates);
      arena.f32(this.#query, this.dim).set(query);
      kernels.heapReset(heap, wanted);
      let least = Number.NEGATIVE_INFINITY;
      for (let from = 0; from < candidates.length; from += BATCH) {
        if (estimates[from]! + margin < least) break;
        const size = Math.min(BATCH, candidates.length - from);
        const ids = all + 4 * from;
        if (this.metric === 'l2') {
          kernels.l2RowsAt(this.#query, this.#start, ids, size, this.dim, this.#scores);
          const scores = arena.f32(this.#scores, size);
          for (let i = 0; i < size; i++) scores[i] = -scores[i]!;
        } else {
          kernels.dotRowsAt(this.#query, this.#start, ids, size, this.dim, this.#scores);
        }
        kernels.heapOfferIds(heap, this.#scores, ids, size, 0);
        least = kernels.heapRank(heap, wanted, least, scratch);
      }
      const count = kernels.heapDrain(heap, outIds, outScores);
      return { ids: arena.u32(outIds, count).slice(), scores: arena.f32(outScores, count).slice() };
    } finally {
      arena.release(mark);
    }
  }

  save(): Uint8Array {
    return this.#arena.u8(this.#start, 4 * this.dim * this.#rows).slice();
  }

  restore(bytes: Uint8Array): void {
    this.reserve(bytes.byteLength / (4 * this.dim));
    this.#arena.u8(this.#start, bytes.byteLength).set(bytes);
  }
}

/** A second code of the whole vectors. */
export class CodeRefiner implements Refiner {
  #codes = new Uint8Array(0);
  #rows = 0;

  constructor(
    readonly codec: Codec,
    private readonly metric: Metric,
  ) {}

  get bytes(): number {
    return this.#codes.byteLength;
  }

  get rows(): number {
    return this.#rows;
  }

  reserve(rows: number): void {
    const bytes = rows * this.codec.codeSize;
    if (bytes > this.#codes.byteLength) {
      const larger = new Uint8Array(Math.max(bytes, Math.ceil(1.25 * this.#codes.byteLength)));
      larger.set(this.#codes);
      this.#codes = larger;
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
    candidates.forEach((id, i) => {
      codes.set(this.#codes.subarray(id * codeSize, (id + 1) * codeSize), i * codeSize);
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

  save(): Uint8Array {
    return this.#codes.slice(0, this.#rows * this.codec.codeSize);
  }

  restore(bytes: Uint8Array): void {
    invariant(bytes.byteLength % this.codec.codeSize === 0, 'refinement codes are not whole');
    this.#codes = bytes.slice();
    this.#rows = bytes.byteLength / this.codec.codeSize;
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
