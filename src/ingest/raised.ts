/** Code units of a line in front of a mark that are looked at. */
const END = 2;

/**
 * How a raised mark is written behind what stands before it, so that neither swallows the other: `survey^12`, `10^6`,
 * `x^n`. Letters that end a word stay with it (`1st`, `Mme`, `nth`); what begins with a sign of its own needs none
 * (`deficit[4]`).
 *
 * @param line text in front of the mark, at least its last character.
 */
export function raised(line: string, mark: string): string {
  const before = line.slice(-END);
  const text = mark.trim();
  if (!/[\p{L}\p{N})\]}%"'”’]$/u.test(before) || !/^[\p{L}\p{N}+\-−–(]/u.test(text)) return mark;
  if (/^\p{L}{2,4}\.?$/u.test(text) && /[\p{L}\p{Nd}]$/u.test(before)) return mark;
  if (/^\p{L}$/u.test(text) && /\p{Nd}$/u.test(before)) return mark;
  return `^${text}`;
}

/** The same for lowered marks: digits and single letters stay with their word (`H2O`, `x1`), words part: `V_max`. */
export function lowered(line: string, mark: string): string {
  const before = line.slice(-END);
  const text = mark.trim();
  return /\p{L}$/u.test(before) && /^\p{L}{2}/u.test(text) ? `_${text}` : mark;
}

/** Whether a space belongs between a raised mark and what follows: `^12Note`, `10^6cells`. */
export function parts(mark: string, after: string): boolean {
  return /\p{N}\s*$/u.test(mark) && /^\p{L}/u.test(after);
}
