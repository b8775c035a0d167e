import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { Arena } from '../kernels/index.ts';
import { checkQuery, checkVectors } from './check.ts';
import type { Learned, ProjectedQuery, TrainOptions, Transform } from './codec.ts';
import { take } from './learned.ts';

/**
 * `rot`: a random rotation in `O(dim log dim)`: rounds of random signs and Walsh-Hadamard transforms (Ailon & Chazelle 2009;
 * three rounds act like a uniformly random rotation, Andoni et al. 2015). Dimensions that are no power of two are not padded:
 * the transform, of the greatest power of two that fits, goes over the first and the last components in turn, twice as often.
 * It spreads what is concentrated in few components over all of them. Works without training; `train` draws other signs.
 */
export class HadamardRotation implements Transform {
  readonly spec = 'rot';
  readonly outDim: number;
  readonly trained = true;
  /** For each round one sign for each component. */
  #signs: Float32Array;
  readonly #block: number;
  readonly #rounds: number;
  #arena: Arena | undefined;

  constructor(
    readonly dim: number,
    seed = 1234,
  ) {
    this.outDim = dim;
    this.#block = dim < 4 ? 0 : 1 << (31 - Math.clz32(dim));
    this.#rounds = this.#block === dim ? 3 : 6;
    this.#signs = drawSigns(this.#rounds * dim, seed);
  }

  async train(sample: Vectors, options: TrainOptions = {}): Promise<void> {
    checkVectors(sample, this.dim, 'training vectors');
    this.#signs = drawSigns(this.#rounds * this.dim, options.seed ?? 1234);
  }

  learned(): Learned {
    return new Map([['signs', this.#signs]]);
  }

  restore(learned: Learned): void {
    this.#signs = take(learned, 'signs', this.#rounds * this.dim, this.spec);
  }

  apply(vectors: Vectors): Vectors {
    checkVectors(vectors, this.dim, 'vectors');
    const data = vectors.data.slice();
    for (let round = 0; round < this.#rounds; round++) {
      this.#flip(data, round);
      this.#mix(data, round);
    }
    return new Vectors(data, this.dim);
  }

  invert(vectors: Vectors): Vectors {
    checkVectors(vectors, this.dim, 'transformed vectors');
    const data = vectors.data.slice();
    for (let round = this.#rounds - 1; round >= 0; round--) {
      this.#mix(data, round);
      this.#flip(data, round);
    }
    return new Vectors(data, this.dim);
  }

  project(query: Float32Array): ProjectedQuery {
    checkQuery(query, this.dim);
    return { query: this.apply(new Vectors(query, this.dim)).data, offset: 0 };
  }

  #flip(data: Float32Array, round: number): void {
    const signs = this.#signs.subarray(round * this.dim, (round + 1) * this.dim);
    for (let i = 0, c = 0; i < data.length; i++) {
      data[i]! *= signs[c]!;
      if (++c === this.dim) c = 0;
    }
  }

  /** The transform over the block of this round; its own inverse. */
  #mix(data: Float32Array, round: number): void {
    const { dim } = this;
    const block = this.#block;
    if (block === 0) return;
    const start = round % 2 === 0 ? 0 : dim - block;
    this.#arena ??= new Arena('baseline');
    const arena = this.#arena;
    const count = data.length / dim;
    const chunk = Math.max(1, Math.floor(CHUNK_BYTES / (4 * block)));
    const mark = arena.mark();
    try {
      const rows = arena.allocate(4 * block * Math.min(chunk, count), 64);
      for (let from = 0; from < count; from += chunk) {
        const some = Math.min(chunk, count - from);
        const view = arena.f32(rows, some * block);
        for (let r = 0; r < some; r++) {
          const at = (from + r) * dim + start;
          view.set(data.subarray(at, at + block), r * block);
        }
        arena.kernels.hadamardRows(rows, some, block);
        for (let r = 0; r < some; r++) {
          data.set(view.subarray(r * block, (r + 1) * block), (from + r) * dim + start);
        }
      }
    } finally {
      arena.release(mark);
    }
  }
}

const CHUNK_BYTES = 1 << 20;

function drawSigns(count: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => (random.uint32() & 0x8000 ? 1 : -1));
}
