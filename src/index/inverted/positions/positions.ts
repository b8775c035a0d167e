import { compareBytes } from '../../../base/byte-order.ts';
import { CorruptFileError } from '../../../base/errors.ts';
import { Recent } from '../../../base/recent.ts';
import { readSection, type SectionSource } from '../../../base/sections.ts';
import { ByteReader } from '../byte-reader.ts';
import { FrontCodingReader } from '../front-coding.ts';
import {
  documentAt,
  PARAMETER_BITS,
  PLACE_BLOCK,
  PlaceReader,
  riceBits,
  SMALL_LIST,
  positionsSection as section,
  WORD_BLOCK,
} from './format.ts';
import { DocumentRow, type TermDocuments } from './rows.ts';

/** A word and its list of places. */
export interface WordPlaces {
  readonly word: Uint8Array;
  readonly count: number;
  /** The term to whose documents the places are confined; undefined where they are counted through all documents. */
  readonly term: number | undefined;
  readonly list: ListPlace;
}

/** Where a list lies in the section of lists: it alone, or the short ones of a block of words, of which it is one. */
type ListPlace =
  | { readonly from: number; readonly bytes: number }
  | { readonly of: SmallLists; readonly number: number };

/** The short lists of a block of words, unpacked when the first of them is asked for. */
class SmallLists {
  readonly counts: number[] = [];
  #lists: readonly Uint32Array[] | undefined;

  /** @param read the bytes of all. */
  constructor(private readonly read: () => Uint8Array) {}

  list(number: number): Uint32Array {
    if (this.#lists === undefined) {
      const reader = new PlaceReader(this.read());
      this.#lists = this.counts.map((count) => {
        const places = new Uint32Array(count);
        reader.distances(places, 0, count, -1, reader.bits(PARAMETER_BITS));
        return places;
      });
    }
    return this.#lists[number]!;
  }
}

/**
 * Words and where they stand; see {@link section}. The dictionary is read when it is opened, lists of places when a phrase asks for
 * their words.
 */
