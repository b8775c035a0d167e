import { APOSTROPHES, MODIFIERS, ZERO_WIDTH } from './characters.ts';
import { splitKorean } from './korean.ts';
import type { Part } from './part.ts';
import { RAISED } from './signs.ts';

/** How apostrophes inside words are read. */
type Apostrophe = 'possessive' | 'elision' | 'suffix' | 'letter';

const APOSTROPHE: Readonly<Record<string, Apostrophe>> = {
  en: 'possessive',
  und: 'possessive',
  fr: 'elision',
  it: 'elision',
  ca: 'elision',
  oc: 'elision',
  tr: 'suffix',
  az: 'suffix',
  fi: 'suffix',
};

const simple = /^(?:[a-z]+|[A-Z][a-z]*|[A-Z]+)$/;
/** A space within a Persian word. */
const NON_JOINER = /(?<=[\u0600-\u06ff])\u200c/u;
/** Words written one by one, hyphens apart. */
const hyphens = new RegExp(`[-\\u2010\\u2011${ZERO_WIDTH}]`, 'u');
const number = /^\p{Nd}+(?:[.,]\p{Nd}+)*$/u;
const acronym = /^(?:\p{L}\.)+\p{L}$/u;
const apostrophe = new RegExp(`[${APOSTROPHES}${MODIFIERS}]`, 'u');
const apostrophes = new RegExp(apostrophe, 'gu');
const possessive = new RegExp(`[${APOSTROPHES}ʼ][sS]$`, 'u');
const elided = new RegExp(`^[^${APOSTROPHES}ʼ]{1,5}[${APOSTROPHES}ʼ](?=.)`, 'u');
/** Numbers that are no words with capitals: 0x1F, 0b10. */
const based = /^0[xXbBoO][0-9a-fA-F]+$/;
/** A version; a name with a number, and a number with its unit, that are also written apart: `v2.4.1`, `RFC7231`, `HCA060T`, `IPv6`, `55kg`. */
const version = /^[vV](?=\p{Nd}+(?:\.\p{Nd}+)+$)/u;
const numbered = /^(\p{L}+)(\p{Nd}{2,}\p{L}{0,2}|\p{Nd}+(?:\.\p{Nd}+)+|(?<=\p{L}{3})\p{Nd})$/u;
const measured = /^(\p{Nd}+(?:\.\p{Nd}+)?)(\p{L}{1,3}|(?:[kcdmnµμ]?m|ft|in|yd)[23])$/u;
/** A length, with its number or without, whose square or cube is a measure too. */
const measure = /^(?:\p{Nd}+(?:[.,]\p{Nd}+)?)?(?:[kcdmnµμ]?m|ft|in|yd)$/u;
/** A number whose thousands are grouped by spaces at which no line breaks. */
const spaced = /^(\d{1,3}(?:[\u00a0\u202f\u2009]\d{3})+)([.,]\d+)?$/u;
const spaces = /[\u00a0\u202f\u2009]/gu;
/** A number whose thousands are grouped by dots, as most of Europe does. */
const dotted = /^\p{Nd}{1,3}(?:\.\p{Nd}{3})+$/u;
/** A variable and its exponent. */
const power = new RegExp(`^\\p{L}{1,2}[${RAISED}]+$`, 'u');
const raised = new RegExp(`[${RAISED}]`);
/** A number without the zero before its point, and perhaps its unit. */
const fraction = /^\.\p{Nd}+\p{L}{0,3}$/u;
const hangul = /\p{Script=Hangul}/u;
/** Where case separates words: `parse|Config`, `HTTP|Server`. */
const caseJoint = /(?<=[\p{Ll}\p{Nd}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;

/**
 * A chunk is what stands between two separators: a word, or several held together by case, hyphens, dots, underscores or
 * apostrophes (`parseConfigFile`, `e-mail`, `node.js`, `O'Reilly`). It is searched for in parts and as a whole, so the
 * whole is written without its joints: `parseConfig`, `parse_config` and `parse-config` meet in `parseconfig`. Parts that it
 * is seldom looked for by stand aside: `RFC` and `7231` of `RFC7231`, `Reilly` of `O'Reilly`.
 *
 * @returns the parts in ascending order, a whole before its first part.
 */
export function splitChunk(chunk: string, language: string): Part[] {
  if (simple.test(chunk)) return [{ text: chunk, start: 0, end: chunk.length }];
  const parts: Part[] = [];
  if (NON_JOINER.test(chunk)) {
    // What is written with a space within the word (Persian) is as often written in one.
    pieces(chunk, NON_JOINER, (piece, start) => collect(piece, start, language, parts));
    if (parts.length > 1)
      parts.unshift({ text: chunk.replaceAll('\u200c', ''), start: 0, end: chunk.length, aside: true });
    return parts;
  }
  if (spaced.test(chunk)) {
    // Found as one number, and by its groups, which may be typed with common spaces.
    const [, number = '', rest = ''] = spaced.exec(chunk)!;
    parts.push({ text: `${number.replace(spaces, '')}${rest.replace(',', '.')}`, start: 0, end: chunk.length });
    pieces(chunk, spaces, (text, start) => parts.push({ text, start, end: start + text.length, aside: true }));
    return parts;
  }
  const whole = joined(chunk);
  if (power.test(chunk)) {
    // `x²` is found by `x2` too, and is an x all the same.
    const end = chunk.search(raised);
    if (!isMeasure(chunk.slice(0, end)))
      return [
        { text: chunk.slice(0, end), start: 0, end },
        { text: chunk, start: 0, end: chunk.length, aside: true },
      ];
  }
  if (/[\u00b2\u00b3]$/.test(chunk)) {
    // `55m²` is `55m2`, and found by `55` and `m2` too.
    const [, amount = '', unit = ''] = /^(.*\p{Nd})?(\p{L}+.)$/u.exec(chunk) ?? [];
    parts.push({ text: chunk, start: 0, end: chunk.length });
    if (amount !== '') {
      parts.push({ text: amount, start: 0, end: amount.length, aside: true });
      parts.push({ text: unit, start: amount.length, end: chunk.length, aside: true });
    }
    parts.push({ text: chunk.slice(0, -1), start: 0, end: chunk.length - 1, aside: true });
    return parts;
  }
  const suffix = /^\p{L}+(?:\+\+|#)(\p{Nd}*)$/u.exec(chunk);
  if (suffix) {
    // C++, C#, F#, C++17: nothing is left of these names without their signs.
    parts.push({ text: chunk, start: 0, end: chunk.length });
    if (suffix[1] !== '') {
      const end = chunk.length - suffix[1]!.length;
      parts.push({ text: chunk.slice(0, end), start: 0, end });
    }
    return parts;
  }
  if (fraction.test(chunk)) {
    // `.5` is 0.5, and found by 5 too.
    const shifted = splitChunk(`0${chunk}`, language);
    const parts = shifted.map((part) => ({ ...part, start: Math.max(0, part.start - 1), end: part.end - 1 }));
    const digits = chunk.slice(1).replace(/\P{Nd}+$/u, '');
    return [...parts, { text: digits, start: 1, end: 1 + digits.length, aside: true }];
  }
  if (chunk.startsWith('.') && !/\p{Nd}/u.test(chunk[1]!)) {
    parts.push({ text: chunk, start: 0, end: chunk.length });
    for (const part of splitChunk(chunk.slice(1), language)) {
      parts.push({ ...part, start: part.start + 1, end: part.end + 1 });
    }
    return parts;
  }
  if (chunk.startsWith('.')) collect(chunk.slice(1), 1, language, parts);
  else collect(chunk, 0, language, parts);
  const words = parts.filter(({ aside }) => aside !== true);
  // The last capital of `translateX` is no part, and yet no less of the name.
  const incomplete = words.length === 1 && caseJoint.test(chunk) && words[0]!.text.length < whole.length;
  if ((words.length > 1 || incomplete) && !number.test(chunk)) {
    parts.unshift({ text: whole, start: 0, end: chunk.length });
  }
  return parts;
}

/** Whether a chunk is a length, behind which a raised 2 or 3 makes a measure of area or volume. */
export function isMeasure(chunk: string): boolean {
  return measure.test(chunk);
}

function joined(chunk: string): string {
  return chunk
    .replace(apostrophes, '')
    .replace(/[-\u2010\u2011\u200b\ufeff&_,\u00b7]|(?<!\p{Nd})\.|\.(?!\p{Nd})/gu, '');
}

function collect(text: string, offset: number, language: string, parts: Part[]): void {
  if (text === '') return;
  const push = (part: string, start: number, length: number): void => {
    if (part !== '') parts.push({ text: part, start, end: start + length });
  };
  const aside = (part: string, start: number, end: number): void => {
    parts.push({ text: part, start, end, aside: true });
  };
  /** The parts of a name or a number with letters, as they are when written apart. */
  const written = (name: string, start: number): void => {
    const [, first, second] = numbered.exec(name) ?? measured.exec(name) ?? [];
    if (first === undefined) return;
    const [middle, end] = [start + first.length, start + name.length];
    // The beginning of `HCA060T` is that of too many others.
    if (/\p{Nd}$/u.test(second!) ? first.length > 1 : /\p{Nd}/u.test(first)) aside(first, start, middle);
    if (second!.length > 1 || /\p{Nd}/u.test(second!)) aside(second!, middle, end);
  };
  if (number.test(text)) {
    // 3.14 and 1.2.3 stay; 1,000 is 1000; 3,14 is 3.14; 1,2,3 are three numbers.
    const grouped = /^\p{Nd}{1,3}(?:,\p{Nd}{3})+(?:\.\p{Nd}+)?$/u.test(text);
    if (!text.includes(',') || grouped) {
      push(text.replaceAll(',', ''), offset, text.length);
      if (dotted.test(text)) aside(text.replaceAll('.', ''), offset, offset + text.length);
    } else if (/^\p{Nd}+,\p{Nd}+$/u.test(text)) push(text.replace(',', '.'), offset, text.length);
    else pieces(text, /,/, (piece, start) => push(piece, offset + start, piece.length));
    return;
  }
  if (acronym.test(text)) {
    push(text.replaceAll('.', ''), offset, text.length);
    return;
  }
  for (const joint of [hyphens, /[,&_]/, /(?<!\p{Nd})\.|\.(?!\p{Nd})/u]) {
    if (joint.test(text)) {
      pieces(text, joint, (piece, start) => collect(piece, offset + start, language, parts));
      return;
    }
  }
  if (hangul.test(text) && /[^\p{Script=Hangul}\p{M}]/u.test(text)) {
    pieces(
      text,
      /(?<=\p{Script=Hangul})(?!\p{Script=Hangul})|(?<!\p{Script=Hangul})(?=\p{Script=Hangul})/u,
      (piece, start) => collect(piece, offset + start, language, parts),
    );
    return;
  }
  if (hangul.test(text)) {
    const composed = text.normalize('NFC');
    const syllables = splitKorean(composed, offset);
    // Letters of a syllable one by one: what becomes of them is found in the whole word.
    const spread = composed.length === text.length ? {} : { start: offset, end: offset + text.length };
    parts.push(...syllables.map((part) => ({ ...part, ...spread })));
    return;
  }
  if (apostrophe.test(text)) {
    apostrophized(text, offset, language, parts);
    return;
  }
  if (based.test(text)) {
    push(text, offset, text.length);
    return;
  }
  if (caseJoint.test(text)) {
    camel(text, (piece, start) => {
      push(piece, offset + start, piece.length);
      if (/\p{Ll}/u.test(piece)) written(piece, offset + start);
    });
    written(text, offset);
    return;
  }
  push(text, offset, text.length);
  if (version.test(text)) aside(text.slice(1), offset + 1, offset + text.length);
  written(text, offset);
}

/** Calls back with the non-empty pieces between matches of `joint`. */
function pieces(text: string, joint: RegExp, found: (piece: string, start: number) => void): void {
  let start = 0;
  for (const match of text.matchAll(new RegExp(joint, 'gu'))) {
    if (match.index > start) found(text.slice(start, match.index), start);
    start = match.index + match[0].length;
  }
  if (start < text.length) found(text.slice(start), start);
}

/** Words of an identifier. Single letters say nothing: a leading one stays with its word (`mRNA`), others are left out. */
function camel(text: string, found: (piece: string, start: number) => void): void {
  const words: { piece: string; start: number }[] = [];
  let held = 0;
  pieces(text, caseJoint, (piece, start) => {
    if (piece.length === 1 && words.length === 0) held = 1;
    else if (piece.length > 1) {
      words.push(held > 0 ? { piece: text.slice(0, start + piece.length), start: 0 } : { piece, start });
      held = 0;
    }
  });
  // What is left of `PhD` or `xY` would miss most of the word.
  const only = words.length <= 1 && (words[0]?.piece.length ?? 0) < 3;
  if (only) found(text, 0);
  else for (const { piece, start } of words) found(piece, start);
}

function apostrophized(text: string, offset: number, language: string, parts: Part[]): void {
  const kind = APOSTROPHE[language] ?? 'letter';
  const whole = { text: text.replace(apostrophes, ''), start: offset, end: offset + text.length };
  const article = kind === 'elision' ? elided.exec(text)?.[0].length : undefined;
  if (kind === 'possessive' && possessive.test(text)) {
    collect(text.slice(0, -2), offset, language, parts);
  } else if (kind === 'suffix') {
    collect(text.slice(0, text.search(apostrophe)), offset, language, parts);
  } else if (article !== undefined) {
    // l'homme, quest'anno: what is elided is an article, a pronoun or a preposition.
    collect(text.slice(article), offset + article, language, parts);
  } else {
    parts.push(whole);
    pieces(text, apostrophe, (piece, start) => {
      if (piece.length >= 3)
        parts.push({ text: piece, start: offset + start, end: offset + start + piece.length, aside: true });
    });
    return;
  }
  // Who reads the text as another language takes the sign for a letter.
  parts.push({ ...whole, aside: true });
}
