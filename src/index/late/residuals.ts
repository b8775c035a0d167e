import { floatToHalf, halfToFloat } from '../../base/half.ts';
import type { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { Assigner } from '../../codec/index.ts';
import { encodeInt8 } from '../../kernels/index.ts';

/** Where a normal distribution is cut in four, and what stands for each part, in standard deviations (Max 1960). */
const CUT = 0.9816;
const LEVELS = Float32Array.of(-1.51, -0.4528, 0.4528, 1.51);

/** What residual codes of rows refer to. Rows are rotated before, so that their components are alike. */
export interface CodeBook {
  /** As they are kept, in whole steps of a byte. */
  readonly centroids: Vectors;
  /** For each centroid the standard deviation of its residuals' components: the unit of their levels. */
  readonly steps: Float32Array;
}

/** Rows that centroids are learned from, for each of them. */
export const SAMPLE_PER_CENTROID = 32;
const ROUNDS = 6;

/**
 * Learns centroids by Lloyd's rounds over a sample, from distinct rows of it. (`kMeans` cannot be interrupted by what shares the thread with the
 * writing of a segment, which goes in steps.)
 * @param sample at least as many rows as centroids.
 */
export function* learnBook(sample: Vectors, count: number, random: Random): Generator<void, CodeBook> {
  const { dim } = sample;
  const centroids = sample.pick(distinct(sample.count, count, random));
  const assigner = new Assigner(centroids, 'l2');
  let assignment: Uint32Array = new Uint32Array(0);
  for (let round = 0; round <= ROUNDS; round++) {
    assignment = yield* assigned(sample, assigner);
    if (round === ROUNDS) break;
    const sums = new Float64Array(count * dim);
    const sizes = new Uint32Array(count);
    for (let row = 0; row < sample.count; row++) {
      const at = assignment[row]! * dim;
      sizes[assignment[row]!]!++;
      const from = row * dim;
      for (let c = 0; c < dim; c++) sums[at + c]! += sample.data[from + c]!;
    }
    for (let i = 0; i < count; i++) {
      // One that nothing is near to starts anew from some row.
      if (sizes[i] === 0) centroids.row(i).set(sample.row(random.below(sample.count)));
      else for (let c = 0; c < dim; c++) centroids.data[i * dim + c] = sums[i * dim + c]! / sizes[i]!;
    }
    assigner.update();
    yield;
  }
  const codes = new Int8Array(dim);
  for (let i = 0; i < count; i++) {
    const row = centroids.row(i);
    const scale = encodeInt8(row, codes);
    for (let c = 0; c < dim; c++) row[c] = codes[c]! * scale;
  }
  return { centroids, steps: spreads(sample, assignment, centroids) };
}

/** The nearest centroid of each row. */
function* assigned(rows: Vectors, assigner: Assigner): Generator<void, Uint32Array> {
  const assignment = new Uint32Array(rows.count);
  for (let from = 0; from < rows.count; from += STEP) {
    const to = Math.min(rows.count, from + STEP);
    assignment.set(assigner.assign(rows.slice(from, to)).assignment, from);
    yield;
  }
  return assignment;
}

/** Rows between two yields. */
export const STEP = 4096;

function distinct(from: number, count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: from }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + random.below(from - i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order.subarray(0, count);
}

/** Standard deviations of residuals; of a centroid with few rows, mixed with that of all. */
function spreads({ data, dim }: Vectors, assignment: Uint32Array, centroids: Vectors): Float32Array {
  const sums = new Float64Array(centroids.count);
  const sizes = new Float64Array(centroids.count);
  for (let row = 0; row < assignment.length; row++) {
    const centroid = assignment[row]!;
    let sum = 0;
    for (let c = 0; c < dim; c++) sum += (data[row * dim + c]! - centroids.data[centroid * dim + c]!) ** 2;
    sums[centroid]! += sum / dim;
    sizes[centroid]!++;
  }
  const all = sums.reduce((total, one) => total + one, 0) / Math.max(1, assignment.length);
  return Float32Array.from(sums, (sum, i) => Math.max(1e-6, Math.sqrt((sum + FEW * all) / (sizes[i]! + FEW))));
}

const FEW = 8;

/** Codes of rows by a book. */
export class RowCoder {
  readonly #assigner: Assigner;

  constructor(private readonly book: CodeBook) {
    this.#assigner = new Assigner(book.centroids, 'l2');
  }

  /** The nearest centroid of each row. */
  assign(rows: Vectors): Uint32Array {
    return this.#assigner.assign(rows).assignment;
  }

  /**
   * Writes a record for each row: a scale (float16) that keeps products with what is like the row unbiased, and two bits for each component.
   * @param ids of their centroids. @param records `2 + ceil(dim / 4)` bytes for each.
   */
  encode({ data, dim, count }: Vectors, ids: ArrayLike<number>, records: Uint8Array): void {
    const { centroids, steps } = this.book;
    const bytes = 2 + Math.ceil(dim / 4);
    records.fill(0);
    for (let row = 0; row < count; row++) {
      const centroid = ids[row]! * dim;
      const step = steps[ids[row]!]!;
      const at = row * bytes + 2;
      let [own, mixed] = [0, 0];
      for (let c = 0; c < dim; c++) {
        const value = data[row * dim + c]!;
        const near = centroids.data[centroid + c]!;
        const level = (value - near) / step;
        const code = level < -CUT ? 0 : level < 0 ? 1 : level < CUT ? 2 : 3;
        records[at + (c >> 2)]! |= code << (2 * (c & 3));
        own += value * value;
        mixed += value * (near + step * LEVELS[code]!);
      }
      const half = floatToHalf(mixed > 0 ? Math.min(MOST_SCALE, own / mixed) : own === 0 ? 0 : 1);
      records[at - 2] = half & 255;
      records[at - 1] = half >> 8;
    }
  }
}

/** A row that is far off its code is not made any longer than this by its scale. */
const MOST_SCALE = 4;

/** Rows of records. @param ids of their centroids. */
export function decodeRows({ centroids, steps }: CodeBook, ids: ArrayLike<number>, records: Uint8Array): Vectors {
  const { dim } = centroids;
  const bytes = 2 + Math.ceil(dim / 4);
  const rows = Vectors.zeros(ids.length, dim);
  for (let row = 0; row < ids.length; row++) {
    const centroid = ids[row]! * dim;
    const at = row * bytes;
    const scale = halfToFloat(records[at]! | (records[at + 1]! << 8));
    const step = steps[ids[row]!]!;
    for (let c = 0; c < dim; c++) {
      const level = LEVELS[(records[at + 2 + (c >> 2)]! >> (2 * (c & 3))) & 3]!;
      rows.data[row * dim + c] = scale * (centroids.data[centroid + c]! + step * level);
    }
  }
  return rows;
}

/**
 * What the four levels of each byte contribute to the products with a query's vectors, in units of a step: 256 entries of `lanes` numbers for
 * each group of four components (`LateKernels.maxSimCodes`).
 */
export function levelTable({ data, dim, count }: Vectors, lanes: number): Float32Array {
  const groups = Math.ceil(dim / 4);
  const table = new Float32Array(groups * 256 * lanes);
  for (let g = 0; g < groups; g++) {
    for (let byte = 0; byte < 256; byte++) {
      const at = (g * 256 + byte) * lanes;
      for (let j = 0; j < 4 && 4 * g + j < dim; j++) {
        const level = LEVELS[(byte >> (2 * j)) & 3]!;
        for (let q = 0; q < count; q++) table[at + q]! += level * data[q * dim + 4 * g + j]!;
      }
    }
  }
  return table;
}
