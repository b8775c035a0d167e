import { CorruptFileError } from '../../base/errors.ts';
import { BLOCK_SIZE, packedBytes } from '../../kernels/packing.ts';
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
    this.#coded.push(bound);
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
}

/** What has to agree with the dictionary. */
export interface DecodedPostings {
  readonly blockLast: Uint32Array;
  readonly postings: Uint8Array;
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
    reader.varint();
    reader.byte();
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
  { terms, count, blocks }: LexicalMeta,
  coded: Uint8Array,
  { blockLast, postings }: DecodedPostings,
  arrays: DictionaryArrays,
): void {
  const { termOffsets, termBytes, termFrequencies, termPostings, termBounds, blockOffsets } = arrays;
  const reader = new FrontCodingReader(coded, section.terms);
  /** Of the term before, and of this one. */
  let before = 0;
  let start = 0;
  let offset = 0;
  let block = 0;
  const passBlock = (size: number): void => {
    const at = offset;
    if (at + 2 > postings.length) throw new CorruptFileError(section.postings, 'there are fewer postings than terms');
    const documentBits = postings[at]!;
    const frequencyBits = postings[at + 1]!;
    if (documentBits > 32 || frequencyBits > 32) {
      throw new CorruptFileError(section.postings, `a block has ${documentBits} and ${frequencyBits} bits a posting`);
    }
    offset += 2 + packedBytes(size, documentBits) + packedBytes(size, frequencyBits);
    if (offset > postings.length) throw new CorruptFileError(section.postings, 'a block of postings is cut off');
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
    termBounds[term] = reader.byte();
    if (frequency <= BLOCK_SIZE) {
      termPostings[term] = offset;
      passBlock(frequency);
      continue;
    }
    termPostings[term] = block;
    let last = -1;
    for (let left = frequency; left > 0; left -= BLOCK_SIZE, block++) {
      if (block >= blocks)
        throw new CorruptFileError(section.blockLast, `there are ${blocks} blocks, and terms for more`);
      if (blockLast[block]! <= last || blockLast[block]! >= count) {
        throw new CorruptFileError(section.blockLast, `the documents do not ascend at block ${block}`);
      }
      last = blockLast[block]!;
      blockOffsets[block] = offset;
      passBlock(Math.min(left, BLOCK_SIZE));
    }
  }
  termOffsets[terms] = start;
  if (block !== blocks) {
    throw new CorruptFileError(section.blockLast, `there are ${blocks} blocks, but terms for ${block}`);
  }
  if (reader.at !== coded.length) {
    throw new CorruptFileError(section.terms, 'the terms do not fill their section');
  }
  if (offset !== postings.length) throw new CorruptFileError(section.postings, 'there are postings of no term');
}
