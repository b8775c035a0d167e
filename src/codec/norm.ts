import { InvalidArgumentError } from '../base/errors.ts';
import { Vectors } from '../base/vectors.ts';
import { checkQuery, checkVectors } from './check.ts';
import type { Learned, ProjectedQuery, Transform } from './codec.ts';
import { NOTHING } from './learned.ts';

/** `norm`: divides vectors by their length, so that inner products become cosines (times the query's length). */
export class Normalisation implements Transform {
  readonly spec = 'norm';
  readonly outDim: number;
  readonly trained = true;

  constructor(readonly dim: number) {
    this.outDim = dim;
  }

  async train(): Promise<void> {}

  learned(): Learned {
    return NOTHING;
  }

  restore(): void {}

  /** @throws InvalidArgumentError for a zero vector, which has no direction. */
  apply(vectors: Vectors): Vectors {
    checkVectors(vectors, this.dim, 'vectors');
    const { dim } = this;
    const data = new Float32Array(vectors.data.length);
    for (let i = 0; i < vectors.count; i++) {
      let squared = 0;
      for (let c = i * dim; c < (i + 1) * dim; c++) squared += vectors.data[c]! ** 2;
      if (squared === 0) {
        throw new InvalidArgumentError(
          `Vector ${i} is zero and has no direction.`,
          'Leave zero vectors out, or use a codec without norm.',
        );
      }
      const scale = 1 / Math.sqrt(squared);
      for (let c = i * dim; c < (i + 1) * dim; c++) data[c] = vectors.data[c]! * scale;
    }
    return new Vectors(data, dim);
  }

  /** Lengths are forgotten: unit vectors stay unit vectors. */
  invert(vectors: Vectors): Vectors {
    return vectors;
  }

  project(query: Float32Array): ProjectedQuery {
    checkQuery(query, this.dim);
    return { query, offset: 0 };
  }
}
