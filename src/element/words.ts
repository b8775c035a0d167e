import { plainForm } from '../text/normalize.ts';

/** Scripts that put no spaces between words: every two characters that stand together are a word. */
const DENSE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** A word of a text, in the form that it is looked up in. */
export interface PlainWord {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** Words of a text without case and marks, whatever the language; the same for what is indexed and what is asked. */
export function wordsOf(text: string): PlainWord[] {
  const words: PlainWord[] = [];
  for (const { 0: run, index } of text.matchAll(/[\p{L}\p{M}\p{N}]+/gu)) {
    if (!DENSE.test(run)) {
      words.push({ word: plainForm(run), start: index, end: index + run.length });
      continue;
    }
    const letters = [...run];
    let at = index;
    letters.forEach((letter, i) => {
      const pair = letter + (letters[i + 1] ?? '');
      if (i === 0 || i + 1 < letters.length) words.push({ word: plainForm(pair), start: at, end: at + pair.length });
      at += letter.length;
    });
  }
  return words.filter(({ word }) => word !== '');
}

/** Which file holds a word: that of its first two characters, as hexadecimal code points. */
export function shardOf(word: string): string {
  return [...word]
    .slice(0, 2)
    .map((letter) => letter.codePointAt(0)!.toString(16))
    .join('-');
}

/**
 * How much a word of the index counts for one that is asked, 0 to 1: itself in full, other forms of it by how much of their beginnings is common (`rotate`,
 * `rotation`; no stemmer fits all languages), and with `complete` whatever it is the beginning of.
 */
export function likeness(asked: string, held: string, complete: boolean): number {
  if (asked === held) return 1;
  if (complete && held.startsWith(asked)) return Math.max(0.5, asked.length / held.length);
  const most = Math.max(asked.length, held.length);
  if (most > Math.min(asked.length, held.length) + 4 || /\d/.test(asked)) return 0;
  let common = 0;
  while (common < most && asked[common] === held[common]) common++;
  return common >= 4 && common >= 0.6 * most ? common / most : common >= 3 && most - common === 1 ? 0.7 : 0;
}
