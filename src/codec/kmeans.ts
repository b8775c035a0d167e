import { InvalidArgumentError } from '../base/errors.ts';
import { type Parallel, pieces, type Team, ThisThread, type Work } from '../base/parallel.ts';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { type Address, Arena, packPanels, panelCount } from '../kernels/index.ts';
import { unitRow } from '../math/index.ts';
import { checkVectors } from './check.ts';
import type { TrainOptions } from './codec.ts';
import { Pace } from './pace.ts';

export interface KMeansOptions extends TrainOptions {
  /** Centroids to find, 1 or more and at most as many as vectors. */
  readonly k: number;
  /** Rounds of assignment and update at most; it stops early once assignments stand still. Default 12. */
  readonly iterations?: number;
  /** Only this many vectors per centroid are looked at, drawn at random. Default 256; 64 costs little quality. */
  readonly maxPointsPerCentroid?: number;
  /** Unit centroids that maximise inner products (vectors are taken as directions), for cosine. Default: false. */
  readonly spherical?: boolean;
  /**
   * `plus-plus` (default) seeds by k-means++ (Arthur & Vassilvitskii 2007), on at most 16 vectors per centroid and so at the
   * cost of a fraction of one iteration; `random` takes distinct vectors.
   */
  readonly seeding?: 'plus-plus' | 'random';
  /**
   * Even sizes: 0 (default) leaves them alone. Above, up to 1, centroids of clusters smaller than `balance / 4` of the largest
   * are moved into the largest, again and again, so that no list of an index is much longer than the others. Costs some error
   * where density is uneven; the last round is free again, so that sizes may drift a little.
   */
  readonly balance?: number;
}

export interface Clustering {
  /** `k` rows. */
  readonly centroids: Vectors;
  /** Mean squared distance of the vectors looked at to their centroid, in the last round. */
  readonly error: number;
  /** `k * sum(size^2) / count^2`: 1 for equal sizes, 2 when a probed list is twice as long as the mean. */
  readonly imbalance: number;
  readonly iterations: number;
}

/** Nearest centroids of many vectors, by the blocked kernels. Holds the centroids in an arena. */
export class Assigner {
  readonly #arena: Arena;
  readonly #panels: Address;
  readonly #biases: Address;
  readonly #k: number;
  readonly #padded: number;

  /**
   * @param metric `l2` assigns to the nearest centroid, `dot` to the one with the greatest inner product.
   * @param arena where centroids stay until they are released by the caller. Default: one of its own, whose results are the
   * same on every machine (baseline kernels).
   */
  constructor(
    readonly centroids: Vectors,
    readonly metric: 'l2' | 'dot',
    arena = new Arena('baseline'),
  ) {
    this.#arena = arena;
    this.#k = centroids.count;
    this.#padded = panelCount(this.#k);
    this.#panels = arena.allocate(4 * this.#padded * centroids.dim, 64);
    this.#biases = arena.allocate(4 * this.#padded, 64);
    this.update();
  }

  /** Takes the centroids as they are now. */
  update(): void {
    const { dim, data } = this.centroids;
    this.#arena.f32(this.#panels, this.#padded * dim).set(packPanels(data, dim));
    const biases = this.#arena.f32(this.#biases, this.#padded).fill(Number.NEGATIVE_INFINITY);
    for (let i = 0; i < this.#k; i++) {
      let squared = 0;
      if (this.metric === 'l2') for (let c = i * dim; c < (i + 1) * dim; c++) squared += data[c]! * data[c]!;
      biases[i] = -squared / 2;
    }
  }

