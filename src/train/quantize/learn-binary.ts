import { InvalidArgumentError } from '../../base/errors.ts';
import type { Vectors } from '../../base/vectors.ts';
import { RecurrentBinary } from '../../codec/index.ts';
import { transpose } from '../../math/index.ts';
import {
  add,
  affine,
  type Batch,
  clip,
  given,
  greaterOrEqual,
  matmul,
  Parameters,
  type Scope,
  scale,
  straightThrough,
  subtract,
  type Tensor,
  type Tensors,
  transposeLast,
  unitLength,
  where,
} from '../../tensor/index.ts';
import { type LearningOptions, learn } from './learning.ts';
import { RankingBatches, type RankingOptions, rankingLoss } from './ranking.ts';

/** Settings of {@link learnBinary}. */
export interface BinaryOptions extends RankingOptions, LearningOptions {
  /** Signs of a level; a code has `signs * levels` bits. */
  readonly signs: number;
  /** 1 to 4; 1 is hashing. Default 2. */
  readonly levels?: number;
  /** Code queries as documents are coded, so that scores are sums of small whole numbers. Default false: queries stay float. */
  readonly symmetric?: boolean;
  /**
   * Codes of the same documents by an earlier version, which queries of the new one are to find as well: an index need not be made again
   * when the encoder changes (BEBR, section 3.3). Signs and levels must be those of its codec.
   */
  readonly compatible?: { readonly codec: RecurrentBinary; readonly codes: Uint8Array };
  /** Same seed, same threads: same codec. Default 1234. */
  readonly seed?: number;
  /** Updates. Default 600. */
  readonly steps?: number;
  /**
   * Default 0.002, and 0.02 with `compatible`, which has further to go; falling linearly to 0. Of six rates from 0.0002 to 0.06 (`bebr`, development queries), 0.02 is the best of compatible
   * queries; without them 0.002 loses 0.01 to the best, which are smaller, and leaves room for other vectors.
   */
  readonly learningRate?: number;
  /** A codec that was learned before to go on from, of the same signs and levels. */
  readonly start?: RecurrentBinary;
}

/**
 * Learns recurrent binary codes from rankings or labels (Gan et al. 2023, BEBR, https://arxiv.org/abs/2302.08714, sections 3.2 and 3.3): signs
 * pass gradients on where their argument is within -1 .. 1. The maps are linear, where the paper has a hidden layer. See
 * {@link RecurrentBinary} for the codes, and `distillCodec` for what rankings and labels are.
 *
 * @param documents unit vectors to be coded, or a sample. @param queries training queries, unit vectors of the same encoder.
 * @throws InvalidArgumentError for fewer queries than a batch, and for codes that do not fit.
 */
export async function learnBinary(
  documents: Vectors,
  queries: Vectors,
  options: BinaryOptions,
): Promise<RecurrentBinary> {
  const { signs, levels = 2, symmetric = false, seed = 1234, steps = 600 } = options;
  const { learningRate = options.compatible === undefined ? 0.002 : 0.02 } = options;
  const { dim } = documents;
  const codec = new RecurrentBinary(dim, signs, levels);
  const batches = new RankingBatches(documents, queries, { temperature: TEMPERATURE, ...options }, seed);
  if (options.start === undefined) await codec.train(documents, { seed });
  else codec.restore(options.start.learned());
  const old = options.compatible && oldValues(options.compatible, codec, documents);
  const parameters = new Parameters();
  for (const [name, array] of codec.learned()) {
    if (name === 'settings') continue;
    // Rows of the codec's maps are outputs; a product from the right wants them as columns.
    const inputs = name.startsWith('back') ? signs : dim;
    parameters.set(name, transpose(array, inputs), [inputs, array.length / inputs]);
  }
  const loss = (scope: Scope, inputs: Tensors): Tensor =>
    binaryLoss(scope, inputs, { parameters, levels, symmetric, ...options });
  const batch = (): Batch => {
    const { documents: rows, inputs } = batches.next();
    const known = old?.pick(rows);
    return {
      ...inputs,
      ...(known === undefined ? {} : { old: { data: known.data, shape: [known.count, known.dim] } }),
    };
  };
  await learn({ parameters, loss, batch, steps, learningRate }, options);
  const learned = new Map<string, Float32Array>([['settings', Float32Array.of(1, symmetric ? 1 : 0)]]);
  for (const name of parameters.names) {
    const { data, shape } = parameters.get(name);
    learned.set(name, transpose(data, shape[1]!));
  }
  codec.restore(learned);
  codec.restore(codec.fitted(documents.slice(0, Math.min(documents.count, 4096))));
  return codec;
}

const TEMPERATURE = 0.05;

/** What {@link binaryLoss} needs beside the batch. */
interface BinaryGraph {
  readonly parameters: Parameters;
  readonly levels: number;
  readonly symmetric: boolean;
  readonly temperature?: number;
}

/** The ranking by cosines of codes; with `old`, as much again by cosines of queries with codes of an earlier version. */
export function binaryLoss(scope: Scope, inputs: Tensors, graph: BinaryGraph): Tensor {
  const { queries, documents, old } = inputs;
  const { symmetric, temperature = TEMPERATURE } = graph;
  const parameter = (name: string): Tensor => {
    const { data, shape } = graph.parameters.get(name);
    return scope.parameter(name, [...shape], given(data));
  };
  // Components of rotated unit vectors are then of the size at which signs pass gradients on for some and not for others.
  const gain = Math.sqrt(documents!.shape[1] as number);
  const code = (vectors: Tensor): Tensor => {
    let values = binarySign(scale(affine(vectors, parameter('first')), gain));
    for (let i = 0; i < graph.levels - 1; i++) {
      const rest = subtract(vectors, unitLength(affine(values, parameter(`back${i}`))));
      values = add(values, scale(binarySign(scale(affine(rest, parameter(`rest${i}`)), gain)), 2 ** -(i + 1)));
    }
    return unitLength(values);
  };
  const asked = symmetric ? code(queries!) : unitLength(affine(queries!, parameter('first')));
  const loss = rankingLoss(matmul(asked, transposeLast(code(documents!))), inputs, temperature);
  if (old === undefined) return loss;
  return add(loss, rankingLoss(matmul(asked, transposeLast(unitLength(old))), inputs, temperature));
}

/** The sign, 1 for 0; its gradient is that of the argument cut to -1 .. 1. */
export function binarySign(x: Tensor): Tensor {
  return straightThrough(where(greaterOrEqual(x, 0), 1, -1), clip(x, -1, 1));
}

function oldValues(
  { codec, codes }: NonNullable<BinaryOptions['compatible']>,
  own: RecurrentBinary,
  documents: Vectors,
): Vectors {
  if (codec.m === own.m && codec.levels === own.levels && codes.length === codec.codeSize * documents.count) {
    return codec.values(codes);
  }
  throw new InvalidArgumentError(
    `${codes.length / codec.codeSize} codes of ${codec.spec} are no earlier version of ${own.spec} for ${documents.count} documents.`,
    'Give codes of all documents, with the same signs and levels.',
  );
}
