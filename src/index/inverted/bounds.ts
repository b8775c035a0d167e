/** K of the score `tf / (tf + K)` is `constant + slope * length`. */
export function normalization(k1: number, b: number, averageLength: number): { constant: number; slope: number } {
  return { constant: k1 * (1 - b), slope: averageLength > 0 ? (k1 * b) / averageLength : 0 };
}

/** A bound as it is kept, in 255ths. @param saturated greatest `tf / (tf + K)`. */
export function boundOf(saturated: number): number {
  return Math.ceil(saturated * 255);
}
