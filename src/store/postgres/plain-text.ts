/** Characters, by code point, both ends included. */
type CharacterRange = readonly [from: number, to: number];

/**
 * Characters beside ASCII that Unicode normalization leaves as they are, whatever stands beside them, and whose small letter is one character,
 * whatever stands beside them. Not among them: combining marks, what is composed of others, İ, and Σ, whose small letter is another at the end of a word.
 */
const RANGES: readonly CharacterRange[] = [
  // Latin, Greek, Cyrillic, Hebrew, Arabic letters.
  [0xa0, 0x12f],
  [0x131, 0x17f],
  [0x388, 0x3a2],
  [0x3a4, 0x3ce],
  [0x400, 0x482],
  [0x48a, 0x52f],
  [0x5d0, 0x5ea],
  [0x620, 0x64a],
  // Dashes, quotation marks and dots, currencies.
  [0x2010, 0x2027],
  [0x2030, 0x205e],
  [0x20a0, 0x20bf],
  // Kana, ideographs, hangul.
  [0x3001, 0x3029],
  [0x3041, 0x3096],
  [0x30a1, 0x30fe],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
];

/** What of these has another small letter: the texts of both, character by character. */
function cased(): { readonly large: string; readonly small: string } {
  let [large, small] = ['', ''];
  for (const [from, to] of RANGES) {
    for (let code = from; code <= to; code++) {
      const character = String.fromCodePoint(code);
      const lower = character.toLowerCase();
      if (lower === character) continue;
      large += character;
      small += lower;
    }
  }
  return { large, small };
}

const escaped = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;

/** What `contains` needs in SQL: texts of which the small letters can be told there. */
export const PLAIN = {
  /** Matches texts of ASCII and the characters above alone. */
  pattern: `^[\\u0001-\\u007f${RANGES.map(([from, to]) => `${escaped(from)}-${escaped(to)}`).join('')}]*$`,
  ...cased(),
};
