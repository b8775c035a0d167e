import { type GlobToken, globTokens } from '../../search/glob.ts';

/** Parts of a pattern beyond which the database is not asked to follow it. */
const MOST_TOKENS = 200;

/**
 * A pattern of filters as a regular expression of PostgreSQL, for the collation "C". Undefined where it has none.
 * @returns `crossing`: what follows a text's last `/` may match it as well.
 */
export function globPattern(pattern: string): { readonly source: string; readonly crossing: boolean } | undefined {
  const { tokens, crossing } = globTokens(pattern);
  const ranges = tokens.reduce((sum, token) => sum + token.ranges.length, 0);
  if (tokens.length > MOST_TOKENS || ranges > MOST_TOKENS) return undefined;
  const parts = tokens.map(partOf);
  return parts.includes(undefined) ? undefined : { source: `^${parts.join('')}$`, crossing };
}

function partOf({ kind, ranges }: GlobToken): string | undefined {
  if (kind === 'folders') return '(?:.*/)?';
  // No text that is stored holds U+0000.
  const sayable = ranges.map(([from, to]) => [Math.max(from, 1), to] as const).filter(([from, to]) => from <= to);
  // None is left, or one that is half a character.
  if (sayable.length === 0 || sayable.some(([from, to]) => isHalf(from) || isHalf(to))) return undefined;
  return `[${sayable.map(([from, to]) => `${escaped(from)}-${escaped(to)}`).join('')}]${kind === 'many' ? '*' : ''}`;
}

function isHalf(code: number): boolean {
  return code >= 0xd800 && code < 0xe000;
}

function escaped(code: number): string {
  return `\\U${code.toString(16).padStart(8, '0')}`;
}
