import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { dot, solvePositive } from '../../math/index.ts';
import {
  bestSentences,
  HYPOTHESIS_DEFAULTS,
  type HypothesisModel,
  KEYWORD_MATCH,
  mixture,
  sentenceLogits,
} from '../../search/feedback/hypothesis.ts';
import { updatedQuery } from '../../search/feedback/query-update.ts';
import { HYPOTHESIS_SIGNALS, type SentenceCandidates } from '../../search/feedback/sentence-candidates.ts';
import type { LearningOptions } from '../quantize/learning.ts';
import type { HypothesisPair, HypothesisPairs } from './hypothesis-pairs.ts';
import { trainFeedback } from './train-feedback.ts';

/** Settings of {@link learnHypotheses}. */
export interface LearnHypothesesOptions extends LearningOptions {
  /** Where learning begins. Default: sentences are chosen by the query's words that they have. */
  readonly start?: HypothesisModel;
  /** Sentences of a hypothetical document, at least 1. Default: what the start says, else 3. */
  readonly sentences?: number;
  /** Weight of the query's own vector, 0 to 1. Default: what the start says, else 0.5. */
  readonly original?: number;
  /** Whether the choice of sentences is learned. Default true. */
  readonly generator?: boolean;
  /** What the correction of vectors is learned from: the mixtures that it will serve, queries alone, or nothing, so that there is none. Default `mixtures`. */
  readonly retriever?: 'mixtures' | 'queries' | 'none';
  /** Times that both learn, each from the other as it is then. Default 1. */
  readonly rounds?: number;
  /** Hypothetical documents that are drawn for each query, at least 2. Default 8. */
  readonly samples?: number;
  /** Which of them the choice of sentences learns from: that by which the query's document is told best from others, where it helps, or any, to compare with. Default `best`. */
  readonly select?: 'best' | 'any';
  /** How far weights are drawn to those of the round before, in examples' shares. Default 0.01. */
  readonly shrink?: number;
  /** Of the softmax over documents, in units of the cosine. Default 0.05. */
  readonly temperature?: number;
  /** Of the correction, reached after 20 steps, then falling linearly to 0. Default 3e-4. */
  readonly learningRate?: number;
  /** Of the correction. Default 200. */
  readonly steps?: number;
  /** Same seed, same threads: same result. Default 1. */
  readonly seed?: number;
}

/**
 * Learns without judgements how to compose hypothetical documents, and how to search for them, from queries that were made of documents (SL-HyDE, Li et al. 2024, https://arxiv.org/abs/2410.20050). In turn
 *
 * 1. several documents are drawn for each query of sentences that the rest of the collection has; that by which the retriever tells the query's own document best from others is what the choice of sentences learns to
 *    write, by its likelihood, where it helps more than the query alone;
 * 2. a correction of vectors learns to find the query's document by the mixture of query and hypothetical document that it will be given (InfoNCE). Documents keep their vectors.
 *
 * A reconstruction: the paper fine-tunes a language model and an encoder; here the writer draws sentences by a softmax over what is known of them, and the retriever is a small network over frozen vectors.
 *
 * ```ts
 * const pairs = await hypothesisPairs(corpus, examples);
 * const model = await learnHypotheses(pairs, { runtime: await nativeRuntime() });
 * const extensions = { feedbacks: [hypothesisFeedback(model)] }; // pipelines: meaning > feedback(hypothesis)
 * ```
 *
 * @returns what `hypothesisFeedback` serves and `writeHypothesisModel` writes. @throws InvalidArgumentError for settings out of their range, and fewer than 32 pairs.
 */
export async function learnHypotheses(
  { pairs, documents, passages, encoder }: HypothesisPairs,
  options: LearnHypothesesOptions,
): Promise<HypothesisModel> {
  const { start = KEYWORD_MATCH, generator = true, retriever = 'mixtures', rounds = 1, samples = 8 } = options;
  const { select = 'best', shrink = 0.01, temperature = 0.05, learningRate = 3e-4, steps = 200, seed = 1 } = options;
  if (pairs.length < FEWEST) {
    throw new InvalidArgumentError(`${pairs.length} pairs are too few to learn from.`, `Give at least ${FEWEST}.`);
  }
  if (!(samples >= 2 && rounds >= 1)) {
    throw new InvalidArgumentError(
      `${samples} samples in ${rounds} rounds teach nothing.`,
      'Give at least 2 samples and 1 round.',
    );
  }
  const random = new Random(seed);
  const made = { by: 'learnHypotheses', pairs: pairs.length, rounds, samples, steps, learningRate, seed };
  const { update: _, ...begun } = { ...HYPOTHESIS_DEFAULTS, ...start, ...given({ original: options.original }) };
  let model: HypothesisModel = { ...begun, ...given({ sentences: options.sentences }), passages, encoder, made };
  // Only what answers some query: what is nothing but a wrong answer throughout would be pushed away from every query, and lost to those that come later.
  const known = [...new Set(pairs.map(({ positive }) => positive))];
  const places = new Map(known.map((row, place) => [row, place]));
  for (let round = 0; round < rounds; round++) {
    options.signal?.throwIfAborted();
    if (generator) {
      const lessons = pairs.flatMap((pair) => {
        const drawn = Array.from({ length: samples }, () => draw(pair.candidates, model, random));
        const kept =
          select === 'any' ? drawn[random.below(samples)] : bestOf(pair, documents, drawn, model, temperature);
        return kept === undefined ? [] : [{ candidates: pair.candidates, rows: kept }];
      });
      model = { ...model, weights: likeliest(lessons, model.weights, shrink) };
    }
    if (retriever === 'none') continue;
    const asked = pairs.map(({ candidates }) =>
      retriever === 'queries' ? candidates.asked : mixture(candidates, bestSentences(candidates, model), model),
    );
    const update = await trainFeedback(
      documents.pick(known),
      Vectors.fromRows(asked),
      pairs.map(({ positive }) => [places.get(positive)!]),
      {
        ...options,
        passages: 0,
        versions: 1,
        comparative: 0,
        exclude: pairs.map(({ exclude }) => exclude.flatMap((row) => places.get(row) ?? [])),
        temperature,
        learningRate,
        steps,
        seed,
      },
    );
    model = { ...model, update };
  }
  return model;
}

