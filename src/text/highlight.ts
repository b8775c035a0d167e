import { InvalidArgumentError } from '../base/errors.ts';
import type { Analyzer } from './analyzer.ts';
import { splitsPair } from './characters.ts';
import { sentenceStarts } from './sentences.ts';
import { isBlank } from './token-count.ts';

/** A stretch of a text: UTF-16 code units, `end` exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A stretch of a text that shows what matched. */
export interface Snippet {
  /** `original.slice(start, end)`. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** What matched, as ranges of the snippet's own `text`. */
  readonly ranges: readonly Range[];
}

/**
 * What of a text matches a query: words whose term, after analysis, is one of the query's; `running` marks `run`.
 * Ranges are ascending and disjoint; matches that touch or overlap (an identifier and its parts) become one. Stop words of the analyzer's
 * language are marked only where the query has nothing else: those of one language may be words of another.
 *
 * @param terms what the same analyzer made of the query.
 */
export function highlight(text: string, terms: ReadonlySet<string>, analyzer: Analyzer): Range[] {
  const ranges: { start: number; end: number }[] = [];
  if (terms.size === 0) return ranges;
  const words = new Set([...terms].filter((term) => analyzer.analyze(term).stopWords.length === 0));
  for (const { start, end } of analyzer.places(text, words.size > 0 ? words : terms)) {
    const last = ranges.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else ranges.push({ start, end });
  }
  return ranges;
}

/** Share that each further occurrence of a word that is already shown adds to a window's worth. */
const REPETITION = 0.1;
/** What starting at the beginning of a sentence is worth. */
const SENTENCE = 0.3;

/**
 * The part of a text, at most `maxLength` code units, that shows the most different matches; between equals the one that
 * starts with a sentence, then the first. It begins and ends between words where there is room for that.
 *
 * @param ranges as `highlight` gives them: ascending, disjoint. Without any, the snippet is the text's beginning.
 * @param options.maxLength code units, at least 1. Default 240.
 */
export function snippet(
  text: string,
  ranges: readonly Range[],
  options: { readonly maxLength?: number } = {},
): Snippet {
  const { maxLength = 240 } = options;
  if (!(maxLength >= 1)) {
    throw new InvalidArgumentError(
      `A snippet of ${maxLength} characters shows nothing.`,
      'Set maxLength to 1 or more.',
    );
  }
  if (text.length <= maxLength) return cut(text, 0, text.length, ranges);
  const starts = sentenceStarts(text, 0, Math.min(text.length, 200_000));
  let best = windowFrom(text, 0, ranges[0]?.start ?? 0, maxLength, starts);
  let bestWorth = worthOf(text, best, ranges, 0);
  for (let first = 0; first < ranges.length; first++) {
    const window = windowFrom(text, first === 0 ? 0 : ranges[first - 1]!.end, ranges[first]!.start, maxLength, starts);
    const worth = worthOf(text, window, ranges, first) + (window.sentence ? SENTENCE : 0);
    if (worth > bestWorth || first === 0) [best, bestWorth] = [window, worth];
  }
  return cut(text, best.start, best.end, ranges);
}

interface Window extends Range {
  /** Whether it starts with a sentence. */
  readonly sentence: boolean;
}

/**
 * A window that shows the match at `match`, with some of what comes before it, down to `earliest` if need be: from the
 * start of its sentence if that is near, else from a word.
 */
function windowFrom(
  text: string,
  earliest: number,
  match: number,
  maxLength: number,
  starts: readonly number[],
): Window {
  const sentence = starts[lastAtMost(starts, match)]!;
  const context = Math.floor(maxLength / 3);
  let start = Math.max(0, match - context);
  const fromSentence = match - sentence <= (maxLength * 2) / 3 && (sentence >= earliest || match - sentence <= context);
  if (fromSentence) start = sentence;
  else if (start > 0) start = nextWord(text, start, match);
  // Near the end of the text there is room for more of what comes before.
  if (text.length - start < maxLength) start = nextWord(text, Math.max(0, text.length - maxLength), start);
  while (start < match && isBlank(text.charCodeAt(start))) start++;
  let end = Math.min(text.length, start + maxLength);
  if (end < text.length) end = previousWord(text, end, Math.max(start + 1, end - Math.floor(maxLength / 4)));
  if (splitsPair(text, end)) end--;
  while (end > start + 1 && isBlank(text.charCodeAt(end - 1))) end--;
  if (splitsPair(text, start)) start++;
  return { start, end: Math.max(start, end), sentence: fromSentence };
}

/** Matches inside the window, each different word counting once in full. */
function worthOf(text: string, window: Range, ranges: readonly Range[], from: number): number {
  const seen = new Set<string>();
  let worth = 0;
  for (let i = Math.max(0, from - 1); i < ranges.length && ranges[i]!.end <= window.end; i++) {
    const { start, end } = ranges[i]!;
    if (start < window.start) continue;
    // Inflected forms of a word mostly share their beginning.
    const word = text.slice(start, Math.min(end, start + 5)).toLowerCase();
    worth += seen.has(word) ? REPETITION : 1;
    seen.add(word);
  }
  return worth;
}

function cut(text: string, start: number, end: number, ranges: readonly Range[]): Snippet {
  const inside = ranges
    .filter((range) => range.start < end && range.end > start)
    .map((range) => ({ start: Math.max(range.start, start) - start, end: Math.min(range.end, end) - start }));
  return { text: text.slice(start, end), start, end, ranges: inside };
}

/** The first beginning of a word at `from` or behind it, at most `limit`; `from` if there is none. */
function nextWord(text: string, from: number, limit: number): number {
  if (from === 0) return 0;
  for (let i = from; i < limit; i++) if (isBlank(text.charCodeAt(i - 1)) && !isBlank(text.charCodeAt(i))) return i;
  return from;
}

/** The last end of a word at `from` or before it, at least `limit`; `from` if there is none. */
function previousWord(text: string, from: number, limit: number): number {
  for (let i = from; i >= limit; i--) if (isBlank(text.charCodeAt(i)) && !isBlank(text.charCodeAt(i - 1))) return i;
  return from;
}

/** Index of the last element that is at most `value`; 0 if there is none. */
function lastAtMost(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
