import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { crossProduct, type Eigen, meanOf, symmetricEigen } from '../math/index.ts';
import { type AffineParameters, AffineTransform } from './affine.ts';
import { checkSample } from './check.ts';
import type { TrainOptions } from './codec.ts';
import { drawSample } from './kmeans.ts';
import { Pace } from './pace.ts';

/**
 * `pca<d>`: centres, and keeps the `d` directions of greatest variance, in descending order. Training costs `9 dim^3` operations
 * on top of `dim^2` per sample.
 */
export class PrincipalComponents extends AffineTransform {
  readonly spec: string;

  /** @param kept components that are kept, 1 to `dim`. */
  constructor(dim: number, kept: number) {
    super(dim, kept, true);
    this.spec = `pca${kept}`;
    if (!Number.isInteger(kept) || kept < 1 || kept > dim) {
      throw new InvalidArgumentError(
        `${this.spec} keeps ${kept} of ${dim} components.`,
        `Choose a whole number from 1 to ${dim}.`,
      );
    }
  }

  protected async learn(sample: Vectors, options: TrainOptions): Promise<AffineParameters> {
    checkSample(sample, 2, this.spec);
    const pace = new Pace(options);
    await pace.step(0);
    const rows = drawSample(sample, Math.max(MOST_SAMPLE, 16 * this.dim), new Random(options.seed ?? 1234));
    const mean = meanOf(rows);
    const { vectors } = covarianceEigen(rows, mean);
    await pace.step(1);
    return { matrix: Float32Array.from(vectors.subarray(0, this.outDim * this.dim)), mean };
  }
}

const MOST_SAMPLE = 32_768;

/** Eigenvalues (variances) and eigenvectors of the covariance of the rows around `mean`. */
export function covarianceEigen(rows: Vectors, mean: Float32Array): Eigen {
  const { dim } = rows;
  const centred = new Vectors(
    rows.data.map((value, i) => value - mean[i % dim]!),
    dim,
  );
  const covariance = crossProduct(centred, centred).map((value) => value / rows.count);
  for (let i = 0; i < dim; i++) for (let j = 0; j < i; j++) covariance[i * dim + j] = covariance[j * dim + i]!;
  return symmetricEigen(covariance, dim);
}