  /**
   * @returns for each vector the number of its centroid, and `v . c` (`dot`) or `v . c - |c|^2 / 2` (`l2`); from the latter,
   * the squared distance is `|v|^2 - 2 * score`.
   */
  assign(vectors: Vectors): { readonly assignment: Uint32Array; readonly scores: Float32Array } {
    const assignment = new Uint32Array(vectors.count);
    const scores = new Float32Array(vectors.count);
    const { dim } = vectors;
    const chunk = Math.max(4, Math.floor(CHUNK_BYTES / (4 * dim)) & ~3);
    const mark = this.#arena.mark();
    try {
      const rows = this.#arena.allocate(4 * dim * Math.min(chunk, vectors.count));
      const out = this.#arena.allocate(4 * chunk);
      const best = this.#arena.allocate(4 * chunk);
      for (let from = 0; from < vectors.count; from += chunk) {
        const count = Math.min(chunk, vectors.count - from);
        this.#arena.f32(rows, count * dim).set(vectors.data.subarray(from * dim, (from + count) * dim));
        this.assignAt(rows, count, out, best);
        assignment.set(this.#arena.u32(out, count), from);
        scores.set(this.#arena.f32(best, count), from);
      }
    } finally {
      this.#arena.release(mark);
    }
    return { assignment, scores };
  }

  /** The same for rows that are in the arena already: numbers (uint32) to `out`, scores (float32) to `best`. */
  assignAt(rows: Address, count: number, out: Address, best: Address): void {
    const { dim } = this.centroids;
    this.#arena.f32(best, count).fill(Number.NEGATIVE_INFINITY);
    // So many centroids at a time stay in the second-level cache while the rows pass by.
    const group = Math.max(8, Math.floor(GROUP_BYTES / (4 * dim)) & ~7);
    const rowGroup = Math.max(4, Math.floor(GROUP_BYTES / (4 * dim)) & ~3);
    for (let row = 0; row < count; row += rowGroup) {
      for (let first = 0; first < this.#padded; first += group) {
        this.#arena.kernels.assignRows(
          rows + 4 * dim * row,
          4 * dim,
          Math.min(rowGroup, count - row),
          dim,
          this.#panels + 4 * dim * first,
          32 * dim,
          32,
          Math.min(group, this.#padded - first),
          this.#biases + 4 * first,
          first,
          out + 4 * row,
          best + 4 * row,
        );
      }
    }
  }
}

const CHUNK_BYTES = 1 << 20;
const GROUP_BYTES = 1 << 18;

/**
 * Lloyd's k-means on a sample. Empty clusters are repaired by splitting the largest in two. The result depends on vectors,
 * options and seed alone: training uses baseline kernels, which compute the same everywhere.
 *
 * @throws InvalidArgumentError for a `k` that is not a whole number from 1 to the number of vectors, components that are not
 * finite, and a zero vector where `spherical` is set.
 */
export async function kMeans(vectors: Vectors, options: KMeansOptions): Promise<Clustering> {
  const { k, seed = 1234, iterations = 12, maxPointsPerCentroid = 256, spherical = false } = options;
  if (!Number.isInteger(k) || k < 1) {
    throw new InvalidArgumentError(`k is ${k}.`, 'Pass a whole number of centroids, 1 or more.');
  }
  if (vectors.count < k) {
    throw new InvalidArgumentError(
      `${k} centroids cannot be learned from ${vectors.count} vectors.`,
      `Pass at least ${k} vectors, or ask for fewer centroids.`,
    );
  }
  checkVectors(vectors, vectors.dim, 'training vectors');
  const random = new Random(seed);
  const sample = drawSample(vectors, Math.max(k, Math.floor(k * maxPointsPerCentroid)), random);
  const points = spherical ? normalised(sample) : sample;
  const pace = new Pace(options);
  const centroids = seeds(points, k, options.seeding ?? 'plus-plus', random);
  const rounds = new Rounds(points, centroids, spherical ? 'dot' : 'l2', options);
  try {
    return await new Lloyd(points, rounds, spherical, options.balance ?? 0).run(iterations, pace);
  } finally {
    rounds.close();
  }
}

/** The nearest centroid of every vector, and scores, as {@link Assigner.assign} gives them. */
export async function nearestCentroids(
  vectors: Vectors,
  centroids: Vectors,
  metric: 'l2' | 'dot',
  options: Pick<TrainOptions, 'threads' | 'signal'> = {},
): Promise<{ readonly assignment: Uint32Array; readonly scores: Float32Array }> {
  const rounds = new Rounds(vectors, centroids, metric, options);
  try {
    await rounds.next();
    return { assignment: rounds.assignment.slice(), scores: rounds.scores.slice() };
  } finally {
    rounds.close();
  }
}

interface AssignSetup {
  readonly points: Float32Array;
  readonly dim: number;
  readonly centroids: Float32Array;
  readonly metric: 'l2' | 'dot';
  /** Written to by pieces, each at its own rows. */
  readonly assignment: Uint32Array;
  readonly scores: Float32Array;
}

interface AssignPiece {
  /** Centroids have changed when this has. */
  readonly round: number;
  readonly from: number;
  readonly to: number;
}

/** Assigns a stretch of the points to the centroids, all in memory that threads share. */
export const assignWork: Work<AssignSetup, AssignPiece, void> = {
  name: 'kmeans.assign',
  prepare: ({ points, dim, centroids, metric, assignment, scores }) => {
    const rows = new Vectors(points, dim);
    const assigner = new Assigner(new Vectors(centroids, dim), metric);
    let latest = 0;
    return ({ round, from, to }) => {
      if (round !== latest) assigner.update();
      latest = round;
      const found = assigner.assign(rows.slice(from, to));
      assignment.set(found.assignment, from);
      scores.set(found.scores, from);
    };
  },
};

/** Points of one piece of {@link assignWork}: some milliseconds of work. */
const PIECE = 2048;

/** Assigns the same points again and again, while centroids move. */
class Rounds {
  readonly centroids: Vectors;
  readonly assignment: Uint32Array;
  readonly scores: Float32Array;
  readonly #team: Team<AssignPiece, void>;
  #round = 0;

  /** @param centroids copied if need be: move those of this object. */
  constructor(
    private readonly points: Vectors,
    centroids: Vectors,
    metric: 'l2' | 'dot',
    private readonly options: Pick<TrainOptions, 'threads' | 'signal'>,
  ) {
    const { count, dim } = points;
    // A single piece is not worth the trip to another thread.
    const threads: Parallel = (count > PIECE ? options.threads : undefined) ?? new ThisThread();
    this.centroids = new Vectors(threads.sharedArray(centroids.data), dim);
    this.assignment = threads.sharedArray(new Uint32Array(count));
    this.scores = threads.sharedArray(new Float32Array(count));
    this.#team = threads.start(assignWork, {
      points: threads.sharedArray(points.data),
      dim,
      centroids: this.centroids.data,
      metric,
      assignment: this.assignment,
      scores: this.scores,
    });
  }

