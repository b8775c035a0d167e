import { fieldOf, WORDS } from '../corpus/index.ts';
import { dot } from '../math/index.ts';
import { differenceOf } from './disagreement.ts';
import { type SentenceScores, scoreSentences, type ValuedSentence } from './scored-sentences.ts';
import type { Sentence } from './sentence.ts';
import type { Compressor, Span } from './types.ts';

/** Options of {@link extractive}: of one scale, on which a sentence that answers is worth about 1. */
export interface ExtractiveOptions {
  /** What is put on for the share of the question's words that a sentence holds and those chosen before do not. Default 0.3. */
  readonly cover?: number;
  /** What is taken off for being like a sentence that was chosen, times how like. Default 0.3. */
  readonly redundancy?: number;
  /** What is taken off for each sentence of the same passage that was chosen, so that more passages have a say. Default 0.03. */
  readonly further?: number;
  /** A sentence this like one that was chosen is left out: 0 to 1. Default 0.92. */
  readonly repeats?: number;
  /** Sentences worth less than this share of the best are left out: 0 to 1. Default 0. */
  readonly least?: number;
}

const DEFAULTS: Required<ExtractiveOptions> = {
  cover: 0.3,
  redundancy: 0.3,
  further: 0.03,
  repeats: 0.92,
  least: 0,
};

/**
 * Chooses sentences, the best first, each at a discount for what those before it said already, until the budget is full: RECOMP's extractive
 * compressor (Xu et al. 2023, https://arxiv.org/abs/2310.04408), scored by what was learned from the vectors of the collection's own encoder, from rare words and from the sentences around, with
 * maximal marginal relevance (Carbonell & Goldstein 1998) in place of a fixed number of sentences.
 */
export function extractive(options: ExtractiveOptions = {}): Compressor {
  return choosing('sentences', options, ({ passage, start, end }) => [{ passage, start, end }]);
}

/** A piece of a sentence that is kept. */
export type Kept = Pick<Span, 'passage' | 'start' | 'end'>;

/** A question, to what looks into sentences. */
export interface Asked {
  readonly question: string;
  /** Whether a text holds a word of the question. */
  readonly holds: (text: string) => boolean;
}

/**
 * A compressor that chooses sentences, and keeps of each what is said.
 * @param keep pieces of a sentence, ascending and disjoint; none leaves it out.
 */
export function choosing(
  id: string,
  options: ExtractiveOptions,
  keep: (sentence: ValuedSentence, asked: Asked) => readonly Kept[],
): Compressor {
  const settings = { ...DEFAULTS, ...options };
  return {
    id,
    compress: async (query, passages, budget, { corpus, count, label, signal }) => {
      const scored = await scoreSentences(query, passages, { corpus, ...(signal === undefined ? {} : { signal }) });
      const { analysis } = fieldOf(corpus, WORDS, ['terms']);
      const terms = new Set(scored.words.flatMap((word) => word.terms));
      const asked = (language: string): Asked => ({
        question: query.content,
        holds: (text) => {
          const { terms: own, forms } = analysis.analyzerOf(language).analyze(text);
          return [...own, ...forms].some((term) => terms.has(term));
        },
      });
      const sizes = new Map<number, { readonly kept: readonly Kept[]; readonly tokens: number }>();
      const sizeOf = (i: number): { readonly kept: readonly Kept[]; readonly tokens: number } => {
        let size = sizes.get(i);
        if (size === undefined) {
          const sentence = scored.sentences[i]!;
          const kept = keep(sentence, asked(passages[sentence.passage]!.language));
          const tokens = kept.reduce(
            (sum, { passage, start, end }) => sum + JOIN + count(passages[passage]!.text.slice(start, end)),
            0,
          );
          size = { kept, tokens };
          sizes.set(i, size);
        }
        return size;
      };
      const chosen: Span[] = [];
      let left = budget;
      const named = new Set<number>();
      for (const { i, worth } of inTurn(scored, settings, (one) => {
        const { passage } = scored.sentences[one]!;
        const { kept, tokens } = sizeOf(one);
        const cost = tokens + (named.has(passage) ? 0 : label(passage));
        // A shorter one further down may still fit.
        if (kept.length === 0 || cost > left) return false;
        left -= cost;
        named.add(passage);
        return true;
      })) {
        for (const piece of sizeOf(i).kept) chosen.push({ ...piece, score: worth });
      }
      return chosen.length > 0 ? chosen : best(scored.sentences);
    },
  };
}

/** The sentence of greatest value, where none fits as a whole: the builder cuts it. */
function best(sentences: readonly ValuedSentence[]): Span[] {
  const [first, ...others] = sentences;
  if (first === undefined) return [];
  const { passage, start, end, value } = others.reduce((most, one) => (one.value > most.value ? one : most), first);
  return [{ passage, start, end, score: value }];
}

/** The sentences one after the other, each time the one that is worth most beside those taken before. @param take whether a sentence is taken. */
function* inTurn(
  { sentences, words }: SentenceScores,
  { cover, redundancy, further, repeats, least }: Required<ExtractiveOptions>,
  take: (i: number) => boolean,
): Generator<{ readonly i: number; readonly worth: number }> {
  const total = words.reduce((sum, { weight }) => sum + weight, 0) || 1;
  const covered = new Set<number>();
  const less = new Float64Array(sentences.length);
  const named = new Map<number, number>();
  const worth = (i: number): number => {
    const { value, passage, words: held } = sentences[i]!;
    const fresh = held.reduce((sum, word) => (covered.has(word) ? sum : sum + words[word]!.weight), 0);
    return value + (cover * fresh) / total - less[i]! - further * (named.get(passage) ?? 0);
  };
  const most = Math.max(0, ...sentences.map(({ value }) => value));
  const open = new Set(sentences.flatMap(({ value }, i) => (value < least * most ? [] : [i])));
  while (open.size > 0) {
    let [best, height] = [-1, Number.NEGATIVE_INFINITY];
    for (const i of open) {
      const own = worth(i);
      if (own > height) [best, height] = [i, own];
    }
    open.delete(best);
    if (!take(best)) continue;
    const sentence = sentences[best]!;
    yield { i: best, worth: height };
    named.set(sentence.passage, (named.get(sentence.passage) ?? 0) + 1);
    for (const word of sentence.words) covered.add(word);
    for (const i of open) {
      const alike = likeness(sentence, sentences[i]!);
      if (alike >= repeats) open.delete(i);
      else less[i] = Math.max(less[i]!, redundancy * alike);
    }
  }
}

/** Tokens between two parts. */
const JOIN = 1;

/**
 * How much of what a sentence says another said already, 0 to 1: the greater of the cosine of their vectors, squared, and the share of its
 * words that the other has, or the title and headings above that. Nothing where each has numbers of its own for the same matter: one of them may be wrong, and both are to be seen.
 */
export function likeness(said: Sentence, further: Sentence): number {
  if (differenceOf(said, further) !== undefined) return 0;
  let common = 0;
  for (const term of further.terms) if (said.terms.has(term) || said.named.has(term)) common++;
  const words = common / (further.terms.size || 1);
  if (said.vector === undefined || further.vector === undefined) return words;
  const cosine = Math.max(0, dot(said.vector, further.vector));
  return Math.max(words, cosine * cosine);
}
