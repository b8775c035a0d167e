import { InvalidArgumentError } from '../base/errors.ts';
import { Vectors } from '../base/vectors.ts';
import { Arena } from '../kernels/index.ts';
import { LinearMap, transpose } from '../math/index.ts';
import { checkQuery, checkSample, checkTrained, checkVectors, codeCount } from './check.ts';
import type { Codec, Learned, Scorer, TrainOptions } from './codec.ts';
import { NOTHING, take } from './learned.ts';
import { HadamardRotation } from './rot.ts';
import { bitScorer } from './rows.ts';

/**
 * `rbin<m>x<levels>`: recurrent binarization (Gan et al. 2023, BEBR, https://arxiv.org/abs/2302.08714). A map gives `m` signs; what they
 * say of the vector is decoded and subtracted, and the signs of a map of the rest refine them by a half, and so on:
 *
 * `b = sign(W x)`; then for each further level `b += 2^-i sign(R_i (x - normalise(B_i b)))`.
 *
 * A code holds `m * levels` bits, plane after plane, bit `i` in bit `i % 8` of byte `i >> 3`, and from two levels on 2 more
 * bytes: the inverse length of `b`, which differs from code to code then. The score is the cosine of `b` with the float query's
 * `W q`, or with `symmetric` that of the query's own `b`: sums of small whole numbers, see {@link RecurrentBinary.compare}.
 * `train` knows no rankings and takes random rotations: then `rbin256x1` is about `bin256`. `learnBinary` of `sagitta-search/train` learns all
 * maps, and maps whose codes earlier versions' codes can be compared with.
 *
 * For inner products of vectors of equal length, and cosines.
 */
export class RecurrentBinary implements Codec {
  readonly spec: string;
  readonly codeSize: number;
  /** Bytes of the planes alone. */
  readonly #planes: number;
  #learned: Learned = NOTHING;
  #maps: { readonly first: LinearMap; readonly steps: readonly { back: LinearMap; rest: LinearMap }[] } | undefined;
  #back: LinearMap | undefined;
  #arena: Arena | undefined;

  /** @param m signs of a level. @param levels 1 to 4. */
  constructor(
    readonly dim: number,
    readonly m: number,
    readonly levels: number,
  ) {
    this.spec = `rbin${m}x${levels}`;
    if (!Number.isInteger(m) || m < 8 || m > 16 * dim || ![1, 2, 3, 4].includes(levels)) {
      throw new InvalidArgumentError(
        `${this.spec} makes ${m} signs on ${levels} levels of ${dim} components.`,
        `Choose 8 to ${16 * dim} signs and 1 to 4 levels.`,
      );
    }
    this.#planes = Math.ceil((m * levels) / 8);
    this.codeSize = this.#planes + (levels > 1 ? 2 : 0);
  }

  get trained(): boolean {
    return this.#maps !== undefined;
  }

  /** Whether queries are coded as documents are. */
  get symmetric(): boolean {
    return this.#learned.get('settings')?.[1] === 1;
  }

  async train(sample: Vectors, options: TrainOptions = {}): Promise<void> {
    checkVectors(sample, this.dim, 'training vectors');
    checkSample(sample, 1, this.spec);
    options.signal?.throwIfAborted();
    const first = rotations(this.dim, this.m, options.seed ?? 1234);
    const back = transpose(first, this.dim);
    const steps = Array.from({ length: this.levels - 1 }, (_, i): [string, Float32Array][] => [
      [`back${i}`, back],
      [`rest${i}`, first],
    ]);
    this.restore(new Map([['first', first], ...steps.flat(), ['settings', Float32Array.of(1, 0)]]));
    this.restore(this.fitted(sample.slice(0, Math.min(sample.count, 4096))));
    options.onProgress?.(1);
  }

