import { orderByBytes } from '../../base/byte-order.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import type { SectionData } from '../../base/sections.ts';
import { TermNumbers } from '../../text/index.ts';
import { type Bm25Parameters, codebookFor, PostingsEncoder } from './encode.ts';
import { MAX_DOCUMENTS } from './format.ts';
import { PositionsBuilder } from './positions/build.ts';

/** Terms of one field of a document. */
export interface IndexedField {
  /** In any order, repeated as often as they occur. */
  readonly terms: readonly string[];
  /** What one occurrence counts; 0 leaves the field out. Between 1e-6 and 1e6. */
  readonly boost: number;
  /** What one occurrence adds to the document's length, 0 to 1e6. Default: its boost. */
  readonly length?: number;
  /** The words of its texts as phrases are looked for, in order, an empty one between two texts. Default: none. */
  readonly words?: readonly string[];
}

/** A field whose terms and words are numbers of `TermNumbers`; 0 among the words stands between two texts. */
export interface NumberedField extends Omit<IndexedField, 'terms' | 'words'> {
  readonly terms: Uint32Array;
  readonly words?: Uint32Array;
}

/**
 * Collects documents for an {@link InvertedIndex}. Fields are joined before saturation (BM25F, Robertson, Zaragoza and
 * Taylor 2004): a document's term frequency is the sum of the boosts of the term's occurrences, its length the sum of
 * the boosts of all occurrences, or what their fields say instead, both kept in float32.
 *
 * Holds 8 bytes per distinct term of a document, 4 per word that stands in it, and every distinct term and word once.
 */
export class InvertedIndexBuilder {
  readonly #k1: number;
  readonly #b: number;
  /** Those that documents came with first, which are our own. */
  #numbers: TermNumbers | undefined;
  /** Of terms that are given as strings. */
  #strings: TermNumbers | undefined;
  /** Others that documents came with last, and of each of theirs our number plus one, 0 where it is not known yet. */
  #others: TermNumbers | undefined;
  #ofOthers = new Uint32Array(0);
  #lengths = new Float32Array(256);
  #count = 0;
  readonly #positions = new PositionsBuilder();
  /** Postings in order of documents; document `d` owns `#ends[d - 1]` to `#ends[d]`. */
  #terms = new Uint32Array(4096);
  #frequencies = new Float32Array(4096);
  #ends = new Float64Array(256);
  #postings = 0;
  /** For each term: the last document (plus one) that it was seen in, and its frequency there so far. */
  #seen = new Uint32Array(1024);
  #current = new Float64Array(1024);

  constructor({ k1 = 0.9, b = 0.4 }: Bm25Parameters = {}) {
    if (!(k1 >= 0 && k1 <= 1e6)) throw new InvalidArgumentError(`k1 is ${k1}.`, 'Pass a number from 0 to 1e6.');
    if (!(b >= 0 && b <= 1)) throw new InvalidArgumentError(`b is ${b}.`, 'Pass a number from 0 to 1.');
    this.#k1 = k1;
    this.#b = b;
  }

  /** Documents so far. */
  get count(): number {
    return this.#count;
  }

  /** Adds the next document: the first is 0, the second 1, and so on. */
  add(fields: readonly IndexedField[]): void {
    this.#strings ??= new TermNumbers();
    const numbers = this.#strings;
    const numbered = fields.map(({ terms, words, ...field }) => ({
      ...field,
      terms: numbers.encode(terms),
      ...(words === undefined ? {} : { words: numbers.encode(words) }),
    }));
    this.addNumbered(numbered, numbers);
  }

