import type { Vectors } from '../base/vectors.ts';
import type { WeightedTerm } from '../content/index.ts';
import { saturations } from '../encode/impact/impact.ts';
import { WordRowFinder } from '../encode/impact/word-rows.ts';
import type { Encoder, ImpactHead, TokenEncoder, WordedText } from '../encode/index.ts';
import { encodeInt8 } from '../kernels/index.ts';

/** Vectors of a term in a text that are kept: of more pieces and occurrences the first. */
export const MOST_ROWS = 4;
/** Texts that are encoded at once. */
const BATCH = 64;

/** What a text is to training: its terms, each with what it counts by how often it stands there, and the vectors of its pieces. */
export interface ImpactText {
  readonly terms: readonly string[];
  /** Of each term, 0 to 1 (`saturation`). */
  readonly shares: Float32Array;
  /** Vectors of term `i`: rows `ends[i - 1]` to `ends[i]`; none where it is not read. */
  readonly ends: Uint32Array;
  /** In bytes, with a scale a row. */
  readonly codes: Int8Array;
  readonly scales: Float32Array;
}

/** Options of {@link ImpactTexts.read}. */
export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Called with the number of texts that are read. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Texts whose words are to be weighed, with the vectors of their tokens: so the encoder reads each text once, however long training takes. Memory: a byte a component, some 50 kB a passage. */
export class ImpactTexts {
  readonly texts: readonly ImpactText[];
  /** Every term of them with a number. */
  readonly numbers: ReadonlyMap<string, number>;

  private constructor(
    /** Components of a vector. */
    readonly width: number,
    readonly head: Pick<ImpactHead, 'base' | 'k1' | 'b' | 'average'>,
    texts: readonly ImpactText[],
  ) {
    this.texts = texts;
    const numbers = new Map<string, number>();
    for (const { terms } of texts) for (const term of terms) if (!numbers.has(term)) numbers.set(term, numbers.size);
    this.numbers = numbers;
  }

  /**
   * Reads texts by an encoder of tokens. @param saturation BM25's parameters, which the head is to have. Default: k1 0.9, b 0.4, and the mean length of the texts.
   * @throws InvalidArgumentError for an encoder that cannot tell the tokens of words.
   */
  static async read(
    base: Encoder & TokenEncoder,
    given: readonly WordedText[],
    { k1 = 0.9, b = 0.4 }: { readonly k1?: number; readonly b?: number } = {},
    { signal, onProgress }: ReadOptions = {},
  ): Promise<ImpactTexts> {
    const length = given.reduce((sum, { words }) => sum + words.length, 0);
    const head = { base: base.id, k1, b, average: Math.max(1, length / Math.max(1, given.length)) };
    const finder = new WordRowFinder(base);
    const texts: ImpactText[] = [];
    for (let from = 0; from < given.length; from += BATCH) {
      signal?.throwIfAborted();
      const batch = given.slice(from, from + BATCH);
      const { tokens, rows } = await finder.of(batch, {
        role: 'document',
        ...(signal === undefined ? {} : { signal }),
      });
      batch.forEach((text, i) => {
        texts.push(textOf(text, rows[i]!, tokens.item(i), saturations(text, head)));
      });
      onProgress?.(texts.length, given.length);
    }
    return new ImpactTexts(base.dim, head, texts);
  }

  /** The impacts that a head gives the terms of a text, in their order. */
  impacts(number: number, { weights, bias }: Pick<ImpactHead, 'weights' | 'bias'>): Float32Array {
    const { shares, ends, codes, scales } = this.texts[number]!;
    return shares.map((share, term) => {
      const [from, to] = [term === 0 ? 0 : ends[term - 1]!, ends[term]!];
      let greatest = from === to ? Math.max(0, bias) : 0;
      for (let row = from; row < to; row++) {
        let sum = 0;
        for (let c = 0, at = row * this.width; c < this.width; c++, at++) sum += weights[c]! * codes[at]!;
        greatest = Math.max(greatest, sum * scales[row]! + bias);
      }
      return share * greatest;
    });
  }

  /** What a text scores for a query. @param query by term. */
  score(number: number, query: ReadonlyMap<string, number>, head: Pick<ImpactHead, 'weights' | 'bias'>): number {
    const impacts = this.impacts(number, head);
    return this.texts[number]!.terms.reduce((sum, term, i) => sum + (query.get(term) ?? 0) * impacts[i]!, 0);
  }
}

function textOf({ words }: WordedText, rows: Uint32Array, tokens: Vectors, counted: Float32Array): ImpactText {
  const shares = new Map<string, number>();
  const own = new Map<string, Set<number>>();
  words.forEach(({ term }, i) => {
    shares.set(term, counted[i]!);
    const chosen = own.get(term) ?? new Set<number>();
    own.set(term, chosen);
    for (let row = rows[2 * i]!; row < rows[2 * i + 1]! && chosen.size < MOST_ROWS; row++) chosen.add(row);
  });
  const chosen = Array.from(own.values(), (set) => [...set]);
  const flat = chosen.flat();
  const codes = new Int8Array(flat.length * tokens.dim);
  const scales = Float32Array.from(flat, (row, at) =>
    encodeInt8(tokens.row(row), codes.subarray(at * tokens.dim, (at + 1) * tokens.dim)),
  );
  let end = 0;
  return {
    terms: [...own.keys()],
    shares: Float32Array.from(shares.values()),
    ends: Uint32Array.from(chosen, (set) => (end += set.length)),
    codes,
    scales,
  };
}

/** The weights of a query by term; of one that is named twice their sum. */
export function byTerm(query: readonly WeightedTerm[]): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const { term, weight } of query) weights.set(term, (weights.get(term) ?? 0) + weight);
  return weights;
}
