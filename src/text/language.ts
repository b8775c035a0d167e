import { ARABIC, CYRILLIC, DEVANAGARI, LATIN, type LanguageMarks } from './language-marks.ts';
import { primaryLanguage } from './languages.ts';

/** What a text is written in, as far as can be told. */
export interface DetectedLanguage {
  /** ISO 639-1; `und` where the text does not say. */
  readonly language: string;
  /** 0 to 1: below 0.5 a guess at best. 0 for `und`. */
  readonly confidence: number;
}

export interface DetectOptions {
  /** Only these languages (ISO 639-1) come into question. Default: all that are known. */
  readonly among?: readonly string[];
  /** Code units looked at, taken from the beginning, the middle and the end. Default 4,000. */
  readonly sample?: number;
}

const UNKNOWN: DetectedLanguage = { language: 'und', confidence: 0 };

/**
 * Tells in which language a text is written: by its script where that settles it, else by grammatical words, and by
 * letters and affixes where there are few of those. Prefers `und` to a wrong answer: names, search words and program text
 * are no evidence for a language.
 */
export function detectLanguage(text: string, options: DetectOptions = {}): DetectedLanguage {
  const { sample = 4_000 } = options;
  const among = options.among && new Set(options.among.map(primaryLanguage));
  const words = sampled(text, sample).match(WORD) ?? [];
  const script = dominantScript(words);
  if (script === undefined) return UNKNOWN;
  const own = words.filter((word) => scriptOf(word.codePointAt(0)!) === script).map((word) => word.toLowerCase());
  const found = detectIn(script, own, among);
  if (found.confidence <= 0 || (among && !among.has(found.language))) return UNKNOWN;
  return { language: found.language, confidence: Math.min(1, found.confidence) };
}

const WORD = /[\p{Script=Latin}\p{M}]+|(?:(?!\p{Script=Latin})[\p{L}\p{M}])+/gu;
/** Addresses, paths, markup, calls, camel case, abbreviations: text, but not language. */
const NOT_PROSE =
  /[a-z]+:\/\/[!-~]+|[!-~]*(?:[_\\=<>{}$|@]|\/\w*\/|\(\)|\.\w+\()[!-~]*|\b\p{Ll}+\p{Lu}[\p{L}\p{N}]*|\b\p{Lu}{2,}\b/gu;

/** The beginning, the middle and the end of a long text, without addresses and identifiers. */
function sampled(text: string, sample: number): string {
  const part = Math.max(1, Math.floor(sample / 3));
  const middle = (text.length - part) >> 1;
  const taken =
    text.length <= sample
      ? text
      : `${text.slice(0, part)}\n${text.slice(middle, middle + part)}\n${text.slice(text.length - part)}`;
  return taken.replace(NOT_PROSE, ' ').normalize('NFC');
}

/** Scripts by ranges of code points; `latin` and the others with several languages are looked at more closely. */
const SCRIPTS: readonly (readonly [number, number, string])[] = [
  [0x41, 0x24f, 'latin'],
  [0x370, 0x3ff, 'el'],
  [0x400, 0x52f, 'cyrillic'],
  [0x530, 0x58f, 'hy'],
  [0x590, 0x5ff, 'he'],
  [0x600, 0x77f, 'arabic'],
  [0x8a0, 0x8ff, 'arabic'],
  [0x900, 0x97f, 'devanagari'],
  [0x980, 0x9ff, 'bn'],
  [0xa00, 0xa7f, 'pa'],
  [0xa80, 0xaff, 'gu'],
  [0xb80, 0xbff, 'ta'],
  [0xc00, 0xc7f, 'te'],
  [0xc80, 0xcff, 'kn'],
  [0xd00, 0xd7f, 'ml'],
  [0xd80, 0xdff, 'si'],
  [0xe00, 0xe7f, 'th'],
  [0xe80, 0xeff, 'lo'],
  [0x1000, 0x109f, 'my'],
  [0x10a0, 0x10ff, 'ka'],
  [0x1100, 0x11ff, 'ko'],
  [0x1200, 0x139f, 'am'],
  [0x1780, 0x17ff, 'km'],
  [0x1e00, 0x1eff, 'latin'],
  [0x1f00, 0x1fff, 'el'],
  [0x3040, 0x30ff, 'han'],
  [0x31f0, 0x31ff, 'han'],
  [0x3400, 0x9fff, 'han'],
  [0xac00, 0xd7af, 'ko'],
  [0xf900, 0xfaff, 'han'],
  [0xfb1d, 0xfb4f, 'he'],
  [0xfb50, 0xfdff, 'arabic'],
  [0xfe70, 0xfeff, 'arabic'],
  [0xff66, 0xff9f, 'han'],
  [0x20000, 0x323af, 'han'],
];

function scriptOf(codePoint: number): string | undefined {
  let low = 0;
  let high = SCRIPTS.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (SCRIPTS[middle]![1] < codePoint) low = middle + 1;
    else high = middle;
  }
  const range = SCRIPTS[low];
  return range && codePoint >= range[0] ? range[2] : undefined;
}

