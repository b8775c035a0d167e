import { LINKED_FEATURES, type SentenceInputs, type SentenceModel } from '../answer/index.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import {
  add,
  type Batch,
  concat,
  constantly,
  dealt,
  fit,
  logSumExp,
  matmul,
  mean,
  multiply,
  normal,
  Parameters,
  type Runtime,
  reshape,
  type Scope,
  scale,
  square,
  subtract,
  sum,
  type Tensor,
  type Tensors,
  unitLength,
  zeros,
} from '../tensor/index.ts';

/** The sentences of a question's passages, and which of them help. */
export interface JudgedSentences extends SentenceInputs {
  /** None: nothing helps, and nothing is to be chosen. */
  readonly helps: readonly boolean[];
  /** What the question counts for. Default 1. */
  readonly weight?: number;
}

/** Options of {@link learnSentences}. */
export interface LearnSentencesOptions {
  readonly runtime: Runtime;
  /** Id of the encoder of the vectors, or `none`. */
  readonly encoder: string;
  /** What is learned: weights of what is known of sentences (`signals`, default); a dual encoder over frozen vectors alone, as the paper has it (`vectors`); or `both`. */
  readonly by?: 'signals' | 'vectors' | 'both';
  /** Columns of the dual encoder's corrections. Default 8. */
  readonly rank?: number;
  /** Default 20. */
  readonly epochs?: number;
  /** Default 0.01; that of the dual encoder is 0.03 times as great. */
  readonly learningRate?: number;
  /** How far weights are drawn to 0. Default 0.002. */
  readonly shrink?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: number, steps: number, loss: number) => void;
}

/** Questions of a step. */
const SIZE = 16;
/** Questions that are learned from, at least. */
const FEWEST = 2 * SIZE;
/** Off places that no sentence is in: below any logit. */
const ABSENT = -50;
/** Of the cosine: a temperature of 0.05. */
const SCALE = 20;
/** Rate of the dual encoder beside that of the weights: a few hundred questions teach a correction by heart. */
const CAREFUL = 0.03;
/** Of the weights, before training. */
const BEGIN = 0.5;

/**
 * Trains a compressor: of a question's sentences those that help are to be chosen, or nothing where none does, by the likelihood that a choice among them and nothing falls on them (RECOMP's contrastive
 * loss, Xu et al. 2023, https://arxiv.org/abs/2310.04408, with all sentences of the passages as negatives; with several that help, any of them).
 * Questions with and without a sentence that helps count alike, so that nothing is as probable as something before anything is known.
 *
 * @param questions labels as `judgeSentences` makes them; at least 32 that have a sentence that helps.
 * @throws InvalidArgumentError for fewer, and for vectors where there are none.
 */
export async function learnSentences(
  questions: readonly JudgedSentences[],
  options: LearnSentencesOptions,
): Promise<SentenceModel> {
  const { by = 'signals', rank = 8, epochs = 20, shrink = 2e-3, seed = 1 } = options;
  const usable = questions.filter(({ scored }) => scored.sentences.length > 0);
  const helped = usable.filter(({ helps }) => helps.includes(true));
  if (helped.length < FEWEST) {
    throw new InvalidArgumentError(
      `${helped.length} questions with a sentence that helps are too few to learn from.`,
      `Give at least ${FEWEST}.`,
    );
  }
  const dim = usable.find(({ question }) => question !== undefined)?.question?.length;
  if (by !== 'signals' && dim === undefined) {
    throw new InvalidArgumentError(
      'There are no vectors to learn from.',
      "Give questions of a collection with an encoder, or learn by 'signals'.",
    );
  }
  const layout: Layout = {
    most: Math.max(...usable.map(({ scored }) => scored.sentences.length)),
    dim: by === 'signals' ? 0 : dim!,
    empty: helped.length / Math.max(1, usable.length - helped.length),
  };
  const begun = nothingAtFirst(usable, by);
  const parameters = new Parameters(seed);
  const logits = (scope: Scope, batch: Tensors): Tensor => {
    const signals = reshape(matmul(batch['signals']!, weightsOf(scope, by)), [SIZE, layout.most]);
    if (layout.dim === 0) return signals;
    const asked = reshape(moved(scope, batch['asked']!, 'question', rank), [SIZE, 1, layout.dim]);
    const said = reshape(moved(scope, batch['said']!, 'sentence', rank), [SIZE, layout.most, layout.dim]);
    const cosines = scale(sum(multiply(asked, said), 2), SCALE);
    return by === 'vectors' ? cosines : add(signals, cosines);
  };
  const { signal, onProgress } = options;
  await fit(
    { parameters, forward: logits },
    dealt(
      (random) => stepsOf(usable, random),
      (chosen) => batchOf(chosen, layout),
      seed,
    ),
    (forward, batch, scope) => {
      const own = forward(batch);
      const nothing = multiply(batch['one']!, scope.parameter('nothing', [1], constantly(begun)));
      const all = concat([own, nothing], 1);
      const missed = subtract(logSumExp(add(all, batch['absent']!), 1), logSumExp(add(all, batch['wrong']!), 1));
      const drawn = scale(sum(square(weightsOf(scope, by))), shrink);
      return add(mean(multiply(missed, batch['weight']!)), drawn);
    },
    {
      runtime: options.runtime,
      threads: 1,
      epochs,
      learningRate: options.learningRate ?? 1e-2,
      groups: [{ match: /^(?:question|sentence)\//, learningRate: CAREFUL }],
      seed,
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress: ({ step, steps, loss }) => onProgress(step, steps, loss) }),
    },
  );
  const array = (name: string): Float32Array => parameters.get(name).data.slice();
  const side = (name: string) => ({ down: array(`${name}/down`), up: array(`${name}/up`) });
  return {
    encoder: options.encoder.split('?')[0]!,
    weights: by === 'vectors' ? new Array(LINKED_FEATURES).fill(0) : Array.from(array('weights')),
    nothing: array('nothing')[0]!,
    ...(layout.dim === 0
      ? {}
      : { dual: { dim: layout.dim, rank, scale: SCALE, question: side('question'), sentence: side('sentence') } }),
  };
}

