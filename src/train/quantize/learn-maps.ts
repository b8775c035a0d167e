import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import type { Vectors } from '../../base/vectors.ts';
import { LinearMap, transpose, unitRows } from '../../math/index.ts';
import {
  affine,
  type Batch,
  identity,
  Parameters,
  type Scope,
  type Tensor,
  type Tensors,
  unitLength,
} from '../../tensor/index.ts';
import { cosines, infoNCE } from '../objectives/index.ts';
import { proximityBatches } from '../samplers.ts';
import { type LearningOptions, learn } from './learning.ts';

/** Settings of {@link learnMaps}. */
export interface MapOptions extends LearningOptions {
  /**
   * How queries are put together: `random`, or walks of neighbours (`walk` goes deep, `snow` goes wide), whose documents are hard
   * negatives of each other. Default `walk`.
   */
  readonly batches?: 'random' | 'walk' | 'snow';
  /** Queries of a batch. Default 64. */
  readonly size?: number;
  /** Ranks that a query's own hard negative is drawn from. Default 0 to 200. */
  readonly negatives?: readonly [from: number, to: number];
  /** Ranks at which a document leads to further queries. Default 200 to 400. */
  readonly links?: readonly [from: number, to: number];
  /** Default 0.05. */
  readonly temperature?: number;
  /** Default 1e-3, falling linearly to 0. */
  readonly learningRate?: number;
  /** Updates. Default 300. */
  readonly steps?: number;
  /** Same seed, same threads: same maps. Default 1234. */
  readonly seed?: number;
}

/** Maps of frozen vectors to vectors for verifying candidates; rows come out at unit length. */
export interface LearnedMaps {
  documents(vectors: Vectors): Vectors;
  queries(vectors: Vectors): Vectors;
}

/**
 * Learns vectors that tell apart what an index of codes returns (Xiao et al. 2022, BiDR, https://arxiv.org/abs/2201.05409, section 3.3): a
 * map of documents and one of queries, by contrast with the positives and hard negatives of queries nearby. Search the codes with
 * the vectors that they are of, and refine by these:
 *
 * ```ts
 * const index = await buildIndex('dual,pq8x8,refine:full', vectors, { codec, vectors: reader }); // the reader has maps.documents(vectors)
 * index.search(query, { k: 10, refine: 100, refineQuery: maps.queries(queries).row(i) });
 * ```
 *
 * They may be worse than the vectors themselves at searching everything: that is not what they are for.
 *
 * @param positives rows of relevant documents for each query. @param ranked what the index of codes returns for each query, best first,
 * as deep as the links reach.
 * @throws InvalidArgumentError for fewer queries than a batch, and for lists of another number.
 */
export async function learnMaps(
  documents: Vectors,
  queries: Vectors,
  positives: readonly ArrayLike<number>[],
  ranked: readonly ArrayLike<number>[],
  options: MapOptions,
): Promise<LearnedMaps> {
  const { batches = 'walk', size = 64, negatives = [0, 200], links = [200, 400], seed = 1234 } = options;
  const { temperature = 0.05, learningRate = 1e-3, steps = 300 } = options;
  if (positives.length !== queries.count || ranked.length !== queries.count || queries.count < size) {
    throw new InvalidArgumentError(
      `There are ${queries.count} queries, positives of ${positives.length} and rankings of ${ranked.length}, and a batch has ${size}.`,
      'Give both for every query, and at least as many queries as a batch has.',
    );
  }
  const { dim } = documents;
  const known = positives.map((rows) => new Set(Array.from(rows)));
  const parameters = new Parameters();
  const random = new Random(seed);
  const pool = known.map((own, query) =>
    Array.from(ranked[query]!)
      .slice(...negatives)
      .filter((row) => !own.has(row)),
  );
  const usable = [...known.keys()].filter((query) => known[query]!.size > 0 && pool[query]!.length > 0);
  const near = batches === 'random' ? undefined : linksOf(ranked, links);
  let waiting: (readonly number[])[] = [];
  const batch = (): Batch => {
    if (waiting.length === 0) {
      waiting =
        near === undefined || batches === 'random'
          ? chunks(random.shuffle([...usable]), size)
          : proximityBatches(usable, positives, pool, near, size, random, batches);
    }
    const chosen = waiting.pop();
    if (chosen === undefined) throw new InvalidArgumentError('Too few queries have positives.', 'Give more of them.');
    const own = chosen.map((query) => [...known[query]!][random.below(known[query]!.size)]!);
    const hard = chosen.map((query) => pool[query]![random.below(pool[query]!.length)]!);
    const all = [...own, ...hard];
    const exclude = new Float32Array(size * all.length);
    chosen.forEach((query, i) => {
      all.forEach((document, j) => {
        if (known[query]!.has(document)) exclude[i * all.length + j] = 1;
      });
    });
    return {
      queries: { data: queries.pick(chosen).data, shape: [size, dim] },
      documents: { data: documents.pick(all).data, shape: [all.length, dim] },
      exclude: { data: exclude, shape: [size, all.length] },
    };
  };
  const loss = (scope: Scope, inputs: Tensors): Tensor => mapsLoss(scope, inputs, dim, temperature);
  await learn({ parameters, loss, batch, steps, learningRate }, options);
  const map = (name: string): ((vectors: Vectors) => Vectors) => {
    const linear = new LinearMap(transpose(parameters.get(name).data, dim), dim);
    return (vectors) => unitRows(linear.apply(vectors));
  };
  return { documents: map('documents'), queries: map('queries') };
}

/** InfoNCE of mapped queries and documents, the positive of query `i` being document `i`. */
export function mapsLoss(scope: Scope, inputs: Tensors, dim: number, temperature: number): Tensor {
  const mapped = (name: 'queries' | 'documents'): Tensor =>
    unitLength(affine(inputs[name]!, scope.parameter(name, [dim, dim], identity)));
  return infoNCE(cosines(mapped('queries'), mapped('documents')), { temperature, exclude: inputs['exclude']! });
}

/** Queries that a document is linked to: those that rank it within the window. */
function linksOf(ranked: readonly ArrayLike<number>[], [from, to]: readonly [number, number]): Map<number, number[]> {
  const links = new Map<number, number[]>();
  ranked.forEach((list, query) => {
    for (let rank = from; rank < Math.min(to, list.length); rank++) {
      const queries = links.get(list[rank]!);
      if (queries === undefined) links.set(list[rank]!, [query]);
      else queries.push(query);
    }
  });
  return links;
}

function chunks(queries: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.floor(queries.length / size) }, (_, i) => queries.slice(i * size, (i + 1) * size));
}
