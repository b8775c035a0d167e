import { InvalidArgumentError } from '../base/errors.ts';
import { ThisThread, type Work } from '../base/parallel.ts';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { type Address, Arena, pq4RowBytes } from '../kernels/index.ts';
import { checkQuery, checkSample, checkTrained, checkVectors, codeCount } from './check.ts';
import type { Codec, Learned, Scorer, TrainOptions } from './codec.ts';
import { drawSample, kMeans } from './kmeans.ts';
import { NOTHING, take } from './learned.ts';
import { Pace } from './pace.ts';

export interface PqOptions {
  /**
   * Score-aware assignment (Guo et al. 2020): errors along the vector count this many times as much as errors across it, since
   * those change inner products with the queries for which the vector matters. 1 (default): plain nearest centroids.
   * {@link anisotropyOf} gives the paper's choice. Encoding then costs about three times as much.
   */
  readonly anisotropy?: number;
  /** Names it `apq<M>x<bits>`, for the anisotropy that {@link anisotropyOf} gives. Default false. */
  readonly aware?: boolean;
  /** Rounds of k-means at most. Default 16. */
  readonly iterations?: number;
}

/**
 * Product quantization (Jégou, Douze & Schmid 2011): the components are cut into `m` consecutive parts, and each part is coded
 * as the nearest of 16 or 256 centroids. `m` need not divide `dim`: the first `dim % m` parts are one component longer.
 *
 * A code has `m` bytes (8 bits), or `ceil(m / 2)` (4 bits; the even part in the low nibble, and a 0 nibble at the end for an
 * odd `m`). Scores equal the inner product with the decoded vector. Memory: `4 * dim * centroids` bytes, twice.
 *
 * An index scans with the kernels of kernels/pq.ts: it puts {@link transposed} and {@link starts} into its arena, has
 * `tablesPq` make a query's tables, and packs 4-bit codes into blocks.
 */
export class ProductQuantizer implements Codec {
  readonly spec: string;
  readonly codeSize: number;
  /** Centroids of each part: 16 or 256. */
  readonly k: number;
  /** Part `j` is components `starts[j]` to `starts[j + 1] - 1`. */
  readonly starts: Uint32Array;
  readonly anisotropy: number;
  readonly #iterations: number;
  #transposed: Float32Array | undefined;
  #workshop: Workshop | undefined;

  /** @param m parts, 1 to `dim` and at most 512. @param bits of one part's code. */
  constructor(
    readonly dim: number,
    readonly m: number,
    readonly bits: 4 | 8,
    options: PqOptions = {},
  ) {
    const { aware = false, anisotropy = aware ? anisotropyOf(dim) : 1, iterations = 16 } = options;
    this.spec = `${aware ? 'a' : ''}pq${m}x${bits}`;
    if (!Number.isInteger(m) || m < 1 || m > Math.min(dim, MOST_PARTS)) {
      throw new InvalidArgumentError(
        `${this.spec} cuts ${dim} components into ${m} parts.`,
        `Choose a whole number of parts from 1 to ${Math.min(dim, MOST_PARTS)}.`,
      );
    }
    if (!(anisotropy >= 1) || !Number.isFinite(anisotropy)) {
      throw new InvalidArgumentError(`The anisotropy is ${anisotropy}.`, 'Pass a number, 1 or more.');
    }
    this.k = 1 << bits;
    this.codeSize = bits === 8 ? m : pq4RowBytes(m);
    this.anisotropy = anisotropy;
    this.#iterations = iterations;
    this.starts = partStarts(dim, m);
  }

  get trained(): boolean {
    return this.#transposed !== undefined;
  }

  /**
   * The centroids as `tablesPq` takes them: for each of the `dim` components its value in each of the `k` centroids of its part,
   * `dim * k` floats. Do not write to it.
   */
  get transposed(): Float32Array {
    checkTrained(this.trained, this.spec);
    return this.#transposed!;
  }

