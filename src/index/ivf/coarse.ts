import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { Assigner, kMeans, nearestCentroids, type TrainOptions } from '../../codec/index.ts';
import {
  type Address,
  Arena,
  drainHeap,
  encodeInt8,
  heapBytes,
  paddedDim,
  quantizeQuery,
} from '../../kernels/index.ts';
import { stratified } from './items.ts';

/** What is learned of the lists: enough to make them again. */
export interface CoarseParameters {
  readonly centroids: Vectors;
  /** Root mean square of one component of the residuals, for each list. */
  readonly spreads: Float32Array;
  /** How much spread counts against closeness where lists are ranked. */
  readonly reach: number;
}

/** Sums for the distances of queries whose neighbours are known; see {@link calibrate}. */
const REACHES = [0, 1, 2, 3, 4, 5, 6];
const CALIBRATION = { base: 16_384, queries: 200, neighbours: 10, share: 0.95 } as const;
/** Vectors per list that k-means looks at, and its rounds: more gain little recall. */
const POINTS_PER_LIST = 64;
const ROUNDS = 10;
/** From so many lists on, they are ranked by 8-bit products. */
const LEAST_CODED = 128;
/** Candidates among which a vector's second list is chosen. */
const SPILL_CANDIDATES = 16;
/** Weight of the part of the second residual that is parallel to the first (lambda in Sun et al. 2023). */
const SPILL_LAMBDA = 1;

/**
 * The lists' centroids: assigns vectors to lists, and ranks lists for a query.
 *
 * A list is worth probing for its best vector, not for its mean. The greatest inner product in list l is about
 * `q . c + reach * |q| * spread`, where the spread is that of a component of the list's residuals: how many standard
 * deviations the neighbours of a query lie out. So lists that are loose come before tight ones of the same centroid, which
 * saves about a third of the codes scanned for GloVe vectors at recall 0.95. `reach` is learned from the training sample.
 */
export class Coarse {
  readonly lists: number;
  readonly dim: number;
  /** `|c|^2 / 2` of each centroid. */
  readonly halfNorms: Float32Array;
  readonly #arena: Arena;
  /** Rows of `width` floats: the centroid, then what a query's additional component multiplies, then zeros. */
  readonly #table: Address;
  readonly #width: number;
  #assigner: Assigner | undefined;
  readonly #query: Address;
  readonly #scores: Address;
  /** The table once more in 8 bits, where many lists make the float products the greater part of a search. */
  readonly #coded: { readonly rows: Address; readonly scales: Address; readonly query: Address } | undefined;

  /** @param arena holds the table, besides whatever else; ranking takes scratch space of it. */
  constructor(
    readonly parameters: CoarseParameters,
    private readonly l2: boolean,
    arena: Arena,
  ) {
    const { centroids, spreads, reach } = parameters;
    this.lists = centroids.count;
    this.dim = centroids.dim;
    this.#arena = arena;
    this.#width = Math.ceil((this.dim + 1) / 4) * 4;
    const table = Vectors.zeros(this.lists, this.#width);
    this.halfNorms = new Float32Array(this.lists);
    for (let list = 0; list < this.lists; list++) {
      const centroid = centroids.row(list);
      table.row(list).set(centroid);
      this.halfNorms[list] = squaredNorm(centroid) / 2;
      table.row(list)[this.dim] = l2 ? -this.halfNorms[list]! : reach * spreads[list]!;
    }
    this.#table = arena.put(table.data);
    this.#query = arena.allocate(4 * this.#width, 64);
    this.#scores = arena.allocate(4 * this.lists, 64);
    this.#coded = !l2 && this.lists >= LEAST_CODED ? this.#encode(table) : undefined;
  }

  #encode(table: Vectors) {
    const codes = new Int8Array(table.data.length);
    const scales = new Float32Array(table.count);
    for (let i = 0; i < table.count; i++) {
      scales[i] = encodeInt8(table.row(i), codes.subarray(i * table.dim, (i + 1) * table.dim));
    }
    const arena = this.#arena;
    return { rows: arena.put(codes), scales: arena.put(scales), query: arena.allocate(2 * paddedDim(table.dim), 64) };
  }

