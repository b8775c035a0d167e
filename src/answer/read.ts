import { type AnswerableParameters, answerableBy } from './answerable-defaults.ts';
import { likeness, sentenceValues } from './extractive.ts';
import type { Sentence, SentenceScores } from './scored-sentences.ts';
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
 * @param encoder id of the collection's encoder, `none` without.
 */
export function readAnswer(
  scored: SentenceScores,
  evidence: readonly Evidence[],
  missing: number,
  encoder: string,
  options: ReadOptions = {},
): Reading {
  const { sentences: most = 3 } = options;
  const { sentences } = scored;
  const parameters = answerableBy(scored.semantic ? encoder : 'none');
  const confidence = probability(answerFeatures(scored, evidence, missing), parameters);
  const values = sentenceValues(scored, evidence);
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

function asks(text: string): boolean {
  return /[?？؟]\s*$/u.test(text);
}

/** Numbers of {@link answerFeatures}. */
export const ANSWER_FEATURES = 5;

/**
 * What evidence looks like: the cosine of its best sentence, the share of the question's words that the best sentence holds, the same of its three best sentences
 * together, how probably its best passage is relevant (0 where that is not judged), and the share of the question's words that the collection does not hold.
 */
export function answerFeatures(
  { sentences, words }: SentenceScores,
  evidence: readonly Evidence[],
  missing: number,
): number[] {
  const best = (of: (sentence: Sentence) => number): number => Math.max(0, ...sentences.map(of));
  const total = words.reduce((sum, { weight }) => sum + weight, 0) || 1;
  const top = [...sentences].sort((a, b) => b.cosine + b.coverage - a.cosine - a.coverage).slice(0, 3);
  const held = new Set(top.flatMap((sentence) => sentence.words));
  const together = [...held].reduce((sum, i) => sum + words[i]!.weight, 0) / total;
  return [
    best(({ cosine }) => cosine),
    best(({ coverage }) => coverage),
    together,
    Math.max(0, ...evidence.map(({ relevance = 0 }) => relevance)),
    missing,
  ];
}

function probability(features: readonly number[], { weights }: AnswerableParameters): number {
  const logit = features.reduce((sum, value, i) => sum + weights[i]! * value, weights[features.length]!);
  return 1 / (1 + Math.exp(-logit));
}
