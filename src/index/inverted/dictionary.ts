import { CorruptFileError } from '../../base/errors.ts';
import { BLOCK_SIZE, packedBytes, WIDE } from '../../kernels/packing.ts';
import { boundOf, normalization } from './bounds.ts';
import { ByteReader } from './byte-reader.ts';
import { type LexicalMeta, section } from './format.ts';
import { FrontCodingReader, writeFrontCoded } from './front-coding.ts';
import { GrowingBytes } from './growing.ts';

/** Writes the section of terms, which are given in ascending byte order. */
export class DictionaryEncoder {
  readonly #coded = new GrowingBytes();
  #before: Uint8Array = new Uint8Array(0);
  #bytes = 0;

  /** @param bound greatest of the term's postings, in 255ths. */
  add(term: Uint8Array, frequency: number, bound: number): void {
    writeFrontCoded(this.#coded, this.#before, term);
    this.#coded.varint(frequency);
    if (frequency > 1) this.#coded.push(bound);
    this.#before = term;
    this.#bytes += term.length;
  }

  /** Bytes of all terms together, as they are decoded. */
  get termBytes(): number {
    return this.#bytes;
  }

  finish(): Uint8Array {
    return this.#coded.finish();
  }
}

/** What a search needs of the dictionary: arrays in the memory of the kernels, which {@link decodeDictionary} fills. */
export interface DictionaryArrays {
  /** uint32 per term, and the end: into `termBytes`. */
  readonly termOffsets: Uint32Array;
  /** UTF-8 of the terms, one behind the other. */
  readonly termBytes: Uint8Array;
  /** Number of postings (documents). */
  readonly termFrequencies: Uint32Array;
  /** Of up to 128 postings: where they begin in `postings`; of more: number of the first block. */
  readonly termPostings: Uint32Array;
  /** Greatest bound of a term's postings. */
  readonly termBounds: Uint8Array;
  /** uint32 per block of terms that have more than one: where it begins in `postings`. */
  readonly blockOffsets: Uint32Array;
  /** uint32 per such block: its last document. */
  readonly blockLast: Uint32Array;
}

/** What else is read to fill them. */
export interface CodedPostings {
  /** The section of that name. */
  readonly blockLast: Uint8Array;
  readonly postings: Uint8Array;
  /** Values of the codes of frequencies; empty where code `c` means `c + 1`. */
  readonly codebook: Float32Array;
  /** Length of each document. */
  readonly lengths: Float32Array;
}

/** Bytes that the terms take in UTF-8. @throws CorruptFileError */
export function decodedBytes({ terms }: LexicalMeta, coded: Uint8Array): number {
  const reader = new FrontCodingReader(coded, section.terms);
  let length = 0;
  let bytes = 0;
  for (let term = 0; term < terms; term++) {
    reader.next(length);
    length = reader.shared + reader.own;
    reader.at += reader.own;
    if (reader.varint() > 1) reader.byte();
    bytes += length;
  }
  if (bytes > 0xffff_ffff) throw new CorruptFileError(section.terms, `the terms have ${bytes} bytes`);
  return bytes;
}

/**
 * Unpacks the terms, and finds where the postings of each begin, which follow from the sizes of those before. Checks that all of it stays inside
 * its section. @throws CorruptFileError
 */
export function decodeDictionary(
  meta: LexicalMeta,
  coded: Uint8Array,
  { blockLast: codedLast, postings, codebook, lengths }: CodedPostings,
  arrays: DictionaryArrays,
): void {
  const { terms, count, blocks } = meta;
  const { termOffsets, termBytes, termFrequencies, termPostings, termBounds, blockOffsets, blockLast } = arrays;
  const { constant, slope } = normalization(meta.k1, meta.b, meta.totalLength / count);
  const lastReader = new ByteReader(codedLast, section.blockLast);
  const reader = new FrontCodingReader(coded, section.terms);
  /** Of the term before, and of this one. */
  let before = 0;
  let start = 0;
  let offset = 0;
  let block = 0;
  let documentBits = 0;
  let frequencyBits = 0;
  const passBlock = (size: number): void => {
    if (offset >= postings.length) throw new CorruptFileError(section.postings, 'there are fewer postings than terms');
    const header = postings[offset++]!;
    documentBits = header & 31;
    frequencyBits = header >> 5;
    if (header === WIDE) {
      documentBits = postings[offset] ?? 0;
      frequencyBits = postings[offset + 1] ?? 0;
      offset += 2;
    }
    if (documentBits > 32 || frequencyBits > 32) {
      throw new CorruptFileError(section.postings, `a block has ${documentBits} and ${frequencyBits} bits a posting`);
    }
    offset += packedBytes(size, documentBits) + packedBytes(size, frequencyBits);
    if (offset > postings.length) throw new CorruptFileError(section.postings, 'a block of postings is cut off');
  };
  /** Greatest bound of the only posting that was passed last. */
  const boundOfOne = (): number => {
    const coded = offset - packedBytes(1, frequencyBits);
    const document = packedValue(postings, coded - packedBytes(1, documentBits), documentBits);
    const code = packedValue(postings, coded, frequencyBits);
    const tf = codebook.length === 0 ? code + 1 : codebook[code];
    if (document >= count || tf === undefined) {
      throw new CorruptFileError(section.postings, 'the only posting of a term leads out of the index');
    }
    return boundOf(tf / (tf + (constant + slope * lengths[document]!)));
  };
  for (let term = 0; term < terms; term++) {
    reader.next(start - before);
    const { shared, own } = reader;
    const end = start + shared + own;
    let to = start;
    for (let i = 0; i < shared; i++) termBytes[to++] = termBytes[before + i]!;
    while (to < end) termBytes[to++] = coded[reader.at++]!;
    const longer = before + shared < start;
    if (term > 0 && (own === 0 || (longer && termBytes[start + shared]! <= termBytes[before + shared]!))) {
      throw new CorruptFileError(section.terms, `the terms do not ascend at term ${term}`);
    }
    termOffsets[term] = start;
    before = start;
    start = end;
    const frequency = reader.varint();
    if (frequency < 1 || frequency > count) {
      throw new CorruptFileError(section.terms, `term ${term} has ${frequency} postings among ${count} documents`);
    }
    termFrequencies[term] = frequency;
    if (frequency > 1) termBounds[term] = reader.byte();
    if (frequency <= BLOCK_SIZE) {
      termPostings[term] = offset;
      passBlock(frequency);
      if (frequency === 1) termBounds[term] = boundOfOne();
      continue;
    }
    termPostings[term] = block;
    let last = -1;
    for (let left = frequency; left > 0; left -= BLOCK_SIZE, block++) {
      if (block >= blocks)
        throw new CorruptFileError(section.blockLast, `there are ${blocks} blocks, and terms for more`);
      const distance = lastReader.varint();
      if (distance === 0 || last + distance >= count) {
        throw new CorruptFileError(section.blockLast, `the documents do not ascend at block ${block}`);
      }
      last += distance;
      blockLast[block] = last;
      blockOffsets[block] = offset;
      passBlock(Math.min(left, BLOCK_SIZE));
    }
  }
  termOffsets[terms] = start;
  if (block !== blocks) {
    throw new CorruptFileError(section.blockLast, `there are ${blocks} blocks, but terms for ${block}`);
  }
  if (lastReader.at !== codedLast.length) {
    throw new CorruptFileError(section.blockLast, 'there are blocks of no term');
  }
  if (reader.at !== coded.length) {
    throw new CorruptFileError(section.terms, 'the terms do not fill their section');
  }
  if (offset !== postings.length) throw new CorruptFileError(section.postings, 'there are postings of no term');
}

/** A value of up to 32 bits, the lowest first, that begins at a byte. */
function packedValue(bytes: Uint8Array, at: number, bits: number): number {
  let value = 0;
  for (let i = 0; 8 * i < bits; i++) value += bytes[at + i]! * 2 ** (8 * i);
  return bits % 8 === 0 ? value : value % 2 ** bits;
}
