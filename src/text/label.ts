import { charactersFor } from './budget.ts';

/** Tokens of a name unless it is told otherwise; what is longer is cut. */
const LABEL = 60;

/**
 * A name on one line: line breaks and control characters as JSON writes them, so that an id can be given back as it is.
 * @param tokens what is longer is cut, by the count of `mostTokens`. Default 60.
 */
export function label(text: string, tokens: number = LABEL): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that lines and columns are made of
  const plain = /[\u0000-\u001f\u007f-\u009f\u2028\u2029|]/.test(text) ? JSON.stringify(text) : text;
  return shortened(plain, tokens);
}

/** The beginning of a text that is so many tokens at most, and an ellipsis where it goes on. */
export function shortened(text: string, tokens: number): string {
  const fits = charactersFor(text, tokens);
  return fits === text.length ? text : `${text.slice(0, Math.max(0, charactersFor(text, tokens - 2)))}…`;
}
