import { InvalidArgumentError } from '../base/errors.ts';
import { Vectors } from '../base/vectors.ts';
import { Arena } from '../kernels/index.ts';
import { checkQuery, checkVectors, codeCount } from './check.ts';
import type { Codec, Learned, Scorer, TrainOptions } from './codec.ts';
import { HadamardRotation } from './rot.ts';
import { scoreInPieces } from './rows.ts';

/** A scorer that also says how far off it may be. */
export interface BoundedScorer extends Scorer {
  /**
   * For each code a bound on the error of its score, which holds with a probability that grows with `confidence`: for 1.9, the
   * paper's choice, about 94 of 100 scores are within it. It is proportional to `confidence`.
   */
  bound(codes: Uint8Array, count: number, out: Float32Array, confidence?: number): void;
}

/**
 * `rabitq<bits>`: 1 to 4 bits a component after a random rotation, with an unbiased estimate of inner products.
 *
 * From Gao & Long, "RaBitQ" (SIGMOD 2024): the rotated direction is replaced by the nearest vector y of a grid, and the inner
 * product is estimated as `|x| (y . q) / (y . u)` for the direction u = x / |x|; over random rotations the estimate is unbiased,
 * and its error stays below `|x| |q| sqrt((1 - c^2) / c^2) * e / sqrt(dim - 1)`, c being the cosine of u and y, with a probability
 * of 1 - 2 exp(-c0 e^2). From Gao et al., "Practical and asymptotically optimal quantization" (SIGMOD 2025): more than one bit, with
 * the grid {-(2^B - 1) / 2, .., (2^B - 1) / 2}, and the code chosen by the greatest cosine over rescalings of the grid. Here
 * 12 rescalings are tried and the best refined one component at a time, where the paper enumerates all that matter; and the
 * rotation is the fast one of {@link HadamardRotation} instead of a uniformly random one.
 *
 * Scores equal the inner product with the decoded vector, which is thus a little longer than the nearest one would be. A code is
 * `bits` planes of `ceil(dim / 4)` nibbles, the most significant first, in `ceil(bits * ceil(dim / 4) / 2)` bytes, and 8 bytes
 * for the length's factor and the bound's, float32. Centre vectors first (`center,rabitq1`): the estimate is unbiased anyway,
 * but its error is proportional to their length.
 */
export class RaBitQ implements Codec {
  readonly spec: string;
  readonly codeSize: number;
  readonly trained = true;
  readonly #rotation: HadamardRotation;
  /** Nibbles of one plane. */
  readonly #plane: number;
  #arena: Arena | undefined;

