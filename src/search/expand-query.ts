import { InvalidArgumentError } from '../base/errors.ts';
import type { Vectors } from '../base/vectors.ts';
import { products } from '../math/index.ts';

/** Options of {@link expandQuery}. */
export interface ExpansionOptions {
  /** Best vectors that the query is mixed with. Default 10. */
  readonly neighbours?: number;
  /** Power of their similarity that they weigh by: 0 for all alike, more for the best. Default 3. */
  readonly alpha?: number;
}

/**
 * Ranks a query's best vectors again by the query and the best of them together (Radenovic et al. 2018, alpha-QE, arXiv 1711.02512, section 3.5):
 * `q + sum_i max(0, <q, d_i>)^alpha d_i`. Costs `count * dim`; pays where a query has several right answers, as `refineByNeighbours` does, which
 * also mixes the best with one another.
 *
 * @param top the query's best vectors, best first, of unit length. @returns their new scores, in the same order.
 * @throws InvalidArgumentError for another dimension, and settings outside their range.
 */
export function expandQuery(query: Float32Array, top: Vectors, options: ExpansionOptions = {}): Float32Array {
  const { neighbours = 10, alpha = 3 } = options;
  if (query.length !== top.dim) {
    throw new InvalidArgumentError(
      `The query has ${query.length} components, the vectors ${top.dim}.`,
      'Use one encoder.',
    );
  }
  if (!Number.isInteger(neighbours) || neighbours < 0 || !(alpha >= 0)) {
    throw new InvalidArgumentError(
      `${neighbours} neighbours to the power ${alpha}.`,
      'Give a whole number and a power, 0 or more.',
    );
  }
  const similar = products(top, query);
  const mixed = query.slice();
  for (let i = 0; i < neighbours && i < top.count; i++) {
    const weight = Math.max(0, similar[i]!) ** alpha;
    top.row(i).forEach((value, c) => {
      mixed[c]! += weight * value;
    });
  }
  return products(top, mixed);
}
