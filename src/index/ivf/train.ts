import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import {
  type ChainCodec,
  type Codec,
  createQuantizer,
  createTransform,
  ProductQuantizer,
  type TrainOptions,
  type Transform,
} from '../../codec/index.ts';
import { Arena } from '../../kernels/index.ts';
import type { Metric } from '../../math/index.ts';
import { type IndexSpec, setting } from '../spec.ts';
import { Coarse, type CoarseParameters, coarseAround, singleList, trainCoarse } from './coarse.ts';
import { stratified } from './items.ts';
import { squaredDistance } from './refine.ts';

/** Everything that an index learns. */
export interface IvfParts {
  readonly transforms: readonly Transform[];
  /** Codes what is in the lists. */
  readonly quantizer: Codec;
  /** Codes whole vectors, for refinement. */
  readonly refine: Codec | undefined;
  readonly coarse: CoarseParameters;
  /** Mean squared error of the codes of the sample. */
  readonly error: number;
  /**
   * By how much the inner product of a unit query with a vector near it exceeds that with the vector's code, at most: the mean
   * difference and {@link DEVIATIONS} standard deviations, over the sample.
   */
  readonly margin: number;
}

/**
 * What another index has learned from the same vectors: its lists, and its transforms, all of them but for a rotation that comes last
 * here and not there.
 */
export type KnownParts = Pick<IvfParts, 'transforms' | 'coarse'>;

const DEFAULT_SEED = 1234;
/** Vectors that quantizers learn from at most. */
const QUANTIZER_SAMPLE = 65_536;
/** Two standard deviations on one side leave out one in forty of those at the very edge, and none of the others. */
const DEVIATIONS = 2;
/** Vectors whose error is measured. */
const ERROR_SAMPLE = 2048;

/**
 * Learns transforms, lists and codes, in that order, each from what those before it make of the sample.
 *
 * @param known transforms and lists that are learned already.
 * @param codec transforms and codes that are learned already, of the same specification.
 * @param centroids of the lists, as the transforms of that codec make vectors.
 */
export async function trainParts(
  sample: Vectors,
  spec: IndexSpec,
  metric: Metric,
  options: TrainOptions,
  known?: KnownParts,
  codec?: ChainCodec,
  centroids?: Vectors,
): Promise<IvfParts> {
  const { seed = DEFAULT_SEED, onProgress } = options;
  const part = (from: number, to: number): TrainOptions & { readonly seed: number } => ({
    ...options,
    seed,
    onProgress: (done) => onProgress?.(from + (to - from) * done),
  });
  if (sample.count === 0) {
    throw new InvalidArgumentError(
      'There are no training vectors.',
      'Pass at least as many vectors as there are lists.',
    );
  }
  const made = makeTransforms(spec, sample.dim);
  const { dim } = made;
  const taken = codec?.transforms ?? known?.transforms ?? [];
  const transforms = [...taken, ...made.transforms.slice(taken.length)];
  const quantizer = codec?.quantizer ?? createQuantizer(spec.quantizer, dim);
  const refine = Array.isArray(spec.refine) ? createQuantizer(spec.refine, sample.dim) : undefined;
  let rows = sample;
  for (const [i, transform] of transforms.entries()) {
    if (i >= taken.length)
      await transform.train(rows, part((0.2 * i) / transforms.length, (0.2 * (i + 1)) / transforms.length));
    rows = transform.apply(rows);
  }
  const l2 = metric === 'l2';
  const lists = spec.lists?.numbers[0] ?? 1;
  let coarse = rotated(known, transforms);
  if (spec.lists === undefined) coarse ??= singleList(dim);
  else if (centroids !== undefined) coarse = await coarseAround(rows, centroids, l2, part(0.2, 0.7));
  coarse ??= await trainCoarse(rows, lists, l2, part(0.2, 0.7));
  const some = stratified(rows, QUANTIZER_SAMPLE, new Random(seed));
  const lister = new Coarse(coarse, l2, new Arena('baseline'));
  const residual = spec.lists !== undefined && setting(spec.lists, 'residual') === 1;
  const coded = residual ? lister.residuals(some, await lister.assignOn(some, options)) : some;
  if (codec === undefined) await quantizer.train(coded, part(0.7, refine === undefined ? 1 : 0.9));
  await refine?.train(stratified(sample, QUANTIZER_SAMPLE, new Random(seed)), part(0.9, 1));
  return { transforms, quantizer, refine, coarse, ...errors(quantizer, coded, some, l2) };
}

/** Lists of vectors before a rotation are those of vectors after it, rotated: it changes no distance. */
function rotated(known: KnownParts | undefined, transforms: readonly Transform[]): CoarseParameters | undefined {
  if (known === undefined) return undefined;
  const { centroids, spreads, reach } = known.coarse;
  const rest = transforms.slice(known.transforms.length);
  return { centroids: rest.reduce((rows, transform) => transform.apply(rows), centroids), spreads, reach };
}

function makeTransforms(spec: IndexSpec, dim: number): { transforms: Transform[]; dim: number } {
  const transforms: Transform[] = [];
  let width = dim;
  spec.transforms.forEach((part, i) => {
    const next = spec.transforms[i + 1];
    const transform = createTransform(part, width, next ?? spec.quantizer[0]);
    transforms.push(transform);
    width = transform.outDim;
  });
  return { transforms, dim: width };
}

function errors(quantizer: Codec, coded: Vectors, whole: Vectors, l2: boolean): { error: number; margin: number } {
  const count = Math.min(coded.count, ERROR_SAMPLE);
  const { dim } = coded;
  // Evenly spaced, so that a sorted sample does no harm.
  const pick = (vectors: Vectors) =>
    Vectors.fromRows(
      Array.from({ length: count }, (_, i) => vectors.row(Math.floor((i * vectors.count) / count))),
      dim,
    );
  const [rows, near] = [pick(coded), pick(whole)];
  const codes = quantizer instanceof ProductQuantizer && !l2 ? quantizer.encode(rows, near) : quantizer.encode(rows);
  const decoded = quantizer.decode(codes);
  let error = 0;
  for (let i = 0; i < count; i++) error += squaredDistance(rows.row(i), decoded.row(i));
  if (l2 || count < 2) return { error: error / count, margin: 0 };

  const arena = new Arena('baseline');
  const matrix = arena.put(near.data);
  const scores = arena.allocate(4 * count);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    // The query is the vector for which this one scores best among the others.
    arena.kernels.dotRows(matrix + 4 * dim * i, matrix, count, dim, scores);
    const products = arena.f32(scores, count);
    let best = i === 0 ? 1 : 0;
    for (let j = 0; j < count; j++) if (j !== i && products[j]! > products[best]!) best = j;
    const query = near.row(best);
    let norm = 0;
    let difference = 0;
    for (let c = 0; c < dim; c++) {
      norm += query[c]! ** 2;
      difference += query[c]! * (rows.data[i * dim + c]! - decoded.data[i * dim + c]!);
    }
    const relative = norm === 0 ? 0 : difference / Math.sqrt(norm);
    sum += relative;
    squares += relative * relative;
  }
  const mean = sum / count;
  const deviation = Math.sqrt(Math.max(0, squares / count - mean * mean));
  return { error: error / count, margin: Math.max(0, mean + DEVIATIONS * deviation) };
}
