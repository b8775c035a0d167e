import { InvalidArgumentError } from '../base/errors.ts';
import { COMPARISONS, type Comparison, type Filter, type Scalar } from './filter.ts';
import { numberOf } from './filter-match.ts';

/**
 * Parses a filter as a person writes it:
 * `year >= 2020 and (language = en or tags in ["api", guide]) and not draft = true`, `path ^= "docs/"`, `author exists`,
 * `title contains report`, `path matches *.md`.
 *
 * Values: numbers, `true`, `false`, texts in double or single quotes (backslash escapes) or bare words. What would not read back as it is
 * written (`01234`, `1.10`, twenty digits) is a text, which equals the number too.
 * `not` binds tighter than `and`, `and` tighter than `or`.
 * @throws InvalidArgumentError with the position where it stopped making sense.
 */
export function parseFilter(source: string): Filter {
  const parser = new FilterParser(source);
  return parser.parse();
}

interface Token {
  readonly kind: 'word' | 'text' | 'symbol' | 'end';
  readonly value: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<symbol>!=|<=|>=|\^=|[=<>()[\],])|(?<word>[^\s"'=<>!^()[\],]+))/suy;
const MAX_DEPTH = 64;

class FilterParser {
  readonly #tokens: Token[];
  #next = 0;
  #depth = 0;

  constructor(source: string) {
    this.#tokens = tokenize(source);
  }

  parse(): Filter {
    const filter = this.#or();
    const rest = this.#peek();
    if (rest.kind !== 'end') this.#fail(rest, 'expected "and", "or" or the end');
    return filter;
  }

  #or(): Filter {
    if (++this.#depth > MAX_DEPTH) this.#fail(this.#peek(), `nested deeper than ${MAX_DEPTH} levels`);
    const parts = [this.#and()];
    while (this.#accept('word', 'or')) parts.push(this.#and());
    this.#depth--;
    return parts.length === 1 ? parts[0]! : { or: parts };
  }

  #and(): Filter {
    const parts = [this.#not()];
    while (this.#accept('word', 'and')) parts.push(this.#not());
    return parts.length === 1 ? parts[0]! : { and: parts };
  }

  #not(): Filter {
    let negations = 0;
    while (this.#accept('word', 'not')) negations++;
    let filter = this.#condition();
    if (negations % 2 === 1) filter = { not: filter };
    return filter;
  }

  #condition(): Filter {
    if (this.#accept('symbol', '(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    const name = this.#take();
    if (name.kind !== 'word' && name.kind !== 'text') this.#fail(name, 'expected a field name');
    const operator = this.#take();
    const field = name.value;
    if (operator.kind === 'word' && operator.value.toLowerCase() === 'exists') return { field, op: 'exists' };
    if (operator.kind === 'word' && operator.value.toLowerCase() === 'in')
      return { field, op: 'in', values: this.#list() };
    const op = operator.value.toLowerCase() as Comparison;
    if (operator.kind === 'text' || operator.kind === 'end' || !COMPARISONS.includes(op)) {
      this.#fail(operator, `expected one of ${COMPARISONS.join(' ')} in exists`);
    }
    const asText = op === '^=' || op === 'contains' || op === 'matches';
    return { field, op, value: asText ? this.#text() : this.#value() };
  }

  #list(): Scalar[] {
    const open = this.#take();
    if (open.kind !== 'symbol' || (open.value !== '[' && open.value !== '(')) this.#fail(open, 'expected "["');
    const values = [this.#value()];
    while (this.#accept('symbol', ',')) values.push(this.#value());
    this.#expect(open.value === '[' ? ']' : ')');
    return values;
  }

  #value(): Scalar {
    const bare = this.#peek().kind === 'word';
    const text = this.#text();
    if (!bare) return text;
    if (text === 'true') return true;
    if (text === 'false') return false;
    const number = numberOf(text);
    return number !== undefined && String(number) === text ? number : text;
  }

  #text(): string {
    const token = this.#take();
    if (token.kind !== 'word' && token.kind !== 'text') this.#fail(token, 'expected a value');
    return token.value;
  }

  #peek(): Token {
    return this.#tokens[this.#next]!;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#next++;
    return token;
  }

  #accept(kind: Token['kind'], value: string): boolean {
    const token = this.#peek();
    if (token.kind !== kind || token.value.toLowerCase() !== value) return false;
    this.#next++;
    return true;
  }

  #expect(symbol: string): void {
    const token = this.#take();
    if (token.kind !== 'symbol' || token.value !== symbol) this.#fail(token, `expected "${symbol}"`);
  }

  #fail(token: Token, expected: string): never {
    const found = token.kind === 'end' ? 'the end' : `"${token.value}"`;
    throw new InvalidArgumentError(
      `Filter, character ${token.at + 1}: ${expected}, found ${found}.`,
      'Write for example: year >= 2020 and not (tags in [draft, old]). Texts with spaces stand in double quotes.',
    );
  }
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (source.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) {
      const bad = at + source.slice(at).search(/\S/);
      throw new InvalidArgumentError(
        `Filter, character ${bad + 1}: cannot read ${JSON.stringify(source.slice(bad, bad + 12))}.`,
        'Close quotes, and put texts with spaces or symbols into double quotes.',
      );
    }
    const { text, symbol, word } = match.groups!;
    const value = text === undefined ? (symbol ?? word)! : text.slice(1, -1).replace(/\\(.)/gsu, '$1');
    const kind = text !== undefined ? 'text' : symbol !== undefined ? 'symbol' : 'word';
    at = TOKEN.lastIndex;
    tokens.push({ kind, value, at: at - (text ?? symbol ?? word)!.length });
  }
  tokens.push({ kind: 'end', value: '', at: source.length });
  return tokens;
}
