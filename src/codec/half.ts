import { InvalidArgumentError } from '../base/errors.ts';
import { floatToHalf, halfToFloat } from '../base/half.ts';
import { Vectors } from '../base/vectors.ts';
import { Arena } from '../kernels/index.ts';
import { checkQuery, checkVectors, codeCount } from './check.ts';
import type { Codec, Learned, Scorer } from './codec.ts';
import { NOTHING } from './learned.ts';
import { scoreInPieces } from './rows.ts';

/** Smallest and largest magnitude that is not 0. */
const LEAST = 2 ** -24;
const MOST = 65_504;

/**
 * `f16`: IEEE half-precision components, 11 significant bits, little-endian, `2 * dim` bytes. Magnitudes below 3e-8 become 0.
 * Learns nothing.
 */
export class HalfPrecision implements Codec {
  readonly spec = 'f16';
  readonly codeSize: number;
  readonly trained = true;
  #arena: Arena | undefined;

  constructor(readonly dim: number) {
    this.codeSize = 2 * dim;
  }

  async train(): Promise<void> {}

  learned(): Learned {
    return NOTHING;
  }

  restore(): void {}

  /** @throws InvalidArgumentError for a component above 65,504, and for a vector of which nothing would be left. */
  encode(vectors: Vectors): Uint8Array {
    checkVectors(vectors, this.dim, 'vectors');
    for (let v = 0; v < vectors.count; v++) {
      const most = vectors.row(v).reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 0);
      if (most === 0 || (most >= LEAST && most <= MOST)) continue;
      throw new InvalidArgumentError(
        `The greatest component of vector ${v} is ${most}; half precision reaches from ${LEAST} to ${MOST}.`,
        'Scale all vectors by the same number, or use sq8.',
      );
    }
    return new Uint8Array(Uint16Array.from(vectors.data, floatToHalf).buffer);
  }

  decode(codes: Uint8Array): Vectors {
    const vectors = Vectors.zeros(codeCount(codes, this.codeSize), this.dim);
    for (let i = 0; i < vectors.data.length; i++)
      vectors.data[i] = halfToFloat(codes[2 * i]! | (codes[2 * i + 1]! << 8));
    return vectors;
  }

  scorer(query: Float32Array): Scorer {
    checkQuery(query, this.dim);
    this.#arena ??= new Arena('baseline');
    const arena = this.#arena;
    const { dim, codeSize } = this;
    return {
      score: (codes, count, out) =>
        scoreInPieces(arena, codes, codeSize, count, out, () => {
          const prepared = arena.put(query);
          return (rows, some, scores) => arena.kernels.dotRowsHalf(prepared, rows, codeSize, some, dim, scores);
        }),
    };
  }
}
