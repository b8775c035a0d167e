import { InvalidArgumentError } from '../../base/errors.ts';
import { Vectors } from '../../base/vectors.ts';
import { type ChainCodec, type Codec, createCodec, ProductQuantizer } from '../../codec/index.ts';
import { IvfModel } from '../../index/index.ts';
import type { Batch, Scope, Tensor, Tensors } from '../../tensor/index.ts';
import type { BalanceOptions } from './balanced.ts';
import { type LearningOptions, learn } from './learning.ts';
import { QuantizedScores } from './quantized-scores.ts';
import { RankingBatches, type RankingOptions } from './ranking.ts';

/** Settings of {@link distillCodec}. Papers are settings of it. */
export interface DistillOptions extends RankingOptions, LearningOptions {
  /** Product quantizer of the result, `pq<M>x8` or `pq<M>x4`; M must divide the dimension. */
  readonly quantizer: string;
  /** Same seed, same threads: same codec. Default 1234. */
  readonly seed?: number;
  /** Updates. Default 600. */
  readonly steps?: number;
  /** Default 1e-3, falling linearly to 0. */
  readonly learningRate?: number;
  /** Learn maps of documents and queries as well as codebooks. Default true. */
  readonly maps?: boolean;
  /**
   * `live` (Distill-VQ): codes follow the codebooks in every step, gradients pass straight through. `frozen` (JPQ): codes of
   * documents stay what they are, only what they stand for is learned; documents' map stays too. `balanced` (RepCONC): while
   * learning, codes (and lists) are used evenly within a batch; afterwards vectors get the nearest, as always. Default `live`.
   */
  readonly codes?: 'live' | 'frozen' | 'balanced';
  /** Of balanced codes. */
  readonly balance?: BalanceOptions;
  /** A codec that was learned before, such as on another domain, to go on from. It must be `dual` and the quantizer. Default: none. */
  readonly start?: Codec;
  /** Weight of the squared error of codes, which holds codebooks to their documents. Default 0. */
  readonly reconstruction?: number;
}

/** Settings of {@link distillIndex}. */
export interface DistillIndexOptions extends DistillOptions {
  /** Inverted lists. */
  readonly lists: number;
  /** Whether codes are of what is left of a vector after its list's centroid. Default true. */
  readonly residual?: boolean;
  /** Weight of the ranking by centroids alone, which teaches lists whom they are for. Default 1. */
  readonly listWeight?: number;
}

/** What {@link distillIndex} learned: pass it to `buildIndex(spec, vectors, learned)` or, with the spec, to `rebuild`. */
export interface LearnedLists {
  readonly spec: string;
  readonly codec: ChainCodec;
  readonly centroids: Vectors;
}

/**
 * A product quantizer that learns to rank as the vectors themselves do (Xiao et al. 2022, Distill-VQ, https://arxiv.org/abs/2204.00185;
 * Zhan et al. 2021, JPQ, for frozen codes; Zhan et al. 2022, RepCONC, for balanced ones): ListNet between the softmax of exact inner
 * products and that of products with codes, over each query's best documents and those of the other queries in the batch. No
 * judgements are needed, only queries like those to come; where there are `labels`, cross-entropy with them takes its place.
 *
 * It begins as `opq,pq<M>x<bits>` and ends as `dual,pq<M>x<bits>`, which saves, opens, encodes and scores like any codec.
 * Where the papers update codebooks under a fixed rotation, this learns a map of documents and one of queries as well.
 *
 * @param documents vectors to be coded, or a sample. @param queries training queries; hold others back to see what it is worth.
 * @throws InvalidArgumentError for a quantizer that does not divide the dimension, and for fewer queries than a batch.
 */