  async train(sample: Vectors, options: TrainOptions = {}): Promise<void> {
    checkVectors(sample, this.dim, 'training vectors');
    checkSample(sample, this.k, this.spec);
    const { seed = 1234, signal, threads = new ThisThread() } = options;
    const { dim, m, k, starts } = this;
    const pace = new Pace(options);
    const rows = drawSample(sample, Math.max(LEAST_SAMPLE, POINTS_PER_CENTROID * k), new Random(seed));
    const transposed = new Float32Array(dim * k);
    const team = threads.start(partWork, {
      rows: threads.sharedArray(rows.data),
      dim,
      k,
      iterations: this.#iterations,
    });
    try {
      // A few parts at a time, so that progress can be told.
      for (let first = 0; first < m; first += 4 * threads.threads) {
        await pace.step(first / m);
        const some = Array.from({ length: Math.min(4 * threads.threads, m - first) }, (_, i) => first + i);
        const parts = some.map((j) => ({ from: starts[j]!, to: starts[j + 1]!, seed: seed + j }));
        const learned = await team.map(parts, { signal });
        learned.forEach((centroids, i) => {
          transposeInto(centroids, k, transposed, starts[some[i]!]! * k);
        });
      }
    } finally {
      team.close();
    }
    await pace.step(1);
    this.#take(transposed);
  }

  learned(): Learned {
    return this.#transposed === undefined ? NOTHING : new Map([['centroids', this.#transposed]]);
  }

  restore(learned: Learned): void {
    this.#take(take(learned, 'centroids', this.dim * this.k, this.spec));
  }

  /**
   * @param directions score-aware assignment weighs errors along these (one a row) instead of the vectors themselves: the whole
   * vectors, where `vectors` are residuals.
   */
  encode(vectors: Vectors, directions: Vectors = vectors): Uint8Array {
    checkTrained(this.trained, this.spec);
    checkVectors(vectors, this.dim, 'vectors');
    if (directions !== vectors) checkVectors(directions, this.dim, 'directions');
    const codes = this.#shop().codes(vectors, this.anisotropy > 1 ? directions : undefined, this.anisotropy);
    return this.bits === 8 ? codes : nibbles(codes, this.m);
  }

  decode(codes: Uint8Array): Vectors {
    const transposed = this.transposed;
    const { m, k, starts, codeSize } = this;
    const vectors = Vectors.zeros(codeCount(codes, codeSize), this.dim);
    for (let v = 0; v < vectors.count; v++) {
      for (let j = 0; j < m; j++) {
        const code = this.bits === 8 ? codes[v * m + j]! : (codes[v * codeSize + (j >> 1)]! >> (4 * (j & 1))) & 15;
        for (let c = starts[j]!; c < starts[j + 1]!; c++) vectors.data[v * this.dim + c] = transposed[c * k + code]!;
      }
    }
    return vectors;
  }

  /**
   * One round of k-means in every part, from the centroids that there are, and the same vectors decoded with the new ones; for
   * training a rotation together with the quantizer.
   */
  improve(vectors: Vectors): Vectors {
    checkTrained(this.trained, this.spec);
    const { m, k, starts, dim } = this;
    const codes = this.#shop().codes(vectors, undefined, 1);
    const transposed = this.transposed.slice();
    const sizes = new Uint32Array(m * k);
    const sums = new Float64Array(dim * k);
    for (let v = 0; v < vectors.count; v++) {
      for (let j = 0; j < m; j++) {
        const code = codes[v * m + j]!;
        sizes[j * k + code]!++;
        for (let c = starts[j]!; c < starts[j + 1]!; c++) sums[c * k + code]! += vectors.data[v * dim + c]!;
      }
    }
    for (let j = 0; j < m; j++) {
      for (let c = starts[j]!; c < starts[j + 1]!; c++) {
        for (let i = 0; i < k; i++)
          if (sizes[j * k + i]! > 0) transposed[c * k + i] = sums[c * k + i]! / sizes[j * k + i]!;
      }
    }
    this.#take(transposed);
    return this.decode(this.bits === 8 ? codes : nibbles(codes, m));
  }

  scorer(query: Float32Array): Scorer {
    checkTrained(this.trained, this.spec);
    checkQuery(query, this.dim);
    const shop = this.#shop();
    const tables = shop.tables(query);
    return {
      score: (codes, count, out) => shop.score(tables, codes, count, out),
    };
  }

  /** Inner products of a query's parts with their centroids: `m * k` floats. */
  tables(query: Float32Array): Float32Array {
    checkTrained(this.trained, this.spec);
    checkQuery(query, this.dim);
    return this.#shop().tables(query);
  }

  #take(transposed: Float32Array): void {
    this.#transposed = transposed;
    this.#workshop = undefined;
  }

  #shop(): Workshop {
    this.#workshop ??= new Workshop(this);
    return this.#workshop;
  }
}

