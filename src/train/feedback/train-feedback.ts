import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { Random } from '../../base/random.ts';
import type { Vectors } from '../../base/vectors.ts';
import { exactTop, unitRows } from '../../math/index.ts';
import type { QueryUpdate } from '../../search/feedback/index.ts';
import {
  add,
  type Batch,
  mean,
  Parameters,
  reshape,
  type Scope,
  scale,
  type Tensors,
  toValue,
  type Value,
} from '../../tensor/index.ts';
import { comparativeLoss, cosines, hardestPositiveNCE } from '../objectives/index.ts';
import { type LearningOptions, learn } from '../quantize/learning.ts';
import { feedbackSets } from './feedback-sets.ts';
import { checkRows, passageArrays, queryUpdateGraph, queryUpdateOf } from './network.ts';

/** Settings of {@link trainFeedback}. */
export interface TrainFeedbackOptions extends LearningOptions {
  /** What queries found first, rows of documents, best first: what feedback will be given. Default: the exact ranking by inner product. */
  readonly ranked?: readonly ArrayLike<number>[];
  /** Rows that are neither relevant nor wrong for each query, such as other passages of documents that are relevant. Default: none. */
  readonly exclude?: readonly ArrayLike<number>[];
  /** Passages that feedback is drawn from, the first of the ranking; 0 for a correction of queries that reads none, with one version. Default 5. */
  readonly passages?: number;
  /** Versions of each query in a step, with as many passages each as chance has it, from none to all. Default 2; more than one is needed to compare. */
  readonly versions?: number;
  /** What it counts that a version with more passages has the greater loss (see `comparativeLoss`). Default 1; 0 for nothing. */
  readonly comparative?: number;
  /** Whether a version has all the passages of one with fewer. Default true. */
  readonly nested?: boolean;
  /** Units of the network's layers: it has some six times `dim` as many numbers. Default 64. */
  readonly width?: number;
  /** Queries of a step. Default 32. */
  readonly queries?: number;
  /** Documents of a step that all its queries are scored with: what is relevant to any of them, what they found first, and others. Default 512. */
  readonly pool?: number;
  /** First ranks of each query that the pool takes hard negatives from. Default 20. */
  readonly depth?: number;
  /** Of the softmax over documents, in units of the cosine. Default 0.05. */
  readonly temperature?: number;
  /** Reached after 20 steps, then falling linearly to 0. Default 1e-3. */
  readonly learningRate?: number;
  /** Default 400. */
  readonly steps?: number;
  /** Same seed, same threads: same result. Default 1. */
  readonly seed?: number;
  /** Specification of the encoder of the vectors, which is then checked where it serves. */
  readonly encoder?: string;
}

/**
 * Trains feedback on vectors: a small network that reads a query's vector and those of the first passages that it found, and makes another query vector, so that what is relevant is ranked
 * higher (LoL 2022, SIGIR: query reformulation for pseudo-relevance feedback, with the comparative loss by which more passages are not to do worse than fewer). Documents keep their vectors.
 *
 * ```ts
 * const update = await trainFeedback(documents, queries, positives, { runtime: await nativeRuntime() });
 * const extensions = { feedbacks: [learnedFeedback(update)] }; // pipelines: meaning > feedback(learned, depth=5)
 * ```
 *
 * @param positives rows of relevant documents for each query; queries without any are passed over.
 * @returns what `learnedFeedback` serves and `writeQueryUpdate` writes.
 * @throws InvalidArgumentError for lists of another number than queries, rows that are not there, and too few queries or documents.
 */
