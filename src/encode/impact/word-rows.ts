import { InvalidArgumentError } from '../../base/errors.ts';
import { ownString, Recent } from '../../base/recent.ts';
import type { VectorSets } from '../../base/vectors.ts';
import type { EncodeOptions, Encoder, TokenEncoder, WordedText } from '../encoder.ts';

/** An encoder whose token vectors can be told to words: those of the BERT family. */
export type PieceEncoder = TokenEncoder & Pick<Encoder, 'window'>;

/** Texts as the vectors of their tokens, and which of these are of which word. */
export interface WordRows {
  readonly tokens: VectorSets;
  /** For each text and each of its words two rows of its own set, from (inclusive) and to (exclusive); the same twice where a word is not read. */
  readonly rows: readonly Uint32Array[];
}

/** Runs of text whose tokens are counted once. */
const KNOWN = 50_000;
/** Letters, digits and their marks; and each other sign but white space by itself. */
const RUN = /[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]/gu;

/**
 * Finds the tokens of words. An encoder says how many tokens a text has, not where they stand; but word pieces never reach across white space, and seldom from letters to
 * signs. So they are counted run by run: where the runs between two white spaces have as many tokens as the whole, each has its own, else all have those of the whole. What an encoder does
 * not read any more has none.
 */
export class WordRowFinder {
  readonly #counts = new Recent<string, number>(KNOWN);

  /** @throws InvalidArgumentError for an encoder that cannot count its tokens. */
  constructor(private readonly encoder: PieceEncoder) {
    if (encoder.window === undefined) {
      throw new InvalidArgumentError(
        `The encoder ${encoder.id} does not say how many tokens a text has.`,
        'Take minilm or bert:FOLDER.',
      );
    }
  }

  /** @throws InvalidArgumentError for an encoder that puts something before texts. */
  async of(texts: readonly WordedText[], options: EncodeOptions = {}): Promise<WordRows> {
    const tokens = await this.encoder.encodeTokens(
      texts.map(({ text }) => text),
      options,
    );
    const rows: Uint32Array[] = [];
    for (const [i, text] of texts.entries())
      rows.push(await this.#rowsOf(text, tokens.offsets[i + 1]! - tokens.offsets[i]!));
    return { tokens, rows };
  }

  /** @param read how many tokens there are. */
  async #rowsOf({ text, words }: WordedText, read: number): Promise<Uint32Array> {
    const { runs, total } = await this.#runsOf(text);
    if (read > total) {
      throw new InvalidArgumentError(
        `The encoder ${this.encoder.id} has ${read} tokens for a text of ${total}: something stands before it.`,
        'Take an encoder without a prompt for documents.',
      );
    }
    const found = new Uint32Array(2 * words.length);
    // Nothing is known of it, or not all tokens were told.
    if (read < total && read < this.encoder.window!.tokens) return found;
    let at = 0;
    words.forEach(({ start, end }, i) => {
      while (at > 0 && runs[at - 1]!.end > start) at--;
      while (at < runs.length && runs[at]!.end <= start) at++;
      let last = at;
      while (last < runs.length && runs[last]!.start < end) last++;
      if (last === at) return;
      found[2 * i] = Math.min(read, runs[at]!.from);
      found[2 * i + 1] = Math.min(read, runs[last - 1]!.to);
    });
    return found;
  }

  async #runsOf(text: string): Promise<{ readonly runs: readonly Run[]; readonly total: number }> {
    const runs: Run[] = [];
    let total = 0;
    for (const { 0: chunk, index } of text.matchAll(/\S+/g)) {
      const whole = await this.#count(chunk);
      const parts: { readonly start: number; readonly end: number; readonly count: number }[] = [];
      for (const { 0: part, index: at } of chunk.matchAll(RUN)) {
        parts.push({ start: index + at, end: index + at + part.length, count: await this.#count(part) });
      }
      if (parts.reduce((sum, { count }) => sum + count, 0) === whole) {
        let from = total;
        for (const { start, end, count } of parts) {
          runs.push({ start, end, from, to: from + count });
          from += count;
        }
      } else runs.push({ start: index, end: index + chunk.length, from: total, to: total + whole });
      total += whole;
    }
    return { runs, total };
  }

  async #count(run: string): Promise<number> {
    let count = this.#counts.get(run);
    if (count === undefined) {
      count = await this.encoder.window!.count(run);
      if (run.length < 64) this.#counts.set(ownString(run), count);
    }
    return count;
  }
}

/** A stretch of a text, and its tokens. */
interface Run {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}
