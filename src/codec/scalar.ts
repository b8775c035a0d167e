import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { Arena } from '../kernels/index.ts';
import { checkQuery, checkSample, checkTrained, checkVectors, codeCount } from './check.ts';
import type { Codec, Learned, Scorer, TrainOptions } from './codec.ts';
import { drawSample } from './kmeans.ts';
import { NOTHING, take } from './learned.ts';
import { scoreInPieces } from './rows.ts';

/**
 * `sq8`, `sq4`: every component on its own, in 256 or 16 even steps over a range of its own. The range is learned: that of the
 * sample and a twentieth more for 8 bits; for 4 bits drawn in at both ends as far as that lowers the squared error, so that
 * outliers are clipped. Scores equal the inner product
 * with the decoded vector. `dim` bytes a vector, or `ceil(dim / 2)`, even components in the low nibble.
 *
 * A 4-bit code is also a product-quantizer code of `dim` parts: {@link tables} feed the kernels of kernels/pq.ts.
 */
export class ScalarQuantizer implements Codec {
  readonly spec: string;
  readonly codeSize: number;
  readonly #levels: number;
  #ranges: { readonly low: Float32Array; readonly step: Float32Array } | undefined;
  #arena: Arena | undefined;

  constructor(
    readonly dim: number,
    readonly bits: 4 | 8,
  ) {
    this.spec = `sq${bits}`;
    this.codeSize = bits === 8 ? dim : (dim + 1) >> 1;
    this.#levels = 1 << bits;
  }

  get trained(): boolean {
    return this.#ranges !== undefined;
  }

  async train(sample: Vectors, options: TrainOptions = {}): Promise<void> {
    checkVectors(sample, this.dim, 'training vectors');
    checkSample(sample, 1, this.spec);
    options.signal?.throwIfAborted();
    const rows = drawSample(sample, this.bits === 8 ? 65_536 : 8_192, new Random(options.seed ?? 1234));
    const low = new Float32Array(this.dim);
    const step = new Float32Array(this.dim);
    const values = new Float32Array(rows.count);
    for (let c = 0; c < this.dim; c++) {
      for (let i = 0; i < rows.count; i++) values[i] = rows.data[i * this.dim + c]!;
      const range = bestRange(values, this.bits);
      low[c] = range.low;
      step[c] = range.step;
    }
    this.#ranges = { low, step };
    options.onProgress?.(1);
  }

  learned(): Learned {
    return this.#ranges === undefined ? NOTHING : new Map(Object.entries(this.#ranges));
  }

  restore(learned: Learned): void {
    this.#ranges = { low: take(learned, 'low', this.dim, this.spec), step: take(learned, 'step', this.dim, this.spec) };
  }

  encode(vectors: Vectors): Uint8Array {
    const { low, step } = this.#learnt();
    checkVectors(vectors, this.dim, 'vectors');
    const { dim, codeSize } = this;
    const codes = new Uint8Array(vectors.count * codeSize);
    for (let i = 0, at = 0; i < vectors.count; i++) {
      for (let c = 0; c < dim; c++, at++) {
        const code = level(vectors.data[at]!, low[c]!, step[c]!, this.#levels);
        if (this.bits === 8) codes[at] = code;
        else codes[i * codeSize + (c >> 1)]! |= code << (4 * (c & 1));
      }
    }
    return codes;
  }

  decode(codes: Uint8Array): Vectors {
    const { low, step } = this.#learnt();
    const { dim, codeSize } = this;
    const vectors = Vectors.zeros(codeCount(codes, codeSize), dim);
    for (let i = 0, at = 0; i < vectors.count; i++) {
      for (let c = 0; c < dim; c++, at++) {
        const code = this.bits === 8 ? codes[at]! : (codes[i * codeSize + (c >> 1)]! >> (4 * (c & 1))) & 15;
        vectors.data[at] = low[c]! + code * step[c]!;
      }
    }
    return vectors;
  }

  /** For 4-bit codes: what each of a component's 16 codes adds to the inner product, `16 * dim` floats. */
  tables(query: Float32Array): Float32Array {
    const { low, step } = this.#learnt();
    checkQuery(query, this.dim);
    return Float32Array.from(
      { length: 16 * this.dim },
      (_, i) => query[i >> 4]! * (low[i >> 4]! + (i & 15) * step[i >> 4]!),
    );
  }

  /** For 8-bit codes: `query . decoded` is `weights . bytes + offset`. */
  weights(query: Float32Array): { readonly weights: Float32Array; readonly offset: number } {
    const { low, step } = this.#learnt();
    checkQuery(query, this.dim);
    let offset = 0;
    for (let c = 0; c < this.dim; c++) offset += query[c]! * low[c]!;
    return { weights: query.map((value, c) => value * step[c]!), offset };
  }

  scorer(query: Float32Array): Scorer {
    const { dim, codeSize, bits } = this;
    const tables = bits === 4 ? this.tables(query) : undefined;
    const linear = bits === 8 ? this.weights(query) : undefined;
    this.#arena ??= new Arena('baseline');
    const arena = this.#arena;
    return {
      score: (codes, count, out) =>
        scoreInPieces(arena, codes, codeSize, count, out, () => {
          const prepared = arena.put(tables ?? linear!.weights);
          return (rows, some, scores) => {
            if (linear !== undefined) {
              arena.kernels.dotRowsBytes(prepared, rows, dim, some, dim, linear.offset, scores);
            } else arena.kernels.scorePq4(prepared, rows, some, dim, 0, scores);
          };
        }),
    };
  }

  #learnt(): { readonly low: Float32Array; readonly step: Float32Array } {
    checkTrained(this.trained, this.spec);
    return this.#ranges!;
  }
}

function level(value: number, low: number, step: number, levels: number): number {
  if (step === 0) return 0;
  return Math.max(0, Math.min(levels - 1, Math.round((value - low) / step)));
}

/** Shares of the sample's range, drawn towards its mean, that are tried. With 256 steps there is room for what is yet to come. */
const SHARES = { 4: Array.from({ length: 16 }, (_, i) => 1 - i * 0.045), 8: [1.05] } as const;

function bestRange(values: Float32Array, bits: 4 | 8): { low: number; step: number } {
  const levels = 1 << bits;
  let [least, most, mean] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    mean += value / values.length;
  }
  let best = { low: least, step: 0 };
  let lowest = Number.POSITIVE_INFINITY;
  for (const share of SHARES[bits]) {
    const low = mean - share * (mean - least);
    const step = (share * (most - least)) / (levels - 1);
    // A few thousand values tell shares apart well enough.
    const stride = Math.max(1, Math.floor(values.length / 4096));
    let error = 0;
    for (let i = 0; i < values.length; i += stride) {
      error += (low + level(values[i]!, low, step, levels) * step - values[i]!) ** 2;
    }
    if (error < lowest) {
      lowest = error;
      best = { low, step };
    }
  }
  return { low: Math.fround(best.low), step: Math.fround(best.step) };
}
