import { InvalidArgumentError } from '../base/errors.ts';
import type { Vectors } from '../base/vectors.ts';
import { crossProduct, symmetricEigen } from '../math/index.ts';

/**
 * The projection of token vectors that keeps most of their products without training: the `dim` directions in which they have the greatest second
 * moments. Nothing is centred, since late interaction compares directions and not differences.
 *
 * @param tokens a sample, of unit length; some ten for each component. @returns `dim` rows of as many numbers as the vectors have components.
 * @throws InvalidArgumentError for fewer vectors than components, or more components than they have.
 */
export function principalProjection(tokens: Vectors, dim: number): Float32Array {
  const { count, dim: width } = tokens;
  if (!Number.isInteger(dim) || dim < 1 || dim > width || count < width) {
    throw new InvalidArgumentError(
      `${count} token vectors of ${width} components cannot be projected to ${dim}.`,
      `Pass ${width} vectors or more, and ask for 1 to ${width} components.`,
    );
  }
  const moments = crossProduct(tokens, tokens).map((sum) => sum / count);
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) moments[i * width + j] = moments[j * width + i]!;
  return Float32Array.from(symmetricEigen(moments, width).vectors.subarray(0, dim * width));
}
