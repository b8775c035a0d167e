import type { Span, SpecText } from './text.ts';

/**
 * What a text says, before anybody knows what its words mean.
 *
 * ```
 * list     = chain { "," chain }
 * chain    = labelled { ">" labelled }
 * labelled = [ word ":" ] labelled | sum
 * sum      = item { "+" item }
 * item     = term | "[" [ chain { "," chain } ] "]"
 * term     = ( word | text ) [ "(" [ argument { "," argument } ] ")" ]
 * argument = [ word "=" ] chain
 * word     = characters but blanks and ( ) [ ] , > + : = " '
 * text     = a stretch in single or double quotes, with the escapes of JSON; before other characters a backslash keeps them
 * ```
 *
 * So `opq,ivf1024(spill=1),pq16x8+pq16x8,refine:full` is a list, and `fuse(words, meaning, weights=[1, 2]) > rerank(NAME, depth=50) > cut`
 * a chain. Blanks between words do not matter. A joined expression of one item is that item.
 */
export type Expression = Term | Joined | Labelled | Bracketed;

/** A word or text, with arguments where it has parentheses. */
export interface Term extends Span {
  readonly kind: 'term';
  /** Without quotes. */
  readonly word: string;
  /** Whether it stood in quotes: it is no number and no name then. */
  readonly isQuoted: boolean;
  /** Undefined without parentheses. */
  readonly arguments: readonly Argument[] | undefined;
  /** The word alone. */
  readonly wordSpan: Span;
}

/** Items in order: two or more. */
export interface Joined extends Span {
  readonly kind: 'list' | 'chain' | 'sum';
  readonly items: readonly Expression[];
}

/** `[1, 2]`. */
export interface Bracketed extends Span {
  readonly kind: 'bracketed';
  readonly items: readonly Expression[];
}

/** `refine:full`. */
export interface Labelled extends Span {
  readonly kind: 'labelled';
  readonly label: Name;
  readonly item: Expression;
}

/** One of the arguments in parentheses. */
export interface Argument extends Span {
  /** Undefined for one that stands by itself. */
  readonly name: Name | undefined;
  readonly value: Expression;
}

/** A name before a colon or an equals sign. */
export interface Name extends Span {
  readonly word: string;
}

/** Parentheses and brackets within one another. */
const DEEPEST = 64;
/** Characters. */
const LONGEST = 100_000;

/** Parses a text. @throws InvalidArgumentError that shows where it stops making sense. */
export function parseExpression(text: SpecText): Expression {
  return new Parser(text).parse();
}

/** The items of a list, or the only one. */
export function itemsOf(expression: Expression, kind: Joined['kind']): readonly Expression[] {
  return expression.kind === kind ? expression.items : [expression];
}

/** The number that a word is, such as `12`, `0.5`, `-1` or `1e-3`. */
export function numberIn(expression: Expression): number | undefined {
  if (expression.kind !== 'term' || expression.isQuoted || expression.arguments !== undefined) return undefined;
  return /^-?(\d+(\.\d*)?|\.\d+)(e-?\d+)?$/i.test(expression.word) ? Number(expression.word) : undefined;
}

/** The text of an expression with one blank where some may stand: parses to the same. */
export function formatExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'list':
      return expression.items.map(formatExpression).join(', ');
    case 'chain':
      return expression.items.map(formatExpression).join(' > ');
    case 'sum':
      return expression.items.map(formatExpression).join('+');
    case 'labelled':
      return `${expression.label.word}:${formatExpression(expression.item)}`;
    case 'bracketed':
      return `[${expression.items.map(formatExpression).join(', ')}]`;
    case 'term': {
      const word = formatWord(expression.word, expression.isQuoted);
      if (expression.arguments === undefined) return word;
      const inner = expression.arguments.map(
        ({ name, value }) => (name === undefined ? '' : `${name.word}=`) + formatExpression(value),
      );
      return `${word}(${inner.join(', ')})`;
    }
  }
}

