import { snippet } from './highlight.ts';

/** Sizes are counted in hundredths of a token. */
const TOKEN = 100;
/** Of three digits. */
const DIGITS = 110;
/** Of letters behind a digit. */
const MIXED = 145;

/**
 * Tokens of one character by script, in hundredths: an average that natural texts do not exceed, with what today's tokenizers with vocabularies of 100,000
 * and 200,000 pieces make of them (`budget.test.ts` holds it against both). First and last code point, and the size.
 */
const SCRIPTS: readonly (readonly [from: number, to: number, size: number])[] = [
  [0x00a0, 0x00bf, 130],
  [0x00c0, 0x024f, 108],
  [0x0250, 0x036f, 200],
  [0x0370, 0x03ff, 114],
  [0x0400, 0x052f, 75],
  [0x0530, 0x058f, 200],
  [0x0590, 0x05ff, 125],
  [0x0600, 0x06ff, 128],
  [0x0900, 0x097f, 135],
  [0x0980, 0x0d7f, 220],
  [0x0e00, 0x0e7f, 125],
  [0x1e00, 0x1eff, 150],
  [0x2000, 0x206f, 110],
  [0x3000, 0x303f, 125],
  [0x3040, 0x30ff, 125],
  [0x4e00, 0x9fff, 150],
  [0xac00, 0xd7af, 156],
  [0xff00, 0xffef, 150],
];

/**
 * Letters of one case that a word has for its first token, and what each further one costs: of English and of program text, whose words vocabularies hold
 * whole, and of other languages in Latin letters.
 */
const ENGLISH = { first: 6, further: 31 };
const OTHERS = { first: 2, further: 45 };
/** Characters that are looked at to tell one from the other, and the share of words that tell English. */
const BLOCK = 240;
const SHARE = 0.17;
const TELLING = new Set(
  (
    'the and of to that with for are was were this which from have not by be as on it or an at has their can will its is in a you your we if ' +
    'when all but do use must one ' +
    'const let var return function import export class def else while int string void public private new type true false null undefined self'
  ).split(' '),
);

/** Consonants in a row that words of natural languages have at most; more are codes. */
const CONSONANTS = 4;
const STRANGE_LETTER = 75;

enum Kind {
  blank,
  lower,
  upper,
  digit,
  sign,
  other,
}

/**
 * How many tokens a text is for a language model, at most: prose, code, tables and identifiers in any script. Which tokenizer a model has is not known to
 * a server, so what is counted is what none of the usual ones exceeds. A text that was made to be costly (random bytes, rare signs) can
 * take more.
 */
export function mostTokens(text: string): number {
  const meter = new Meter();
  for (let i = 0; i < text.length; i++) meter.add(text, i);
  return Math.ceil(meter.size / TOKEN);
}

/** How many characters of a text fit into so many tokens: the longest beginning, never half a surrogate pair. */
export function charactersFor(text: string, tokens: number): number {
  const meter = new Meter();
  const limit = tokens * TOKEN;
  for (let i = 0; i < text.length; i++) {
    meter.add(text, i);
    if (meter.size > limit) return i > 0 && isLowSurrogate(text.charCodeAt(i)) ? i - 1 : i;
  }
  return text.length;
}

/** Adds up a text, unit by unit. */
class Meter {
  size = 0;
  #before: Kind = Kind.blank;
  #last = 0;
  /** Units of the run of letters or digits, consonants in a row, and alike signs in a row. */
  #run = 0;
  #consonants = 0;
  #alike = 0;
  #words = OTHERS;
  #blockEnd = 0;