  /** Fills `assignment` and `scores` for the centroids as they are now. */
  async next(): Promise<void> {
    const round = this.#round++;
    const { signal } = this.options;
    const stretches = [...pieces(this.points.count, PIECE)].map((stretch) => ({ round, ...stretch }));
    await this.#team.map(stretches, { signal });
  }

  close(): void {
    this.#team.close();
  }
}

/** `count` rows drawn without replacement, in their old order; all of them, not copied, if there are no more. */
export function drawSample(vectors: Vectors, count: number, random: Random): Vectors {
  if (vectors.count <= count) return vectors;
  const sample = Vectors.zeros(count, vectors.dim);
  // Selection sampling (Knuth, Algorithm S): each row is taken with the share of what is wanted in what is left.
  let taken = 0;
  for (let i = 0; taken < count; i++) {
    if ((vectors.count - i) * random.next() < count - taken) sample.row(taken++).set(vectors.row(i));
  }
  return sample;
}

function normalised(vectors: Vectors): Vectors {
  const out = new Vectors(vectors.data.slice(), vectors.dim);
  for (let i = 0; i < out.count; i++) {
    if (!unitRow(out.row(i))) {
      throw new InvalidArgumentError(
        `Training vector ${i} is zero and has no direction.`,
        'Leave zero vectors out, or use Euclidean k-means.',
      );
    }
  }
  return out;
}

const SEEDING_POINTS = 16;

function seeds(points: Vectors, k: number, seeding: 'plus-plus' | 'random', random: Random): Vectors {
  if (seeding === 'random') return copy(drawSample(points, k, random));
  const candidates = drawSample(points, SEEDING_POINTS * k, random);
  const { count, dim } = candidates;
  const arena = new Arena('baseline');
  const rows = arena.put(candidates.data);
  const distances = arena.allocate(4 * count);
  const centroids = Vectors.zeros(k, dim);
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let chosen = random.below(count);
  for (let i = 0; ; i++) {
    centroids.row(i).set(candidates.row(chosen));
    if (i === k - 1) return centroids;
    arena.kernels.l2Rows(rows + 4 * dim * chosen, rows, count, dim, distances);
    const latest = arena.f32(distances, count);
    let total = 0;
    for (let p = 0; p < count; p++) {
      // On the sphere squared distance is 2 - 2 cos, so that both metrics weigh by it.
      if (latest[p]! < nearest[p]!) nearest[p] = latest[p]!;
      total += nearest[p]!;
    }
    let target = random.next() * total;
    chosen = 0;
    // Where fewer than k vectors are distinct, the weights are all 0: any one will do, and repair sees to the rest.
    if (total === 0) chosen = random.below(count);
    else {
      for (target -= nearest[0]!; chosen < count - 1 && target >= 0; target -= nearest[chosen]!) chosen++;
    }
  }
}

