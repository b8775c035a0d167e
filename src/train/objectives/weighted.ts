import { InvalidArgumentError } from '../../base/errors.ts';
import { addAll, scale, type Tensor } from '../../tensor/index.ts';

/**
 * One loss of several, each times its weight: `sum_i w_i L_i`. A loss of weight 0 is not computed.
 *
 * ```ts
 * weightedSum([1, listwiseKL(student, teacher)], [0.1, infoNCE(scores)])
 * ```
 *
 * @throws InvalidArgumentError when nothing is left.
 */
export function weightedSum(...terms: readonly (readonly [weight: number, loss: Tensor])[]): Tensor {
  const counted = terms.filter(([weight]) => weight !== 0);
  if (counted.length === 0) {
    throw new InvalidArgumentError('A sum of losses without any is no loss.', 'Give one a weight that is not 0.');
  }
  return addAll(counted.map(([weight, loss]) => (weight === 1 ? loss : scale(loss, weight))));
}
