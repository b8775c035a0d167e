import { Vectors } from '../base/vectors.ts';
import { meanOf } from '../math/index.ts';
import { checkQuery, checkSample, checkTrained, checkVectors } from './check.ts';
import type { Learned, ProjectedQuery, Transform } from './codec.ts';
import { NOTHING, take } from './learned.ts';

/** `center`: subtracts the mean of the training vectors. */
export class Centring implements Transform {
  readonly spec = 'center';
  readonly outDim: number;
  #mean: Float32Array | undefined;

  constructor(readonly dim: number) {
    this.outDim = dim;
  }

  get trained(): boolean {
    return this.#mean !== undefined;
  }

  async train(sample: Vectors): Promise<void> {
    checkVectors(sample, this.dim, 'training vectors');
    checkSample(sample, 1, this.spec);
    this.#mean = meanOf(sample);
  }

  learned(): Learned {
    return this.#mean === undefined ? NOTHING : new Map([['mean', this.#mean]]);
  }

  restore(learned: Learned): void {
    this.#mean = take(learned, 'mean', this.dim, this.spec);
  }

  apply(vectors: Vectors): Vectors {
    checkVectors(vectors, this.dim, 'vectors');
    return this.#shifted(vectors, -1);
  }

  invert(vectors: Vectors): Vectors {
    return this.#shifted(vectors, 1);
  }

  project(query: Float32Array): ProjectedQuery {
    checkTrained(this.trained, this.spec);
    checkQuery(query, this.dim);
    return { query, offset: query.reduce((sum, value, c) => sum + value * this.#mean![c]!, 0) };
  }

  #shifted(vectors: Vectors, sign: number): Vectors {
    checkTrained(this.trained, this.spec);
    const mean = this.#mean!;
    const { dim } = this;
    return new Vectors(
      vectors.data.map((value, i) => value + sign * mean[i % dim]!),
      dim,
    );
  }
}