const MOST_PARTS = 512;
const POINTS_PER_CENTROID = 256;
/** With 16 centroids 256 points each are few, and more cost next to nothing. */
const LEAST_SAMPLE = 16_384;

/**
 * The weight of parallel errors that Guo et al. derive for vectors of `dim` components and inner products above `threshold`
 * (a share of the norm): (dim - 1) T^2 / (1 - T^2), the limit of their theorem 3.4 for many dimensions. 0.2 is their default;
 * at least 1.
 */
export function anisotropyOf(dim: number, threshold = 0.2): number {
  if (!(threshold >= 0 && threshold < 1)) {
    throw new InvalidArgumentError(`The threshold is ${threshold}.`, 'Pass a number from 0 to below 1.');
  }
  return Math.max(1, ((dim - 1) * threshold ** 2) / (1 - threshold ** 2));
}

/** Where each of `m` nearly equal parts of `dim` components begins, and the end. */
export function partStarts(dim: number, m: number): Uint32Array {
  return Uint32Array.from({ length: m + 1 }, (_, j) => j * Math.floor(dim / m) + Math.min(j, dim % m));
}

interface PartSetup {
  readonly rows: Float32Array;
  readonly dim: number;
  readonly k: number;
  readonly iterations: number;
}

interface Part {
  /** Components `from` to `to - 1`. */
  readonly from: number;
  readonly to: number;
  readonly seed: number;
}

/** Learns the centroids of one part of a product quantizer. */
export const partWork: Work<PartSetup, Part, Float32Array> = {
  name: 'pq.part',
  prepare: ({ rows, dim, k, iterations }) => {
    const whole = new Vectors(rows, dim);
    return async ({ from, to, seed }) => {
      const { centroids } = await kMeans(columns(whole, from, to), {
        k,
        seed,
        iterations,
        maxPointsPerCentroid: Number.POSITIVE_INFINITY,
      });
      return centroids.data;
    };
  },
};

/** Components `from` to `to - 1` of every row. */
function columns(vectors: Vectors, from: number, to: number): Vectors {
  const part = Vectors.zeros(vectors.count, to - from);
  for (let i = 0; i < vectors.count; i++) {
    const start = i * vectors.dim;
    part.data.set(vectors.data.subarray(start + from, start + to), i * (to - from));
  }
  return part;
}

function transposeInto(centroids: Float32Array, count: number, target: Float32Array, start: number): void {
  const dim = centroids.length / count;
  for (let i = 0; i < count; i++) for (let c = 0; c < dim; c++) target[start + c * count + i] = centroids[i * dim + c]!;
}

function nibbles(codes: Uint8Array, m: number): Uint8Array {
  const rows = new Uint8Array((codes.length / m) * pq4RowBytes(m));
  for (let v = 0, row = 0; v < codes.length; v += m) {
    for (let j = 0; j < m; j += 2) rows[row++] = codes[v + j]! | (j + 1 < m ? codes[v + j + 1]! << 4 : 0);
  }
  return rows;
}

/** The quantizer in an arena, and the kernels at work on it. Baseline kernels: codes are the same on every machine. */
class Workshop {
  readonly #arena = new Arena('baseline');
  readonly #centroids: Address;
  readonly #starts: Address;
  /** For each part its `k` values of -|centroid|^2 / 2. */
  readonly #biases: Address;
  readonly #squares: Address;

  constructor(private readonly pq: ProductQuantizer) {
    const { m, k, starts, transposed } = pq;
    this.#centroids = this.#arena.put(transposed);
    this.#starts = this.#arena.put(starts);
    const squares = new Float32Array(m * k);
    for (let j = 0; j < m; j++) {
      for (let i = 0; i < k; i++) {
        let sum = 0;
        for (let c = starts[j]!; c < starts[j + 1]!; c++) sum += transposed[c * k + i]! ** 2;
        squares[j * k + i] = sum;
      }
    }
    this.#squares = this.#arena.put(squares);
    this.#biases = this.#arena.put(squares.map((square) => -square / 2));
  }

