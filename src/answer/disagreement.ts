import type { Sentence } from './sentence.ts';
import { numbersIn } from './support.ts';

/** Share of the words of the shorter of two sentences that the other has as well, numbers aside, from which both speak of the same. */
const SAME_MATTER = 0.7;
/** Words besides numbers that they must share. */
const LEAST_WORDS = 2;

/** Two sentences that speak of the same with other numbers. */
export interface Difference {
  /** Numbers that only the first has, and only the second, as they are compared: without signs between thousands. */
  readonly numbers: readonly [first: readonly string[], second: readonly string[]];
  /** Whether both cannot be right, as far as form tells: those that also name different years may speak of different times. */
  readonly contradict: boolean;
}

/**
 * Where two sentences differ in what they say of the same matter, as far as numbers tell: most of their words are common, and each has a number that the other
 * lacks. So neither repeats the other, however alike they are. What is denied or named otherwise is not seen.
 */
export function differenceOf(
  first: Pick<Sentence, 'text' | 'terms' | 'named'>,
  second: Pick<Sentence, 'text' | 'terms' | 'named'>,
): Difference | undefined {
  const [own, other] = [new Set(numbersIn(first.text)), new Set(numbersIn(second.text))];
  const numbers = [[...own].filter((one) => !other.has(one)), [...other].filter((one) => !own.has(one))] as const;
  if (numbers[0].length === 0 || numbers[1].length === 0) return undefined;
  const [shorter, longer] = first.terms.size <= second.terms.size ? [first, second] : [second, first];
  const words = [...shorter.terms].filter((term) => !NUMBER.test(term));
  const common = words.filter((term) => longer.terms.has(term) || longer.named.has(term)).length;
  if (common < LEAST_WORDS || common / words.length < SAME_MATTER) return undefined;
  const [years, others] = [numbers.map((list) => list.filter(isYear)), numbers.map((list) => list.filter(isOther))];
  const bothDated = years.every((list) => list.length > 0);
  return { numbers, contradict: !bothDated || others.every((list) => list.length === 0) };
}

const NUMBER = /\p{N}/u;
const isYear = (number: string): boolean => /^(?:1\d|20)\d\d$/.test(number);
const isOther = (number: string): boolean => !isYear(number);
