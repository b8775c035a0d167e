import { analyzerFor } from '../text/index.ts';
import type { ContextPassage } from './types.ts';

/** How well a sentence is carried by passages. */
export interface Support {
  /** Share of the sentence's words that the passages hold: 0 to 1. */
  readonly words: number;
  /** Numbers of the sentence that no passage holds, as they are written. */
  readonly numbers: readonly string[];
  /** Whether both are good enough. */
  readonly supported: boolean;
}

/** Share of a sentence's words that must stand in what it cites. */
const LEAST = 0.5;

/**
 * Whether passages say what a sentence says, as far as words can tell: most of its words stand in them, and all of its numbers. A sentence that
 * twists what they say keeps their words, and passes; one that adds to it does not.
 * @param language of the sentence: ISO 639-1, or `und`.
 */
export function supportOf(sentence: string, passages: readonly ContextPassage[], language = 'und'): Support {
  const texts = passages.map(({ title, headings, parts }) =>
    [title, ...headings, ...parts.map(({ text }) => text)].join('\n'),
  );
  const analyzer = analyzerFor(language);
  const own = new Set(analyzer.terms(sentence));
  const theirs = new Set(texts.flatMap((text) => analyzer.terms(text)));
  const held = [...own].filter((term) => theirs.has(term)).length;
  const words = own.size === 0 ? 0 : held / own.size;
  const numbers = numbersIn(sentence).filter((number) => !texts.some((text) => numbersIn(text).includes(number)));
  return { words, numbers, supported: words >= LEAST && numbers.length === 0 };
}

/** Numbers of a text, without the signs between thousands, in Western digits. */
export function numbersIn(text: string): string[] {
  const western = text.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 0xf));
  return (western.match(/\d+(?:[.,\u066b\u066c\u2009\u00a0']\d+)*/g) ?? []).map((number) =>
    number.replace(/[,\u066c\u2009\u00a0'](?=\d{3}(?!\d))/g, '').replace(/[,\u066b]/g, '.'),
  );
}