  /** Codes, one a byte; score-aware where there are directions. */
  codes(vectors: Vectors, directions: Vectors | undefined, anisotropy: number): Uint8Array {
    const { m, dim } = this.pq;
    const arena = this.#arena;
    const codes = new Uint8Array(vectors.count * m);
    const chunk = Math.max(64, Math.floor(CHUNK_BYTES / (4 * dim)));
    const mark = arena.mark();
    try {
      const most = Math.min(chunk, vectors.count);
      const rows = arena.allocate(4 * dim * most, 64);
      const out = arena.allocate(4 * most);
      const best = arena.allocate(4 * most);
      for (let from = 0; from < vectors.count; from += chunk) {
        const count = Math.min(chunk, vectors.count - from);
        arena.f32(rows, count * dim).set(vectors.data.subarray(from * dim, (from + count) * dim));
        const part = codes.subarray(from * m, (from + count) * m);
        for (let j = 0; j < m; j++) this.#nearest(j, rows, count, out, best, part);
        if (directions !== undefined) {
          const same = directions === vectors;
          const along = same ? undefined : directions.slice(from, from + count);
          this.#descend(rows, along, count, anisotropy, part);
        }
      }
    } finally {
      arena.release(mark);
    }
    return codes;
  }

  #nearest(j: number, rows: Address, count: number, out: Address, best: Address, codes: Uint8Array): void {
    const { m, k, dim, starts } = this.pq;
    const start = starts[j]!;
    this.#arena.f32(best, count).fill(Number.NEGATIVE_INFINITY);
    this.#arena.kernels.assignRows(
      rows + 4 * start,
      4 * dim,
      count,
      starts[j + 1]! - start,
      this.#centroids + 4 * k * start,
      32,
      4 * k,
      k,
      this.#biases + 4 * k * j,
      0,
      out,
      best,
    );
    const winners = this.#arena.u32(out, count);
    for (let v = 0; v < count; v++) codes[v * m + j] = winners[v]!;
  }

  #descend(rows: Address, directions: Vectors | undefined, count: number, anisotropy: number, codes: Uint8Array): void {
    const { m, k, dim } = this.pq;
    const arena = this.#arena;
    const mark = arena.mark();
    try {
      const inner = arena.allocate(4 * m * k);
      const along = directions === undefined ? inner : arena.allocate(4 * m * k);
      const products = arena.allocate(4 * m);
      const coded = arena.put(codes);
      const others = directions === undefined ? rows : arena.put(directions.data);
      for (let v = 0; v < count; v++) {
        const row = rows + 4 * dim * v;
        const other = others + 4 * dim * v;
        const squared = squaredNorm(arena.f32(other, dim));
        if (squared === 0) continue;
        arena.kernels.tablesPq(row, this.#centroids, this.#starts, m, k, inner);
        if (directions !== undefined) arena.kernels.tablesPq(other, this.#centroids, this.#starts, m, k, along);
        arena.kernels.dotParts(row, other, this.#starts, m, products);
        const weight = (anisotropy - 1) / squared;
        arena.kernels.descendCodes(coded + m * v, m, k, inner, along, this.#squares, products, weight, PASSES);
      }
      codes.set(arena.u8(coded, codes.length));
    } finally {
      arena.release(mark);
    }
  }

  tables(query: Float32Array): Float32Array {
    const { m, k } = this.pq;
    const arena = this.#arena;
    const mark = arena.mark();
    try {
      const out = arena.allocate(4 * m * k);
      arena.kernels.tablesPq(arena.put(query), this.#centroids, this.#starts, m, k, out);
      return arena.f32(out, m * k).slice();
    } finally {
      arena.release(mark);
    }
  }

  score(tables: Float32Array, codes: Uint8Array, count: number, out: Float32Array): void {
    const { m, bits, codeSize } = this.pq;
    const arena = this.#arena;
    const mark = arena.mark();
    try {
      const chunk = Math.max(1, Math.floor(CHUNK_BYTES / codeSize));
      const t = arena.put(tables);
      const rows = arena.allocate(codeSize * Math.min(chunk, count));
      const scores = arena.allocate(4 * Math.min(chunk, count));
      for (let from = 0; from < count; from += chunk) {
        const some = Math.min(chunk, count - from);
        arena.u8(rows, some * codeSize).set(codes.subarray(from * codeSize, (from + some) * codeSize));
        arena.kernels[bits === 8 ? 'scorePq8' : 'scorePq4'](t, rows, some, m, 0, scores);
        out.set(arena.f32(scores, some), from);
      }
    } finally {
      arena.release(mark);
    }
  }
}

const CHUNK_BYTES = 1 << 20;
/** Coordinate descent rarely changes anything after the second round. */
const PASSES = 4;

function squaredNorm(vector: Float32Array): number {
  let sum = 0;
  for (let c = 0; c < vector.length; c++) sum += vector[c]! * vector[c]!;
  return sum;
}
