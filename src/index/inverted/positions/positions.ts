import { compareBytes } from '../../../base/byte-order.ts';
import { CorruptFileError } from '../../../base/errors.ts';
import { readSection, type SectionSource } from '../../../base/sections.ts';
import { ByteReader } from '../byte-reader.ts';
import { FrontCodingReader } from '../front-coding.ts';
import { documentAt, PLACE_BLOCK, PlaceReader, riceBits, positionsSection as section, WORD_BLOCK } from './format.ts';
import { DocumentRow, type TermDocuments } from './rows.ts';

/** A word and its list of places. */
export interface WordPlaces {
  readonly word: Uint8Array;
  readonly count: number;
  /** Of the list in its section. */
  readonly from: number;
  readonly bytes: number;
  /** The term to whose documents the places are confined; undefined where they are counted through all documents. */
  readonly term: number | undefined;
}

/**
 * Words and where they stand; see {@link section}. The dictionary is read when it is opened, lists of places when a phrase asks for
 * their words.
 */
export class Positions {
  readonly #words: Uint8Array;
  readonly #blocks: Uint32Array;
  /** Where the places of each document begin, and where the last ones end. */
  readonly bases: Uint32Array;

  /**
   * @param count of documents.
   * @param terms of the same index, asked for when a phrase needs them.
   * @throws CorruptFileError
   */
  constructor(
    private readonly source: SectionSource,
    count: number,
    private readonly terms: () => TermDocuments,
  ) {
    for (const name of Object.values(section)) {
      if (!source.has(name)) throw new CorruptFileError(name, 'the section is missing');
    }
    this.#words = readSection(source, section.words);
    const blocks = readSection(source, section.blocks);
    if (blocks.length % 8 !== 0) {
      throw new CorruptFileError(section.blocks, `${blocks.length} bytes are not a list of pairs of uint32`);
    }
    this.#blocks = new Uint32Array(blocks.buffer, blocks.byteOffset, blocks.length / 4);
    this.bases = this.#readBases(count);
    for (let at = 0; at < this.#blocks.length; at += 2) {
      const ascends =
        at === 0 || (this.#blocks[at]! > this.#blocks[at - 2]! && this.#blocks[at + 1]! >= this.#blocks[at - 1]!);
      if (
        !ascends ||
        this.#blocks[at]! >= this.#words.length ||
        this.#blocks[at + 1]! > source.size(section.positions)
      ) {
        throw new CorruptFileError(section.blocks, `block ${at / 2} lies outside`);
      }
    }
  }

  #readBases(count: number): Uint32Array {
    const bases = new Uint32Array(count + 1);
    const sizes = new ByteReader(readSection(this.source, section.places), section.places);
    for (let document = 0; document < count; document++) {
      const end = bases[document]! + sizes.varint();
      if (end > 0xffff_ffff) throw new CorruptFileError(section.places, 'there are more places than can be counted');
      bases[document + 1] = end;
    }
    if (sizes.at !== sizes.end) throw new CorruptFileError(section.places, 'there are places of more documents');
    return bases;
  }

  /** Places of all documents. */
  get total(): number {
    return this.bases.at(-1)!;
  }

  /** All words in ascending byte order. */
  *words(): Generator<WordPlaces> {
    for (let block = 0; 2 * block < this.#blocks.length; block++) yield* this.#block(block);
  }

  *#block(block: number): Generator<WordPlaces> {
    const end = this.#blocks[2 * block + 2] ?? this.#words.length;
    const reader = new FrontCodingReader(this.#words, section.words, this.#blocks[2 * block]!, end);
    let word = new Uint8Array(0);
    let from = this.#blocks[2 * block + 1]!;
    let term = 0;
    for (let i = 0; i < WORD_BLOCK && reader.at < end; i++) {
      reader.next(word.length);
      const { shared, own } = reader;
      const next = new Uint8Array(shared + own);
      next.set(word.subarray(0, shared));
      next.set(reader.take(own), shared);
      word = next;
      const count = reader.varint();
      const bytes = reader.varint();
      const row = reader.varint();
      if (row > 0) term += row & 1 ? (row - 1) / 2 : -row / 2;
      if (count < 1 || count > this.total || from + bytes > this.source.size(section.positions)) {
        throw new CorruptFileError(section.words, 'a list of places lies outside');
      }
      if (term < 0) throw new CorruptFileError(section.words, 'a word has the documents of no term');
      yield { word, count, from, bytes, term: row > 0 ? term : undefined };
      from += bytes;
    }
  }

  /** A word's list; undefined where no document has it. */
  find(word: string): WordPlaces | undefined {
    const wanted = utf8.encode(word);
    let low = 0;
    let high = this.#blocks.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { value } = this.#block(middle).next();
      if (value !== undefined && compareBytes(value.word, wanted) <= 0) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    for (const found of this.#block(low - 1)) if (compareBytes(found.word, wanted) === 0) return found;
    return undefined;
  }

  /** All places of a word, ascending. */
  places(found: WordPlaces): Uint32Array {
    const list = this.#list(found);
    const places = new Uint32Array(found.count);
    for (let block = 0; block < list.blocks; block++) places.set(list.block(block), block * PLACE_BLOCK);
    list.row?.leave(places);
    return places;
  }

  #list({ count, from, bytes, term }: WordPlaces): PlaceList {
    const row = term === undefined ? undefined : this.#row(term);
    const total = row?.total ?? this.total;
    if (count > total) throw new CorruptFileError(section.words, `a word has ${count} places among ${total}`);
    return new PlaceList(this.#read(from, bytes), count, total, row);
  }

  #row(term: number): DocumentRow {
    const terms = this.terms();
    if (term >= terms.terms) throw new CorruptFileError(section.words, `there is no term ${term}`);
    return new DocumentRow(terms.documents(term), this.bases);
  }

  #read(from: number, bytes: number): Uint8Array {
    const list = new Uint8Array(bytes);
    this.source.readInto(section.positions, list, from);
    return list;
  }

