import { type AnswerableParameters, answerableBy } from './answerable-defaults.ts';
import { likeness } from './extractive.ts';
import type { SentenceScores, ValuedSentence } from './scored-sentences.ts';
import type { Sentence } from './sentence.ts';
import { asks } from './sentence-features.ts';
import { weighted } from './sentence-weights.ts';
import type { Evidence } from './types.ts';

/** What passages say to a question. */
export interface Reading {
  /** Probability that they answer it. */
  readonly confidence: number;
  readonly answered: boolean;
  /** The sentences that answer best, best first; also where none of them is good enough. */
  readonly sentences: readonly Sentence[];
}

/** Options of {@link readAnswer}. */
export interface ReadOptions {
  /** Most sentences. Default 3, at least 1. */
  readonly sentences?: number;
  /** The question counts as answered from this probability on, 0 to 1. Default: what was learned. */
  readonly least?: number;
}

/** A further sentence must be worth this share of the best one. */
const BESIDE = 0.8;
/** Sentences more alike than this say the same. */
const SAME = 0.7;

/**
 * Reads without a model: the sentences that are closest to the question, and how probably they answer it. A sentence that repeats the question
 * answers nothing, so titles and questions are passed over where there is something else.
 */
export function readAnswer(
  scored: SentenceScores,
  evidence: readonly Evidence[],
  missing: number,
  options: ReadOptions = {},
): Reading {
  const { sentences: most = 3 } = options;
  const { sentences } = scored;
  const parameters = answerableBy(scored.encoder);
  const confidence = probability(answerFeatures(scored, evidence, missing), parameters);
  const values = sentences.map(({ value }) => value);
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b);
  const telling = order.filter((i) => !asks(sentences[i]!.text));
  const chosen: number[] = [];
  for (const i of telling.length > 0 ? telling : order) {
    if (chosen.length === most) break;
    const [first = i] = chosen;
    if (values[i]! < BESIDE * values[first]!) break;
    if (chosen.some((other) => likeness(sentences[other]!, sentences[i]!) >= SAME)) continue;
    chosen.push(i);
  }
  return {
    confidence,
    answered: sentences.length > 0 && confidence >= (options.least ?? parameters.threshold),
    sentences: chosen.map((i) => sentences[i]!),
  };
}

/**
 * What evidence looks like: the cosine of its best sentence, the share of the question's words that the best sentence holds, the same of its three best sentences
 * together, how probably its best passage is relevant (0 where that is not judged), the share of the question's words that the collection does not hold, and what its best sentence is worth.
 */
export function answerFeatures(
  { sentences, words }: SentenceScores,
  evidence: readonly Evidence[],
  missing: number,
): number[] {
  const best = (of: (sentence: ValuedSentence) => number): number => Math.max(0, ...sentences.map(of));
  const total = words.reduce((sum, { weight }) => sum + weight, 0) || 1;
  const top = [...sentences].sort((a, b) => b.value - a.value).slice(0, 3);
  const held = new Set(top.flatMap((sentence) => sentence.words));
  const together = [...held].reduce((sum, i) => sum + words[i]!.weight, 0) / total;
  return [
    best(({ cosine }) => cosine),
    best(({ own }) => own),
    together,
    Math.max(0, ...evidence.map(({ relevance = 0 }) => relevance)),
    missing,
    best(({ value }) => value),
  ];
}

function probability(features: readonly number[], { weights }: AnswerableParameters): number {
  return 1 / (1 + Math.exp(-weighted(features, weights)));
}
