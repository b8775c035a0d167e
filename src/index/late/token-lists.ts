import type { Vectors } from '../../base/vectors.ts';
import { type Address, Arena, lanesOf } from '../../kernels/index.ts';
import { LinearMap } from '../../math/index.ts';
import { type CodeBook, levelTable } from './residuals.ts';

/** How a query's vectors stand to the centroids, prepared once for a search. */
export interface PreparedTokens {
  readonly count: number;
  readonly lanes: number;
  /** Products with each centroid: `count` for each. */
  readonly near: Vectors;
  /** The same as bytes, `lanes` for each, on one scale that has its least value at 0. */
  readonly bytes: Uint8Array;
}

/**
 * Items by the centroids of their rows: which to look at, and what they promise, without their codes. Memory: 2 bytes a row and 4 an item, and 4 for each
 * pair of a centroid and an item.
 */
export class TokenLists {
  readonly #arena = new Arena();
  readonly #ids: Address;
  readonly #offsets: Address;
  readonly #starts: Uint32Array;
  readonly #items: Uint32Array;

  constructor(
    readonly book: CodeBook,
    ids: Uint16Array,
    private readonly offsets: Uint32Array,
  ) {
    this.#ids = this.#arena.put(ids);
    this.#offsets = this.#arena.put(offsets);
    const count = book.centroids.count;
    this.#starts = new Uint32Array(count + 1);
    const visit = (found: (centroid: number, item: number) => void): void => {
      const last = new Int32Array(count).fill(-1);
      for (let item = 0; item + 1 < offsets.length; item++) {
        for (let row = offsets[item]!; row < offsets[item + 1]!; row++) {
          const centroid = ids[row]!;
          if (last[centroid] === item) continue;
          last[centroid] = item;
          found(centroid, item);
        }
      }
    };
    visit((centroid) => {
      this.#starts[centroid + 1]!++;
    });
    for (let i = 0; i < count; i++) this.#starts[i + 1]! += this.#starts[i]!;
    this.#items = new Uint32Array(this.#starts[count]!);
    const next = this.#starts.slice(0, count);
    visit((centroid, item) => {
      this.#items[next[centroid]!++] = item;
    });
  }

  /** @param query rotated as the rows are. */
  prepare(query: Vectors): PreparedTokens {
    const { count } = query;
    const lanes = lanesOf(count);
    const near = new LinearMap(query.data, query.dim).apply(this.book.centroids);
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of near.data) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const unit = most > least ? 255 / (most - least) : 0;
    const bytes = new Uint8Array(near.count * lanes);
    for (let i = 0; i < near.count; i++) {
      for (let q = 0; q < count; q++) bytes[i * lanes + q] = Math.round((near.data[i * count + q]! - least) * unit);
    }
    return { count, lanes, near, bytes };
  }

  /**
   * Items in the lists of the centroids that are nearest to any of the query's vectors, ascending.
   * @param probes lists for each of the vectors.
   */
  candidates({ near, count }: PreparedTokens, probes: number, wanted: (item: number) => boolean): Uint32Array {
    const seen = new Uint8Array(this.offsets.length - 1);
    const probed = new Uint8Array(near.count);
    for (let q = 0; q < count; q++) for (const centroid of this.#nearest(near, q, probes)) probed[centroid] = 1;
    let found = 0;
    for (let centroid = 0; centroid < near.count; centroid++) {
      if (probed[centroid] === 0) continue;
      for (let i = this.#starts[centroid]!; i < this.#starts[centroid + 1]!; i++) {
        const item = this.#items[i]!;
        if (seen[item] !== 0) continue;
        seen[item] = wanted(item) ? 1 : 2;
        if (seen[item] === 1) found++;
      }
    }
    const items = new Uint32Array(found);
    for (let item = 0, i = 0; item < seen.length; item++) if (seen[item] === 1) items[i++] = item;
    return items;
  }

  #nearest({ data, count: centroids, dim: count }: Vectors, q: number, probes: number): Uint32Array {
    const best = new Float32Array(probes).fill(Number.NEGATIVE_INFINITY);
    const which = new Uint32Array(probes);
    let held = 0;
    for (let i = 0; i < centroids; i++) {
      const value = data[i * count + q]!;
      if (held === probes && value <= best[held - 1]!) continue;
      let at = held < probes ? held++ : held - 1;
      for (; at > 0 && best[at - 1]! < value; at--) {
        best[at] = best[at - 1]!;
        which[at] = which[at - 1]!;
      }
      best[at] = value;
      which[at] = i;
    }
    return which.subarray(0, held);
  }

  /** Items in the order of what their rows' centroids promise, best first, equal ones ascending; at most `most`. @param items ascending. */
  promising({ bytes, lanes }: PreparedTokens, items: Uint32Array, most: number): Uint32Array {
    const arena = this.#arena;
    const mark = arena.mark();
    try {
      const at = arena.put(items);
      const table = arena.put(bytes);
      const out = arena.allocate(4 * items.length);
      arena.kernels.maxSimCentroids(at, items.length, this.#offsets, this.#ids, table, lanes, out);
      const sums = arena.i32(out, items.length);
      // The sum stands above the place, so that one sort of numbers orders both.
      const keys = Float64Array.from(sums, (sum, i) => -sum * 2 ** 32 + i).sort();
      const chosen = new Uint32Array(Math.min(most, items.length));
      for (let i = 0; i < chosen.length; i++) chosen[i] = items[((keys[i]! % 2 ** 32) + 2 ** 32) % 2 ** 32]!;
      return chosen;
    } finally {
      arena.release(mark);
    }
  }
}

/** Scores items by their codes (`LateKernels.maxSimCodes`). Prepared once for a query, closed after. */
export class CodeScorer {
  readonly #arena = new Arena('baseline');
  readonly #near: Address;
  readonly #steps: Address;
  readonly #table: Address;
  readonly #lanes: number;
  readonly #groups: number;

  /** @param query rotated as the rows are. */
  constructor(
    { centroids, steps }: CodeBook,
    private readonly query: Vectors,
  ) {
    const { count, dim } = query;
    this.#lanes = lanesOf(count);
    this.#groups = Math.ceil(dim / 4);
    const products = new LinearMap(query.data, dim).apply(centroids);
    const near = new Float32Array(centroids.count * this.#lanes);
    for (let i = 0; i < centroids.count; i++) near.set(products.row(i), i * this.#lanes);
    this.#near = this.#arena.put(near);
    this.#steps = this.#arena.put(steps);
    this.#table = this.#arena.put(levelTable(query, this.#lanes));
  }

  /** MaxSim of the query and an item of one row at least. @param records as `RowCoder.encode` makes them. @param scales those in them. */
  score(ids: Uint16Array, scales: Float32Array, records: Uint8Array): number {
    const arena = this.#arena;
    const mark = arena.mark();
    try {
      const best = arena.put(new Float32Array(this.#lanes).fill(Number.NEGATIVE_INFINITY));
      const [id, scale, code] = [arena.put(ids), arena.put(scales), arena.put(records)];
      arena.kernels.maxSimCodes(
        code + 2,
        2 + this.#groups,
        id,
        scale,
        ids.length,
        this.#groups,
        this.#near,
        this.#steps,
        this.#table,
        this.#lanes,
        best,
      );
      let sum = 0;
      for (const value of arena.f32(best, this.query.count)) sum += value;
      return Math.fround(sum);
    } finally {
      arena.release(mark);
    }
  }
}
