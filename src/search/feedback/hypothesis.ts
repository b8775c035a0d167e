import { IncompatibleError, InvalidArgumentError } from '../../base/errors.ts';
import type { Query } from '../../content/index.ts';
import { type Corpus, fieldOf, MEANING } from '../../corpus/index.ts';
import { encode, represented } from '../represent.ts';
import type { Ranking } from '../types.ts';
import { checkFraction, checkWhole } from './checks.ts';
import { mixedVector } from './mixing.ts';
import { type QueryUpdate, updatedQuery } from './query-update.ts';
import {
  HYPOTHESIS_SIGNALS,
  type HypothesisSignal,
  type SentenceCandidates,
  sentenceCandidates,
  unit,
} from './sentence-candidates.ts';
import type { Feedback } from './types.ts';

/** How a hypothetical document is composed and searched for: what `learnHypotheses` of `sagitta-search/train` learns. */
export interface HypothesisModel {
  /** What each signal of a sentence counts for its being chosen. Default of those left out: 0. */
  readonly weights: Readonly<Partial<Record<HypothesisSignal, number>>>;
  /** Passages whose sentences are candidates, the first of the ranking: at least 1. Default 5. */
  readonly passages?: number;
  /** Sentences of a hypothetical document, at least 1. Default 3. */
  readonly sentences?: number;
  /** Weight of the query's own vector, 0 to 1; the hypothetical document has the rest. Default 0.5, as of HyDE with one document; 1 / (n + 1) is that of n. */
  readonly original?: number;
  /** What is made of the mixture before it is searched for. Default: nothing. */
  readonly update?: QueryUpdate;
  /** Specification of the encoder that it was learned with, where that was said. */
  readonly encoder?: string;
  /** How it was made, for people. */
  readonly made?: Readonly<Record<string, unknown>>;
}

export const HYPOTHESIS_DEFAULTS = { passages: 5, sentences: 3, original: 0.5 } as const;

/** Chooses sentences by the query's words that they have: where learning begins. */
export const KEYWORD_MATCH: HypothesisModel = { weights: { words: 1 } };

/** A document that would answer a query, composed of sentences that there are. */
export interface Hypothesis {
  /** Best first. */
  readonly sentences: readonly string[];
  /** What is searched for, of unit length. */
  readonly vector: Float32Array;
}

/** Options of {@link hypothesisFeedback}. */
export interface HypothesisFeedbackOptions {
  /** What pipelines call it, in `feedback(NAME)`. Default `hypothesis`. */
  readonly id?: string;
  /** A field of one vector for each passage. Default `meaning`. */
  readonly field?: string;
}

/**
 * Searches for a hypothetical document, as HyDE does, that no language model writes: it is composed of sentences of the first passages, chosen by weights that the collection itself taught (SL-HyDE, Li et al.
 * 2024, https://arxiv.org/abs/2410.20050). The query's vector becomes the mean of its own and the document's, corrected by what was learned about such means. Its vector is the mean of those of its sentences.
 *
 * ```ts
 * const extensions = { feedbacks: [hypothesisFeedback(model)] }; // pipelines: meaning > feedback(hypothesis)
 * ```
 *
 * @throws InvalidArgumentError for numbers out of their range, and where it runs for a field that does not hold one vector for each passage;
 * IncompatibleError where it runs on a field of another encoder than it was learned with.
 */
export function hypothesisFeedback(model: HypothesisModel, options: HypothesisFeedbackOptions = {}): Feedback {
  const { id = 'hypothesis', field = MEANING } = options;
  checkHypothesisModel(model);
  return {
    id,
    async refine(query, ranking, corpus, { signal }) {
      const made = await composeHypothesis(model, query, ranking, corpus, {
        field,
        ...(signal === undefined ? {} : { signal }),
      });
      return made === undefined ? query : represented(query, field, made.vector);
    },
  };
}

/**
 * The hypothetical document of a query, to be looked at.
 * @returns undefined where the encoder has no say about the query, and where there is no sentence. @throws see {@link hypothesisFeedback}.
 */
export async function composeHypothesis(
  model: HypothesisModel,
  query: Query,
  { hits }: Pick<Ranking, 'hits'>,
  corpus: Corpus,
  options: { readonly field?: string; readonly signal?: AbortSignal } = {},
): Promise<Hypothesis | undefined> {
  checkHypothesisModel(model);
  const field = fieldOf(corpus, options.field ?? MEANING, ['vector'], 'A hypothetical document');
  if (model.encoder !== undefined && model.encoder !== field.encoder) {
    throw new IncompatibleError(
      `Hypothetical documents were learned with vectors of ${model.encoder}, and "${field.name}" holds those of ${field.encoder}.`,
      'Learn them anew with the encoder of the field.',
    );
  }
  const { passages } = { ...HYPOTHESIS_DEFAULTS, ...model };
  const candidates = await sentenceCandidates(query, hits.slice(0, passages), corpus, field, options.signal);
  if (candidates === undefined) return undefined;
  const { query: given } = await encode(field, query, options.signal);
  const chosen = bestSentences(candidates, model);
  const mixed = mixture(candidates, chosen, model);
  const vector = model.update === undefined ? mixed : updatedQuery(model.update, mixed, []);
  const length = Math.hypot(...(given as Float32Array));
  return { sentences: chosen.map((i) => candidates.texts[i]!), vector: vector.map((value) => value * length) };
}

/** Rows of the sentences that are chosen, best first. */
export function bestSentences(candidates: SentenceCandidates, model: HypothesisModel): number[] {
  const { sentences } = { ...HYPOTHESIS_DEFAULTS, ...model };
  const logits = sentenceLogits(candidates, model.weights);
  return [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b).slice(0, sentences);
}

/** What speaks for each sentence. */
export function sentenceLogits(
  { signals, texts }: SentenceCandidates,
  weights: HypothesisModel['weights'],
): Float64Array {
  const width = HYPOTHESIS_SIGNALS.length;
  const values = HYPOTHESIS_SIGNALS.map((name) => weights[name] ?? 0);
  return Float64Array.from(texts, (_, i) =>
    values.reduce((sum, weight, c) => sum + weight * signals[i * width + c]!, 0),
  );
}

/** The query's vector mixed with that of a document of these sentences, of unit length. */
export function mixture(
  { asked, vectors }: SentenceCandidates,
  rows: readonly number[],
  model: Pick<HypothesisModel, 'original'>,
): Float32Array {
  const { original } = { ...HYPOTHESIS_DEFAULTS, ...model };
  const sum = new Float32Array(asked.length);
  for (const row of rows) {
    const vector = vectors.row(row);
    for (let c = 0; c < sum.length; c++) sum[c]! += vector[c]!;
  }
  return mixedVector(asked, [unit(sum)], original) ?? asked;
}

/** @throws InvalidArgumentError for numbers out of their range. */
export function checkHypothesisModel(model: HypothesisModel): void {
  const { passages, sentences, original } = { ...HYPOTHESIS_DEFAULTS, ...model };
  checkWhole('passages', passages);
  checkWhole('sentences', sentences);
  checkFraction('original', original);
  for (const [name, weight] of Object.entries(model.weights)) {
    if ((HYPOTHESIS_SIGNALS as readonly string[]).includes(name) && Number.isFinite(weight)) continue;
    throw new InvalidArgumentError(
      `Sentences cannot be chosen by "${name}" with a weight of ${weight}.`,
      `Give finite weights of ${HYPOTHESIS_SIGNALS.join(', ')}.`,
    );
  }
}
