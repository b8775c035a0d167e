import {
  add,
  concat,
  constantOf,
  diagonal,
  diagonalMask,
  gather,
  matmul,
  max,
  maximum,
  mean,
  reshape,
  scale,
  slice,
  sqrt,
  square,
  subtract,
  sum,
  type Tensor,
  transposeLast,
  where,
} from '../../tensor/index.ts';
import { groupCentroids, tripletLoss } from './metric.ts';

/** Options of {@link centroidTriplet}. */
export interface CentroidTripletOptions {
  /** In Euclidean distance. Default 0.1. */
  readonly margin?: number;
  /**
   * Which other gallery of the batch an item is held against: the `next` one, which is a random one where batches are shuffled, or
   * the `nearest`, for when random ones cost nothing any more. Default `next`.
   */
  readonly negatives?: 'next' | 'nearest';
}

/**
 * Centroid triplet loss over sets (2024, "Learning Embeddings with Centroid Triplet Loss for Object Identification"; with the nearest
 * negative as in Wieczorek et al. 2021, arXiv 2104.13643):
 *
 * `mean_i max(0, |A_i - P_i| - |A_i - P_j| + margin)`
 *
 * where `A_i` is the mean of item i's query views, or a single one, and `P_i` the mean of other views of it; see `groupCentroids`.
 * Means are not scaled to unit length: the spread of a set counts.
 *
 * @param queries and galleries `[items, dim]`, row i of both of item i; at least two items.
 */
export function centroidTriplet(queries: Tensor, galleries: Tensor, options: CentroidTripletOptions = {}): Tensor {
  const { margin = 0.1, negatives = 'next' } = options;
  const n = queries.shape[0] as number;
  if (negatives === 'next') {
    const others = concat([slice(galleries, 0, 1), slice(galleries, 0, 0, 1)], 0);
    return tripletLoss(queries, galleries, others, margin);
  }
  const distances = distancesOf(queries, galleries);
  const nearest = scale(max(where(diagonalMask(n), -1e9, scale(distances, -1)), 1), -1);
  return mean(maximum(add(subtract(diagonal(distances), nearest), margin), 0));
}

/**
 * {@link centroidTriplet} of a batch of views: group `i` below `items` is the query views of item `i`, group `items + i` its gallery, and what has
 * a higher number takes no part.
 * @param vectors of views `[n, dim]`. @param groups `[n]` whole numbers up to `2 * items`, each of which occurs.
 */
export function setTriplet(
  vectors: Tensor,
  groups: Tensor,
  items: number,
  options: CentroidTripletOptions = {},
): Tensor {
  const centroids = groupCentroids(vectors, groups, 2 * items + 1);
  return centroidTriplet(slice(centroids, 0, 0, items), slice(centroids, 0, items, 2 * items), options);
}

/**
 * Triplets of instances in a PK batch (Schroff et al. 2015): each anchor with the next of its class, and against the example of the same place in
 * the next class, which is a random one where batches are shuffled.
 * @param vectors `[classes * instances, dim]`, class after class, as `pkBatches` gives them.
 */
export function neighbourTriplet(vectors: Tensor, instances: number, margin = 0.1): Tensor {
  const count = vectors.shape[0] as number;
  const classes = count / instances;
  const rows = (classStep: number, memberStep: number) =>
    gather(
      vectors,
      constantOf(
        Int32Array.from({ length: count }, (_, i) => {
          const [own, member] = [Math.floor(i / instances), i % instances];
          return ((own + classStep) % classes) * instances + ((member + memberStep) % instances);
        }),
        [count],
      ),
    );
  return tripletLoss(vectors, rows(0, 1), rows(1, 0), margin);
}

/** Euclidean distances `[n, n]`. */
function distancesOf(a: Tensor, b: Tensor): Tensor {
  const products = scale(matmul(a, transposeLast(b)), -2);
  const [own, other] = [sum(square(a), 1, true), reshape(sum(square(b), 1), [1, b.shape[0]!])];
  return sqrt(maximum(add(add(products, own), other), 1e-12));
}
