import { ownString, Recent } from '../base/recent.ts';
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
  /**
   * How often each language (ISO 639-1; `und` is passed over) is met where the text comes from or is looked up, such as
   * documents of a collection. A short text is then taken for what is usual there, unless it speaks against that: its script,
   * letters and grammatical words do. Default: every language is as likely as another, and short texts are `und`.
   */
  readonly prior?: ReadonlyMap<string, number>;
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
  const { sample = 4_000, prior } = options;
  const among = options.among && new Set(options.among.map(primaryLanguage));
  if (text.length <= sample && PLAIN.test(text)) {
    const plain = text.match(LETTERS);
    return plain === null ? UNKNOWN : settled(detectIn('latin', plain, among, prior), among);
  }
  const words = sampled(text, sample).match(WORD) ?? [];
  const script = dominantScript(words);
  if (script === undefined) return UNKNOWN;
  const own = words.filter((word) => scriptOf(word.codePointAt(0)!) === script).map((word) => word.toLowerCase());
  return settled(detectIn(script, own, among, prior), among);
}

function settled({ language, confidence }: DetectedLanguage, among: Among): DetectedLanguage {
  if (confidence <= 0 || (among && !among.has(language))) return UNKNOWN;
  return { language, confidence: Math.min(1, confidence) };
}

