import { chunkEnd } from './chunk-end.ts';

const brokenLine = /[-\u2010\u00ad][ \t]{0,40}\r?\n[ \t]{0,40}(?=\p{Ll})/uy;

/** Where the word goes on that ends in a hyphen at `end`, with which its line ends; -1 where none does. */
export function nextLineOf(text: string, end: number): number {
  const sign = text.charCodeAt(end);
  if (sign !== 45 && sign !== 0x2010 && sign !== 0xad) return -1;
  if (!/\p{L}/u.test(text[end - 1]!)) return -1;
  brokenLine.lastIndex = end;
  return brokenLine.test(text) ? brokenLine.lastIndex : -1;
}

const joints = new RegExp(`(?<=\\p{L})${brokenLine.source}`, 'gu');

/** A text in which the words that ends of lines broke are whole, and have no such hyphen: as it is quoted. */
export function mended(text: string): string {
  return text.replace(joints, '');
}

/** A word that was broken at ends of lines. */
export interface BrokenWord {
  /** On one line, with its hyphens. */
  readonly word: string;
  /** Where its hyphens stand in the word, and how many code units of the text behind each are left out. */
  readonly joints: readonly { readonly at: number; readonly left: number }[];
  /** Where it ends in the text. */
  readonly end: number;
}

/** Longer ones go on as another word. */
const LONGEST = 128;

/** The word whose first line goes from `start` to its hyphen at `hyphen`, and its next from `next`. */
export function brokenWord(text: string, start: number, hyphen: number, next: number): BrokenWord {
  let word = text.slice(start, hyphen);
  let end = hyphen;
  const joints: { at: number; left: number }[] = [];
  for (let from = next; from >= 0 && word.length < LONGEST; from = nextLineOf(text, end)) {
    joints.push({ at: word.length, left: from - end - 1 });
    end = chunkEnd(text, from);
    word += `-${text.slice(from, end)}`;
  }
  return { word, joints, end };
}
