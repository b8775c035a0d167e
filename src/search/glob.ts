/**
 * A pattern as a predicate: `*` stands for any text, `?` for one character, `[a-c]` for one of these and `[!a-c]` for one of the
 * others, a backslash takes the next character as it is. In a pattern with a `/`, `*`, `?` and brackets stop at a `/`, `**` does not, and
 * `**` followed by `/` also stands for nothing. A pattern without a `/` is compared with the whole text, and with what follows its last `/`.
 *
 * All positions are followed at once, so that time is at most the length of the pattern times that of the text.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const crossing = !pattern.includes('/');
  const tokens = tokenize([...pattern], crossing);
  return (text) =>
    run(tokens, text) || (crossing && text.includes('/') && run(tokens, text.slice(text.lastIndexOf('/') + 1)));
}

interface Token {
  /** `one` takes a character, `many` any number of them, `folders` nothing or anything that ends with a `/`. */
  readonly kind: 'one' | 'many' | 'folders';
  readonly accepts: (character: string) => boolean;
}

function tokenize(characters: readonly string[], crossing: boolean): Token[] {
  const any = (character: string): boolean => crossing || character !== '/';
  const tokens: Token[] = [];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    if (character === '*') {
      let stars = 1;
      while (characters[i + 1] === '*') [stars, i] = [stars + 1, i + 1];
      if (stars === 1) tokens.push({ kind: 'many', accepts: any });
      else if (characters[i + 1] === '/') {
        tokens.push({ kind: 'folders', accepts: () => true });
        i++;
      } else tokens.push({ kind: 'many', accepts: () => true });
    } else if (character === '?') tokens.push({ kind: 'one', accepts: any });
    else {
      const close = character === '[' ? characters.indexOf(']', i + 2) : -1;
      if (close > 0) {
        const accepts = oneOf(characters.slice(i + 1, close));
        tokens.push({ kind: 'one', accepts: (one) => any(one) && accepts(one) });
        i = close;
      } else {
        if (character === '\\' && i + 1 < characters.length) i++;
        const literal = characters[i]!;
        tokens.push({ kind: 'one', accepts: (one) => one === literal });
      }
    }
  }
  return tokens;
}

function oneOf(members: readonly string[]): (character: string) => boolean {
  const negated = members[0] === '!' || members[0] === '^';
  const rest = negated ? members.slice(1) : members;
  const ranges: [from: number, to: number][] = [];
  for (let i = 0; i < rest.length; i++) {
    const from = rest[i]!.codePointAt(0)!;
    if (rest[i + 1] === '-' && i + 2 < rest.length) {
      ranges.push([from, rest[i + 2]!.codePointAt(0)!]);
      i += 2;
    } else ranges.push([from, from]);
  }
  return (character) => {
    const code = character.codePointAt(0)!;
    return ranges.some(([from, to]) => from <= code && code <= to) !== negated;
  };
}

function run(tokens: readonly Token[], text: string): boolean {
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
      if (token === undefined || !token.accepts(character)) continue;
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