  add(text: string, at: number): void {
    if (at >= this.#blockEnd) {
      this.#blockEnd = at + BLOCK;
      this.#words = isEnglish(text.slice(at, this.#blockEnd)) ? ENGLISH : OTHERS;
    }
    const unit = text.charCodeAt(at);
    const kind = kindOf(unit);
    const isSame = unit === this.#last;
    if (kind === Kind.lower || kind === Kind.upper) this.#letter(unit, kind);
    else if (kind === Kind.digit) {
      this.#run = this.#before === Kind.digit ? this.#run + 1 : 1;
      if (this.#run % 3 === 1) this.size += DIGITS;
    } else if (kind === Kind.blank) this.#blank(unit, isSame);
    else if (kind === Kind.sign) {
      this.#alike = isSame ? this.#alike + 1 : 1;
      this.size += this.#alike > 2 ? 45 : 95;
    } else this.size += sizeOf(unit);
    this.#before = kind;
    this.#last = unit;
  }

  #letter(unit: number, kind: Kind): void {
    const goesOn = this.#before === kind || (this.#before === Kind.upper && kind === Kind.lower && this.#run === 1);
    if (goesOn) {
      this.#run++;
      if (kind === Kind.upper) this.size += 60;
      else if (this.#run > this.#words.first) this.size += this.#words.further;
    } else {
      this.#run = 1;
      this.#consonants = 0;
      this.size += this.#before === Kind.digit ? MIXED : TOKEN;
    }
    this.#consonants = isVowel(unit) ? 0 : this.#consonants + 1;
    if (this.#consonants > CONSONANTS) this.size += STRANGE_LETTER;
  }

  /** One space belongs to the word behind it. */
  #blank(unit: number, isSame: boolean): void {
    if (unit === 0x20) {
      this.#alike = isSame ? this.#alike + 1 : 1;
      this.size += this.#alike === 2 ? TOKEN : this.#alike > 2 ? 10 : 5;
    } else this.size += isSame ? 50 : TOKEN;
  }
}

function isEnglish(block: string): boolean {
  const words = block.match(/\p{L}+/gu) ?? [];
  const telling = words.filter((word) => TELLING.has(word)).length;
  return telling >= 2 && telling >= SHARE * words.length;
}

function kindOf(unit: number): Kind {
  if (unit >= 0x80) return Kind.other;
  if (unit >= 0x61 && unit <= 0x7a) return Kind.lower;
  if (unit >= 0x41 && unit <= 0x5a) return Kind.upper;
  if (unit >= 0x30 && unit <= 0x39) return Kind.digit;
  return unit <= 0x20 ? Kind.blank : Kind.sign;
}

function isVowel(unit: number): boolean {
  return 'aeiouyAEIOUY'.includes(String.fromCharCode(unit));
}

function sizeOf(unit: number): number {
  // Each half of a pair: emoji and rare signs.
  if (unit >= 0xd800 && unit <= 0xdfff) return 175;
  for (const [from, to, size] of SCRIPTS) if (unit >= from && unit <= to) return size;
  return 300;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** A passage cut to so many tokens around what matched. */
export function cutToTokens(
  text: string,
  highlights: readonly { readonly start: number; readonly end: number }[],
  tokens: number,
): { readonly text: string; readonly start: number; readonly cut: boolean } {
  if (charactersFor(text, tokens) === text.length) return { text, start: 0, cut: false };
  let maxLength = Math.max(1, charactersFor(text, tokens));
  for (;;) {
    const shown = snippet(text, highlights, { maxLength });
    const fits = charactersFor(shown.text, tokens);
    if (fits === shown.text.length || maxLength === 1)
      return { text: shown.text.slice(0, fits), start: shown.start, cut: true };
    // The part that matched is costlier than the beginning.
    maxLength = Math.max(1, Math.min(fits, maxLength - 1));
  }
}

/**
 * Shares a budget among texts: what short ones leave over goes to the long ones (max-min fairness).
 * @returns tokens for each.
 */
export function share(wanted: readonly number[], budget: number): number[] {
  const shares = wanted.map(() => 0);
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  let left = budget;
  order.forEach((i, position) => {
    shares[i] = Math.min(wanted[i]!, Math.floor(left / (order.length - position)));
    left -= shares[i]!;
  });
  return shares;
}