function copy(vectors: Vectors): Vectors {
  return new Vectors(vectors.data.slice(), vectors.dim);
}

/** Rounds without fewer than this share of changed assignments end the search. */
const STANDSTILL = 0.0005;

class Lloyd {
  readonly #sizes: Float64Array;
  readonly #squares: number;

  constructor(
    private readonly points: Vectors,
    private readonly rounds: Rounds,
    private readonly spherical: boolean,
    private readonly balance: number,
  ) {
    this.#sizes = new Float64Array(rounds.centroids.count);
    let squares = 0;
    for (const value of points.data) squares += value * value;
    this.#squares = squares;
  }

  async run(iterations: number, pace: Pace): Promise<Clustering> {
    const { points, rounds } = this;
    const { centroids } = rounds;
    let previous: Uint32Array | undefined;
    let error = 0;
    let done = 0;
    while (done < iterations) {
      await pace.step(done / iterations);
      await rounds.next();
      const assignment = rounds.assignment.slice();
      error = this.#error(assignment);
      this.#update(assignment);
      done++;
      const moved = done < iterations ? this.#level() : 0;
      let changed = 0;
      if (previous !== undefined) for (let i = 0; i < points.count; i++) if (assignment[i] !== previous[i]) changed++;
      if (previous !== undefined && changed <= STANDSTILL * points.count && moved === 0) break;
      previous = assignment;
    }
    await pace.step(1);
    let squared = 0;
    for (const size of this.#sizes) squared += size * size;
    const imbalance = (centroids.count * squared) / points.count ** 2;
    return { centroids: copy(centroids), error, imbalance, iterations: done };
  }

  /** Mean squared distance, from the scores of the assignment; also counts sizes. */
  #error(assignment: Uint32Array): number {
    const { points } = this;
    const { scores } = this.rounds;
    this.#sizes.fill(0);
    let total = this.#squares;
    for (let i = 0; i < points.count; i++) {
      const centroid = assignment[i]!;
      this.#sizes[centroid]!++;
      total -= 2 * scores[i]!;
    }
    // On the sphere the score is the inner product, without the centroid's squared norm of 1.
    if (this.spherical) total += points.count;
    return Math.max(0, total / points.count);
  }

  #update(assignment: Uint32Array): void {
    const { points } = this;
    const { centroids } = this.rounds;
    const { dim, data } = points;
    const sums = new Float64Array(centroids.data.length);
    for (let i = 0, at = 0; i < points.count; i++) {
      const start = assignment[i]! * dim;
      for (let c = start; c < start + dim; c++) sums[c]! += data[at++]!;
    }
    const empty: number[] = [];
    for (let c = 0; c < centroids.count; c++) {
      const size = this.#sizes[c]!;
      if (size === 0) {
        empty.push(c);
        continue;
      }
      const row = centroids.row(c);
      for (let i = 0; i < dim; i++) row[i] = sums[c * dim + i]! / size;
      if (this.spherical && !unitRow(row)) row.set(points.row(assignment.indexOf(c)));
    }
    for (const c of empty) this.#split(c);
  }

  /** Gives a centroid half of the largest cluster: both are moved a little, in opposite directions. */
  #split(spare: number): void {
    const sizes = this.#sizes;
    let largest = 0;
    for (let c = 1; c < sizes.length; c++) if (sizes[c]! > sizes[largest]!) largest = c;
    const [from, to] = [this.rounds.centroids.row(largest), this.rounds.centroids.row(spare)];
    let spread = 0;
    for (const value of from) spread = Math.max(spread, Math.abs(value));
    for (let i = 0; i < from.length; i++) {
      const shift = (i % 2 === 0 ? 1 : -1) * (spread === 0 ? 1e-6 : spread / 1024);
      to[i] = from[i]! + shift;
      from[i]! -= shift;
    }
    sizes[spare] = sizes[largest]! / 2;
    sizes[largest]! /= 2;
  }

  /** Moves centroids of the smallest clusters into the largest ones; returns how many. */
  #level(): number {
    const sizes = this.#sizes;
    let moved = 0;
    if (this.balance === 0) return moved;
    for (const small of [...sizes.keys()].sort((a, b) => sizes[a]! - sizes[b]!).slice(0, Math.ceil(sizes.length / 8))) {
      if (sizes[small]! * 4 >= this.balance * sizes.reduce((a, b) => Math.max(a, b), 0)) break;
      this.#split(small);
      moved++;
    }
    return moved;
  }
}
