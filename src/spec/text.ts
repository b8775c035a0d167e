import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';

/** A stretch of the text: from character `at`, from 0, to before `end`. */
export interface Span {
  readonly at: number;
  readonly end: number;
}

/** Longest text that messages quote, and longest sentence of theirs, in characters. */
const [QUOTED, SENTENCE] = [200, 600];

/** A text that is parsed, and how its mistakes are told. */
export class SpecText {
  /**
   * @param what it is, at the beginning of a message: `Index specification`. @param example of one, for remedies.
   */
  constructor(
    readonly source: string,
    readonly what: string,
    private readonly example: string,
  ) {}

  /** What to write instead, where nothing better is known. */
  get remedy(): string {
    return `Write something like \`${this.example}\`.`;
  }

  /** A mistake, with the place: the text is quoted with a mark under the span. */
  error({ at, end }: Span, problem: string, remedy: string): InvalidArgumentError {
    const mark = '^'.repeat(Math.max(1, end - at));
    const quoted = this.source.length <= QUOTED ? `\n  ${oneLine(this.source)}\n  ${' '.repeat(at)}${mark}\n` : ' ';
    return new InvalidArgumentError(
      `${this.what}, at character ${at + 1}: ${shortened(problem)}${quoted}`,
      shortened(remedy),
    );
  }

  /**
   * A word that is none of those known, with the nearest that is.
   * @param kind what it should be: `part`, `retriever`. @param known words, or words with how each is shown.
   */
  unknown(
    span: Span,
    kind: string,
    word: string,
    known: Iterable<string> | ReadonlyMap<string, string>,
  ): InvalidArgumentError {
    const shown = known instanceof Map ? known : new Map(Array.from(known as Iterable<string>, (one) => [one, one]));
    const close = nearest(word, shown.keys());
    const remedy =
      shown.size === 0
        ? 'There are none here; remove it.'
        : close === undefined
          ? `Choose from ${[...shown.values()].join(', ')}.`
          : `Did you mean \`${shown.get(close)}\`?`;
    return this.error(span, `There is no ${kind} "${word}".`, remedy);
  }
}

function shortened(sentence: string): string {
  return sentence.length > SENTENCE ? `${sentence.slice(0, SENTENCE)}...` : sentence;
}

/** One character for each, so that the mark stays in place. */
function oneLine(text: string): string {
  return text.replace(/[\r\n\t\u2028\u2029]/g, ' ');
}