export async function trainFeedback(
  documents: Vectors,
  queries: Vectors,
  positives: readonly ArrayLike<number>[],
  options: TrainFeedbackOptions,
): Promise<QueryUpdate> {
  const { passages = 5, versions = 2, comparative = 1, nested = true, width = 64, queries: size = 32 } = options;
  const { pool = 512, depth = 20, temperature = 0.05, learningRate = 1e-3, steps = 400, seed = 1, encoder } = options;
  const { dim } = documents;
  checkRows('positives', positives, queries.count, documents.count);
  const usable = [...positives.keys()].filter((query) => positives[query]!.length > 0);
  if (usable.length < size || documents.count <= passages) {
    throw new InvalidArgumentError(
      `${usable.length} queries with relevant documents, and ${documents.count} documents, are too few to learn from, ${size} queries a step.`,
      'Give more of them, or make steps smaller (queries).',
    );
  }
  const found = options.ranked ?? exactTop(documents, queries, Math.min(documents.count, Math.max(passages, depth)));
  checkRows('first rankings', found, queries.count, documents.count);
  const [units, asked] = [unitRows(documents), unitRows(queries)];
  const relevant = positives.map((rows) => new Set(Array.from(rows)));
  if (options.exclude !== undefined) checkRows('exclusions', options.exclude, queries.count, documents.count);
  const excluded = options.exclude?.map((rows) => new Set(Array.from(rows)));
  const shape = { form: 'attention', dim, width } as const;
  const parameters = new Parameters(seed);
  const random = new Random(seed);
  const extent = Math.min(pool, documents.count);
  let waiting: number[] = [];
  const next = (): number[] => {
    if (waiting.length < size) waiting = random.shuffle([...usable]);
    return waiting.splice(-size);
  };
  const batch = (): Batch => {
    const chosen = next();
    const rows = poolOf(chosen, relevant, found, { extent, depth, documents: documents.count }, random);
    const own = chosen.flatMap((query) => Array.from({ length: versions }, () => query));
    const sets = chosen.flatMap((query) => feedbackSets(found[query]!, { passages, sets: versions, nested }, random));
    const marks = (of: readonly ReadonlySet<number>[]): Value => ({
      data: Float32Array.from(own.flatMap((query) => rows.map((row) => Number(of[query]!.has(row))))),
      shape: [own.length, rows.length],
    });
    return {
      queries: toValue(asked.pick(own)),
      ...passageArrays(units, sets, Math.max(1, passages)),
      documents: toValue(units.pick(rows)),
      relevant: marks(relevant),
      ...(excluded === undefined ? {} : { exclude: marks(excluded) }),
    };
  };
  const loss = (scope: Scope, inputs: Tensors) => {
    const vectors = queryUpdateGraph(scope, shape, inputs['queries']!, inputs['passages']!, inputs['present']!);
    const scores = cosines(vectors, inputs['documents']!);
    const losses = reshape(hardestPositiveNCE(scores, inputs['relevant']!, temperature, inputs['exclude']), [
      size,
      versions,
    ]);
    return comparative === 0 ? mean(losses) : add(mean(losses), scale(comparativeLoss(losses), comparative));
  };
  await learn({ parameters, loss, batch, steps, learningRate }, options);
  const made = { by: 'trainFeedback', queries: usable.length, versions, comparative, steps, learningRate, seed };
  return queryUpdateOf(shape, parameters, given({ passages: Math.max(1, passages), encoder, made }));
}

/** Documents of a step, each once: first what is relevant to its queries, then what they found, then any. */
function poolOf(
  chosen: readonly number[],
  relevant: readonly ReadonlySet<number>[],
  found: readonly ArrayLike<number>[],
  { extent, depth, documents }: { readonly extent: number; readonly depth: number; readonly documents: number },
  random: Random,
): number[] {
  if (extent === documents) return Array.from({ length: documents }, (_, row) => row);
  // One that is relevant to each comes first, so that none is without where there are too many.
  const sure = chosen.map((query) => [...relevant[query]!][random.below(relevant[query]!.size)]!);
  const others = chosen.flatMap((query) => [...relevant[query]!]);
  const hard = random.shuffle(chosen.flatMap((query) => Array.from(found[query]!).slice(0, depth)));
  const rows = new Set([...sure, ...others, ...hard].slice(0, extent));
  for (const row of [...sure, ...others, ...hard]) if (rows.size < extent) rows.add(row);
  while (rows.size < extent) rows.add(random.below(documents));
  return [...rows];
}
