/** Raised digits. */
export const RAISED = '\u00b9\u00b2\u00b3\u2070\u2074-\u2079';

/** Circled digits that Unicode knows no plain form of, ten to a row. */
const DINGBATS = { first: 0x2776, last: 0x2793 } as const;

/** Whether a code unit begins a sign that may stand for numbers or words: fractions, `℃`, `①`, `㈱`, `㎏`, `🄰`. */
function mayStandFor(unit: number): boolean {
  return (
    (unit >= 0xbc && unit <= 0xbe) ||
    (unit >= 0x2100 && unit <= 0x218b) ||
    (unit >= 0x2460 && unit <= 0x24ff) ||
    (unit >= DINGBATS.first && unit <= DINGBATS.last) ||
    (unit >= 0x3200 && unit <= 0x33ff) ||
    unit === 0xd83c
  );
}

/**
 * What the sign at a place stands for, which is no part of a word: `1 2` for a half, `1` for `①`, `kg` for `㎏`. Undefined for signs that are
 * nothing but signs.
 */
export function meaningOf(text: string, index: number): string | undefined {
  const unit = text.charCodeAt(index);
  if (!mayStandFor(unit)) return undefined;
  if (unit >= DINGBATS.first && unit <= DINGBATS.last) return String(((unit - DINGBATS.first) % 10) + 1);
  const sign = String.fromCodePoint(text.codePointAt(index)!);
  const words = sign.normalize('NFKC').match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.length === 0 || words[0] === sign ? undefined : words.join(' ');
}
