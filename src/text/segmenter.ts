import { ownString, Recent } from '../base/recent.ts';
import { splitsPair, widthAt } from './characters.ts';
import type { Part } from './part.ts';

let words: Intl.Segmenter | undefined;

/** Longest run given to `Intl.Segmenter` at once; longer ones (no punctuation for pages) are cut. */
const RUN = 2_048;

/** Whether a character is Han: the unified ideographs, their extensions in the supplementary planes, and the iteration mark. */
function isHan(run: string, index: number): boolean {
  const unit = run.charCodeAt(index);
  return (
    (unit >= 0x3400 && unit <= 0x9fff) ||
    (unit >= 0xd840 && unit <= 0xd88f) ||
    (unit >= 0xf900 && unit <= 0xfaff) ||
    unit === 0x3005
  );
}

/**
 * Words of a run of text in a script that does not separate them (Han, Kana, Thai, Lao, Khmer, Myanmar), found by
 * `Intl.Segmenter` with ICU's dictionaries; and of neighbouring Han characters every pair.
 *
 * Segmentation of Chinese depends on the context, so that a word typed alone may be cut otherwise in a sentence; the pairs
 * make sure that it is found all the same, at the price of some 80% more terms. Three designs were compared on the Chinese
 * part of XQuAD (nDCG@10): words 0.963, words and the pairs inside them 0.962, words and all pairs 0.964. Since that is no
 * difference, the one that cannot miss was taken.
 *
 * The parts of compounds of Khmer, Lao and Burmese stand aside.
 *
 * Pairs of Katakana stand aside, for words inside longer ones (`コンテナ` in `ドッカーコンテナ`), and so does the stem of an inflected
 * word: its Han characters, and those with the next sign (`食`, `食べ` of `食べる`).
 */
export function segmentDense(run: string): Part[] {
  const parts: Part[] = [];
  /** Where the character before the current one starts, and its kind. */
  let previous = -1;
  let before: Kind;
  for (const { start, end } of wordsOf(run)) {
    // In ascending order of places: the pair across the word's beginning, the word, the pairs inside it.
    for (let i = start; i < end; ) {
      const width = widthAt(run, i);
      const kind = kindAt(run, i);
      const paired = pairing(before, kind);
      const isWord = previous === start && i + width === end;
      const pair = paired === undefined || isWord ? undefined : part(run, previous, i + width, paired === 'aside');
      if (pair !== undefined && previous < start) parts.push(pair);
      if (i === start) parts.push(part(run, start, end));
      if (pair !== undefined && previous >= start) parts.push(pair);
      if (before === 'han' && kind === 'hiragana' && previous >= start) parts.push(part(run, start, i, true));
      previous = i;
      before = kind;
      i += width;
    }
    for (const [from, to] of halvesOf(run.slice(start, end))) parts.push(part(run, start + from, start + to, true));
  }
  return parts;
}

/** Scripts in whose words ICU's dictionaries have compounds as wholes, and cut a word otherwise beside some others. */
const compounding = /^[\p{Script=Khmer}\p{Script=Lao}\p{Script=Myanmar}]+$/u;
/** Where one may be cut: before a letter that is not written below the one before it. */
const joints = /(?<![\u17d2\u1039]|^)(?=\p{L})/gu;
const SHORTEST_HALF = 2;
const LONGEST_COMPOUND = 40;
const halves = new Recent<string, readonly (readonly [from: number, to: number])[]>(20_000);

/** Places of the two words that a compound is of, in every way in which both are words by themselves. */
function halvesOf(word: string): readonly (readonly [from: number, to: number])[] {
  if (word.length < 2 * SHORTEST_HALF || word.length > LONGEST_COMPOUND || !compounding.test(word)) return [];
  let found = halves.get(word);
  if (found === undefined) {
    const own = ownString(word);
    const isWord = (half: string): boolean => half.length >= SHORTEST_HALF && [...words!.segment(half)].length === 1;
    found = [...own.matchAll(joints)].flatMap(({ index: at }) =>
      isWord(own.slice(0, at)) && isWord(own.slice(at)) ? [[0, at] as const, [at, own.length] as const] : [],
    );
    halves.set(own, found);
  }
  return found;
}

