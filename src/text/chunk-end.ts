import { CharacterClass, classAt, classTable, widthAt } from './characters.ts';
import { isMeasure } from './chunks.ts';
import { RAISED } from './signs.ts';

/** Chunks longer than this are cut: encoded data, not words. */
const LONGEST_CHUNK = 128;
/** Letters of what may be a variable: `x²`, `mc²`. */
const LONGEST_VARIABLE = 2;
/** Digits and spaces of a number in groups. */
const LONGEST_NUMBER = 40;

const COMMA = 44;
const GRAVE = 96;
export const ESCAPE = 0x1b;

/** The end of the chunk that starts at `start`. */
export function chunkEnd(text: string, start: number): number {
  const length = text.length;
  const limit = start + LONGEST_CHUNK;
  let i = start;
  while (i < length) {
    let kind = classTable[text.charCodeAt(i)]!;
    if (kind === CharacterClass.word && i < limit) {
      i++;
      continue;
    }
    if (kind > CharacterClass.dense) kind = classAt(text, i);
    if (kind === CharacterClass.word) {
      if (i >= limit) return i;
      i += widthAt(text, i);
    } else if (kind === CharacterClass.connector || kind === CharacterClass.ignorable) {
      const next = afterJoint(text, i, kind);
      if (next < 0) break;
      i = next;
    } else if (isBetweenThousands(text, start, i)) i++;
    else break;
  }
  return withSigns(text, start, i);
}

const NARROW_SPACES = '\u00a0\u202f\u2009';
const beginsGrouped = /^\d{1,3}(?:[\u00a0\u202f\u2009]\d{3})*$/;

/** Whether the space at `i`, at which no line breaks, is one within a number: `1 234 567`. */
function isBetweenThousands(text: string, start: number, i: number): boolean {
  if (!NARROW_SPACES.includes(text[i]!) || i - start > LONGEST_NUMBER) return false;
  for (let j = i + 1; j <= i + 3; j++) if (!isDigit(text.charCodeAt(j))) return false;
  return !isDigit(text.charCodeAt(i + 4)) && beginsGrouped.test(text.slice(start, i));
}

/** Where the word goes on behind the connector or the invisible characters at `i`; -1 where it ends. */
function afterJoint(text: string, i: number, first: number): number {
  const before = text.charCodeAt(i - 1);
  const unit = text.charCodeAt(i);
  let j = i + (first === CharacterClass.ignorable ? widthAt(text, i) : 1);
  while (j < text.length && classAt(text, j) === CharacterClass.ignorable) j += widthAt(text, j);
  if (j >= text.length || classAt(text, j) !== CharacterClass.word) return -1;
  // A grave is an apostrophe in "don`t", and begins or ends a name in program text everywhere else.
  if (unit === GRAVE && !/^(?:s|t|d|m|re|ve|ll)(?![\p{L}\p{N}])/iu.test(text.slice(j, j + 3))) return -1;
  if (unit === COMMA && !(isDigit(before) && isDigit(text.charCodeAt(j)))) return -1;
  return j;
}

const raised = new RegExp(`[${RAISED}]+`, 'y');

/** Takes in the signs of C++, C# and their kin, the raised 2 or 3 of a measure, and raised numbers of variables; others are those of notes. */
function withSigns(text: string, start: number, end: number): number {
  raised.lastIndex = end;
  if (text.charCodeAt(end) > 127 && raised.test(text)) {
    const power = raised.lastIndex;
    if ('\u00b2\u00b3'.includes(text[end]!) && isMeasure(text.slice(start, end))) return end + 1;
    if (end - start <= LONGEST_VARIABLE && /^\p{L}+$/u.test(text.slice(start, end))) return power;
    return end;
  }
  const next = text.charCodeAt(end);
  if (end - start !== 1 || (next !== 43 && next !== 35)) return end;
  const signs = next === 35 ? 1 : text.charCodeAt(end + 1) === 43 ? 2 : 0;
  if (signs === 0 || !/[a-zA-Z]/.test(text[start]!)) return end;
  let after = end + signs;
  while (after < text.length && isDigit(text.charCodeAt(after))) after++;
  return after < text.length && classAt(text, after) === CharacterClass.word ? end : after;
}

/** Two letters that name a region are one flag; a selector behind a pictograph says how to show it, not what it is. */
export function emojiEnd(text: string, start: number): number {
  const end = start + widthAt(text, start);
  const isFlag = isRegional(text, start) && end < text.length && isRegional(text, end);
  return isFlag ? end + 2 : end;
}

function isRegional(text: string, index: number): boolean {
  const codePoint = text.codePointAt(index)!;
  return codePoint >= 0x1f1e6 && codePoint <= 0x1f1ff;
}

/** Behind what tells a terminal how to show the text, which may stand right before a word (`ESC[31mERROR`). */
export function escapeEnd(text: string, start: number): number {
  control.lastIndex = start;
  return control.test(text) ? control.lastIndex : start + 1;
}

const control = new RegExp(`${String.fromCharCode(ESCAPE)}(?:\\[[0-?]{0,32}[ -/]{0,4}[@-~]|[@-Z\\\\-_])`, 'y');

/** Whether a code unit is a digit of ASCII. */
export function isDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57;
}
