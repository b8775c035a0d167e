import { InvalidArgumentError } from '../base/errors.ts';
import type { RankedList } from './types.ts';

/**
 * The order in which trec_eval reads a list, whatever order it was written in: descending score, equal scores by descending
 * document id (bytes of UTF-8). Scores compare as float32, as trec_eval keeps them.
 *
 * @returns positions in the list, best first; undefined when the list is in that order already, which costs no memory.
 * @throws InvalidArgumentError for a NaN score, and for scores and ids that differ in number.
 */
export function rankedOrder({ ids, scores }: RankedList, query = '?'): Uint32Array | undefined {
  const count = ids.length;
  if (scores.length !== count) {
    throw new InvalidArgumentError(
      `Query "${query}" has ${count} documents and ${scores.length} scores.`,
      'Give one score per document.',
    );
  }
  let sorted = true;
  let previous = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const score = Math.fround(scores[i]!);
    if (Number.isNaN(score)) {
      throw new InvalidArgumentError(
        `Document "${ids[i]}" of query "${query}" has the score NaN.`,
        'Give every document a number as its score.',
      );
    }
    if (score > previous || (score === previous && i > 0 && compareIds(ids[i]!, ids[i - 1]!) > 0)) sorted = false;
    previous = score;
  }
  if (sorted) return undefined;
  const keys = Float32Array.from(scores);
  return Uint32Array.from(ids.keys()).sort((a, b) => keys[b]! - keys[a]! || compareIds(ids[b]!, ids[a]!) || a - b);
}

/** Compares by code point, which is the order of UTF-8 bytes; JavaScript's own order differs beyond the basic plane. */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    // A surrogate stands for a code point above every other unit.
    const [high, low] = [(x & 0xf800) === 0xd800, (y & 0xf800) === 0xd800];
    return high === low ? x - y : high ? 1 : -1;
  }
  return a.length - b.length;
}