/** Words as ICU finds them. Where it cuts Katakana that it does not know into signs, the whole of them is one word. */
function* wordsOf(run: string): Generator<{ start: number; end: number }> {
  words ??= new Intl.Segmenter('und', { granularity: 'word' });
  for (let from = 0; from < run.length; ) {
    let to = Math.min(run.length, from + RUN);
    if (splitsPair(run, to)) to--;
    let held: { start: number; end: number }[] = [];
    const release = (): { start: number; end: number }[] => {
      const cut = held.length > 1 && held.some(({ start, end }) => end - start === 1);
      const released = cut ? [{ start: held[0]!.start, end: held.at(-1)!.end }] : held;
      held = [];
      return released;
    };
    for (const { segment, index } of words.segment(from === 0 && to === run.length ? run : run.slice(from, to))) {
      const word = { start: from + index, end: from + index + segment.length };
      if (kindAt(run, word.start) === 'katakana' && kindAt(run, word.end - 1) === 'katakana') held.push(word);
      else {
        yield* release();
        yield word;
      }
    }
    yield* release();
    from = to;
  }
}

/** Hiragana that follow a word rather than inflect it. */
const PARTICLES = 'をはがのにともでへや';

type Kind = 'han' | 'katakana' | 'hiragana' | undefined;

function kindAt(run: string, index: number): Kind {
  if (isHan(run, index)) return 'han';
  const unit = run.charCodeAt(index);
  if ((unit >= 0x30a1 && unit <= 0x30fa) || unit === 0x30fc) return 'katakana';
  return unit >= 0x3041 && unit <= 0x3096 && !PARTICLES.includes(run[index]!) ? 'hiragana' : undefined;
}

/** What a pair of neighbours is: a term, one that stands aside, or nothing. */
function pairing(before: Kind, kind: Kind): 'term' | 'aside' | undefined {
  if (before === 'han') return kind === 'han' ? 'term' : kind === 'hiragana' ? 'aside' : undefined;
  return before === 'katakana' && kind === 'katakana' ? 'aside' : undefined;
}

function part(run: string, start: number, end: number, aside = false): Part {
  return { text: run.slice(start, end), start, end, ...(aside ? { aside } : {}) };
}

/** A final mark of length is left out as often as not (`サーバー`, `サーバ`). */
const finalMarks = /(?<=^[\u30a1-\u30fa\u30fc]{2,})\u30fc+$/;

/** A Japanese word without what its writers leave out at its end. */
export function withoutFinalMark(word: string): string {
  return word.replace(finalMarks, '');
}

/** A word of Katakana as it is written in Hiragana, which names of plants, animals and dishes are as often; undefined for others. */
export function inHiragana(word: string): string | undefined {
  if (!/^[\u30a1-\u30f6\u30fc]{2,}$/.test(word) || /^\u30fc+$/.test(word)) return undefined;
  return word.replace(/[\u30a1-\u30f6]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0x60));
}

const irregular = /[\u0e4d\u0ecd\u3099\u309a\uff65-\uff9f]/;
const cluster = /[^\p{M}\uff9e\uff9f][\p{M}\uff9e\uff9f]*[\u0e32\u0eb2]?|[\s\S]/gu;

/** A run in another spelling: for each of its code units, where what it stands for begins and ends in the run. */
interface RegularRun {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/**
 * A run as dictionaries have its words: kana with their marks in one character and of full width, the am of Thai and Lao, which
 * compatible forms take apart, in one as well. Undefined where it is so already.
 */
export function regularRun(run: string): RegularRun | undefined {
  if (!irregular.test(run)) return undefined;
  let text = '';
  const starts: number[] = [];
  const ends: number[] = [];
  for (const { 0: found, index } of run.matchAll(cluster)) {
    const regular = found
      .normalize('NFKC')
      .replace(/\u0e4d([\u0e48-\u0e4b]*)\u0e32/g, '$1\u0e33')
      .replace(/\u0ecd([\u0ec8-\u0ecb]*)\u0eb2/g, '$1\u0eb3');
    const even = regular.length === found.length;
    for (let i = 0; i < regular.length; i++) {
      starts.push(even ? index + i : index);
      ends.push(even ? index + i + 1 : index + found.length);
    }
    text += regular;
  }
  return text === run ? undefined : { text, starts, ends };
}
