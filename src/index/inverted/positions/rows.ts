import { compareBytes } from '../../../base/byte-order.ts';
import { CorruptFileError } from '../../../base/errors.ts';
import { Recent } from '../../../base/recent.ts';
import { section } from '../format.ts';

/** The terms of an index by their numbers, which are in ascending byte order, and the documents of each. */
export interface TermDocuments {
  readonly terms: number;
  /** UTF-8. */
  termBytes(term: number): Uint8Array;
  /** Number of documents. */
  frequency(term: number): number;
  /** Ascending. */
  documents(term: number): Uint32Array;
}

/** The places of some documents as one row: those of the first, then those of the second, and so on. */
export class DocumentRow {
  /** Where the places of each begin in this row, and the end. */
  readonly #starts: Uint32Array;

  /**
   * @param documents ascending.
   * @param bases where the places of each document of the index begin in the row of all, and the end.
   * @throws CorruptFileError for documents that do not ascend, or that there are not.
   */
  constructor(
    readonly documents: Uint32Array,
    private readonly bases: Uint32Array,
  ) {
    this.#starts = new Uint32Array(documents.length + 1);
    let before = -1;
    let total = 0;
    for (let i = 0; i < documents.length; i++) {
      const document = documents[i]!;
      if (document <= before || document > bases.length - 2) {
        throw new CorruptFileError(section.postings, 'the documents of a term do not ascend');
      }
      before = document;
      total += bases[document + 1]! - bases[document]!;
      this.#starts[i + 1] = total;
    }
  }

  /** Number of places. */
  get total(): number {
    return this.#starts[this.documents.length]!;
  }

  /** Turns places of the row of all documents, ascending and in these documents, into places of this one, and writes them to `target`. */
  enter(places: Uint32Array, from: number, to: number, target: Uint32Array): void {
    let at = 0;
    for (let i = from; i < to; i++) {
      at = this.#at(places[i]!, at);
      target[i - from] = places[i]! - this.bases[this.documents[at]!]! + this.#starts[at]!;
    }
  }

  /** Turns ascending places of this row, all of which it has, into those of the row of all documents. */
  leave(places: Uint32Array): void {
    let at = 0;
    for (let i = 0; i < places.length; i++) {
      while (places[i]! >= this.#starts[at + 1]!) at++;
      places[i] = places[i]! - this.#starts[at]! + this.bases[this.documents[at]!]!;
    }
  }

  /** Number of the document that has a place of the row of all documents, or of the last one before; at `from` or behind. */
  #at(place: number, from: number): number {
    const { documents, bases } = this;
    let step = 1;
    let low = from;
    while (low + step < documents.length && bases[documents[low + step]!]! <= place) {
      low += step;
      step *= 2;
    }
    let high = Math.min(documents.length, low + step);
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (bases[documents[middle]!]! <= place) low = middle;
      else high = middle;
    }
    return low;
  }

  /** The place in this row, and the document's number to go on from; undefined where no document of the row has it. */
  find(place: number, from: number): { readonly place: number; readonly at: number } | undefined {
    if (this.documents.length === 0) return undefined;
    const at = this.#at(place, from);
    const document = this.documents[at]!;
    if (place < this.bases[document]! || place >= this.bases[document + 1]!) return undefined;
    return { place: place - this.bases[document]! + this.#starts[at]!, at };
  }
}

/** A row is worth it where it has at most this share of all places; in a longer one less than a bit a place is saved. */
const MOST_SHARE = 1 / 2;
/** Terms that are tried to each side of a word, in byte order. */
const NEIGHBOURS = 4;
/** Terms that are tried of those that a word begins with, the longest first. */
const BEGINNINGS = 8;
const KEPT = 64;

/**
 * Finds for words, which are given in ascending byte order, a term that all of their documents have: the word itself or its stem, mostly. It need
 * not know how words become terms: it looks at the term that is the word, those that the word begins with, and those beside it, and takes the
 * one with the fewest documents.
 */
