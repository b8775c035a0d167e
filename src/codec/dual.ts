import { Vectors } from '../base/vectors.ts';
import { LinearMap, transpose } from '../math/index.ts';
import { checkQuery, checkTrained, checkVectors } from './check.ts';
import type { Learned, ProjectedQuery, TrainOptions, Transform } from './codec.ts';
import { NOTHING, take } from './learned.ts';
import { type OpqOptions, OptimizedRotation } from './opq.ts';

/**
 * `dual`: documents and queries pass through maps of their own, so that `queries q . documents v` stands for `q . v`. A rotation
 * spends a code's precision on what documents vary in; two maps can spend it on what queries ask for. `train` knows no queries and
 * gives both the rotation of `opq`: then `dual,pq16x8` is `opq,pq16x8`. `distillCodec` of `sagitta-search/train` learns both maps from
 * rankings.
 *
 * For inner products, and cosines of vectors normalised beforehand; distances are not kept.
 */
export class DualMap implements Transform {
  readonly spec = 'dual';
  readonly outDim: number;
  #documents: Float32Array | undefined;
  #queries: Float32Array | undefined;
  #forward: LinearMap | undefined;
  #backward: LinearMap | undefined;
  /** The queries' map. */
  #turn: LinearMap | undefined;

  /** @param m @param bits of the product quantizer that follows. */
  constructor(
    readonly dim: number,
    private readonly m: number,
    private readonly bits: 4 | 8,
    private readonly options: OpqOptions = {},
  ) {
    this.outDim = dim;
    // Refuses what it would refuse.
    new OptimizedRotation(dim, m, bits, options);
  }

  get trained(): boolean {
    return this.#documents !== undefined;
  }

  async train(sample: Vectors, options: TrainOptions = {}): Promise<void> {
    const rotation = new OptimizedRotation(this.dim, this.m, this.bits, this.options);
    await rotation.train(sample, options);
    const matrix = rotation.learned().get('matrix')!;
    this.#take(matrix, matrix);
  }

  learned(): Learned {
    if (this.#documents === undefined) return NOTHING;
    return new Map([
      ['documents', this.#documents],
      ['queries', this.#queries!],
    ]);
  }

  restore(learned: Learned): void {
    const size = this.dim * this.dim;
    this.#take(take(learned, 'documents', size, this.spec), take(learned, 'queries', size, this.spec));
  }

  apply(vectors: Vectors): Vectors {
    checkTrained(this.trained, this.spec);
    checkVectors(vectors, this.dim, 'vectors');
    this.#forward ??= new LinearMap(this.#documents!, this.dim);
    return this.#forward.apply(vectors);
  }

  /** The vectors whose inner products with queries are those of the mapped ones. */
  invert(vectors: Vectors): Vectors {
    checkTrained(this.trained, this.spec);
    checkVectors(vectors, this.outDim, 'transformed vectors');
    this.#backward ??= new LinearMap(transpose(this.#queries!, this.dim), this.dim);
    return this.#backward.apply(vectors);
  }

  project(query: Float32Array): ProjectedQuery {
    checkTrained(this.trained, this.spec);
    checkQuery(query, this.dim);
    this.#turn ??= new LinearMap(this.#queries!, this.dim);
    return { query: this.#turn.apply(new Vectors(query, this.dim)).data, offset: 0 };
  }

  #take(documents: Float32Array, queries: Float32Array): void {
    this.#documents = documents;
    this.#queries = queries;
    this.#forward = undefined;
    this.#backward = undefined;
    this.#turn = undefined;
  }
}