/** Pairs that are learned from, at least: those of a step of the correction. */
const FEWEST = 32;
/** Newton's steps at most; some five are enough. */
const STEPS = 20;

/** Sentences drawn one after the other without putting back, each by the softmax of what speaks for it (the greatest of Gumbel-perturbed logits). */
function draw(candidates: SentenceCandidates, model: HypothesisModel, random: Random): number[] {
  const { sentences } = { ...HYPOTHESIS_DEFAULTS, ...model };
  const noisy = sentenceLogits(candidates, model.weights).map(
    (logit) => logit - Math.log(-Math.log(1 - random.next() || Number.MIN_VALUE)),
  );
  return [...noisy.keys()].sort((a, b) => noisy[b]! - noisy[a]!).slice(0, sentences);
}

/** The drawn document by which the pair's own is told best from others, by the retriever as it is; undefined where none helps. */
function bestOf(
  { candidates, positive, others }: HypothesisPair,
  documents: Vectors,
  drawn: readonly (readonly number[])[],
  model: HypothesisModel,
  temperature: number,
): readonly number[] | undefined {
  const told = (mixed: Float32Array): number => {
    const vector = model.update === undefined ? mixed : updatedQuery(model.update, mixed, []);
    const own = dot(vector, documents.row(positive)) / temperature;
    let total = 1;
    for (const row of others) total += Math.exp(dot(vector, documents.row(row)) / temperature - own);
    return -Math.log(total);
  };
  let best: readonly number[] | undefined;
  let most = told(candidates.asked);
  for (const rows of drawn) {
    const value = told(mixture(candidates, rows, model));
    if (value > most) [best, most] = [rows, value];
  }
  return best;
}

interface Lesson {
  readonly candidates: SentenceCandidates;
  readonly rows: readonly number[];
}

/** Weights by which the sentences of lessons are likeliest to be drawn in their order (Plackett-Luce), by Newton's method: the likelihood is concave. */
function likeliest(
  lessons: readonly Lesson[],
  before: HypothesisModel['weights'],
  shrink: number,
): HypothesisModel['weights'] {
  const width = HYPOTHESIS_SIGNALS.length;
  const anchor = HYPOTHESIS_SIGNALS.map((name) => before[name] ?? 0);
  const weights = Float64Array.from(anchor);
  const strength = Math.max(1e-3, shrink * lessons.length);
  for (let step = 0; step < STEPS; step++) {
    const gradient = Float64Array.from(weights, (weight, c) => strength * (anchor[c]! - weight));
    const curvature = new Float64Array(width * width);
    for (let c = 0; c < width; c++) curvature[c * width + c] = strength;
    for (const lesson of lessons) addLesson(lesson, weights, gradient, curvature);
    const moved = solvePositive(curvature, width, gradient);
    for (let c = 0; c < width; c++) weights[c]! += moved[c]!;
    if (moved.every((value) => Math.abs(value) < 1e-6)) break;
  }
  return Object.fromEntries(HYPOTHESIS_SIGNALS.map((name, c) => [name, weights[c]!]));
}

/** Adds the gradient of the log-likelihood of a lesson, and its negative second derivative. */
function addLesson(
  { candidates: { signals, texts }, rows }: Lesson,
  weights: Float64Array,
  gradient: Float64Array,
  curvature: Float64Array,
): void {
  const width = weights.length;
  const powers = Float64Array.from(texts, (_, i) => {
    let logit = 0;
    for (let c = 0; c < width; c++) logit += weights[c]! * signals[i * width + c]!;
    return Math.exp(Math.min(logit, 500));
  });
  for (const chosen of rows) {
    const total = powers.reduce((sum, power) => sum + power, 0);
    const mean = new Float64Array(width);
    for (const [i, power] of powers.entries()) {
      for (let a = 0; a < width; a++) {
        const share = (power / total) * signals[i * width + a]!;
        mean[a]! += share;
        for (let b = 0; b < width; b++) curvature[a * width + b]! += share * signals[i * width + b]!;
      }
    }
    for (let a = 0; a < width; a++) {
      gradient[a]! += signals[chosen * width + a]! - mean[a]!;
      for (let b = 0; b < width; b++) curvature[a * width + b]! -= mean[a]! * mean[b]!;
    }
    powers[chosen] = 0;
  }
}