  /** Documents in which these words stand one after the other, ascending. */
  phrase(words: readonly string[]): Uint32Array {
    if (words.length === 0) return new Uint32Array(0);
    const parts: { readonly offset: number; readonly found: WordPlaces }[] = [];
    for (const [offset, word] of words.entries()) {
      const found = this.find(word);
      if (found === undefined) return new Uint32Array(0);
      parts.push({ offset, found });
    }
    // The rarest word says where the phrase may begin, the others whether it does.
    parts.sort((a, b) => a.found.count - b.found.count);
    const { offset: first, found: rarest } = parts[0]!;
    let starts = this.places(rarest).map((place) => place - first);
    if (first > 0) starts = starts.filter((_, i) => starts[i]! + first <= 0xffff_ffff);
    const lists = new Map<number, PlaceList>();
    for (const { offset, found } of parts.slice(1)) {
      if (starts.length === 0) break;
      let list = lists.get(found.from);
      if (list === undefined) {
        list = this.#list(found);
        lists.set(found.from, list);
      }
      list.rewind();
      const same = list;
      starts = starts.filter((start) => same.has(start + offset));
    }
    return this.#documents(starts);
  }

  /** Documents of ascending places, each once. */
  #documents(places: Uint32Array): Uint32Array {
    const documents: number[] = [];
    const { bases } = this;
    for (const place of places) {
      const last = documents.at(-1);
      if (last !== undefined && place < bases[last + 1]!) continue;
      documents.push(documentAt(bases, place, last ?? 0));
    }
    return Uint32Array.from(documents);
  }
}

/** A list of places, of which the blocks are read that are asked for. */
class PlaceList {
  /** Last place of each block, and where its codes begin. */
  readonly #last: Uint32Array;
  readonly #starts: Uint32Array;
  readonly blocks: number;
  #current: Uint32Array = new Uint32Array(0);
  #block = -1;
  #at = 0;
  #document = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly count: number,
    private readonly total: number,
    /** In which the places are counted; undefined: that of all documents. */
    readonly row: DocumentRow | undefined,
  ) {
    this.blocks = Math.ceil(count / PLACE_BLOCK);
    this.#last = new Uint32Array(this.blocks);
    this.#starts = new Uint32Array(this.blocks + 1);
    if (this.blocks === 1) {
      this.#last[0] = total;
      this.#starts[1] = bytes.length;
      return;
    }
    const reader = new PlaceReader(bytes);
    let last = -1;
    for (let block = 0; block < this.blocks; block++) {
      last += reader.varint();
      this.#last[block] = last;
      this.#starts[block + 1] = this.#starts[block]! + reader.varint();
    }
    if (last >= total || reader.at + this.#starts[this.blocks]! !== bytes.length) {
      throw new CorruptFileError(section.positions, 'the blocks of a list do not make up the list');
    }
    for (let block = 0; block <= this.blocks; block++) this.#starts[block]! += reader.at;
  }

  block(block: number): Uint32Array {
    const count = Math.min(PLACE_BLOCK, this.count - block * PLACE_BLOCK);
    const places = new Uint32Array(count);
    const before = block === 0 ? -1 : this.#last[block - 1]!;
    const span = this.blocks === 1 ? this.total : this.#last[block]! - before;
    const reader = new PlaceReader(this.bytes, this.#starts[block]!, this.#starts[block + 1]!);
    reader.distances(places, 0, count, before, riceBits(span, count));
    if (places[count - 1]! >= this.total) {
      throw new CorruptFileError(section.positions, 'a place lies behind the last one');
    }
    return places;
  }

  rewind(): void {
    this.#block = -1;
    this.#current = new Uint32Array(0);
    this.#at = 0;
    this.#document = 0;
  }

  /** Whether a place of the row of all documents is in the list; asked with ascending ones. */
  has(place: number): boolean {
    if (this.row === undefined) return this.#has(place);
    const found = this.row.find(place, this.#document);
    if (found === undefined) return false;
    this.#document = found.at;
    return this.#has(found.place);
  }

  #has(place: number): boolean {
    if (this.#block < 0 || place > this.#last[this.#block]!) {
      let low = this.#block + 1;
      let high = this.blocks;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.#last[middle]! < place) low = middle + 1;
        else high = middle;
      }
      if (low === this.blocks) return false;
      this.#block = low;
      this.#current = this.block(low);
      this.#at = 0;
    }
    const current = this.#current;
    while (this.#at < current.length && current[this.#at]! < place) this.#at++;
    return current[this.#at] === place;
  }
}

const utf8 = new TextEncoder();