export class RowChooser {
  /** The first term that is not below the word. */
  #next = 0;
  #nextBytes: Uint8Array | undefined;
  /** Terms that the last one passed, or the word, begins with; the longest last. */
  readonly #beginnings: { readonly term: number; readonly bytes: Uint8Array }[] = [];
  readonly #documents = new Recent<number, Uint32Array>(KEPT);
  /** The best term for the word so far, -1 before there is one, and its documents, more than which none may have. */
  #best = -1;
  #fewest = 0;

  constructor(
    private readonly terms: TermDocuments,
    private readonly bases: Uint32Array,
  ) {}

  /** @param documents ascending, those of the word. */
  choose(word: Uint8Array, documents: Uint32Array): { readonly term: number; readonly row: DocumentRow } | undefined {
    const isTerm = this.#advance(word);
    this.#best = -1;
    this.#fewest = this.bases.length - 1;
    if (isTerm) this.#try(this.#next, documents);
    if (this.#fewest > documents.length) {
      const beginnings = this.#beginnings;
      for (let i = Math.max(0, beginnings.length - BEGINNINGS); i < beginnings.length; i++) {
        this.#try(beginnings[i]!.term, documents);
      }
      const end = Math.min(this.terms.terms, this.#next + NEIGHBOURS);
      for (let term = Math.max(0, this.#next - NEIGHBOURS); term < end; term++) this.#try(term, documents);
    }
    if (this.#best < 0) return undefined;
    const row = new DocumentRow(this.#documentsOf(this.#best), this.bases);
    return row.total > MOST_SHARE * this.bases.at(-1)! ? undefined : { term: this.#best, row };
  }

  /** Takes a term that all of the documents have if it has fewer than the best so far. */
  #try(term: number, documents: Uint32Array): void {
    const frequency = this.terms.frequency(term);
    const most = this.#fewest;
    if (frequency < documents.length || frequency > most || (frequency === most && this.#best >= 0)) return;
    if (!holdsAll(this.#documentsOf(term), documents)) return;
    this.#best = term;
    this.#fewest = frequency;
  }

  /** Passes the terms below the word, and says whether the next is the word. */
  #advance(word: Uint8Array): boolean {
    for (; this.#next < this.terms.terms; this.#next++) {
      this.#nextBytes ??= this.terms.termBytes(this.#next);
      const order = compareBytes(this.#nextBytes, word);
      if (order >= 0) {
        this.#leaveBeginnings(word);
        return order === 0;
      }
      this.#leaveBeginnings(this.#nextBytes);
      this.#beginnings.push({ term: this.#next, bytes: this.#nextBytes });
      this.#nextBytes = undefined;
    }
    this.#leaveBeginnings(word);
    return false;
  }

  #leaveBeginnings(word: Uint8Array): void {
    while (this.#beginnings.length > 0 && !beginsWith(word, this.#beginnings.at(-1)!.bytes)) this.#beginnings.pop();
  }

  #documentsOf(term: number): Uint32Array {
    let documents = this.#documents.get(term);
    if (documents === undefined) {
      documents = this.terms.documents(term);
      this.#documents.set(term, documents);
    }
    return documents;
  }
}

function beginsWith(word: Uint8Array, beginning: Uint8Array): boolean {
  if (beginning.length > word.length) return false;
  for (let i = 0; i < beginning.length; i++) if (word[i] !== beginning[i]) return false;
  return true;
}

/** Whether ascending numbers hold all of others, which ascend too. */
function holdsAll(numbers: Uint32Array, wanted: Uint32Array): boolean {
  let low = 0;
  for (let i = 0; i < wanted.length; i++) {
    const one = wanted[i]!;
    let step = 1;
    while (low + step < numbers.length && numbers[low + step]! <= one) {
      low += step;
      step *= 2;
    }
    let high = Math.min(numbers.length, low + step);
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (numbers[middle]! <= one) low = middle;
      else high = middle;
    }
    if (numbers[low] !== one) return false;
  }
  return true;
}
