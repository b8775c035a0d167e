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
    return new Uint8Array(Uint16Array.from(vectors.data, toHalf).buffer);
  }

  decode(codes: Uint8Array): Vectors {
    const vectors = Vectors.zeros(codeCount(codes, this.codeSize), this.dim);
    for (let i = 0; i < vectors.data.length; i++) vectors.data[i] = fromHalf(codes[2 * i]! | (codes[2 * i + 1]! << 8));
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

const bits = new Uint32Array(1);
const number = new Float32Array(bits.buffer);

/** The nearest half-precision number, ties to even. */
function toHalf(value: number): number {
  number[0] = Math.max(-65_504, Math.min(65_504, value));
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = bits[0]! & 0x7fff_ffff;
  // Below the least normal number, steps are 2^-24.
  if (magnitude < 0x3880_0000) return sign | roundEven(Math.abs(number[0]!) * 2 ** 24);
  const kept = magnitude >>> 13;
  const rest = magnitude & 0x1fff;
  return sign | (kept - 0x1c000 + (rest > 0x1000 || (rest === 0x1000 && (kept & 1) === 1) ? 1 : 0));
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function fromHalf(half: number): number {
  const exponent = (half >> 10) & 31;
  const mantissa = half & 0x3ff;
  const magnitude = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
  return half & 0x8000 ? -magnitude : magnitude;
}
