/** Capitalised words in a row, with small words between them (`Bank of England`): names, in languages that write them so. */
export const NAMES =
  /\p{Lu}[\p{L}\p{N}'’-]*(?:\.(?=\p{L}))?(?:\s(?:(?:of|the|de|la|von|van|der|and|du|di|da)\s)?\p{Lu}[\p{L}\p{N}'’-]*(?:\.(?=\p{L}))?)*/gu;
const HAS_CASE = /\p{Lu}|\p{Ll}/u;

/** What a text names, as it is written: capitalised words in languages that write names so, which take in the first words of sentences; the whole text where no letter has a case. */
export function namesIn(text: string): string[] {
  return HAS_CASE.test(text) ? (text.match(NAMES) ?? []) : [text];
}
