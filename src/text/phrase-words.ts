import { plainForm } from './normalize.ts';

/** What may be part of a word, invisible signs included; fractions in one sign are alone, since `2½` is not 21⁄2. */
const runs = /[¼-¾⅐-⅞↉]|(?:(?![¼-¾⅐-⅞↉])[\p{L}\p{M}\p{N}\p{S}\p{Cf}\p{Variation_Selector}])+/gu;
/** Words of a run in plain form: signs of scripts without spaces one by one, others together. */
const words =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])(?!\u2044)[\p{L}\p{M}\p{N}\p{S}])+/gu;

/** Longer words are cut: encoded data, not words. */
const LONGEST = 128;
/** Runs that are remembered, twice: when the young are so many, the old are forgotten. */
const GENERATION = 50_000;
let young = new Map<string, readonly string[]>();
let old = new Map<string, readonly string[]>();

/**
 * The words of a text as phrases are looked for: all of them in order, in plain form (without case and marks), split by everything else;
 * in scripts that write no spaces each sign is one.
 */
export function phraseWords(text: string): string[] {
  const found: string[] = [];
  for (const [run] of text.matchAll(runs)) {
    for (const word of run.length > LONGEST ? wordsOf(run) : remembered(run)) {
      for (let at = 0; at < word.length; at += LONGEST) found.push(word.slice(at, at + LONGEST));
    }
  }
  return found;
}

function wordsOf(run: string): readonly string[] {
  return plainForm(run).match(words) ?? [];
}

function remembered(run: string): readonly string[] {
  const known = young.get(run);
  if (known !== undefined) return known;
  // A slice would keep its whole text.
  const own = run.split('').join('');
  const split = old.get(own) ?? wordsOf(own);
  if (young.size >= GENERATION) {
    old = young;
    young = new Map();
  }
  young.set(own, split);
  return split;
}
