import { dot } from '../math/index.ts';
import { type Sentence, type SentenceScores, scoreSentences } from './scored-sentences.ts';
import type { Compressor, Evidence, Span } from './types.ts';

/** Options of {@link extractive}. Shares and weights are of one scale, on which a sentence is worth about 1 at most. */
export interface ExtractiveOptions {
  /** Weight of the cosine with the question. Default 1; without vectors none. */
  readonly meaning?: number;
  /** Weight of the share of the question's words that a sentence holds. Default 0.3. */
  readonly words?: number;
  /** Weight of the score of its passage: this at the best, less at the others as their scores are. Default 0.6. */
  readonly rank?: number;
  /** What is taken off for being like a sentence that was chosen, times how like. Default 0.3. */
  readonly redundancy?: number;
  /** What is taken off for each sentence of the same passage that was chosen, so that more passages have a say. Default 0.1. */
  readonly further?: number;
  /** A sentence this like one that was chosen is left out: 0 to 1. Default 0.92. */
  readonly repeats?: number;
  /** Sentences worth less than this share of the best are left out: 0 to 1. Default 0. */
  readonly least?: number;
}

const DEFAULTS: Required<ExtractiveOptions> = {
  meaning: 1,
  words: 0.3,
  rank: 0.6,
  redundancy: 0.3,
  further: 0.1,
  repeats: 0.92,
  least: 0,
};

/**
 * Chooses sentences, the best first, each at a discount for what those before it said already, until the budget is full: RECOMP's extractive
 * compressor (Xu et al. 2023, https://arxiv.org/abs/2310.04408), scored by the collection's own encoder and by rare words, with
 * maximal marginal relevance (Carbonell & Goldstein 1998) in place of a fixed number of sentences.
 */
export function extractive(options: ExtractiveOptions = {}): Compressor {
  const settings = { ...DEFAULTS, ...options };
  return {
    id: 'sentences',
    compress: async (query, passages, budget, { corpus, count, label, signal }) => {
      const scored = await scoreSentences(query, passages, { corpus, ...(signal === undefined ? {} : { signal }) });
      return chooseSentences(scored, passages, budget, { count, label }, settings);
    },
  };
}

/** What each sentence is worth before any is chosen. */
export function sentenceValues(
  { sentences, semantic }: SentenceScores,
  passages: readonly Evidence[],
  options: ExtractiveOptions = {},
): number[] {
  const { meaning, words, rank } = { ...DEFAULTS, ...options };
  const shares = rankShares(passages);
  return sentences.map(
    ({ passage, cosine, coverage }) => (semantic ? meaning * cosine : 0) + words * coverage + rank * shares[passage]!,
  );
}

/** 1 for the best passage, falling with the scores of the others; of each search by itself. */
function rankShares(passages: readonly Evidence[]): number[] {
  const best = new Map<number, number>();
  for (const { hop, score } of passages) best.set(hop, Math.max(best.get(hop) ?? 0, score));
  return passages.map(({ hop, score }) => {
    const most = best.get(hop)!;
    return most > 0 ? Math.max(0, score / most) : 0;
  });
}

function chooseSentences(
  scored: SentenceScores,
  passages: readonly Evidence[],
  budget: number,
  { count, label }: { readonly count: (text: string) => number; readonly label: (passage: number) => number },
  settings: Required<ExtractiveOptions>,
): Span[] {
  const { sentences } = scored;
  const values = sentenceValues(scored, passages, settings);
  const most = Math.max(0, ...values);
  const less = new Float64Array(values.length);
  const named = new Map<number, number>();
  const worth = (i: number): number =>
    values[i]! - less[i]! - settings.further * (named.get(sentences[i]!.passage) ?? 0);
  const open = new Set(values.keys());
  for (const i of open) if (values[i]! < settings.least * most) open.delete(i);
  const sizes = new Map<number, number>();
  const sizeOf = (i: number): number => {
    let size = sizes.get(i);
    if (size === undefined) {
      const { passage, start, end } = sentences[i]!;
      size = count(passages[passage]!.text.slice(start, end));
      sizes.set(i, size);
    }
    return size;
  };
  const chosen: Span[] = [];
  let left = budget;
  while (open.size > 0) {
    let best = -1;
    for (const i of open) if (best < 0 || worth(i) > worth(best)) best = i;
    open.delete(best);
    const sentence = sentences[best]!;
    const { passage, start, end } = sentence;
    const cost = sizeOf(best) + JOIN + (named.has(passage) ? 0 : label(passage));
    // A shorter one further down may still fit.
    if (cost > left) continue;
    left -= cost;
    chosen.push({ passage, start, end, score: worth(best) });
    named.set(passage, (named.get(passage) ?? 0) + 1);
    for (const i of open) {
      const alike = likeness(sentence, sentences[i]!);
      if (alike >= settings.repeats) open.delete(i);
      else less[i] = Math.max(less[i]!, settings.redundancy * alike);
    }
  }
  return chosen;
}

/** Tokens between two parts. */
const JOIN = 1;

/**
 * How much of what a sentence says another said already, 0 to 1: the greater of the cosine of their vectors, squared, and the share of its
 * words that the other has, or the title and headings above that.
 */
export function likeness(said: Sentence, further: Sentence): number {
  let common = 0;
  for (const term of further.terms) if (said.terms.has(term) || said.named.has(term)) common++;
  const words = common / (further.terms.size || 1);
  if (said.vector === undefined || further.vector === undefined) return words;
  const cosine = Math.max(0, dot(said.vector, further.vector));
  return Math.max(words, cosine * cosine);
}