const WORD = /[^\s()[\],>+:="']+/uy;
/** What stands behind a backslash, and what it means. */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

/** A word as it is written: in quotes where it must be. */
export function formatWord(word: string, isQuoted = false): string {
  WORD.lastIndex = 0;
  const isPlain = !isQuoted && WORD.exec(word)?.[0] === word;
  return isPlain ? word : `"${word.replace(/["\\]/g, '\\$&')}"`;
}

type Character = '(' | ')' | '[' | ']' | ',' | '>' | '+' | ':' | '=';

class Parser {
  readonly #source: string;
  #at = 0;
  #depth = 0;

  constructor(private readonly text: SpecText) {
    this.#source = text.source;
  }

  parse(): Expression {
    if (this.#source.length > LONGEST) {
      throw this.text.error(
        { at: LONGEST, end: LONGEST },
        `It is longer than ${LONGEST} characters.`,
        'Make it shorter.',
      );
    }
    const expression = this.#list();
    const next = this.#peek();
    if (next === undefined) return expression;
    const span = { at: this.#at, end: this.#at + 1 };
    if (next === ')' || next === ']') {
      const name = next === ')' ? 'parenthesis' : 'bracket';
      throw this.text.error(span, `A ${name} closes that was never opened.`, 'Remove it.');
    }
    throw this.#unexpected(span);
  }

  #list(): Expression {
    return this.#joined('list', ',', () => this.#chain());
  }

  #chain(): Expression {
    return this.#joined('chain', '>', () => this.#labelled());
  }

  #labelled(): Expression {
    const label = this.#nameBefore(':');
    if (label === undefined) return this.#sum();
    const item = this.#labelled();
    return { kind: 'labelled', label, item, at: label.at, end: item.end };
  }

  #sum(): Expression {
    return this.#joined('sum', '+', () => this.#item());
  }

  #joined(kind: Joined['kind'], separator: Character, item: () => Expression): Expression {
    const items = [item()];
    while (this.#accept(separator)) items.push(item());
    return items.length === 1 ? items[0]! : { kind, items, at: items[0]!.at, end: items.at(-1)!.end };
  }

  #item(): Expression {
    if (this.#peek() !== '[') return this.#term();
    const at = this.#at++;
    this.#deeper(at);
    const items: Expression[] = [];
    if (this.#peek() !== ']') {
      do items.push(this.#chain());
      while (this.#accept(','));
    }
    this.#close(']', 'bracket');
    return { kind: 'bracketed', items, at, end: this.#at };
  }

  #term(): Expression {
    const wordSpan = { at: this.#skipBlanks(), end: 0 };
    const isQuoted = this.#source[this.#at] === '"' || this.#source[this.#at] === "'";
    const word = isQuoted ? this.#quoted() : this.#word();
    if (word === undefined) throw this.#unexpected({ at: this.#at, end: this.#at + 1 }, true);
    wordSpan.end = this.#at;
    const open = this.#skipBlanks();
    if (!this.#accept('(')) {
      this.#at = wordSpan.end;
      return { kind: 'term', word, isQuoted, arguments: undefined, wordSpan, ...wordSpan };
    }
    this.#deeper(open);
    const list: Argument[] = [];
    if (this.#peek() !== ')') {
      do {
        const name = this.#nameBefore('=');
        const value = this.#chain();
        list.push({ name, value, at: name?.at ?? value.at, end: value.end });
      } while (this.#accept(','));
    }
    this.#close(')', 'parenthesis');
    return { kind: 'term', word, isQuoted, arguments: list, wordSpan, at: wordSpan.at, end: this.#at };
  }

  #deeper(at: number): void {
    if (++this.#depth <= DEEPEST) return;
    throw this.text.error({ at, end: at + 1 }, `More than ${DEEPEST} parentheses are open.`, 'Nest less.');
  }

  #close(character: ')' | ']', name: string): void {
    if (!this.#accept(character)) {
      const at = this.#at;
      if (at < this.#source.length) throw this.#unexpected({ at, end: at + 1 });
      throw this.text.error({ at, end: at }, `A ${name} is left open.`, 'Close it.');
    }
    this.#depth--;
  }

  /** A word that a character follows; undefined, and nothing is read, where there is none. */
  #nameBefore(character: ':' | '='): Name | undefined {
    const before = this.#at;
    const at = this.#skipBlanks();
    const word = this.#word();
    const end = this.#at;
    if (word !== undefined && this.#accept(character)) return { word, at, end };
    this.#at = before;
    return undefined;
  }

  #word(): string | undefined {
    WORD.lastIndex = this.#at;
    const word = WORD.exec(this.#source)?.[0];
    if (word !== undefined) this.#at += word.length;
    return word;
  }

  #quoted(): string {
    const at = this.#at;
    const quote = this.#source[at];
    let text = '';
    for (let i = at + 1; i < this.#source.length; i++) {
      const character = this.#source[i]!;
      if (character === quote) {
        this.#at = i + 1;
        return text;
      }
      if (character !== '\\' || i + 1 >= this.#source.length) {
        text += character;
        continue;
      }
      const code = /^u([\da-f]{4})/i.exec(this.#source.slice(i + 1, i + 6))?.[1];
      if (code === undefined) {
        const escaped = this.#source[++i]!;
        text += ESCAPES[escaped] ?? escaped;
      } else {
        text += String.fromCharCode(Number.parseInt(code, 16));
        i += 5;
      }
    }
    throw this.text.error({ at, end: at + 1 }, 'A quote is left open.', 'Close it.');
  }

  #skipBlanks(): number {
    const blanks = /\s*/uy;
    blanks.lastIndex = this.#at;
    this.#at += blanks.exec(this.#source)![0].length;
    return this.#at;
  }

  #peek(): string | undefined {
    return this.#source[this.#skipBlanks()];
  }

  #accept(character: Character): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  /** @param isWanted whether a word must stand there. */
  #unexpected(span: Span, isWanted = false): Error {
    const found = this.#source[span.at];
    const what =
      found === undefined
        ? 'It ends where a part is wanted.'
        : isWanted
          ? `A part is empty: \`${found}\` stands in its place.`
          : `\`${found}\` cannot stand here.`;
    return this.text.error(span, what, this.text.remedy);
  }
}
