import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { Vectors } from '../base/vectors.ts';
import { crossProduct, LinearMap, meanOf, polarFactor } from '../math/index.ts';
import { type AffineParameters, AffineTransform } from './affine.ts';
import { checkSample } from './check.ts';
import type { TrainOptions } from './codec.ts';
import { drawSample } from './kmeans.ts';
import { Pace } from './pace.ts';
import { covarianceEigen } from './pca.ts';
import { ProductQuantizer, partStarts } from './pq.ts';

export interface OpqOptions {
  /** Rounds of the alternating optimisation. Default: 12 up to 160 components, 4 up to 320, then 0, which keeps the first guess. A round takes seconds at 768. */
  readonly rounds?: number;
}

/**
 * `opq`: the rotation under which a product quantizer of `m` parts errs least (Ge, He, Ke & Sun 2013). The first guess is their
 * parametric solution: principal components, dealt to the parts so that the products of their variances are even. Then
 * codebooks and rotation are improved in turn; given the codes, the best rotation solves an orthogonal Procrustes problem.
 * About 1 s of training for 100 components.
 */
export class OptimizedRotation extends AffineTransform {
  readonly spec = 'opq';
  readonly #rounds: number;

  /** @param m @param bits of the product quantizer that follows. */
  constructor(
    dim: number,
    private readonly m: number,
    private readonly bits: 4 | 8,
    options: OpqOptions = {},
  ) {
    super(dim, dim, false);
    this.#rounds = options.rounds ?? (dim <= 160 ? 12 : dim <= 320 ? 4 : 0);
    if (!Number.isInteger(m) || m < 1 || m > dim) {
      throw new InvalidArgumentError(
        `opq cuts ${dim} components into ${m} parts.`,
        `Choose a whole number of parts from 1 to ${dim}.`,
      );
    }
  }

  protected async learn(sample: Vectors, options: TrainOptions): Promise<AffineParameters> {
    const k = 1 << this.bits;
    checkSample(sample, k, this.spec);
    const { seed = 1234 } = options;
    const pace = new Pace(options);
    await pace.step(0);
    const rows = drawSample(sample, Math.max(MOST_SAMPLE, 4 * this.dim), new Random(seed));
    let matrix = allocation(rows, this.m);
    if (this.#rounds > 0) {
      const training = { ...options, seed, onProgress: () => undefined };
      const pq = new ProductQuantizer(this.dim, this.m, this.bits, { iterations: 4 });
      let rotated = new LinearMap(matrix, this.dim).apply(rows);
      await pq.train(rotated, training);
      const before = errorOf(pq, rotated);
      let improved = matrix;
      for (let round = 0; round < this.#rounds; round++) {
        await pace.step((round + 1) / (this.#rounds + 1));
        improved = polarFactor(crossProduct(pq.improve(rotated), rows), this.dim);
        rotated = new LinearMap(improved, this.dim).apply(rows);
      }
      // The codebooks will be learned anew, and on nearly normal data the first guess is hard to beat.
      await pq.train(rotated, training);
      if (errorOf(pq, rotated) < before) matrix = improved;
    }
    await pace.step(1);
    return { matrix };
  }
}

const MOST_SAMPLE = 16_384;

function errorOf(pq: ProductQuantizer, vectors: Vectors): number {
  const decoded = pq.decode(pq.encode(vectors));
  let sum = 0;
  for (let i = 0; i < decoded.data.length; i++) sum += (decoded.data[i]! - vectors.data[i]!) ** 2;
  return sum;
}

/**
 * Eigenvalue allocation: each principal component, from the greatest variance on, goes to the part with room whose product of
 * variances, for the places that it has, is least so far.
 */
function allocation(rows: Vectors, m: number): Float32Array {
  const { dim } = rows;
  const { values, vectors } = covarianceEigen(rows, meanOf(rows));
  const starts = partStarts(dim, m);
  const used = new Uint32Array(m);
  const logs = new Float64Array(m);
  const matrix = new Float32Array(dim * dim);
  const floor = Math.max(values[0]!, 1e-30) * 1e-12;
  for (let i = 0; i < dim; i++) {
    let best = -1;
    for (let j = 0; j < m; j++) {
      if (used[j] === starts[j + 1]! - starts[j]!) continue;
      if (best < 0 || logs[j]! < logs[best]!) best = j;
    }
    const place = starts[best]! + used[best]!++;
    // Relative to the least variance, so that every factor is at least 1 and an empty part comes first.
    logs[best]! += Math.log(Math.max(values[i]!, floor) / floor) + 1e-9;
    for (let c = 0; c < dim; c++) matrix[place * dim + c] = vectors[i * dim + c]!;
  }
  return matrix;
}
