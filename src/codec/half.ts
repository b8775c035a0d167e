import { floatToHalf, halfToFloat } from '../base/half.ts';
import { Vectors } from '../base/vectors.ts';
import { Arena } from '../kernels/index.ts';
import { checkQuery, checkVectors, codeCount } from './check.ts';
import type { Codec, Learned, Scorer } from './codec.ts';
import { NOTHING } from './learned.ts';
import { scoreInPieces } from './rows.ts';

/**
 * `f16`: IEEE half-precision components, 11 significant bits, little-endian, `2 * dim` bytes. Magnitudes above 65,504 become
 * 65,504, those below 3e-8 become 0. Learns nothing.
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

  encode(vectors: Vectors): Uint8Array {
    checkVectors(vectors, this.dim, 'vectors');
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