  /**
   * The same of fields whose terms and words are numbers already. The numbers of most documents should be of one kind: those of another are looked up.
   * @param numbers what they are of, which may learn more.
   */
  addNumbered(fields: readonly NumberedField[], numbers: TermNumbers): void {
    this.#numbers ??= numbers;
    if (numbers === this.#numbers) this.#add(fields);
    else {
      this.#add(
        fields.map(({ terms, words, ...field }) => ({
          ...field,
          terms: this.#renumbered(terms, numbers),
          ...(words === undefined ? {} : { words: this.#renumbered(words, numbers) }),
        })),
      );
    }
  }

  #renumbered(list: Uint32Array, numbers: TermNumbers): Uint32Array {
    if (numbers !== this.#others) {
      this.#others = numbers;
      this.#ofOthers = new Uint32Array(0);
    }
    if (this.#ofOthers.length < numbers.names.length) {
      const larger = new Uint32Array(2 * numbers.names.length);
      larger.set(this.#ofOthers);
      this.#ofOthers = larger;
    }
    return list.map((given) => {
      if (this.#ofOthers[given] === 0) this.#ofOthers[given] = this.#numbers!.of(numbers.names[given]!) + 1;
      return this.#ofOthers[given]! - 1;
    });
  }

  #add(fields: readonly NumberedField[]): void {
    for (const { boost, length = boost } of fields) {
      if (boost !== 0 && !(boost >= 1e-6 && boost <= 1e6)) {
        throw new InvalidArgumentError(`A field has the boost ${boost}.`, 'Pass 0, or a number from 1e-6 to 1e6.');
      }
      if (!(length >= 0 && length <= 1e6)) {
        throw new InvalidArgumentError(`A field has the length ${length}.`, 'Pass a number from 0 to 1e6.');
      }
    }
    if (this.#count >= MAX_DOCUMENTS) {
      throw new InvalidArgumentError(
        `An index holds at most ${MAX_DOCUMENTS} documents.`,
        'Split them over several segments.',
      );
    }
    while (this.#numbers!.names.length > this.#seen.length) {
      this.#seen = enlarged(this.#seen);
      this.#current = enlarged(this.#current);
    }
    const stamp = this.#count + 1;
    const start = this.#postings;
    let length = 0;
    for (const { terms, boost, length: each = boost } of fields) {
      if (boost === 0) continue;
      length += each * terms.length;
      for (let i = 0; i < terms.length; i++) {
        const term = terms[i]!;
        if (this.#seen[term] === stamp) {
          this.#current[term]! += boost;
        } else {
          this.#seen[term] = stamp;
          this.#current[term] = boost;
          if (this.#postings === this.#terms.length) this.#grow();
          this.#terms[this.#postings++] = term;
        }
      }
    }
    for (let at = start; at < this.#postings; at++) this.#frequencies[at] = this.#current[this.#terms[at]!]!;
    if (this.#count === this.#lengths.length) {
      this.#lengths = enlarged(this.#lengths);
      this.#ends = enlarged(this.#ends);
    }
    this.#lengths[this.#count] = length;
    this.#ends[this.#count++] = this.#postings;
    this.#positions.add(fields);
  }

  #grow(): void {
    this.#terms = enlarged(this.#terms);
    this.#frequencies = enlarged(this.#frequencies);
  }

  /** The index's sections. More documents may be added and `build` called again. */
  build(): SectionData {
    const names = this.#numbers?.names ?? [];
    // Counting sort of the postings by term; documents stay ascending within each.
    const starts = new Float64Array(names.length + 1);
    for (let at = 0; at < this.#postings; at++) starts[this.#terms[at]! + 1]!++;
    for (let term = 0; term < names.length; term++) starts[term + 1]! += starts[term]!;
    const next = starts.slice();
    const documents = new Uint32Array(this.#postings);
    const frequencies = new Float32Array(this.#postings);
    const distinct = new Set<number>();
    let last = 0;
    for (let document = 0, at = 0; document < this.#count; document++) {
      for (const end = this.#ends[document]!; at < end; at++) {
        const slot = next[this.#terms[at]!]!++;
        const frequency = this.#frequencies[at]!;
        documents[slot] = document;
        frequencies[slot] = frequency;
        if (frequency !== last) distinct.add(frequency);
        last = frequency;
      }
    }

    const lengths = this.#lengths.slice(0, this.#count);
    const encoder = new PostingsEncoder(lengths, codebookFor(distinct), { k1: this.#k1, b: this.#b });
    const utf8 = new TextEncoder();
    const order = orderByBytes(names);
    const bytes = Array.from(order, (number) => utf8.encode(names[number]!));
    const ranked = order.filter((term) => starts[term]! < starts[term + 1]!);
    const rankedBytes = bytes.filter((_, at) => starts[order[at]!]! < starts[order[at]! + 1]!);
    ranked.forEach((term, rank) => {
      encoder.add(rankedBytes[rank]!, documents, frequencies, starts[term]!, starts[term + 1]!);
    });
    const positions = this.#positions.build(order, bytes, {
      terms: ranked.length,
      termBytes: (rank) => rankedBytes[rank]!,
      frequency: (rank) => starts[ranked[rank]! + 1]! - starts[ranked[rank]!]!,
      documents: (rank) => documents.subarray(starts[ranked[rank]!]!, starts[ranked[rank]! + 1]!),
    });
    return new Map([...encoder.finish(), ...positions]);
  }
}

/** A copy of twice the length. */
export function enlarged<T extends Uint32Array | Float32Array | Float64Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(2 * array.length);
  larger.set(array as never);
  return larger;
}