export async function distillCodec(documents: Vectors, queries: Vectors, options: DistillOptions): Promise<Codec> {
  const { dim } = documents;
  const codec = createCodec(`dual,${options.quantizer}`, dim) as ChainCodec;
  checkQuantizer(codec, options.quantizer);
  const { seed = 1234, signal, start } = options;
  // Made before what takes time, so that it refuses at once.
  const batches = new RankingBatches(documents, queries, options, seed);
  if (start === undefined) await codec.train(documents, { seed, ...(signal === undefined ? {} : { signal }) });
  else if (start.spec === codec.spec && start.dim === dim) codec.restore(start.learned());
  else {
    throw new InvalidArgumentError(
      `${start.spec} of ${start.dim} components is no start for ${codec.spec} of ${dim}.`,
      'Give a codec of the same specification, or none.',
    );
  }
  const model = new QuantizedScores(codec, undefined, false, options, sampleOf(documents));
  await learnScores(model, codec, batches, documents, options);
  codec.restore(model.learned());
  return codec;
}

/**
 * Inverted lists and codes that learn together: as {@link distillCodec}, with centroids of lists (the coarse quantizer) trained by the
 * same rankings (Distill-VQ, section 3.2). The result builds an index that is searched, saved and opened like any other:
 *
 * ```ts
 * const learned = await distillIndex(vectors, queries, { runtime, lists: 256, quantizer: 'pq16x8' });
 * const index = await buildIndex(learned.spec, vectors, learned);
 * ```
 *
 * @throws InvalidArgumentError as `distillCodec`, for frozen codes, and for a start.
 */
export async function distillIndex(
  documents: Vectors,
  queries: Vectors,
  options: DistillIndexOptions,
): Promise<LearnedLists> {
  const { lists, quantizer, residual = true, seed = 1234, signal } = options;
  if (options.codes === 'frozen' || options.start !== undefined) {
    throw new InvalidArgumentError(
      'Lists cannot be learned with frozen codes, nor from a codec without them.',
      'Leave `codes` and `start` out, or use distillCodec.',
    );
  }
  const codec = createCodec(`dual,${quantizer}`, documents.dim) as ChainCodec;
  checkQuantizer(codec, quantizer);
  const batches = new RankingBatches(documents, queries, options, seed);
  const spec = `dual,ivf${lists}${residual ? '' : '(residual=0)'},${quantizer}`;
  const { parts } = await IvfModel.train(documents, spec, { seed, ...(signal === undefined ? {} : { signal }) });
  const learned = [...parts.transforms, parts.quantizer].flatMap((part, i) =>
    [...part.learned()].map(([name, array]) => [`${i}.${name}`, array] as const),
  );
  codec.restore(new Map(learned));
  const model = new QuantizedScores(codec, parts.coarse.centroids, residual, options, sampleOf(documents));
  await learnScores(model, codec, batches, documents, options);
  codec.restore(model.learned());
  return { spec, codec, centroids: new Vectors(model.parameters.get('lists').data.slice(), documents.dim) };
}

async function learnScores(
  model: QuantizedScores,
  codec: ChainCodec,
  batches: RankingBatches,
  documents: Vectors,
  options: DistillOptions,
): Promise<void> {
  const { steps = 600, learningRate = 1e-3, balance = {} } = options;
  const frozen = options.codes === 'frozen' ? codec.encode(documents) : undefined;
  const batch = (): Batch => {
    const { documents: rows, inputs } = batches.next();
    const balanced = options.codes === 'balanced';
    const chosen =
      frozen === undefined
        ? balanced
          ? model.balanced(documents.pick(rows), balance)
          : {}
        : model.oneHot(frozen, codec.codeSize, rows);
    return { ...inputs, ...chosen };
  };
  const groups = [
    ...(options.maps === false ? [{ match: /^map\//, frozen: true }] : []),
    ...(frozen === undefined ? [] : [{ match: /^map\/documents$/, frozen: true }]),
  ];
  const loss = (scope: Scope, inputs: Tensors): Tensor => model.loss(scope, inputs);
  await learn({ parameters: model.parameters, groups, loss, batch, steps, learningRate }, options);
}

function checkQuantizer({ quantizer, dim }: ChainCodec, name: string): void {
  if (quantizer instanceof ProductQuantizer && dim % quantizer.m === 0) return;
  throw new InvalidArgumentError(
    `${name} cannot be distilled for ${dim} components.`,
    'Give a product quantizer, such as pq16x8, whose parts divide the dimension.',
  );
}

/** Vectors whose errors tell how soft choices are. */
function sampleOf(documents: Vectors): Vectors {
  return documents.slice(0, Math.min(512, documents.count));
}