/** How much a letter tells, compared with one of an alphabet. */
const WEIGHT: Readonly<Record<string, number>> = { han: 3, ko: 2 };
/** Latin names and terms stand in texts of every script: it takes this much more of them to call a text Latin. */
const LATIN_DISCOUNT = 0.4;

function dominantScript(words: readonly string[]): string | undefined {
  const letters = new Map<string, number>();
  for (const word of words) {
    const script = scriptOf(word.codePointAt(0)!);
    if (script === undefined) continue;
    const weight = script === 'latin' ? LATIN_DISCOUNT : (WEIGHT[script] ?? 1);
    letters.set(script, (letters.get(script) ?? 0) + word.length * weight);
  }
  let best: string | undefined;
  for (const [script, count] of letters) if (best === undefined || count > letters.get(best)!) best = script;
  return best;
}

/** @param words of that script, lower case. */
function detectIn(script: string, words: readonly string[], among: ReadonlySet<string> | undefined): DetectedLanguage {
  switch (script) {
    case 'latin':
      return byMarks(latin, words, among);
    case 'cyrillic':
      return byMarks(cyrillic, words, among);
    case 'arabic':
      return byMarks(arabic, words, among);
    case 'devanagari':
      return byMarks(devanagari, words, among);
    case 'han':
      return chineseOrJapanese(words.join(''), among);
    default:
      return { language: script, confidence: 1 };
  }
}

