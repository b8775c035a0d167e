import { snippet } from './highlight.ts';

/**
 * A cautious estimate of what a language model counts: four characters of ASCII a token, one and a half of anything
 * else. Exact counts depend on the model, which a server does not know.
 */
export function estimateTokens(text: string): number {
  let ascii = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 128) ascii++;
  return Math.ceil(ascii / 4 + (text.length - ascii) / 1.5);
}

/** How many characters of this text fit into so many tokens, about. */
export function charactersFor(text: string, tokens: number): number {
  const total = estimateTokens(text);
  return total <= tokens ? text.length : Math.max(1, Math.floor((text.length * tokens) / total));
}

/** A passage cut to so many tokens around what matched. */
export function cutToTokens(
  text: string,
  highlights: readonly { readonly start: number; readonly end: number }[],
  tokens: number,
): { readonly text: string; readonly start: number; readonly cut: boolean } {
  const maxLength = charactersFor(text, tokens);
  if (maxLength >= text.length) return { text, start: 0, cut: false };
  const { text: shown, start } = snippet(text, highlights, { maxLength });
  return { text: shown, start, cut: true };
}

/**
 * Shares a budget among texts: what short ones leave over goes to the long ones (max-min fairness).
 * @returns tokens for each.
 */
export function share(wanted: readonly number[], budget: number): number[] {
  const shares = wanted.map(() => 0);
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  let left = budget;
  order.forEach((i, position) => {
    shares[i] = Math.min(wanted[i]!, Math.floor(left / (order.length - position)));
    left -= shares[i]!;
  });
  return shares;
}