  constructor(
    readonly dim: number,
    readonly bits: number,
  ) {
    this.spec = `rabitq${bits}`;
    if (!Number.isInteger(bits) || bits < 1 || bits > 4) {
      throw new InvalidArgumentError(`${this.spec} has ${bits} bits a component.`, 'Choose 1, 2, 3 or 4.');
    }
    this.#plane = Math.ceil(dim / 4);
    this.codeSize = Math.ceil((bits * this.#plane) / 2) + 8;
    this.#rotation = new HadamardRotation(dim);
  }

  /** Draws another rotation; there is nothing to learn. */
  async train(sample: Vectors, options: TrainOptions = {}): Promise<void> {
    await this.#rotation.train(sample, options);
  }

  learned(): Learned {
    return this.#rotation.learned();
  }

  restore(learned: Learned): void {
    this.#rotation.restore(learned);
  }

  encode(vectors: Vectors): Uint8Array {
    checkVectors(vectors, this.dim, 'vectors');
    const rotated = this.#rotation.apply(vectors);
    const codes = new Uint8Array(vectors.count * this.codeSize);
    const factors = new DataView(codes.buffer);
    const levels = new Uint8Array(this.dim);
    for (let v = 0; v < vectors.count; v++) {
      const x = rotated.row(v);
      nearestLevels(x, this.bits, levels);
      const start = v * this.codeSize;
      this.#write(levels, codes.subarray(start, start + this.codeSize - 8));
      const middle = ((1 << this.bits) - 1) / 2;
      let [xx, xy, yy] = [0, 0, 0];
      for (let c = 0; c < this.dim; c++) {
        const y = levels[c]! - middle;
        xx += x[c]! * x[c]!;
        xy += x[c]! * y;
        yy += y * y;
      }
      // A zero vector has a factor of 0, and so scores 0.
      factors.setFloat32(start + this.codeSize - 8, xx === 0 ? 0 : xx / xy, true);
      const error = xx === 0 ? 0 : Math.sqrt(Math.max(0, (xx * yy) / (xy * xy) - 1) * xx);
      factors.setFloat32(start + this.codeSize - 4, error / Math.sqrt(Math.max(1, this.dim - 1)), true);
    }
    return codes;
  }

  decode(codes: Uint8Array): Vectors {
    const grid = Vectors.zeros(codeCount(codes, this.codeSize), this.dim);
    const factors = new DataView(codes.buffer, codes.byteOffset, codes.byteLength);
    const middle = ((1 << this.bits) - 1) / 2;
    for (let v = 0; v < grid.count; v++) {
      const start = v * this.codeSize;
      const factor = factors.getFloat32(start + this.codeSize - 8, true);
      for (let c = 0; c < this.dim; c++) {
        let level = 0;
        for (let p = 0; p < this.bits; p++) {
          const nibble = p * this.#plane + (c >> 2);
          const bit = (codes[start + (nibble >> 1)]! >> (4 * (nibble & 1) + (c & 3))) & 1;
          level = 2 * level + bit;
        }
        grid.data[v * this.dim + c] = factor * (level - middle);
      }
    }
    return this.#rotation.invert(grid);
  }

  scorer(query: Float32Array): BoundedScorer {
    checkQuery(query, this.dim);
    const { codeSize } = this;
    const nibbles = this.bits * this.#plane;
    const tables = this.#tables(this.#rotation.project(query).query);
    this.#arena ??= new Arena('baseline');
    const arena = this.#arena;
    let squared = 0;
    for (const value of query) squared += value * value;
    const length = Math.sqrt(squared);
    return {
      score: (codes, count, out) => {
        scoreInPieces(arena, codes, codeSize, count, out, () => {
          const prepared = arena.put(tables);
          return (rows, some, scores) => arena.kernels.scoreNibbles(prepared, rows, codeSize, some, nibbles, 0, scores);
        });
        const factors = new DataView(codes.buffer, codes.byteOffset, codes.byteLength);
        for (let v = 0, at = codeSize - 8; v < count; v++, at += codeSize) out[v]! *= factors.getFloat32(at, true);
      },
      bound: (codes, count, out, confidence = 1.9) => {
        const factors = new DataView(codes.buffer, codes.byteOffset, codes.byteLength);
        for (let v = 0, at = codeSize - 4; v < count; v++, at += codeSize) {
          out[v] = confidence * length * factors.getFloat32(at, true);
        }
      },
    };
  }

  /** What each nibble adds to y . q: bits of plane p, from the most significant on, weigh 2^(bits - 1 - p), or its half negated. */
  #tables(query: Float32Array): Float32Array {
    const tables = new Float32Array(16 * this.bits * this.#plane);
    for (let p = 0; p < this.bits; p++) {
      const weight = 2 ** (this.bits - 1 - p) / 2;
      for (let n = 0; n < this.#plane; n++) {
        for (let code = 0; code < 16; code++) {
          let sum = 0;
          for (let b = 0; b < 4 && 4 * n + b < this.dim; b++)
            sum += (code >> b) & 1 ? query[4 * n + b]! : -query[4 * n + b]!;
          tables[16 * (p * this.#plane + n) + code] = weight * sum;
        }
      }
    }
    return tables;
  }

  #write(levels: Uint8Array, code: Uint8Array): void {
    for (let p = 0; p < this.bits; p++) {
      for (let c = 0; c < this.dim; c++) {
        const nibble = p * this.#plane + (c >> 2);
        code[nibble >> 1]! |= ((levels[c]! >> (this.bits - 1 - p)) & 1) << (4 * (nibble & 1) + (c & 3));
      }
    }
  }
}

const RESCALINGS = 12;

/** The levels 0 to 2^bits - 1 whose grid vector has the greatest cosine with `x`, nearly. */
function nearestLevels(x: Float32Array, bits: number, levels: Uint8Array): void {
  const most = (1 << bits) - 1;
  if (bits === 1) {
    for (let c = 0; c < x.length; c++) levels[c] = x[c]! >= 0 ? 1 : 0;
    return;
  }
  const middle = most / 2;
  let largest = 0;
  for (const value of x) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) {
    levels.fill(0);
    return;
  }
  let [best, bestScale] = [Number.NEGATIVE_INFINITY, 1];
  for (let i = 0; i < RESCALINGS; i++) {
    // From a grid that just reaches the largest component to one that clips all but the middle.
    const scale = ((middle + 0.5) / largest) * 1.25 ** (i / 1.2);
    let [xy, yy] = [0, 0];
    for (let c = 0; c < x.length; c++) {
      const y = Math.max(0, Math.min(most, Math.floor(x[c]! * scale + middle + 0.5))) - middle;
      xy += x[c]! * y;
      yy += y * y;
    }
    const cosine = xy / Math.sqrt(yy);
    if (cosine > best) [best, bestScale] = [cosine, scale];
  }
  let [xy, yy] = [0, 0];
  for (let c = 0; c < x.length; c++) {
    levels[c] = Math.max(0, Math.min(most, Math.floor(x[c]! * bestScale + middle + 0.5)));
    const y = levels[c]! - middle;
    xy += x[c]! * y;
    yy += y * y;
  }
  // One level up or down, wherever that raises the cosine; it converges in a round or two.
  for (let round = 0, changed = true; changed && round < 3; round++) {
    changed = false;
    for (let c = 0; c < x.length; c++) {
      for (const move of [-1, 1]) {
        const next = levels[c]! + move;
        if (next < 0 || next > most) continue;
        const y = levels[c]! - middle;
        const product = xy + move * x[c]!;
        const squared = yy + 2 * move * y + 1;
        if (product > 0 && product * product * yy > xy * xy * squared * (1 + 1e-9)) {
          levels[c] = next;
          xy = product;
          yy = squared;
          changed = true;
        }
      }
    }
  }
}