export class Positions {
  readonly #words: Uint8Array;
  readonly #blocks: readonly number[];
  readonly #recent = new Recent<number, readonly WordPlaces[]>(RECENT_BLOCKS);
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
    this.#blocks = readBlocks(source);
    this.bases = this.#readBases(count);
    if (this.#blocks.length > 0) {
      const [words, positions] = this.#blocks.slice(-2) as [number, number];
      if (words >= this.#words.length || positions > source.size(section.positions)) {
        throw new CorruptFileError(section.blocks, `a block begins at ${words} and ${positions}`);
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

  #block(block: number): readonly WordPlaces[] {
    const end = this.#blocks[2 * block + 2] ?? this.#words.length;
    const listsEnd = this.#blocks[2 * block + 3] ?? this.source.size(section.positions);
    const reader = new FrontCodingReader(this.#words, section.words, this.#blocks[2 * block]!, end);
    let from = this.#blocks[2 * block + 1]!;
    const small = new SmallLists(() => this.#read(from, listsEnd - from));
    const found: WordPlaces[] = [];
    let before = 0;
    while (found.length < WORD_BLOCK && reader.at < end) {
      const { word, term, count: known } = this.#word(reader, before);
      const count = known ?? reader.varint();
      if (count < 1 || count > this.total) {
        throw new CorruptFileError(section.words, `a word has ${count} places among ${this.total}`);
      }
      before = term ?? before;
      if (count < SMALL_LIST) {
        const number = small.counts.push(count) - 1;
        found.push({ word, count, term, list: { of: small, number } });
        continue;
      }
      const bytes = reader.varint();
      found.push({ word, count, term, list: { from, bytes } });
      from += bytes;
      if (from > listsEnd) throw new CorruptFileError(section.words, 'a list of places lies outside');
    }
    if (reader.at !== end) throw new CorruptFileError(section.words, 'a block has more words than there may be');
    return found;
  }

  /** Bytes and row of the next word. @param before term of the last row in its block. */
  #word(
    reader: FrontCodingReader,
    before: number,
  ): { readonly word: Uint8Array; readonly term?: number; readonly count?: number } {
    const row = reader.varint();
    if (row === 0) return { word: frontCoded(reader, NO_BYTES) };
    const zigzag = Math.floor((row - 1) / 4);
    const flags = (row - 1) % 4;
    const term = before + (zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2);
    const terms = this.terms();
    if (term < 0 || term >= terms.terms) throw new CorruptFileError(section.words, `there is no term ${term}`);
    const bytes = terms.termBytes(term);
    return {
      word: flags % 2 === 1 ? bytes : frontCoded(reader, bytes),
      term,
      ...(flags >= 2 ? { count: terms.frequency(term) } : {}),
    };
  }

  /** A word's list; undefined where no document has it. */
  find(word: string): WordPlaces | undefined {
    const wanted = utf8.encode(word);
    let low = 0;
    let high = this.#blocks.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      const reader = new FrontCodingReader(this.#words, section.words, this.#blocks[2 * middle]!);
      if (compareBytes(this.#word(reader, 0).word, wanted) <= 0) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    let words = this.#recent.get(low - 1);
    if (words === undefined) {
      words = this.#block(low - 1);
      this.#recent.set(low - 1, words);
    }
    return words.find((found) => compareBytes(found.word, wanted) === 0);
  }

  /** All places of a word, ascending. */
  places(found: WordPlaces): Uint32Array {
    const list = this.#list(found);
    const places = new Uint32Array(found.count);
    for (let block = 0; block < list.blocks; block++) places.set(list.block(block), block * PLACE_BLOCK);
    list.row?.leave(places);
    return places;
  }

  #list({ count, list, term }: WordPlaces): PlaceList {
    const row = term === undefined ? undefined : this.#row(term);
    const total = row?.total ?? this.total;
    if (count > total) throw new CorruptFileError(section.words, `a word has ${count} places among ${total}`);
    const places = 'of' in list ? list.of.list(list.number) : this.#read(list.from, list.bytes);
    return new PlaceList(places, count, total, row);
  }

  #row(term: number): DocumentRow {
    return new DocumentRow(this.terms().documents(term), this.bases);
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
    const lists = new Map<WordPlaces, PlaceList>();
    for (const { offset, found } of parts.slice(1)) {
      if (starts.length === 0) break;
      let list = lists.get(found);
      if (list === undefined) {
        list = this.#list(found);
        lists.set(found, list);
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
    /** Its codes; or its places, where they are unpacked. */
    private readonly bytes: Uint8Array | Uint32Array,
    private readonly count: number,
    private readonly total: number,
    /** In which the places are counted; undefined: that of all documents. */
    readonly row: DocumentRow | undefined,
  ) {
    this.blocks = Math.ceil(count / PLACE_BLOCK);
    this.#last = new Uint32Array(this.blocks);
    this.#starts = new Uint32Array(this.blocks + 1);
    if (bytes instanceof Uint32Array) {
      this.#last[0] = bytes.at(-1)!;
      if (this.#last[0] >= total) throw new CorruptFileError(section.positions, 'a place lies behind the last one');
      return;
    }
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
    if (this.bytes instanceof Uint32Array) return this.bytes;
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

/** The name before which the reader stands. @param before by which it is coded. */
function frontCoded(reader: FrontCodingReader, before: Uint8Array): Uint8Array {
  reader.next(before.length);
  const { shared, own } = reader;
  const name = new Uint8Array(shared + own);
  name.set(before.subarray(0, shared));
  name.set(reader.take(own), shared);
  return name;
}

/** Where each block begins in the words, and in the lists, by turns. */
function readBlocks(source: SectionSource): readonly number[] {
  const reader = new ByteReader(readSection(source, section.blocks), section.blocks);
  const blocks: number[] = [];
  let words = 0;
  let positions = 0;
  while (reader.at < reader.end) {
    const more = reader.varint();
    if (more === 0 && blocks.length > 0) throw new CorruptFileError(section.blocks, 'a block has no words');
    words += more;
    positions += reader.varint();
    blocks.push(words, positions);
  }
  return blocks;
}

/** Blocks of words that are kept as they were read last. */
const RECENT_BLOCKS = 256;
const NO_BYTES = new Uint8Array(0);
const utf8 = new TextEncoder();