  /** What was learned, with the length of decoded vectors that suits `sample` best (least squares). */
  fitted(sample: Vectors): Learned {
    const decoded = this.decode(this.encode(sample));
    let [inner, squared] = [0, 0];
    for (let i = 0; i < sample.data.length; i++) {
      inner += sample.data[i]! * decoded.data[i]!;
      squared += decoded.data[i]! ** 2;
    }
    const [scale, symmetric] = this.#learned.get('settings')!;
    const better = inner > 0 && squared > 0 ? Math.fround((scale! * inner) / squared) : scale!;
    return new Map([...this.#learned, ['settings', Float32Array.of(better, symmetric!)]]);
  }

  learned(): Learned {
    return this.#learned;
  }

  restore(learned: Learned): void {
    const { dim, m, levels } = this;
    const size = dim * m;
    const first = take(learned, 'first', size, this.spec);
    const steps = Array.from({ length: levels - 1 }, (_, i) => ({
      back: new LinearMap(take(learned, `back${i}`, size, this.spec), m),
      rest: new LinearMap(take(learned, `rest${i}`, size, this.spec), dim),
    }));
    take(learned, 'settings', 2, this.spec);
    this.#maps = { first: new LinearMap(first, dim), steps };
    this.#back = new LinearMap(transpose(first, dim), m);
    this.#learned = learned;
  }

  encode(vectors: Vectors): Uint8Array {
    checkTrained(this.trained, this.spec);
    checkVectors(vectors, this.dim, 'vectors');
    const { values, planes } = this.#recur(vectors);
    const { m, levels, codeSize } = this;
    const codes = new Uint8Array(vectors.count * codeSize);
    for (let v = 0; v < vectors.count; v++) {
      const start = v * codeSize;
      planes.forEach((plane, level) => {
        for (let i = 0, bit = level * m; i < m; i++, bit++) {
          if (plane[v * m + i]! > 0) codes[start + (bit >> 3)]! |= 1 << (bit & 7);
        }
      });
      if (levels === 1) continue;
      let squared = 0;
      for (let i = 0; i < m; i++) squared += values[v * m + i]! ** 2;
      const inverse = Math.max(1, Math.min(65_535, Math.round((65_535 * this.#least()) / Math.sqrt(squared))));
      codes[start + this.#planes] = inverse & 255;
      codes[start + this.#planes + 1] = inverse >> 8;
    }
    return codes;
  }

  /** The signed sums `b` of codes, multiples of `2^(1 - levels)`: what {@link decode} maps back. */
  values(codes: Uint8Array): Vectors {
    const { m, levels, codeSize } = this;
    const out = Vectors.zeros(codeCount(codes, codeSize), m);
    for (let v = 0; v < out.count; v++) {
      for (let level = 0, bit = 0; level < levels; level++) {
        for (let i = 0; i < m; i++, bit++) {
          const set = (codes[v * codeSize + (bit >> 3)]! >> (bit & 7)) & 1;
          out.data[v * m + i]! += set ? 2 ** -level : -(2 ** -level);
        }
      }
    }
    return out;
  }

  decode(codes: Uint8Array): Vectors {
    checkTrained(this.trained, this.spec);
    const values = this.values(codes);
    const scale = this.#learned.get('settings')![0]!;
    for (let v = 0; v < values.count; v++) {
      const row = values.row(v);
      const factor = scale * this.#inverse(codes, v);
      for (let i = 0; i < row.length; i++) row[i]! *= factor;
    }
    return this.#back!.apply(values);
  }

  scorer(query: Float32Array): Scorer {
    checkTrained(this.trained, this.spec);
    checkQuery(query, this.dim);
    const { m, levels, codeSize } = this;
    const seen = this.#seen(query);
    const bits = m * levels;
    const weights = Float32Array.from({ length: bits }, (_, bit) => seen[bit % m]! * 2 ** -Math.floor(bit / m));
    this.#arena ??= new Arena('baseline');
    const signs = bitScorer(this.#arena, weights, codeSize);
    return {
      score: (codes, count, out) => {
        signs.score(codes, count, out);
        for (let v = 0; v < count; v++) out[v]! *= this.#inverse(codes, v);
      },
    };
  }

  /**
   * Inner products of the values of one code with those of others, times `4^(levels - 1)`: whole numbers, by integer tables alone
   * (the symmetric distance of BEBR, section 3.4; the tables here are of a byte, 256 entries, where the paper's are of four bits).
   */
  compare(code: Uint8Array, codes: Uint8Array): Int32Array {
    const { m, levels, codeSize } = this;
    const own = this.values(code).row(0);
    const bytes = this.#planes;
    const tables = new Int16Array(256 * bytes);
    for (let byte = 0; byte < bytes; byte++) {
      for (let pattern = 0; pattern < 256; pattern++) {
        let sum = 0;
        for (let b = 0; b < 8; b++) {
          const bit = 8 * byte + b;
          if (bit >= m * levels) break;
          const weight = own[bit % m]! * 2 ** (2 * (levels - 1) - Math.floor(bit / m));
          sum += (pattern >> b) & 1 ? weight : -weight;
        }
        tables[256 * byte + pattern] = sum;
      }
    }
    return Int32Array.from({ length: codeCount(codes, codeSize) }, (_, v) => {
      let sum = 0;
      for (let byte = 0; byte < bytes; byte++) sum += tables[256 * byte + codes[v * codeSize + byte]!]!;
      return sum;
    });
  }

  /** What a query's weights are before the code's own length: of unit length where it is coded, so that scores are cosines. */
  #seen(query: Float32Array): Float32Array {
    const rows = new Vectors(query, this.dim);
    const scale = this.#learned.get('settings')![0]!;
    if (!this.symmetric) return this.#maps!.first.apply(rows).data.map((value) => value * scale);
    const { values } = this.#recur(rows);
    const length = Math.hypot(...values);
    return values.map((value) => value / length);
  }

  #recur(vectors: Vectors): { readonly values: Float32Array; readonly planes: readonly Float32Array[] } {
    const { first, steps } = this.#maps!;
    const { dim } = this;
    const planes = [signs(first.apply(vectors).data)];
    const values = planes[0]!.slice();
    steps.forEach(({ back, rest }, i) => {
      const seen = back.apply(new Vectors(values, this.m));
      for (let v = 0; v < vectors.count; v++) {
        const row = seen.row(v);
        let squared = 0;
        for (let c = 0; c < dim; c++) squared += row[c]! ** 2;
        const factor = squared === 0 ? 0 : 1 / Math.sqrt(squared);
        for (let c = 0; c < dim; c++) row[c] = vectors.data[v * dim + c]! - factor * row[c]!;
      }
      const plane = signs(rest.apply(seen).data);
      for (let j = 0; j < values.length; j++) values[j]! += 2 ** -(i + 1) * plane[j]!;
      planes.push(plane);
    });
    return { values, planes };
  }

  /** The least length that values can have. */
  #least(): number {
    return 2 ** (1 - this.levels) * Math.sqrt(this.m);
  }

  #inverse(codes: Uint8Array, v: number): number {
    if (this.levels === 1) return 1 / Math.sqrt(this.m);
    const at = v * this.codeSize + this.#planes;
    return (codes[at]! + 256 * codes[at + 1]!) / (65_535 * this.#least());
  }
}

/** 1 and -1; 1 for 0. */
function signs(data: Float32Array): Float32Array {
  return data.map((value) => (value >= 0 ? 1 : -1));
}

/** `m` rows of random rotations of `dim` components. */
function rotations(dim: number, m: number, seed: number): Float32Array {
  const out = new Float32Array(m * dim);
  const unit = Vectors.zeros(dim, dim);
  for (let i = 0; i < dim; i++) unit.row(i)[i] = 1;
  for (let from = 0; from < m; from += dim) {
    const columns = new HadamardRotation(dim, seed + from / dim).apply(unit);
    const width = columns.dim;
    for (let r = 0; r < Math.min(dim, m - from); r++) {
      for (let c = 0; c < dim; c++) out[(from + r) * dim + c] = columns.data[c * width + r]!;
    }
  }
  return out;
}