/** Kana are Japanese; Han alone is Chinese, with some doubt where it is short. */
function chineseOrJapanese(text: string, among: ReadonlySet<string> | undefined): DetectedLanguage {
  const kana = text.match(/[\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0;
  if (kana * 20 >= text.length || (among?.has('ja') && !among.has('zh'))) return { language: 'ja', confidence: 1 };
  return { language: 'zh', confidence: Math.min(1, 0.6 + text.length / 25) };
}

/** The languages of one script, ready to be told apart. */
interface Marks {
  readonly languages: readonly string[];
  /** For each grammatical word, the languages that have it. */
  readonly words: ReadonlyMap<string, readonly number[]>;
  readonly marks: readonly LanguageMarks[];
  /** Taken when nothing tells: the script's usual language. */
  readonly usual: string | undefined;
}

type LazyMarks = () => Marks;

const latin = lazyMarks(LATIN, undefined);
const cyrillic = lazyMarks(CYRILLIC, 'ru');
const arabic = lazyMarks(ARABIC, 'ar');
const devanagari = lazyMarks(DEVANAGARI, 'hi');

function lazyMarks(table: Readonly<Record<string, LanguageMarks>>, usual: string | undefined): LazyMarks {
  let made: Marks | undefined;
  return () => {
    if (made === undefined) {
      const words = new Map<string, number[]>();
      Object.values(table).forEach((marks, language) => {
        for (const word of new Set(marks.words.split(/\s+/))) {
          if (word === '') continue;
          const languages = words.get(word);
          if (languages) languages.push(language);
          else words.set(word, [language]);
        }
      });
      made = { languages: Object.keys(table), words, marks: Object.values(table), usual };
    }
    return made;
  };
}

const nonAscii = /[^\p{ASCII}]/u;

/** Votes of one word, the more the fewer languages share it. A single letter is a variable's name as often as a word. */
const VOTE = { word: 1, letter: 0.3, foreignLetter: 0.8, letterGroup: 0.2, affix: 0.25 } as const;
/** Votes by which the best has to lead for a confidence of tanh(1) = 0.76. */
const LEAD = 1.2;
/** Lead in grammatical words that needs no further evidence. */
const CLEAR = 8;
/** Votes by which another language has to lead over the script's usual one. */
const DOUBT = 0.6;
/** Share of the words that has to speak for the best language; natural text has two or three times that. */
const COVERAGE = 0.16;

function byMarks(lazy: LazyMarks, words: readonly string[], among: ReadonlySet<string> | undefined): DetectedLanguage {
  const { languages, words: known, marks, usual } = lazy();
  const votes = new Float64Array(languages.length);
  const speaking = new Float64Array(languages.length);
  /** 1 for what one language alone has, 0.2 or so for what most have. */
  const rarity = (sharing: number) => Math.log2((languages.length + 1) / sharing) / Math.log2(languages.length + 1);
  for (const word of words) {
    const sharing = known.get(word);
    for (const language of sharing ?? []) {
      const letter = word.length === 1 && word < '\x80';
      votes[language]! += (letter ? VOTE.letter : VOTE.word) * rarity(sharing!.length);
      if (!letter) speaking[language]!++;
    }
  }
  // Long texts are settled by their grammatical words; looking at every word's letters would cost ten times as much.
  const leaders = Float64Array.from(votes).sort();
  if (leaders.at(-1)! < 2 * (leaders.at(-2) ?? 0) + CLEAR) {
    for (const word of words) {
      if (word.length < 3) continue;
      const foreign = nonAscii.test(word);
      const withLetters = indexesWhere(marks, ({ letters }) => letters?.test(word));
      for (const language of withLetters) {
        votes[language]! += (foreign ? VOTE.foreignLetter : VOTE.letterGroup) * rarity(withLetters.length);
        if (foreign && !known.has(word)) speaking[language]!++;
      }
      if (word.length < 5) continue;
      const withAffix = indexesWhere(marks, ({ affixes }) => affixes?.test(word));
      for (const language of withAffix) votes[language]! += VOTE.affix * rarity(withAffix.length);
    }
  }
  let best = -1;
  let second = -1;
  languages.forEach((language, i) => {
    if (among && !among.has(language)) return;
    if (best < 0 || votes[i]! > votes[best]!) [best, second] = [i, best];
    else if (second < 0 || votes[i]! > votes[second]!) second = i;
  });
  if (best < 0) return UNKNOWN;
  const lead = votes[best]! - (second < 0 ? 0 : votes[second]!);
  if (usual !== undefined) {
    const rival = languages.indexOf(usual);
    const convincing = among?.has(usual) === false || votes[best]! - votes[rival]! >= DOUBT;
    return { language: convincing ? languages[best]! : usual, confidence: Math.max(0.6, Math.tanh(lead)) };
  }
  const coverage = Math.min(1, speaking[best]! / words.length / COVERAGE);
  // One word may be a name or borrowed: "mit license", "ad hoc query".
  const repeated = 1 - 0.5 ** speaking[best]!;
  return { language: languages[best]!, confidence: Math.tanh(lead / LEAD) * coverage * repeated };
}

function indexesWhere<T>(items: readonly T[], wanted: (item: T) => boolean | undefined): number[] {
  const found: number[] = [];
  for (let i = 0; i < items.length; i++) if (wanted(items[i]!)) found.push(i);
  return found;
}
