import { InvalidArgumentError } from '../../base/errors.ts';
import { Vectors } from '../../base/vectors.ts';
import { PrincipalComponents } from '../../codec/index.ts';
import type { QueryHead } from '../../search/index.ts';
import { rounded } from './rounding.ts';
import type { JudgedList, RelevanceOptions } from './types.ts';

/** Embeddings that a head needs, at least. */
export const FEWEST_EMBEDDINGS = 100;

/** Lists that have an embedding. @throws InvalidArgumentError when these are not all finite and of one length. */
export function embeddedLists(lists: readonly JudgedList[]): (JudgedList & { vector: ArrayLike<number> })[] {
  const embedded = lists.flatMap((list) => (list.vector === undefined ? [] : [{ ...list, vector: list.vector }]));
  const dim = embedded[0]?.vector.length;
  for (const { vector } of embedded) {
    if (vector.length !== dim) {
      throw new InvalidArgumentError(
        `Embeddings of queries have ${dim} components, and also ${vector.length}.`,
        'Make all of them with one encoder.',
      );
    }
    for (let i = 0; i < vector.length; i++) {
      if (Number.isFinite(vector[i])) continue;
      throw new InvalidArgumentError(
        `Component ${i} of a query's embedding is ${vector[i]}.`,
        'Give finite numbers, and leave out the embedding of a query that has none.',
      );
    }
  }
  return embedded;
}

/** The directions of the embeddings that a head looks at. @throws InvalidArgumentError when there are too few embeddings. */
export async function componentsOf(
  lists: readonly JudgedList[],
  { encoder = '', head: { rank = 16 } = {} }: Pick<RelevanceOptions, 'encoder' | 'head'>,
): Promise<Pick<QueryHead, 'encoder' | 'mean' | 'components'>> {
  if (!Number.isInteger(rank) || rank < 1) {
    throw new InvalidArgumentError(`The rank of a head is ${rank}.`, 'Give a whole number of components, at least 1.');
  }
  const embedded = embeddedLists(lists);
  const vectors = Vectors.fromRows(embedded.map(({ vector }) => vector));
  const kept = Math.min(rank, vectors.dim, Math.floor(embedded.length / 2));
  const transform = new PrincipalComponents(vectors.dim, kept);
  await transform.train(vectors);
  const learned = transform.learned();
  const [matrix, mean] = [learned.get('matrix') as Float32Array, learned.get('mean') as Float32Array];
  const projected = transform.apply(vectors).data;
  const spread = Math.sqrt(projected.reduce((total, value) => total + value * value, 0) / projected.length);
  // Embeddings that are all the same have no direction.
  const factor = spread < 1e-6 ? 0 : 1 / spread;
  return {
    encoder,
    mean: rounded(mean),
    components: Array.from({ length: kept }, (_, i) =>
      rounded(matrix.subarray(i * vectors.dim, (i + 1) * vectors.dim), factor),
    ),
  };
}
