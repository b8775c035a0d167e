import { ownString, Recent } from '../base/recent.ts';
import { widthAt } from './characters.ts';
import { plainForm } from './normalize.ts';

/**
 * What may be part of a word, invisible signs included, but no signs of markup (`` `code` ``, `<b>`, `|cell|`, `~~gone~~`); fractions in one
 * sign are alone, since `2½` is not 21⁄2.
 */
const runs = /[¼-¾⅐-⅞↉]|(?:(?![¼-¾⅐-⅞↉`<>|~^=])[\p{L}\p{M}\p{N}\p{S}\p{Cf}\p{Variation_Selector}])+/uy;
/** Which of ASCII may be part of a word: letters, digits, and signs but for those of markup. */
const partOfRun = Uint8Array.from({ length: 128 }, (_, code) =>
  /(?![`<>|~^=])[\p{L}\p{N}\p{S}]/u.test(String.fromCharCode(code)) ? 1 : 0,
);
/** Words of a run in plain form: signs of scripts without spaces one by one, others together. */
const words =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])(?![\u2044`<>|~^=])[\p{L}\p{M}\p{N}\p{S}])+/gu;

/** Most words; shorter than any that is cut. */
const plain = /^[a-zA-Z0-9]{1,100}$/;
/** Longer words are cut: encoded data, not words. */
const LONGEST = 128;
/** Runs that are remembered. */
const RUNS = 100_000;
const known = new Recent<string, readonly string[]>(RUNS);

/**
 * The words of a text as phrases are looked for: all of them in order, in plain form (without case and marks), split by everything else;
 * in scripts that write no spaces each sign is one.
 */
export function phraseWords(text: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = runEnd(text, at);
    if (end === at) {
      at += widthAt(text, at);
      continue;
    }
    const run = text.slice(at, end);
    at = end;
    for (const word of run.length > LONGEST ? wordsOf(run) : remembered(run)) {
      if (word.length <= LONGEST) found.push(word);
      else for (let cut = 0; cut < word.length; cut += LONGEST) found.push(word.slice(cut, cut + LONGEST));
    }
  }
  return found;
}

/** The same of what is one run mostly, for who remembers it. */
export function chunkWords(chunk: string): readonly string[] {
  if (plain.test(chunk)) return [chunk.toLowerCase()];
  if (chunk.length <= LONGEST && runEnd(chunk, 0) === chunk.length) {
    const words = wordsOf(chunk);
    if (words.every(({ length }) => length <= LONGEST)) return words;
  }
  return phraseWords(chunk).slice();
}

/** Whether all of a stretch is ASCII, and no part of a word. */
export function isBetweenWords(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code >= 128 || partOfRun[code] === 1) return false;
  }
  return true;
}

/** Where the run that begins at `start` ends; `start` where none does. */
function runEnd(text: string, start: number): number {
  let end = start;
  let code = text.charCodeAt(end);
  while (code < 128 && partOfRun[code] === 1) code = text.charCodeAt(++end);
  // Most runs are nothing but ASCII, or what separates them is.
  if (code < 128 || Number.isNaN(code)) return end;
  runs.lastIndex = start;
  return runs.test(text) ? runs.lastIndex : start;
}

function wordsOf(run: string): readonly string[] {
  return plainForm(run).match(words) ?? [];
}

function remembered(run: string): readonly string[] {
  const before = known.get(run);
  if (before !== undefined) return before;
  // A slice would keep its whole text.
  const own = ownString(run);
  const split = wordsOf(own);
  known.set(own, split);
  return split;
}
