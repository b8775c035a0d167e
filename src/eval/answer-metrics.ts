import { Random } from '../base/random.ts';
import { quantile } from '../math/index.ts';
import type { Interval, ResamplingOptions } from './significance.ts';

/** English articles, which SQuAD's measure passes over. */
const ARTICLES = new Set(['a', 'an', 'the']);

/** Words of an answer as SQuAD compares them: lower case, without punctuation and articles; a character each of scripts without spaces. */
export function answerWords(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase();
  const words =
    plain.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.filter((word) => !ARTICLES.has(word));
}

/**
 * Overlap of the words of an answer with those of the nearest right one, 0 to 1 (SQuAD's F1; Rajpurkar et al. 2016, https://arxiv.org/abs/1606.05250). Two answers without
 * a word are equal.
 * @param right at least one.
 */
export function tokenF1(answer: string, right: readonly string[]): number {
  const own = answerWords(answer);
  return Math.max(...right.map((one) => f1(own, answerWords(one))));
}

function f1(own: readonly string[], right: readonly string[]): number {
  if (own.length === 0 || right.length === 0) return own.length === right.length ? 1 : 0;
  const left = new Map<string, number>();
  for (const word of right) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of own) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    common++;
    left.set(word, count - 1);
  }
  if (common === 0) return 0;
  const [precision, recall] = [common / own.length, common / right.length];
  return (2 * precision * recall) / (precision + recall);
}

/** Whether an answer is one of the right ones, word for word as {@link answerWords} has them. */
export function exactMatch(answer: string, right: readonly string[]): boolean {
  const own = answerWords(answer).join(' ');
  return right.some((one) => answerWords(one).join(' ') === own);
}

/** Whether a text holds one of the right answers, word for word. */
export function holdsAnswer(text: string, right: readonly string[]): boolean {
  const own = ` ${answerWords(text).join(' ')} `;
  return right.some((one) => {
    const words = answerWords(one).join(' ');
    return words !== '' && own.includes(` ${words} `);
  });
}

/** Chance that a score of one group is above one of the other; ties count half. @returns NaN where a group is empty. */
export function areaUnderCurve(above: readonly number[], below: readonly number[]): number {
  if (above.length === 0 || below.length === 0) return Number.NaN;
  const sorted = Float64Array.from(below).sort();
  let sum = 0;
  for (const score of above) sum += (rank(sorted, score, false) + rank(sorted, score, true)) / 2;
  return sum / (above.length * below.length);
}

/** How many are below a score, or at most as great. */
function rank(sorted: Float64Array, score: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < score || (orEqual && sorted[middle]! === score)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Percentile bootstrap interval of {@link areaUnderCurve}: both groups are drawn with replacement. */
export function curveInterval(
  above: readonly number[],
  below: readonly number[],
  { resamples = 1_000, seed = 1234, confidence = 0.95 }: ResamplingOptions & { readonly confidence?: number } = {},
): Interval {
  const random = new Random(seed);
  const drawn = (scores: readonly number[]): number[] => scores.map(() => scores[random.below(scores.length)]!);
  const areas = Array.from({ length: resamples }, () => areaUnderCurve(drawn(above), drawn(below)));
  return { low: quantile(areas, (1 - confidence) / 2), high: quantile(areas, (1 + confidence) / 2), confidence };
}
