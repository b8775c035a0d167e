/**
 * What a UTF-16 code unit means to word segmentation. A table rather than regular expressions: the scanner looks at every
 * character of every document, and a table look-up is about twice as fast as the fastest Unicode-aware pattern.
 */
export const CharacterClass = {
  /** White space, punctuation, symbols: between words. */
  separator: 0,
  /** Letter, digit, mark or underscore of a script that puts spaces between words. */
  word: 1,
  /** Joins two words into one chunk when it stands between them: apostrophes, `.`, `-`, `&`, zero-width spaces, and `,` between digits. */
  connector: 2,
  /** Invisible: soft hyphen, joiners, directional marks. Never ends a word, never part of a term. */
  ignorable: 3,
  /** Han, Kana, Thai, Lao, Khmer, Myanmar: scripts that do not separate words, left to `Intl.Segmenter`. */
  dense: 4,
  /** First half of a surrogate pair; the class is that of the code point. */
  surrogate: 5,
  /** Pictograph, whether shown in colours or as text; a term of its own. */
  emoji: 6,
} as const;
export type CharacterClass = (typeof CharacterClass)[keyof typeof CharacterClass];

const UNKNOWN = 255;

/** Classes by code unit, filled in as characters are met: classifying all of them at start-up would cost milliseconds. */
const table = new Uint8Array(65_536).fill(UNKNOWN);

const dense =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u30fc\uff70\u3005\u3099\u309a\uff9e\uff9f]/u;
const word = /[\p{L}\p{M}\p{Nd}\p{Nl}_\u2080-\u2089]/u;
const number = /\p{N}/u;
/** With the frame of keycaps: `1️⃣` is a 1. */
const ignorable = /[\p{Cf}\p{Variation_Selector}]|\u20e3/u;
/** Also those that are shown as text unless a variation selector follows: nobody types that on purpose, or leaves it out. */
const emoji = /[\p{Emoji_Presentation}\p{Extended_Pictographic}]/u;
/** Apostrophes, and what is typed or set in their place: the grave, the acute, quotation marks and primes. */
export const APOSTROPHES = "'’＇‘‛´`′՚";
/** Signs like them that are letters: of Hawaiian, of Semitic and Slavic names in Latin script, of African languages. */
export const MODIFIERS = 'ʼʻʽʾʿʹꞌ';
/** Where a line may break, and marks of byte order within a text: who reads it sees one word, who wrote it may have meant two. */
export const ZERO_WIDTH = '\u200b\ufeff';
const connectors = `${APOSTROPHES}${MODIFIERS}.-\u2010\u2011&,\u00b7${ZERO_WIDTH}`;

/** The class of a code point. */
export function classify(codePoint: number): CharacterClass {
  const character = String.fromCodePoint(codePoint);
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return CharacterClass.separator;
  if (connectors.includes(character)) return CharacterClass.connector;
  if (ignorable.test(character)) return CharacterClass.ignorable;
  if (dense.test(character) && (word.test(character) || !number.test(character))) return CharacterClass.dense;
  if (word.test(character)) return CharacterClass.word;
  if (emoji.test(character)) return CharacterClass.emoji;
  return CharacterClass.separator;
}

// ASCII without the patterns, whose compilation would be most of the time that importing this module takes.
table.fill(CharacterClass.separator, 0, 128);
for (const unit of connectors) if (unit < '\x80') table[unit.charCodeAt(0)] = CharacterClass.connector;
for (const unit of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_') {
  table[unit.charCodeAt(0)] = CharacterClass.word;
}
table.fill(CharacterClass.surrogate, 0xd800, 0xdc00);
table.fill(CharacterClass.separator, 0xdc00, 0xe000);

/** Classes by code unit. Entries of 255 are not yet known: ask {@link classOf}. */
export const classTable: Readonly<Uint8Array> = table;

/** The class of the code unit at `index`; surrogate pairs are resolved with {@link classAt}. */
export function classOf(unit: number): CharacterClass {
  let found = table[unit]!;
  if (found === UNKNOWN) {
    found = classify(unit);
    table[unit] = found;
  }
  return found as CharacterClass;
}

/** The class of the character that starts at `index`, surrogate pairs resolved; an unpaired surrogate is a separator. */
export function classAt(text: string, index: number): CharacterClass {
  const found = classOf(text.charCodeAt(index));
  if (found !== CharacterClass.surrogate) return found;
  return classify(text.codePointAt(index)!);
}

/** Code units of the character at `index`: 2 for a surrogate pair, else 1. */
export function widthAt(text: string, index: number): 1 | 2 {
  const unit = text.charCodeAt(index);
  if (unit < 0xd800 || unit > 0xdbff || index + 1 >= text.length) return 1;
  const next = text.charCodeAt(index + 1);
  return next >= 0xdc00 && next <= 0xdfff ? 2 : 1;
}

/** Whether cutting `text` at `index` would split a surrogate pair. */
export function splitsPair(text: string, index: number): boolean {
  return index > 0 && index < text.length && widthAt(text, index - 1) === 2;
}
