import { Random } from '../../src/base/random.ts';

/** Ways in which people type Persian: other code points, spacing and marks, and the same words. */
const WAYS: readonly ((text: string) => string)[] = [
  // A keyboard for Arabic has other letters for yeh and kaf.
  (text) => text.replaceAll('ی', 'ي').replaceAll('ک', 'ك'),
  // What holds the parts of a word apart is left out, or is a space.
  (text) => text.replaceAll('\u200C', ''),
  (text) => text.replaceAll('\u200C', ' '),
  // Plural endings stand apart, or by a mark that does not join.
  (text) => text.replace(/(?<=\p{L}{2})ها(?=\s|$)/gu, '\u200Cها'),
  // Vowel signs, and stretched letters.
  (text) => text.replace(/(?<=[بتسنم])(?=\p{L})/gu, '\u064E'),
  (text) => text.replace(/(?<=[بسن])(?=\p{L}{2})/u, '\u0640\u0640'),
  // Numerals of one keyboard or another.
  (text) => text.replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x6f0)),
  (text) => text.replace(/[۰-۹0-9]/g, (digit) => String.fromCharCode(0x660 + (digit.charCodeAt(0) & 15))),
];

/** A query as somebody else would type it: two of the ways, drawn by the query's number. */
export function otherwiseTyped(text: string, number: number): string {
  const random = new Random(number + 1);
  const chosen = random
    .shuffle([...WAYS.keys()])
    .slice(0, 2)
    .sort();
  return chosen.reduce((typed, way) => WAYS[way]!(typed), text.normalize('NFC'));
}
