import { InvalidArgumentError } from '../base/errors.ts';
import { Vectors } from '../base/vectors.ts';
import { LinearMap, products } from '../math/index.ts';

/** Options of {@link refineByNeighbours}. */
export interface NeighbourOptions {
  /** Neighbours that a vector is mixed with. Default 9. */
  readonly neighbours?: number;
  /** Weight of the neighbours, times their similarity. Default 0.15. */
  readonly beta?: number;
}

/**
 * Ranks a query's best vectors again by what their neighbours say (Shao et al. 2023, "Global Features are All You Need for Image
 * Retrieval and Reranking", section 3.3; https://arxiv.org/abs/2308.06954): each vector is mixed with those of the list that are most like
 * it, the query becomes the greatest component by component of the best mixed vectors, and the two scores are averaged. Nothing
 * is learned, and the cost, `count^2 dim`, does not depend on the collection.
 *
 * Pays where a query has several right answers; with a single one it tends to hurt.
 *
 * @param top the query's best vectors, best first, of unit length. @returns their new scores, in the same order.
 * @throws InvalidArgumentError for another dimension, and settings outside their range.
 */
export function refineByNeighbours(query: Float32Array, top: Vectors, options: NeighbourOptions = {}): Float32Array {
  const { neighbours = 9, beta = 0.15 } = options;
  const { count, dim } = top;
  if (query.length !== dim) {
    throw new InvalidArgumentError(`The query has ${query.length} components, the vectors ${dim}.`, 'Use one encoder.');
  }
  if (!Number.isInteger(neighbours) || neighbours < 0 || !(beta >= 0)) {
    throw new InvalidArgumentError(
      `${neighbours} neighbours with weight ${beta}.`,
      'Give a whole number and a weight, 0 or more.',
    );
  }
  if (count === 0) return new Float32Array(0);
  const similar = new LinearMap(top.data, dim).apply(top);
  const mixed = new Float32Array(count * dim);
  for (let i = 0; i < count; i++) {
    const row = mixed.subarray(i * dim, (i + 1) * dim);
    row.set(top.row(i));
    let total = 1;
    for (const other of nearest(similar.row(i), i, neighbours)) {
      // Away from ReLU's half-space similarities can be negative; such neighbours have no say.
      const weight = beta * Math.max(0, similar.row(i)[other]!);
      const vector = top.row(other);
      for (let c = 0; c < dim; c++) row[c]! += weight * vector[c]!;
      total += weight;
    }
    for (let c = 0; c < dim; c++) row[c]! /= total;
  }
  const first = products(new Vectors(mixed, dim), query);
  const order = Array.from(first.keys()).sort((a, b) => first[b]! - first[a]! || a - b);
  const expanded = new Float32Array(dim).fill(Number.NEGATIVE_INFINITY);
  for (const i of order.slice(0, neighbours + 1)) {
    for (let c = 0; c < dim; c++) expanded[c] = Math.max(expanded[c]!, mixed[i * dim + c]!);
  }
  const second = products(new Vectors(mixed, dim), expanded);
  return first.map((score, i) => (score + second[i]!) / 2);
}

/** The most similar others, best first. */
function nearest(similarities: Float32Array, self: number, count: number): number[] {
  return Array.from(similarities.keys())
    .filter((i) => i !== self)
    .sort((a, b) => similarities[b]! - similarities[a]! || a - b)
    .slice(0, count);
}
