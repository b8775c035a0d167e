import type { Token } from './part.ts';
import type { TermNumbers } from './term-numbers.ts';

/** What a chunk yields, places counted from its start. */
export class Pieces {
  /** Whose numbers these are ({@link TermNumbers.serial}): what holds the numbering itself would keep it alive. */
  #serial = 0;
  /** Terms, further forms and words. */
  #numbers: readonly number[] = [];
  /** The only term of a chunk that has one, as most have: at hand, where the list of it leads from one place in memory to the next. */
  readonly #only: string | undefined;

  /** @param words of chunks of a script with spaces: `phraseWords` of the chunk. */
  constructor(
    readonly terms: readonly Token[],
    readonly forms: readonly Token[] = NONE,
    readonly stopWords: readonly Token[] = NONE,
    readonly words?: readonly string[],
  ) {
    this.#only = terms.length === 1 ? terms[0]!.term : undefined;
  }

  /** Adds its terms to others. */
  addTerms(terms: string[]): void {
    if (this.#only !== undefined) terms.push(this.#only);
    else append(this.terms, terms);
  }

  /** The numbers of its terms, then of forms and stop words, then of its words; looked up once for each numbering. */
  numbered(numbers: TermNumbers): readonly number[] {
    if (this.#serial === numbers.serial) return this.#numbers;
    const own: number[] = [];
    for (const { term } of this.terms) own.push(numbers.of(term));
    for (const { term } of this.forms) own.push(numbers.of(term));
    for (const { term } of this.stopWords) own.push(numbers.of(term));
    for (const word of this.words ?? []) own.push(numbers.of(word));
    this.#serial = numbers.serial;
    this.#numbers = own.slice();
    return own;
  }
}

export const NONE: readonly Token[] = [];

/** Adds the terms alone. */
export function append(tokens: readonly Token[], terms: string[]): void {
  for (let i = 0; i < tokens.length; i++) terms.push(tokens[i]!.term);
}

/** Adds those that are wanted, with their places in a text. */
export function place(tokens: readonly Token[], offset: number, placed: Token[], wanted?: ReadonlySet<string>): void {
  for (let i = 0; i < tokens.length; i++) {
    const { term, start, end } = tokens[i]!;
    if (wanted === undefined || wanted.has(term)) placed.push({ term, start: offset + start, end: offset + end });
  }
}

/** Without the room for more that a list has to which something was added. */
export function kept(tokens: readonly Token[]): readonly Token[] {
  return tokens.length === 0 ? NONE : tokens.slice();
}

/** A list of numbers that is used again and again. */
export class Gathered {
  #numbers = new Uint32Array(1024);
  #count = 0;

  begin(): this {
    this.#count = 0;
    return this;
  }

  take(numbers: readonly number[], from = 0, to = numbers.length): void {
    if (this.#count + to - from > this.#numbers.length) {
      const larger = new Uint32Array(2 * (this.#count + to - from));
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    for (let i = from; i < to; i++) this.#numbers[this.#count++] = numbers[i]!;
  }

  /** A copy of what was taken. */
  end(numbers: TermNumbers): Uint32Array {
    const copy = numbers.room(this.#count);
    for (let i = 0; i < copy.length; i++) copy[i] = this.#numbers[i]!;
    return copy;
  }
}
