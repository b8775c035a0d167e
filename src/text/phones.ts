/** International; with its area in brackets; with the 0 that stands before an area; as North America has it. */
const phone =
  /(?:\+\(?\d{1,3}\)?(?:[ ./-]?\(?\d{1,6}\)?){1,6}|\((?!19\d\d\)|20\d\d\))\d{2,5}\) ?\d{2,8}(?:[ .-]\d{2,6}){0,4}|0\d{1,4}[ /.-]\d{2,8}(?:[ .-]\d{2,6}){0,4}|(?:1[ .-])?\d{3}([ .])\d{3}\1\d{4})(?![.,/-]?\d)/y;
const date = /^\d\d[ ./-]\d\d[ ./-]\d{2,4}$/;
/** Digits of a telephone number, the code of its country among them. */
const FEWEST_DIGITS = 8;
const MOST_DIGITS = 15;

/** A telephone number whose digits stand in groups. */
export interface Phone {
  readonly start: number;
  readonly end: number;
  readonly digits: string;
}

/** The telephone number whose first digit stands at `index`. */
export function phoneAt(text: string, index: number): Phone | undefined {
  let start = index;
  while (start > 0 && index - start < 2 && '+('.includes(text[start - 1]!)) start--;
  phone.lastIndex = start;
  const [found] = phone.exec(text) ?? [];
  if (found === undefined || date.test(found)) return undefined;
  const digits = found.replace(/\D/g, '');
  if (digits.length < FEWEST_DIGITS || digits.length > MOST_DIGITS) return undefined;
  return { start, end: start + found.length, digits };
}