/** The logit at which nothing is as probable as something before training, of the average question. */
function nothingAtFirst(questions: readonly JudgedSentences[], by: LearnSentencesOptions['by']): number {
  const heights = questions.map(({ scored: { sentences }, features }) => {
    const logits = sentences.map(({ cosine }, i) => {
      const signals = by === 'vectors' ? 0 : features[i]!.reduce((total, value) => total + BEGIN * value, 0);
      return signals + (by === 'signals' ? 0 : SCALE * cosine);
    });
    const most = Math.max(...logits);
    return most + Math.log(logits.reduce((total, logit) => total + Math.exp(logit - most), 0));
  });
  return heights.reduce((total, height) => total + height, 0) / heights.length;
}

/** Extents of a batch; `dim` 0 without vectors; `empty`, what a question counts of which nothing helps. */
interface Layout {
  readonly most: number;
  readonly dim: number;
  readonly empty: number;
}

function weightsOf(scope: Scope, by: LearnSentencesOptions['by']): Tensor {
  return scope.parameter('weights', [LINKED_FEATURES, 1], constantly(by === 'vectors' ? 0 : BEGIN));
}

/** `x + x A B`, of unit length; it starts as the identity. */
function moved(scope: Scope, x: Tensor, name: string, rank: number): Tensor {
  const dim = x.shape[1] as number;
  const own = scope.at(name);
  const along = matmul(x, own.parameter('down', [dim, rank], normal(1 / Math.sqrt(dim))));
  return unitLength(add(x, matmul(along, own.parameter('up', [rank, dim], zeros))));
}

function stepsOf(questions: readonly JudgedSentences[], random: Random): JudgedSentences[][] {
  const order = random.shuffle([...questions]);
  return Array.from({ length: Math.floor(order.length / SIZE) }, (_, step) =>
    order.slice(step * SIZE, (step + 1) * SIZE),
  );
}

function batchOf(chosen: readonly JudgedSentences[], { most, dim, empty }: Layout): Batch {
  const rows = SIZE * most;
  const signals = new Float32Array(rows * LINKED_FEATURES);
  const [asked, said] = [new Float32Array(SIZE * dim), new Float32Array(rows * dim)];
  const absent = new Float32Array(SIZE * (most + 1)).fill(ABSENT);
  const wrong = new Float32Array(SIZE * (most + 1)).fill(ABSENT);
  const weight = new Float32Array(SIZE);
  for (const [q, { scored, features, question, helps, weight: own = 1 }] of chosen.entries()) {
    const nothing = q * (most + 1) + most;
    const isEmpty = !helps.includes(true);
    weight[q] = own * (isEmpty ? empty : 1);
    absent[nothing] = 0;
    if (isEmpty) wrong[nothing] = 0;
    if (dim > 0 && question !== undefined) asked.set(question, q * dim);
    for (const [i, { vector }] of scored.sentences.entries()) {
      signals.set(features[i]!, (q * most + i) * LINKED_FEATURES);
      if (dim > 0 && vector !== undefined) said.set(vector, (q * most + i) * dim);
      absent[q * (most + 1) + i] = 0;
      if (helps[i]) wrong[q * (most + 1) + i] = 0;
    }
  }
  const shape = [SIZE, most + 1];
  return {
    signals: { data: signals, shape: [rows, LINKED_FEATURES] },
    ...(dim === 0 ? {} : { asked: { data: asked, shape: [SIZE, dim] }, said: { data: said, shape: [rows, dim] } }),
    one: { data: new Float32Array(SIZE).fill(1), shape: [SIZE, 1] },
    absent: { data: absent, shape },
    wrong: { data: wrong, shape },
    weight: { data: weight, shape: [SIZE] },
  };
}