  /** Bytes of the table. */
  get bytes(): number {
    return (this.#coded === undefined ? 4 : 5) * this.#width * this.lists;
  }

  /**
   * The `wanted` most promising lists, best first; a smaller number gives the beginning of the same order.
   *
   * @returns `bases[i]`: `q . c` of the list, or for l2 `q . c - |c|^2 / 2`.
   */
  rank(query: Float32Array, wanted: number): { readonly lists: Uint32Array; readonly bases: Float32Array } {
    if (this.lists === 1) return { lists: Uint32Array.of(0), bases: this.#only(query) };
    const arena = this.#arena;
    const squared = squaredNorm(query);
    const padded = arena.f32(this.#query, this.#width);
    padded.set(query);
    padded[this.dim] = this.l2 ? 1 : Math.sqrt(squared);
    const mark = arena.mark();
    try {
      const heap = arena.allocate(heapBytes(wanted), 8);
      arena.kernels.heapReset(heap, wanted);
      return this.l2
        ? this.#rankByDistance(squared, heap, wanted)
        : this.#rankByProduct(Math.sqrt(squared), heap, wanted);
    } finally {
      arena.release(mark);
    }
  }

  #rankByProduct(norm: number, heap: Address, wanted: number) {
    const arena = this.#arena;
    const { kernels } = arena;
    const { lists } = this;
    const width = this.#width;
    const { spreads, reach } = this.parameters;
    let ids: Uint32Array;
    let bases: Float32Array;
    if (this.#coded === undefined) {
      kernels.dotRows(this.#query, this.#table, lists, width, this.#scores);
      kernels.heapOfferAll(heap, this.#scores, lists, 0, 0);
      ({ ids, scores: bases } = drainHeap(arena, heap, wanted));
    } else {
      const { rows, scales, query } = this.#coded;
      const padded = arena.f32(this.#query, width);
      // The step of the query scales all scores alike.
      quantizeQuery(padded, arena.i16(query, paddedDim(width)));
      kernels.scanInt8(query, rows, scales, lists, width, 0, 0, heap);
      ids = drainHeap(arena, heap, wanted).ids;
      kernels.dotRowsAt(this.#query, this.#table, arena.put(ids), ids.length, width, this.#scores);
      bases = arena.f32(this.#scores, ids.length).slice();
    }
    for (let i = 0; i < ids.length; i++) bases[i]! -= reach * spreads[ids[i]!]! * norm;
    return { lists: ids, bases };
  }

  #rankByDistance(squared: number, heap: Address, wanted: number) {
    const arena = this.#arena;
    const { dim, lists } = this;
    const { spreads, reach } = this.parameters;
    arena.kernels.dotRows(this.#query, this.#table, lists, this.#width, this.#scores);
    const scores = arena.f32(this.#scores, lists);
    const plain = scores.slice();
    if (reach > 0) {
      // Of the nearest vector in a list at distance d: d^2 + dim spread^2 - 2 reach d spread, about.
      for (let l = 0; l < lists; l++) {
        const distance = Math.sqrt(Math.max(0, squared - 2 * scores[l]!));
        scores[l] = scores[l]! + reach * distance * spreads[l]! - (dim * spreads[l]! ** 2) / 2;
      }
    }
    arena.kernels.heapOfferAll(heap, this.#scores, lists, 0, 0);
    const { ids } = drainHeap(arena, heap, wanted);
    return { lists: ids, bases: Float32Array.from(ids, (list) => plain[list]!) };
  }

  #only(query: Float32Array): Float32Array {
    const centroid = this.parameters.centroids.row(0);
    let sum = this.l2 ? -this.halfNorms[0]! : 0;
    for (let c = 0; c < this.dim; c++) sum += query[c]! * centroid[c]!;
    return Float32Array.of(sum);
  }

  /** The nearest list of every vector, by Euclidean distance. */
  assign(vectors: Vectors): Uint32Array {
    if (this.lists === 1) return new Uint32Array(vectors.count);
    this.#assigner ??= new Assigner(this.parameters.centroids, 'l2');
    return this.#assigner.assign(vectors).assignment;
  }

  /** The same, the work being shared. */
  async assignOn(vectors: Vectors, options: Pick<TrainOptions, 'threads' | 'signal'>): Promise<Uint32Array> {
    if (this.lists === 1) return new Uint32Array(vectors.count);
    return (await nearestCentroids(vectors, this.parameters.centroids, 'l2', options)).assignment;
  }

  /**
   * A second list for every vector, one that is near in another direction than the first: it will be close to the queries
   * for which the first looks worse than it is. Minimises `|r'|^2 + (r' . r / |r|)^2` of the two residuals (SOAR, Sun et al.
   * 2023, equation 4 with lambda 1), among the nearest lists.
   */
  spill(vectors: Vectors, first: Uint32Array): Uint32Array {
    const second = new Uint32Array(vectors.count);
    const arena = this.#arena;
    const { centroids } = this.parameters;
    const { dim, lists, halfNorms } = this;
    const residual = new Float32Array(dim);
    for (let v = 0; v < vectors.count; v++) {
      const vector = vectors.row(v);
      const own = first[v]!;
      const mark = arena.mark();
      const heap = arena.allocate(heapBytes(SPILL_CANDIDATES), 8);
      const padded = arena.f32(this.#query, this.#width);
      padded.set(vector);
      padded[dim] = 0;
      arena.kernels.dotRows(this.#query, this.#table, lists, this.#width, this.#scores);
      const scores = arena.f32(this.#scores, lists);
      for (let l = 0; l < lists; l++) scores[l]! -= halfNorms[l]!;
      arena.kernels.heapReset(heap, SPILL_CANDIDATES);
      arena.kernels.heapOfferAll(heap, this.#scores, lists, 0, 0);
      const near = drainHeap(arena, heap, SPILL_CANDIDATES).ids;
      arena.release(mark);
      let squared = 0;
      const centroid = centroids.row(own);
      for (let c = 0; c < dim; c++) {
        residual[c] = vector[c]! - centroid[c]!;
        squared += residual[c]! ** 2;
      }
      let least = Number.POSITIVE_INFINITY;
      second[v] = own;
      for (const list of near) {
        if (list === own) continue;
        const other = centroids.row(list);
        let distance = 0;
        let parallel = 0;
        for (let c = 0; c < dim; c++) {
          const difference = vector[c]! - other[c]!;
          distance += difference * difference;
          parallel += difference * residual[c]!;
        }
        const loss = distance + (squared > 0 ? (SPILL_LAMBDA * parallel * parallel) / squared : 0);
        if (loss < least) {
          least = loss;
          second[v] = list;
        }
      }
    }
    return second;
  }

  /** Vectors minus the centroids of their lists. */
  residuals(vectors: Vectors, assignment: Uint32Array): Vectors {
    const { dim } = this;
    const centroids = this.parameters.centroids.data;
    const out = new Float32Array(vectors.data.length);
    for (let v = 0, at = 0; v < vectors.count; v++) {
      const start = assignment[v]! * dim;
      for (let c = 0; c < dim; c++, at++) out[at] = vectors.data[at]! - centroids[start + c]!;
    }
    return new Vectors(out, dim);
  }
}

/** One list for everything, around the origin. */
export function singleList(dim: number): CoarseParameters {
  return { centroids: Vectors.zeros(1, dim), spreads: new Float32Array(1), reach: 0 };
}

/** Learns `lists` centroids, their spreads, and the reach. */
export async function trainCoarse(
  sample: Vectors,
  lists: number,
  l2: boolean,
  options: TrainOptions & { readonly seed: number },
): Promise<CoarseParameters> {
  const { centroids } = await kMeans(sample, {
    ...options,
    k: lists,
    iterations: ROUNDS,
    maxPointsPerCentroid: POINTS_PER_LIST,
  });
  return coarseAround(sample, centroids, l2, options);
}

/** Spreads and reach of centroids that are known already. */
export async function coarseAround(
  sample: Vectors,
  centroids: Vectors,
  l2: boolean,
  options: TrainOptions & { readonly seed: number },
): Promise<CoarseParameters> {
  const random = new Random(options.seed);
  const some = stratified(sample, Math.max(CALIBRATION.base, 8 * centroids.count), random);
  const { assignment, scores } = await nearestCentroids(some, centroids, 'l2', options);
  const { sizes, spreads } = spread(some, centroids, assignment, scores);
  return { centroids, spreads, reach: calibrate(some, centroids, spreads, sizes, assignment, l2) };
}

/** Sizes of lists, and root mean squares of their residuals' components; the mean of all where a list has few vectors. */
function spread(vectors: Vectors, centroids: Vectors, assignment: Uint32Array, scores: Float32Array) {
  const sizes = new Uint32Array(centroids.count);
  const sums = new Float64Array(centroids.count);
  let total = 0;
  for (let v = 0; v < vectors.count; v++) {
    const squared = Math.max(0, squaredNorm(vectors.row(v)) - 2 * scores[v]!);
    sizes[assignment[v]!]!++;
    sums[assignment[v]!]! += squared;
    total += squared;
  }
  const mean = total / vectors.count;
  // A prior of four vectors with the mean steadies the estimate of small lists.
  const spreads = Float32Array.from(sums, (sum, l) => Math.sqrt((sum + 4 * mean) / (sizes[l]! + 4) / vectors.dim));
  return { sizes, spreads };
}

/**
 * The reach with which the neighbours of sample vectors are met after scanning the fewest codes: for each candidate, how many
 * codes are scanned until 95 % of all neighbours were seen.
 */
function calibrate(
  base: Vectors,
  centroids: Vectors,
  spreads: Float32Array,
  sizes: Uint32Array,
  assignment: Uint32Array,
  l2: boolean,
): number {
  const arena = new Arena('baseline');
  const coarse = REACHES.map((reach) => new Coarse({ centroids, spreads, reach }, l2, arena));
  const queries = Math.min(CALIBRATION.queries, base.count);
  const neighbours = Math.min(CALIBRATION.neighbours, base.count - 1);
  if (centroids.count === 1 || neighbours < 1) return 0;
  const rows = arena.put(base.data);
  const scores = arena.allocate(4 * base.count);
  const heap = arena.allocate(heapBytes(neighbours + 1), 8);
  const costs: number[][] = REACHES.map(() => []);
  for (let q = 0; q < queries; q++) {
    // Evenly spaced, so that a sorted sample does no harm.
    const row = Math.floor((q * base.count) / queries);
    const query = rows + 4 * base.dim * row;
    if (l2) arena.kernels.l2Rows(query, rows, base.count, base.dim, scores);
    else arena.kernels.dotRows(query, rows, base.count, base.dim, scores);
    const values = arena.f32(scores, base.count);
    if (l2) for (let i = 0; i < values.length; i++) values[i] = -values[i]!;
    arena.kernels.heapReset(heap, neighbours + 1);
    arena.kernels.heapOfferAll(heap, scores, base.count, 0, 0);
    const near = [...drainHeap(arena, heap, neighbours + 1).ids].filter((id) => id !== row);
    const homes = new Map<number, number>();
    for (const id of near) homes.set(assignment[id]!, (homes.get(assignment[id]!) ?? 0) + 1);
    coarse.forEach((ranking, r) => {
      let scanned = 0;
      let missing = near.length;
      for (const list of ranking.rank(base.row(row), centroids.count).lists) {
        scanned += sizes[list]!;
        const here = homes.get(list) ?? 0;
        for (let i = 0; i < here; i++) costs[r]!.push(scanned);
        missing -= here;
        if (missing === 0) break;
      }
    });
  }
  const totals = costs.map((all) => all.sort((a, b) => a - b)[Math.floor(CALIBRATION.share * (all.length - 1))] ?? 0);
  return REACHES[totals.indexOf(Math.min(...totals))]!;
}

function squaredNorm(vector: Float32Array): number {
  let sum = 0;
  for (let c = 0; c < vector.length; c++) sum += vector[c]! * vector[c]!;
  return sum;
}
