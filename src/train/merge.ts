import { InvalidArgumentError } from '../base/errors.ts';
import type { Parameters } from '../tensor/index.ts';

/**
 * Merges models that were trained from the same start, array by array: `theta = theta_0 + sum_k w_k (theta_k - theta_0)`.
 *
 * - `uniform`: `w_k = 1 / K`, a model soup (Wortsman et al. 2022, arXiv 2203.05482)
 * - `delta`: `w_k` in proportion to how far the array moved, `|theta_k - theta_0|` (CoDiEmb 2025, arXiv 2508.11442; the weights
 *   are a reconstruction, as the rule is not published). Arrays that none moved stay.
 *
 * @param start what all were trained from; its arrays are those of the result.
 * @throws InvalidArgumentError when there is no model, or one lacks an array or has it in another shape.
 */
export function mergeCheckpoints(
  start: Parameters,
  trained: readonly Parameters[],
  rule: 'uniform' | 'delta' = 'uniform',
): Parameters {
  if (trained.length === 0) throw new InvalidArgumentError('There is nothing to merge.', 'Give at least one model.');
  const merged = start.clone();
  for (const name of start.names) {
    const { data: from, shape } = start.get(name);
    const deltas = trained.map((model) => {
      const own = model.get(name);
      if (own.shape.join() !== shape.join()) {
        throw new InvalidArgumentError(
          `The parameter "${name}" is [${own.shape}] in one model and [${shape}] at the start.`,
          'Merge models of one form, trained from one start.',
        );
      }
      return own.data.map((value, i) => value - from[i]!);
    });
    const moved = deltas.map((delta) => (rule === 'uniform' ? 1 : lengthOf(delta)));
    const total = moved.reduce((sum, value) => sum + value, 0);
    if (total === 0) continue;
    const data = from.slice();
    deltas.forEach((delta, k) => {
      const weight = moved[k]! / total;
      for (let i = 0; i < data.length; i++) data[i]! += weight * delta[i]!;
    });
    merged.set(name, data, shape);
  }
  return merged;
}

function lengthOf(delta: Float32Array): number {
  let squares = 0;
  for (const value of delta) squares += value * value;
  return Math.sqrt(squares);
}
