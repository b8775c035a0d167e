/**
 * A pattern as a predicate: `*` stands for any text, `?` for one character, `[a-c]` for one of these and `[!a-c]` for one of the
 * others, a backslash takes the next character as it is. In a pattern with a `/`, `*`, `?` and brackets stop at a `/`, `**` does not, and
 * `**` followed by `/` also stands for nothing. A pattern without a `/` is compared with the whole text, and with what follows its last `/`.
 *
 * All positions are followed at once, so that time is at most the length of the pattern times that of the text.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const { tokens, crossing } = globTokens(pattern);
  return (text) =>
    run(tokens, text) || (crossing && text.includes('/') && run(tokens, text.slice(text.lastIndexOf('/') + 1)));
}

/** Code points, both ends included. */
type CharacterRange = readonly [from: number, to: number];

/** `one` takes a character, `many` any number of them, `folders` nothing or anything that ends with a `/`: characters of these ranges. */
export interface GlobToken {
  readonly kind: 'one' | 'many' | 'folders';
  readonly ranges: readonly CharacterRange[];
}

const SLASH = 0x2f;
const LAST = 0x10ffff;
const EVERY: readonly CharacterRange[] = [[0, LAST]];

/** A pattern's parts. @returns `crossing`: it has no `/`, and is compared with what follows a text's last one as well. */
export function globTokens(pattern: string): { readonly tokens: readonly GlobToken[]; readonly crossing: boolean } {
  const characters = [...pattern];
  const crossing = !pattern.includes('/');
  const any = crossing ? EVERY : withoutSlash(EVERY);
  const tokens: GlobToken[] = [];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    if (character === '*') {
      let stars = 1;
      while (characters[i + 1] === '*') [stars, i] = [stars + 1, i + 1];
      if (stars === 1) tokens.push({ kind: 'many', ranges: any });
      else if (characters[i + 1] === '/') {
        tokens.push({ kind: 'folders', ranges: EVERY });
        i++;
      } else tokens.push({ kind: 'many', ranges: EVERY });
    } else if (character === '?') tokens.push({ kind: 'one', ranges: any });
    else {
      const close = character === '[' ? characters.indexOf(']', i + 2) : -1;
      if (close > 0) {
        const ranges = rangesOf(characters.slice(i + 1, close));
        tokens.push({ kind: 'one', ranges: crossing ? ranges : withoutSlash(ranges) });
        i = close;
      } else {
        if (character === '\\' && i + 1 < characters.length) i++;
        const literal = characters[i]!.codePointAt(0)!;
        tokens.push({ kind: 'one', ranges: [[literal, literal]] });
      }
    }
  }
  return { tokens, crossing };
}

/** What stands in brackets. */
function rangesOf(members: readonly string[]): readonly CharacterRange[] {
  const negated = members[0] === '!' || members[0] === '^';
  const rest = negated ? members.slice(1) : members;
  const ranges: CharacterRange[] = [];
  for (let i = 0; i < rest.length; i++) {
    const from = rest[i]!.codePointAt(0)!;
    if (rest[i + 1] === '-' && i + 2 < rest.length) {
      ranges.push([from, rest[i + 2]!.codePointAt(0)!]);
      i += 2;
    } else ranges.push([from, from]);
  }
  const sound = ranges.filter(([from, to]) => from <= to);
  return negated ? others(sound) : sound;
}

/** All characters that are in none of the ranges. */
function others(ranges: readonly CharacterRange[]): readonly CharacterRange[] {
  const left: CharacterRange[] = [];
  let next = 0;
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    if (from > next) left.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  return next > LAST ? left : [...left, [next, LAST]];
}

function withoutSlash(ranges: readonly CharacterRange[]): readonly CharacterRange[] {
  return ranges.flatMap(([from, to]): CharacterRange[] => {
    if (to < SLASH || from > SLASH) return [[from, to]];
    const parts: CharacterRange[] = [
      [from, SLASH - 1],
      [SLASH + 1, to],
    ];
    return parts.filter(([begin, end]) => begin <= end);
  });
}

function accepts({ ranges }: GlobToken, character: string): boolean {
  const code = character.codePointAt(0)!;
  return ranges.some(([from, to]) => from <= code && code <= to);
}

function run(tokens: readonly GlobToken[], text: string): boolean {
  let current = new Set<number>();
  /** The token may be the next; what may stand for nothing lets the one behind it be the next too. */
  const enter = (places: Set<number>, token: number): void => {
    let at = token;
    places.add(at);
    while (at < tokens.length && tokens[at]!.kind !== 'one') places.add(++at);
  };
  enter(current, 0);
  for (const character of text) {
    const next = new Set<number>();
    for (const at of current) {
      const token = tokens[at];
      if (token === undefined || !accepts(token, character)) continue;
      if (token.kind === 'one') enter(next, at + 1);
      else {
        next.add(at);
        if (token.kind === 'many' || character === '/') enter(next, at + 1);
      }
    }
    if (next.size === 0) return false;
    current = next;
  }
  return current.has(tokens.length);
}