/** As most queries are: nothing but words of small letters of ASCII, of which nothing is left out and whose script is known. */
const PLAIN = /^[a-z0-9 ,;:'"!?&-]*$/;
const LETTERS = /[a-z]+/g;

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
function detectIn(script: string, words: readonly string[], among: Among, prior: Prior): DetectedLanguage {
  switch (script) {
    case 'latin':
      return byMarks(latin, words, among, prior);
    case 'cyrillic':
      return byMarks(cyrillic, words, among, prior);
    case 'arabic':
      return byMarks(arabic, words, among, prior);
    case 'devanagari':
      return byMarks(devanagari, words, among, prior);
    case 'han':
      return chineseOrJapanese(words.join(''), among, prior);
    default:
      return { language: script, confidence: 1 };
  }
}

type Among = ReadonlySet<string> | undefined;
type Prior = DetectOptions['prior'];

/** Grammatical words and simplified characters that Japanese does not write. */
const CHINESE =
  /[的了们們这這吗嗎么麼她您说个时为对发经动过还进现长门问间开关见车马书电语话读无业习买卖从传价处头实导师带应张归录总战户报择换显术杀权样检欢气汉测满热环种积简类红约级纪纸线练组细终结给统继续维编网职联脑节获营补规视觉计订认让议记讲许论设访证评识词译试详误请课谁调谈负责货质购费资转轮软轻载输边达运远连选递遗邮针钟钱铁银销错键闭闻队阳险难页项顺预领频题风飞饭馆验]/u;
/** Characters that Chinese, simplified or not, does not write. */
const JAPANESE = /[込働峠畑駅図広発応検対気団実売読価単戦総続処変帰県関険験択鉄転聴]/u;

/** Kana are Japanese; Han alone is Chinese, with some doubt where it is short, unless Japanese is more usual or has such characters. */
function chineseOrJapanese(text: string, among: Among, prior: Prior): DetectedLanguage {
  const kana = text.match(/[\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0;
  if (kana * 20 >= text.length || (among?.has('ja') && !among.has('zh'))) return { language: 'ja', confidence: 1 };
  const usual = (prior?.get('ja') ?? 0) > (prior?.get('zh') ?? 0);
  if (among?.has('ja') !== false && !CHINESE.test(text) && (usual || JAPANESE.test(text))) {
    return { language: 'ja', confidence: 0.6 };
  }
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
  /** By how many languages share something: 1 for what one language alone has, 0.2 or so for what most have. */
  readonly rarity: Float64Array;
  /** What was found of words lately: texts repeat them, and to look costs as many patterns as there are languages, twice. */
  readonly shapes: Recent<string, Shape>;
}

/** Which languages the look of a word speaks for. */
interface Shape {
  /** Whether it has letters beyond ASCII. */
  readonly foreign: boolean;
  /** Languages that have its letters, or groups of them. */
  readonly letters: readonly number[];
  /** Languages that have words which begin or end so. */
  readonly affixes: readonly number[];
}

const KNOWN_WORDS = 16_384;
const LONGEST_KNOWN = 40;

function shapeOf(word: string, marks: readonly LanguageMarks[]): Shape {
  return {
    foreign: nonAscii.test(word),
    letters: indexesWhere(marks, ({ letters }) => letters?.test(word)),
    affixes: word.length < 5 ? [] : indexesWhere(marks, ({ affixes }) => affixes?.test(word)),
  };
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
      const shapes = new Recent<string, Shape>(KNOWN_WORDS);
      const languages = Object.keys(table);
      const most = languages.length + 1;
      const rarity = Float64Array.from(
        languages.keys(),
        (sharing) => Math.log2(most / (sharing + 1)) / Math.log2(most),
      );
      made = { languages, words, marks: Object.values(table), usual, rarity, shapes };
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

/** Votes of a language for being e times as usual as another. */
const USUAL = 0.12;
/** Documents that a language which the prior does not name counts as having. */
const UNSEEN = 0.5;
/** Share from which on a language is taken as long as nothing speaks against it. */
const MOSTLY = 0.75;
/** Votes by which another language leads where something speaks against one: 0 to 3 of 100 short English queries, 90 of others. */
const AGAINST = 0.45;

/** What the prior says of some languages. */
interface Expectation {
  /** Documents of each. */
  readonly counts: readonly number[];
  readonly usual: number;
  /** Whether nearly everything is in that language. */
  readonly mostly: boolean;
}

/** @returns undefined where the prior knows none of the languages. */
function expectation(languages: readonly string[], prior: Prior): Expectation | undefined {
  if (prior === undefined || prior.size === 0) return undefined;
  const counts = languages.map((language) => prior.get(language) ?? 0);
  const most = Math.max(...counts);
  if (most <= 0) return undefined;
  return {
    counts,
    usual: counts.indexOf(most),
    mostly: most >= MOSTLY * counts.reduce((sum, count) => sum + count, 0),
  };
}

/** Votes before a word is looked at: 0 for the most usual language, negative for others. */
function withStart(votes: Float64Array, { counts, usual }: Expectation): Float64Array {
  const most = counts[usual]!;
  return votes.map((count, i) => count + USUAL * Math.log((counts[i]! + UNSEEN) / (most + UNSEEN)));
}

function byMarks(lazy: LazyMarks, words: readonly string[], among: Among, prior: Prior): DetectedLanguage {
  const { languages, usual } = lazy();
  const open = indexesWhere(languages, (language) => among?.has(language) !== false);
  if (open.length === 0) return UNKNOWN;
  const { votes, speaking } = poll(lazy(), words);
  const expected = expectation(languages, prior);
  if (expected?.mostly && open.includes(expected.usual)) {
    let other = 0;
    for (const i of open) if (i !== expected.usual && votes[i]! > other) other = votes[i]!;
    const lead = votes[expected.usual]! - other;
    if (lead > -AGAINST && !foreignTo(languages[expected.usual]!, words))
      return { language: languages[expected.usual]!, confidence: Math.max(0.6, Math.tanh(lead / LEAD)) };
  }
  const totals = expected === undefined ? votes : withStart(votes, expected);
  const [best, second] = leaders(totals, open);
  const lead = totals[best]! - (second === undefined ? 0 : totals[second]!);
  if (usual !== undefined) {
    const rival = expected?.usual ?? languages.indexOf(usual);
    const convincing = !open.includes(rival) || totals[best]! - totals[rival]! >= DOUBT;
    return { language: languages[convincing ? best : rival]!, confidence: Math.max(0.6, Math.tanh(lead)) };
  }
  const coverage = Math.min(1, speaking[best]! / words.length / COVERAGE);
  // One word may be a name or borrowed: "mit license", "ad hoc query".
  const repeated = 1 - 0.5 ** speaking[best]!;
  return { language: languages[best]!, confidence: Math.tanh(lead / LEAD) * coverage * repeated };
}

/** Whether a word has letters that English does not write: of other languages this tells too little. */
function foreignTo(language: string, words: readonly string[]): boolean {
  return language === 'en' && words.some((word) => nonAscii.test(word));
}

/** What the words say, before any expectation: votes of each language, and how many words speak for it. */
function poll(
  { languages, words: known, marks, rarity, shapes }: Marks,
  words: readonly string[],
): { votes: Float64Array; speaking: Float64Array } {
  const votes = new Float64Array(languages.length);
  const speaking = new Float64Array(languages.length);
  for (const word of words) {
    const sharing = known.get(word);
    if (sharing === undefined) continue;
    for (const language of sharing) {
      const letter = word.length === 1 && word < '\x80';
      votes[language]! += (letter ? VOTE.letter : VOTE.word) * rarity[sharing.length - 1]!;
      if (!letter) speaking[language]!++;
    }
  }
  // Long texts are settled by their grammatical words; looking at every word's letters would cost ten times as much.
  let [best, second] = [0, 0];
  for (let language = 0; language < votes.length; language++) {
    const count = votes[language]!;
    if (count > best) [best, second] = [count, best];
    else if (count > second) second = count;
  }
  if (best >= 2 * second + CLEAR) return { votes, speaking };
  for (const word of words) {
    if (word.length < 3) continue;
    let shape = shapes.get(word);
    if (shape === undefined) {
      shape = shapeOf(word, marks);
      if (word.length <= LONGEST_KNOWN) shapes.set(ownString(word), shape);
    }
    const { foreign, letters, affixes } = shape;
    for (const language of letters) {
      votes[language]! += (foreign ? VOTE.foreignLetter : VOTE.letterGroup) * rarity[letters.length - 1]!;
      if (foreign && !known.has(word)) speaking[language]!++;
    }
    for (const language of affixes) votes[language]! += VOTE.affix * rarity[affixes.length - 1]!;
  }
  return { votes, speaking };
}

/** The two of the candidates with the most votes; the first of equals. */
function leaders(votes: Float64Array, candidates: readonly number[]): [number, number | undefined] {
  const [best, second] = [...candidates].sort((a, b) => votes[b]! - votes[a]! || a - b);
  return [best!, second];
}

function indexesWhere<T>(items: readonly T[], wanted: (item: T) => boolean | undefined): number[] {
  const found: number[] = [];
  for (let i = 0; i < items.length; i++) if (wanted(items[i]!)) found.push(i);
  return found;
}
