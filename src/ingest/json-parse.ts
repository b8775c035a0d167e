import { UnreadableDocumentError } from '../base/errors.ts';

/** Whole numbers beyond 2^53 have so many digits: `JSON.parse` would round them. */
const LONG_NUMBER = /\d{16}/;

/**
 * JSON as people and programs write it: comments, trailing commas, and the rest of JSON5 (bare keys, single quotes, hex
 * numbers, `NaN`). Whole numbers that a double cannot hold come as `bigint`, digit by digit.
 * @throws UnreadableDocumentError with the place of the mistake.
 */
export function parseJson(text: string, remedy = 'Mend the file, or exclude it.'): unknown {
  let problem: unknown;
  if (!LONG_NUMBER.test(text)) {
    try {
      return JSON.parse(text);
    } catch (error) {
      problem = error;
    }
  }
  try {
    return new Json5(text).parse();
  } catch (error) {
    throw new UnreadableDocumentError(`It is not valid JSON: ${jsonProblem(problem ?? error, text)}.`, remedy, {
      cause: error,
    });
  }
}

/**
 * The same; several objects or lists one after the other, with nothing but blanks or commas between, are a list of them.
 * @throws UnreadableDocumentError with the place of the mistake.
 */
export function parseJsonLines(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    const values = severalOf(text);
    if (values === undefined) throw error;
    return values;
  }
}

function severalOf(text: string): unknown[] | undefined {
  try {
    const values = new Json5(text).several();
    return values.length > 1 ? values : undefined;
  } catch {
    return undefined;
  }
}

/** What the parser says, on one line and with a line number instead of a position and an excerpt. */
function jsonProblem(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const position = /position (\d+)/.exec(message)?.[1];
  const problem = message.replace(/(?:,| in JSON at| at position).*$/su, '').replace(/\s+/g, ' ');
  if (position === undefined) return problem.replace(/^Unexpected end of JSON input$/, 'it ends too early');
  const line = text.slice(0, Number(position)).split('\n').length;
  return line === 1 ? `${problem} at character ${Number(position) + 1}` : `${problem} in line ${line}`;
}

interface Container {
  readonly value: unknown[] | Record<string, unknown>;
  key: string;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', 0: '\0' };
const BLANK = /(?:[\s\uFEFF]+|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/)*/y;
const WORD = /[\p{L}\p{Nl}$_][\p{L}\p{N}\p{M}$_\u200C\u200D]*/uy;
const NUMBER = /[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|Infinity|NaN)/y;
const STRING = /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/y;

/** A parser of JSON5 (spec.json5.org) without recursion, since documents may be nested deeper than the call stack is long. */
class Json5 {
  #at = 0;

  constructor(private readonly text: string) {}

  parse(): unknown {
    const root = this.#root();
    if (this.#at < this.text.length) this.#fail();
    return root;
  }

  /** Objects and lists up to the end. */
  several(): unknown[] {
    const found: unknown[] = [];
    do {
      const value = this.#root();
      if (typeof value !== 'object' || value === null) this.#fail();
      found.push(value);
      this.#take(',');
      this.#blank();
    } while (this.#at < this.text.length);
    return found;
  }

  /** A value, and the blanks behind it. */
  #root(): unknown {
    const open: Container[] = [];
    let root: unknown;
    for (;;) {
      let value = this.#value();
      if (value instanceof Container5) {
        const container: Container = { value: value.isList ? [] : {}, key: '' };
        if (this.#begin(container)) {
          open.push(container);
          continue;
        }
        value = container.value;
      }
      // Values end the containers that they are the last of.
      for (;;) {
        const container = open.at(-1);
        if (container === undefined) {
          root = value;
          break;
        }
        put(container, value);
        if (this.#next(container)) break;
        value = open.pop()!.value;
      }
      if (open.length === 0) break;
    }
    this.#blank();
    return root;
  }

  /** After the opening bracket. @returns whether a member follows. */
  #begin(container: Container): boolean {
    return !this.#closes(container) && this.#key(container);
  }

  /** After a member. @returns whether another follows. */
  #next(container: Container): boolean {
    if (this.#closes(container)) return false;
    if (!this.#take(',')) this.#fail();
    return !this.#closes(container) && this.#key(container);
  }

  #closes({ value }: Container): boolean {
    return this.#take(Array.isArray(value) ? ']' : '}');
  }

  #key(container: Container): true {
    if (Array.isArray(container.value)) return true;
    this.#blank();
    const quoted = this.#match(STRING);
    const key = quoted === undefined ? this.#match(WORD) : unquote(quoted);
    if (key === undefined || !this.#take(':')) this.#fail();
    container.key = key;
    return true;
  }

  #value(): unknown {
    if (this.#take('[')) return new Container5(true);
    if (this.#take('{')) return new Container5(false);
    const quoted = this.#match(STRING);
    if (quoted !== undefined) return unquote(quoted);
    const number = this.#match(NUMBER);
    if (number !== undefined) return numberOf(number);
    const start = this.#at;
    const word = this.#match(WORD);
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (word === 'null') return null;
    this.#at = start;
    return this.#fail();
  }

  #take(sign: string): boolean {
    this.#blank();
    if (this.text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #blank(): void {
    this.#match(BLANK);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fail(): never {
    const token = this.text[this.#at];
    throw new SyntaxError(
      token === undefined ? 'Unexpected end of JSON input' : `Unexpected token '${token}' at position ${this.#at}`,
    );
  }
}

/** An opening bracket. */
class Container5 {
  constructor(readonly isList: boolean) {}
}

function put({ value, key }: Container, member: unknown): void {
  if (Array.isArray(value)) value.push(member);
  else if (key === '__proto__') {
    Object.defineProperty(value, key, { value: member, enumerable: true, configurable: true, writable: true });
  } else value[key] = member;
}

function unquote(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))/g, (_, unicode, hex, other: string) => {
      const code: string | undefined = unicode ?? hex;
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      return /[\r\n\u2028\u2029]/.test(other) ? '' : (ESCAPES[other] ?? other);
    });
}

function numberOf(text: string): number | bigint {
  if (/^[-+]?\d{16,1000}$/.test(text)) {
    const exact = BigInt(text.replace('+', ''));
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }
  const hex = /^([-+]?)(0[xX].*)$/.exec(text);
  if (hex === null) return Number(text);
  const value = BigInt(hex[2]!) * (hex[1] === '-' ? -1n : 1n);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
