/** How far the end of a group is looked for. */
const LONGEST_GROUP = 200_000;
/** The same of options: many brackets that are never closed must not be looked for to the end of the text each. */
const LONGEST_OPTIONS = 5000;

/** Where the group that opens at `at` ends, or the end of the text; for one in brackets also where it does not end soon. */
function closing(source: string, at: number, open: string, close: string): number {
  let depth = 0;
  const limit = Math.min(source.length, at + (close === ']' ? LONGEST_OPTIONS : LONGEST_GROUP));
  for (let i = at; i < limit; i++) {
    const sign = source[i]!;
    if (sign === '\\') i++;
    else if (sign === open) depth++;
    else if (sign === close && --depth === 0) return i;
    else if (close === ']' && sign === '\n' && source[i + 1] === '\n') return source.length;
  }
  return close === ']' || limit === source.length ? source.length : at;
}

/** The group in braces at `at`, or the next sign. */
export function argumentAt(source: string, at: number): { readonly text: string; readonly end: number } {
  const blank = /\s*/y;
  blank.lastIndex = at;
  blank.exec(source);
  const start = blank.lastIndex;
  if (source[start] === '{') {
    const end = closing(source, start, '{', '}');
    return { text: source.slice(start + 1, end), end: Math.min(end + 1, source.length) };
  }
  const token = /\\[a-zA-Z@]+|\\?[^\s\\{}]/y;
  token.lastIndex = start;
  const text = token.exec(source)?.[0] ?? '';
  return text === '' ? { text, end: at } : { text, end: start + text.length };
}

/** The group in brackets at `at`, undefined where there is none. */
export function optionalAt(source: string, at: number): { readonly text: string | undefined; readonly end: number } {
  const blank = /[ \t]*\n?[ \t]*\[/y;
  blank.lastIndex = at;
  if (blank.exec(source) === null) return { text: undefined, end: at };
  const start = blank.lastIndex;
  const end = closing(source, start - 1, '[', ']');
  return end >= source.length ? { text: undefined, end: at } : { text: source.slice(start, end), end: end + 1 };
}

/** Where the text goes on behind a group in brackets, if there is one. */
export function afterOptional(source: string, at: number): number {
  return optionalAt(source, at).end;
}
