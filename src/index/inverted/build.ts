import { InvalidArgumentError } from '../../base/errors.ts';
import type { SectionData } from '../../base/sections.ts';
import { sortedByBytes, wellFormed } from './byte-order.ts';
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

/** A field whose terms and words are places in a list of names. */
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
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
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
  /** Names that were given with numbers last, and of each of them our number plus one, 0 where it has none yet. */
  #given: readonly string[] = [];
  #ofGiven = new Uint32Array(1024);

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
    this.#addTerms(fields, (term) => this.#numbers.get(term) ?? this.#newTerm(term));
    this.#positions.add(fields.map(({ words = [] }) => words));
  }

  /**
   * The same of fields whose terms and words are numbers, which saves looking each of them up.
   * @param names what the numbers stand for: the same list for all documents, which may grow.
   */
  addNumbered(fields: readonly NumberedField[], names: readonly string[]): void {
    if (names !== this.#given) {
      this.#given = names;
      this.#ofGiven.fill(0);
    }
    while (names.length > this.#ofGiven.length) this.#ofGiven = enlarged(this.#ofGiven);
    this.#addTerms(fields, (given) => {
      const known = this.#ofGiven[given]!;
      if (known > 0) return known - 1;
      const number = this.#numbers.get(names[given]!) ?? this.#newTerm(names[given]!);
      this.#ofGiven[given] = number + 1;
      return number;
    });
    this.#positions.addNumbered(
      fields.map(({ words }) => words ?? NONE),
      names,
    );
  }

  #addTerms<Term>(fields: readonly TermsOf<Term>[], numberOf: (term: Term) => number): void {
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
    const stamp = this.#count + 1;
    const start = this.#postings;
    let length = 0;
    for (const { terms, boost, length: each = boost } of fields) {
      if (boost === 0) continue;
      length += each * terms.length;
      for (let i = 0; i < terms.length; i++) {
        const term = numberOf(terms[i]!);
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
  }

  #newTerm(term: string): number {
    // Unpaired surrogates have no UTF-8: such terms are one with their replacement.
    const name = wellFormed(term);
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#names.length;
      this.#names.push(name);
      this.#numbers.set(name, number);
      if (number === this.#seen.length) {
        this.#seen = enlarged(this.#seen);
        this.#current = enlarged(this.#current);
      }
    }
    if (name !== term) this.#numbers.set(term, number);
    return number;
  }

  #grow(): void {
    this.#terms = enlarged(this.#terms);
    this.#frequencies = enlarged(this.#frequencies);
  }

  /** The index's sections. More documents may be added and `build` called again. */
  build(): SectionData {
    const names = this.#names;
    const order = new Uint32Array(names.length);
    const sorted = sortedByBytes(names);
    sorted.forEach((name, rank) => {
      order[rank] = this.#numbers.get(name)!;
    });

    // Counting sort of the postings by term; documents stay ascending within each.
    const next = new Float64Array(names.length);
    for (let at = 0; at < this.#postings; at++) next[this.#terms[at]!]!++;
    const starts = new Float64Array(names.length + 1);
    for (let rank = 0; rank < order.length; rank++) {
      starts[rank + 1] = starts[rank]! + next[order[rank]!]!;
      next[order[rank]!] = starts[rank]!;
    }
    const documents = new Uint32Array(this.#postings);
    const frequencies = new Float32Array(this.#postings);
    const distinct = new Set<number>();
    for (let document = 0, at = 0; document < this.#count; document++) {
      for (const end = this.#ends[document]!; at < end; at++) {
        const slot = next[this.#terms[at]!]!++;
        const frequency = this.#frequencies[at]!;
        documents[slot] = document;
        frequencies[slot] = frequency;
        distinct.add(frequency);
      }
    }

    const lengths = this.#lengths.slice(0, this.#count);
    const encoder = new PostingsEncoder(lengths, codebookFor(distinct), { k1: this.#k1, b: this.#b });
    const utf8 = new TextEncoder();
    sorted.forEach((name, rank) => {
      encoder.add(utf8.encode(name), documents, frequencies, starts[rank]!, starts[rank + 1]!);
    });
    const positions = this.#positions.build({
      terms: sorted.length,
      termBytes: (term) => utf8.encode(sorted[term]!),
      frequency: (term) => starts[term + 1]! - starts[term]!,
      documents: (term) => documents.subarray(starts[term]!, starts[term + 1]!),
    });
    return new Map([...encoder.finish(), ...positions]);
  }
}

const NONE = new Uint32Array(0);

/** What of a field becomes postings. */
interface TermsOf<Term> {
  readonly terms: { readonly length: number; readonly [place: number]: Term };
  readonly boost: number;
  readonly length?: number;
}

/** A copy of twice the length. */
export function enlarged<T extends Uint32Array | Float32Array | Float64Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(2 * array.length);
  larger.set(array as never);
  return larger;
}
