import { InvalidArgumentError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import type { Operator, ParameterValue, PipelineStep } from './types.ts';

/** Characters of a pipeline. */
const LONGEST = 4000;
const TOKEN =
  /\s*(?:(?<text>"(?:[^"\\]|\\.)*")|(?<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?![\w:]))|(?<word>[A-Za-z_][\w:./@-]*)|(?<symbol>[()[\],>=]))/suy;

interface Token {
  readonly kind: 'text' | 'number' | 'word' | 'symbol' | 'end';
  readonly value: string;
  readonly at: number;
}

/** Where steps stand in the text that they were written in, for messages of whoever runs them. */
const places = new WeakMap<PipelineStep, { readonly text: string; readonly at: number }>();

/** `character 8 of the pipeline "words > cutt"`; nothing for a step that was not written. */
export function placeOf(step: PipelineStep): string | undefined {
  const place = places.get(step);
  return place === undefined ? undefined : where(place.text, place.at);
}

function where(text: string, at: number): string {
  const shown = text.length <= 200 ? text : `${text.slice(0, 200)}…`;
  return `character ${at + 1} of the pipeline "${shown.replaceAll(/\s+/g, ' ')}"`;
}

/**
 * Reads `fuse(words, meaning, weights=[1, 2]) > rerank(NAME, depth=20) > cut`: steps behind one another, each with arguments in brackets.
 * Arguments without a name are pipelines where an operator joins them, else its parameters in their order.
 * @throws InvalidArgumentError saying where it stopped making sense.
 */
export function parseSteps(text: string, operators: ReadonlyMap<string, Operator>): PipelineStep[] {
  if (text.length > LONGEST) {
    throw new InvalidArgumentError(
      `A pipeline of ${text.length} characters.`,
      `Write at most ${LONGEST}, and name its parts.`,
    );
  }
  return new Parser(text, operators).parse();
}

/** An argument without a name: a pipeline, or what could be one as well as a name. */
type Argument = { readonly at: number; readonly steps?: PipelineStep[]; readonly value?: ParameterValue };

class Parser {
  readonly #tokens: Token[] = [];
  #next = 0;
  #depth = 0;

  constructor(
    private readonly text: string,
    private readonly operators: ReadonlyMap<string, Operator>,
  ) {
    TOKEN.lastIndex = 0;
    const end = text.trimEnd().length;
    for (let at = 0; at < end; at = TOKEN.lastIndex) {
      TOKEN.lastIndex = at;
      const groups = TOKEN.exec(text)?.groups;
      const start = at + /^\s*/.exec(text.slice(at))![0].length;
      if (groups === undefined) this.#fail(start, `"${text[start]}" means nothing here`);
      const kind = (['text', 'number', 'word', 'symbol'] as const).find((one) => groups![one] !== undefined)!;
      this.#tokens.push({ kind, value: groups![kind]!, at: start });
    }
    this.#tokens.push({ kind: 'end', value: '', at: end });
  }

  parse(): PipelineStep[] {
    if (this.#peek().kind === 'end') this.#fail(0, 'it has no step');
    const steps = this.#pipeline();
    const rest = this.#peek();
    if (rest.kind !== 'end') this.#fail(rest.at, `expected ">" or the end, not "${rest.value}"`);
    return steps;
  }

  #pipeline(): PipelineStep[] {
    if (++this.#depth > 32) this.#fail(this.#peek().at, 'nested too deep');
    const steps = [this.#step()];
    while (this.#accept('>')) steps.push(this.#step());
    this.#depth--;
    return steps;
  }

  #step(): PipelineStep {
    const { kind, value: op, at } = this.#take();
    if (kind !== 'word') this.#fail(at, `expected a field, an operator or a name${op === '' ? '' : `, not "${op}"`}`);
    const named: Record<string, ParameterValue> = {};
    const plain: Argument[] = [];
    if (this.#accept('(')) {
      while (!this.#accept(')')) {
        if (plain.length + Object.keys(named).length > 0) this.#expect(',', ')');
        this.#argument(plain, named);
      }
    }
    const step = this.#assembled(op, at, plain, named);
    places.set(step, { text: this.text, at });
    return step;
  }

  #argument(plain: Argument[], named: Record<string, ParameterValue>): void {
    const token = this.#peek();
    if (token.kind === 'word' && this.#tokens[this.#next + 1]?.value === '=') {
      this.#next += 2;
      if (token.value === 'op' || token.value === 'of' || Object.hasOwn(named, token.value)) {
        this.#fail(token.at, `"${token.value}" cannot be given here`);
      }
      named[token.value] = this.#value();
    } else if (token.kind === 'word' && token.value !== 'true' && token.value !== 'false') {
      plain.push({ at: token.at, steps: this.#pipeline() });
    } else plain.push({ at: token.at, value: this.#value() });
  }

  #assembled(op: string, at: number, plain: readonly Argument[], named: Record<string, ParameterValue>): PipelineStep {
    const operator = this.operators.get(op);
    if (plain.length === 0) return { op, ...named } as PipelineStep;
    if (operator === undefined) {
      const guess = nearest(op, this.operators.keys());
      this.#fail(at, `there is no operator "${op}" that takes arguments`, guess);
    }
    if (operator!.takes === 'pipelines') {
      const of = plain.map((one) => one.steps ?? this.#fail(one.at, `"${op}" takes pipelines here`));
      return { op, of, ...named } as PipelineStep;
    }
    const names = Object.keys(operator!.parameters);
    const given: Record<string, ParameterValue> = {};
    for (const [i, { at: place, steps, value }] of plain.entries()) {
      const name = names[i];
      if (name === undefined || Object.hasOwn(named, name)) {
        this.#fail(
          place,
          `"${op}" takes ${names.length === 0 ? 'no arguments' : names.join(', ')}, and there is one more`,
        );
      }
      given[name!] = value ?? this.#nameIn(steps!, place, op, name!);
    }
    return { op, ...given, ...named } as PipelineStep;
  }

  /** A name that was read as a pipeline. */
  #nameIn(steps: readonly PipelineStep[], at: number, op: string, parameter: string): string {
    const [step] = steps;
    if (steps.length === 1 && Object.keys(step!).length === 1) return step!.op;
    return this.#fail(at, `"${parameter}" of "${op}" is no pipeline`);
  }

  #value(): ParameterValue {
    const { kind, value, at } = this.#take();
    if (kind === 'number') return Number(value);
    if (kind === 'text') return unquoted(value) ?? this.#fail(at, 'the text in quotes is not sound');
    if (kind === 'word') return value === 'true' || value === 'false' ? value === 'true' : value;
    if (value !== '[') this.#fail(at, `expected a number, a name or a list${value === '' ? '' : `, not "${value}"`}`);
    const list: (number | string)[] = [];
    while (!this.#accept(']')) {
      if (list.length > 0) this.#expect(',', ']');
      const inner = this.#peek();
      const member = this.#value();
      if (typeof member !== 'number' && typeof member !== 'string')
        this.#fail(inner.at, 'a list holds numbers or names');
      list.push(member as number | string);
    }
    return list;
  }

  #peek(): Token {
    return this.#tokens[this.#next]!;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#next++;
    return token;
  }

  #accept(symbol: string): boolean {
    const { kind, value } = this.#peek();
    if (kind !== 'symbol' || value !== symbol) return false;
    this.#next++;
    return true;
  }

  #expect(symbol: string, or: string): void {
    const { at, value } = this.#peek();
    if (!this.#accept(symbol)) {
      this.#fail(at, `expected "${symbol}" or "${or}"${value === '' ? ', and it ends' : `, not "${value}"`}`);
    }
  }

  #fail(at: number, problem: string, guess?: string): never {
    throw new InvalidArgumentError(
      `At ${where(this.text, at)}: ${problem}.`,
      guess === undefined ? 'Write for example "fuse(words, meaning) > group(1) > cut".' : `Did you mean "${guess}"?`,
    );
  }
}

function unquoted(value: string): string | undefined {
  try {
    return JSON.parse(value) as string;
  } catch {
    return undefined;
  }
}
