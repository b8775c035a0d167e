import { InvalidArgumentError } from '../base/errors.ts';
import type { Encoder } from '../encode/index.ts';
import { dot } from '../math/index.ts';
import type { Range } from '../search/index.ts';

/** Options of {@link shorten}. */
export interface ShortenOptions {
  /** Share of the words that stay: above 0, at most 1. Default 0.8. */
  readonly keep?: number;
  /**
   * After how many parts of the deletions it is measured anew what the words left change. Two copies of a word are each easily spared until one is gone; more rounds know that, and each costs
   * as much as the first. Default 1, at least 1.
   */
  readonly rounds?: number;
  /** Words that stay, whatever they change. Default: those with a digit, and English words of negation. */
  readonly protect?: (word: string) => boolean;
  readonly signal?: AbortSignal;
}

const NEGATION = /^(?:no|not|none|nor|neither|never|without|cannot|.*n['’]t)$/iu;

/** Digits and negations change a vector little, and what is said much. */
export function telling(word: string): boolean {
  return /\p{N}/u.test(word) || NEGATION.test(word.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, ''));
}

/** The words of a text, between blanks. */
export function wordsOf(text: string): Range[] {
  return Array.from(text.matchAll(/\S+/gu), ({ index, 0: word }) => ({ start: index, end: index + word.length }));
}

/**
 * What each word of a text changes: 1 less the cosine of the text's vector with that of the text without the word, 0 to 2. Costs a run of the encoder over as many texts as there are
 * words, and one.
 * @param left places of the words that are there, ascending. @returns a number for each of them.
 */
export async function wordImpacts(
  words: readonly string[],
  left: readonly number[],
  encoder: Encoder,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const without = (gone?: number): string => left.flatMap((i) => (i === gone ? [] : [words[i]!])).join(' ');
  const texts = [without(), ...left.map((i) => without(i))];
  const vectors = await encoder.encode(texts, { role: 'document', ...(signal === undefined ? {} : { signal }) });
  const whole = vectors.row(0);
  return Float64Array.from(left, (_, i) => 1 - dot(whole, vectors.row(i + 1)));
}

/**
 * Leaves out the words that change a text's vector least, in their order (TCRA-LLM's semantic compression, Liu et al. 2023, https://arxiv.org/abs/2310.15556; the measure of change and the
 * rounds are a reconstruction). What is left is no quotation. With vectors that are a mean of words' vectors, the words nearest the mean go first, and none looks at what is asked.
 * @returns the words that are left, with a blank between two.
 * @throws InvalidArgumentError for a share or rounds out of range.
 */
export async function shorten(text: string, encoder: Encoder, options: ShortenOptions = {}): Promise<string> {
  const { keep = 0.8, rounds = 1, protect = telling, signal } = options;
  if (!(keep > 0 && keep <= 1)) {
    throw new InvalidArgumentError(`A share of ${keep} of the words.`, 'Keep a share above 0, at most 1.');
  }
  if (!(Number.isInteger(rounds) && rounds >= 1)) {
    throw new InvalidArgumentError(`${rounds} rounds.`, 'Give a whole number of rounds, at least 1.');
  }
  const words = wordsOf(text).map(({ start, end }) => text.slice(start, end));
  let left = [...words.keys()];
  const most = words.length - Math.max(1, Math.round(keep * words.length));
  for (let round = 1; round <= rounds; round++) {
    const few = Math.round((most * round) / rounds) - (words.length - left.length);
    if (few <= 0) continue;
    const impacts = await wordImpacts(words, left, encoder, signal);
    left = without(left, impacts, few, (i) => protect(words[i]!));
  }
  return left.map((i) => words[i]).join(' ');
}

/**
 * Without the words of least impact.
 * @param left places of words. @param few how many go. @param stays which of them never do. @returns those that are left, in their order; more where too many stay.
 */
export function without(
  left: readonly number[],
  impacts: ArrayLike<number>,
  few: number,
  stays: (place: number) => boolean = () => false,
): number[] {
  const order = [...left.keys()].filter((at) => !stays(left[at]!)).sort((a, b) => impacts[a]! - impacts[b]! || a - b);
  const gone = new Set(order.slice(0, few));
  return left.filter((_, at) => !gone.has(at));
}
