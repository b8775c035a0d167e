import { InvalidArgumentError } from '../base/errors.ts';
import { Vectors } from '../base/vectors.ts';
import { Arena } from '../kernels/index.ts';
import { checkQuery, checkSample, checkTrained, checkVectors, codeCount } from './check.ts';
import type { Codec, Learned, Scorer, TrainOptions } from './codec.ts';
import { NOTHING, take } from './learned.ts';
import { HadamardRotation } from './rot.ts';
import { bitScorer } from './rows.ts';

/**
 * `bin<bits>`: the signs of a vector's first `bits` components after a random rotation (Charikar 2002), `ceil(bits / 8)` bytes, bit
 * `i` in bit `i % 8` of byte `i >> 3`; padding bits are 0. More bits than components take further rotations. Codes compare with
 * each other by Hamming distance (`scanHamming`), and with a float query as the decoded vector does: the rotated-back signs
 * times one learned length, the best for the sample. Vectors should be centred and of equal length: `center,norm,bin256`.
 */
export class BinaryCodec implements Codec {
  readonly spec: string;
  readonly codeSize: number;
  #rotations: readonly HadamardRotation[];
  #scale: number | undefined;
  #arena: Arena | undefined;

  constructor(
    readonly dim: number,
    readonly bits: number,
  ) {
    this.spec = `bin${bits}`;
    if (!Number.isInteger(bits) || bits < 1 || bits > 16 * dim) {
      throw new InvalidArgumentError(
        `${this.spec} makes ${bits} bits of ${dim} components.`,
        `Choose a whole number from 1 to ${16 * dim}.`,
      );
    }
    this.codeSize = Math.ceil(bits / 8);
    this.#rotations = Array.from({ length: Math.ceil(bits / dim) }, (_, i) => new HadamardRotation(dim, 1234 + i));
  }

  get trained(): boolean {
    return this.#scale !== undefined;
  }

  async train(sample: Vectors, options: TrainOptions = {}): Promise<void> {
    checkVectors(sample, this.dim, 'training vectors');
    checkSample(sample, 1, this.spec);
    options.signal?.throwIfAborted();
    const { seed = 1234 } = options;
    this.#rotations = this.#rotations.map((_, i) => new HadamardRotation(this.dim, seed + i));
    const rows = sample.slice(0, Math.min(sample.count, 4096));
    const codes = this.#bitsOf(rows);
    // The length s of least squares in |x - s A sign(A' x)|.
    const plain = this.#signed(codes, 1);
    let [inner, squared] = [0, 0];
    for (let i = 0; i < rows.data.length; i++) {
      inner += rows.data[i]! * plain.data[i]!;
      squared += plain.data[i]! ** 2;
    }
    this.#scale = Math.fround(inner / squared);
    options.onProgress?.(1);
  }

  learned(): Learned {
    if (this.#scale === undefined) return NOTHING;
    const signs = this.#rotations.map((rotation, i) => [`signs${i}`, rotation.learned().get('signs')!] as const);
    return new Map([['scale', Float32Array.of(this.#scale)], ...signs]);
  }

  restore(learned: Learned): void {
    const rotations = this.#rotations.map((_, i) => {
      const rotation = new HadamardRotation(this.dim);
      rotation.restore(new Map([['signs', learned.get(`signs${i}`) ?? new Float32Array(0)]]));
      return rotation;
    });
    this.#scale = take(learned, 'scale', 1, this.spec)[0]!;
    this.#rotations = rotations;
  }

  encode(vectors: Vectors): Uint8Array {
    checkTrained(this.trained, this.spec);
    checkVectors(vectors, this.dim, 'vectors');
    return this.#bitsOf(vectors);
  }

  decode(codes: Uint8Array): Vectors {
    checkTrained(this.trained, this.spec);
    return this.#signed(codes, this.#scale!);
  }

  /** The query's components under the rotations, `bits` of them: what the signs of a code add or subtract. */
  rotated(query: Float32Array): Float32Array {
    checkQuery(query, this.dim);
    const all = new Float32Array(this.bits);
    this.#rotations.forEach((rotation, i) => {
      all.set(rotation.project(query).query.subarray(0, this.bits - i * this.dim), i * this.dim);
    });
    return all;
  }

  scorer(query: Float32Array): Scorer {
    checkTrained(this.trained, this.spec);
    const weights = this.rotated(query).map((value) => value * this.#scale!);
    this.#arena ??= new Arena('baseline');
    return bitScorer(this.#arena, weights, this.codeSize);
  }

  #bitsOf(vectors: Vectors): Uint8Array {
    const { dim, bits, codeSize } = this;
    const codes = new Uint8Array(vectors.count * codeSize);
    this.#rotations.forEach((rotation, i) => {
      const { data } = rotation.apply(vectors);
      const used = Math.min(dim, bits - i * dim);
      for (let v = 0; v < vectors.count; v++) {
        for (let c = 0, bit = i * dim; c < used; c++, bit++) {
          if (data[v * dim + c]! >= 0) codes[v * codeSize + (bit >> 3)]! |= 1 << (bit & 7);
        }
      }
    });
    return codes;
  }

  #signed(codes: Uint8Array, scale: number): Vectors {
    const { dim, bits, codeSize } = this;
    const sum = Vectors.zeros(codeCount(codes, codeSize), dim);
    this.#rotations.forEach((rotation, i) => {
      const signs = Vectors.zeros(sum.count, dim);
      const used = Math.min(dim, bits - i * dim);
      for (let v = 0; v < sum.count; v++) {
        for (let c = 0, bit = i * dim; c < used; c++, bit++) {
          signs.data[v * dim + c] = (codes[v * codeSize + (bit >> 3)]! >> (bit & 7)) & 1 ? scale : -scale;
        }
      }
      const { data } = rotation.invert(signs);
      for (let c = 0; c < data.length; c++) sum.data[c]! += data[c]!;
    });
    return sum;
  }
}
