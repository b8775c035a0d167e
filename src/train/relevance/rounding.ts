/** Digits that are kept of a learned number: more than it is worth, and files stay short. */
const DIGITS = 6;

/** Numbers times a factor, as they are written to a file. */
export function rounded(values: ArrayLike<number>, factor = 1): number[] {
  return Array.from(values, (value) => Number((value * factor).toPrecision(DIGITS)));
}
