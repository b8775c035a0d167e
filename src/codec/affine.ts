import { Vectors } from '../base/vectors.ts';
import { LinearMap, transpose } from '../math/index.ts';
import { checkQuery, checkTrained, checkVectors } from './check.ts';
import type { Learned, ProjectedQuery, TrainOptions, Transform } from './codec.ts';
import { NOTHING, take } from './learned.ts';

/** What an affine transform learns: `v -> matrix (v - mean)`, rows of the matrix orthonormal. */
export interface AffineParameters {
  /** `outDim` rows of `dim`. */
  readonly matrix: Float32Array;
  /** `dim` numbers; none stands for zeros. */
  readonly mean?: Float32Array;
}

/** The common part of transforms that rotate, project and shift. Subclasses learn the parameters. */
export abstract class AffineTransform implements Transform {
  abstract readonly spec: string;
  #parameters: AffineParameters | undefined;
  #forward: LinearMap | undefined;
  #backward: LinearMap | undefined;
  /** The matrix alone, for queries. */
  #turn: LinearMap | undefined;

  /** @param centred whether a mean is learned and subtracted. */
  protected constructor(
    readonly dim: number,
    readonly outDim: number,
    private readonly centred: boolean,
  ) {}

  protected abstract learn(sample: Vectors, options: TrainOptions): Promise<AffineParameters>;

  get trained(): boolean {
    return this.#parameters !== undefined;
  }

  async train(sample: Vectors, options: TrainOptions = {}): Promise<void> {
    checkVectors(sample, this.dim, 'training vectors');
    this.#take(await this.learn(sample, options));
  }

  learned(): Learned {
    if (this.#parameters === undefined) return NOTHING;
    const { matrix, mean } = this.#parameters;
    return new Map([['matrix', matrix], ...(mean === undefined ? [] : ([['mean', mean]] as const))]);
  }

  restore(learned: Learned): void {
    const matrix = take(learned, 'matrix', this.outDim * this.dim, this.spec);
    this.#take(this.centred ? { matrix, mean: take(learned, 'mean', this.dim, this.spec) } : { matrix });
  }

  apply(vectors: Vectors): Vectors {
    checkTrained(this.trained, this.spec);
    checkVectors(vectors, this.dim, 'vectors');
    const { matrix, mean } = this.#parameters!;
    this.#forward ??= new LinearMap(matrix, this.dim, mean === undefined ? undefined : shiftOf(matrix, mean));
    return this.#forward.apply(vectors);
  }

  invert(vectors: Vectors): Vectors {
    checkTrained(this.trained, this.spec);
    checkVectors(vectors, this.outDim, 'transformed vectors');
    const { matrix, mean } = this.#parameters!;
    this.#backward ??= new LinearMap(transpose(matrix, this.dim), this.outDim, mean);
    return this.#backward.apply(vectors);
  }

  project(query: Float32Array): ProjectedQuery {
    checkTrained(this.trained, this.spec);
    checkQuery(query, this.dim);
    const { matrix, mean } = this.#parameters!;
    let offset = 0;
    if (mean !== undefined) for (let c = 0; c < this.dim; c++) offset += query[c]! * mean[c]!;
    this.#turn ??= new LinearMap(matrix, this.dim);
    return { query: this.#turn.apply(new Vectors(query, this.dim)).data, offset };
  }

  #take(parameters: AffineParameters): void {
    this.#parameters = parameters;
    this.#forward = undefined;
    this.#turn = undefined;
    this.#backward = undefined;
  }
}

/** What subtracting the mean first comes to after the matrix. */
function shiftOf(matrix: Float32Array, mean: Float32Array): Float32Array {
  const dim = mean.length;
  return Float32Array.from({ length: matrix.length / dim }, (_, r) => {
    let sum = 0;
    for (let c = 0, at = r * dim; c < dim; c++, at++) sum += matrix[at]! * mean[c]!;
    return -sum;
  });
}
