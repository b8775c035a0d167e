import { CorruptFileError, IncompatibleError } from '../../base/errors.ts';
import { readSection, type SectionSource } from '../../base/sections.ts';
import { BLOCK_SIZE } from '../../kernels/packing.ts';

/**
 * Sections of a lexical index, all little-endian arrays that are used as they lie, without parsing:
 *
 * | section | elements | |
 * |---|---|---|
 * | `lexical.meta` | {@link LexicalMeta} | |
 * | `lexical.lengths` | float32 per document | weighted number of terms |
 * | `lexical.term-offsets` | uint32 per term, and the end | into `term-bytes` |
 * | `lexical.term-bytes` | UTF-8 | terms in ascending byte order |
 * | `lexical.term-frequencies` | uint32 per term | number of postings (documents), at least 1 |
 * | `lexical.term-postings` | uint32 per term | up to 128 postings: offset into `postings`; else number of its first block |
 * | `lexical.term-bounds` | uint8 per term | greatest bound of its postings |
 * | `lexical.block-last` | uint32 per block | last document; only terms of more than one block have blocks here |
 * | `lexical.block-offsets` | uint32 per block | into `postings` |
 * | `lexical.block-bounds` | uint8 per block | greatest bound in the block |
 * | `lexical.postings` | bytes | blocks of 128 postings, the last of a term shorter (assembly/postings-blocks.ts) |
 * | `lexical.codebook` | float32 ascending | values of the frequency codes; absent when code `c` means `c + 1` |
 *
 * Beside them lie the places of words, for phrases (positions-format.ts).
 *
 * Term frequencies and lengths are exact to float32: whole frequencies need no codebook, weighted ones (a boost of 1.5)
 * are numbers of their value in it. A bound is `tf / (tf + K)` under the index's own average length in steps of 1/255,
 * rounded up.
 */
export const section = {
  meta: 'lexical.meta',
  lengths: 'lexical.lengths',
  termOffsets: 'lexical.term-offsets',
  termBytes: 'lexical.term-bytes',
  termFrequencies: 'lexical.term-frequencies',
  termPostings: 'lexical.term-postings',
  termBounds: 'lexical.term-bounds',
  blockLast: 'lexical.block-last',
  blockOffsets: 'lexical.block-offsets',
  blockBounds: 'lexical.block-bounds',
  postings: 'lexical.postings',
  codebook: 'lexical.codebook',
} as const;

/** Most documents of one index. */
export const MAX_DOCUMENTS = 0xffff_0000;

export interface LexicalMeta {
  readonly count: number;
  readonly terms: number;
  /** Blocks of terms that have more than one. */
  readonly blocks: number;
  readonly k1: number;
  readonly b: number;
  /** Sum of the lengths. */
  readonly totalLength: number;
}

const VERSION = 2;
const META_BYTES = 40;

export function encodeMeta(meta: LexicalMeta): Uint8Array {
  const bytes = new Uint8Array(META_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, VERSION, true);
  view.setUint32(4, meta.count, true);
  view.setUint32(8, meta.terms, true);
  view.setUint32(12, meta.blocks, true);
  view.setFloat64(16, meta.k1, true);
  view.setFloat64(24, meta.b, true);
  view.setFloat64(32, meta.totalLength, true);
  return bytes;
}

/** Reads the meta section and checks that the sizes of all others agree with it. */
export function readMeta(source: SectionSource): LexicalMeta {
  if (!source.has(section.meta)) throw new CorruptFileError(section.meta, 'the section is missing');
  expectSize(source, section.meta, META_BYTES);
  const bytes = readSection(source, section.meta);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(0, true);
  if (version !== VERSION) {
    throw new IncompatibleError(
      `The lexical index has format ${version}; this release reads format ${VERSION}.`,
      'Index again, or use the release that wrote it.',
    );
  }
  const meta: LexicalMeta = {
    count: view.getUint32(4, true),
    terms: view.getUint32(8, true),
    blocks: view.getUint32(12, true),
    k1: view.getFloat64(16, true),
    b: view.getFloat64(24, true),
    totalLength: view.getFloat64(32, true),
  };
  if (
    meta.count > MAX_DOCUMENTS ||
    !(meta.k1 >= 0 && meta.k1 < Number.POSITIVE_INFINITY) ||
    !(meta.b >= 0 && meta.b <= 1) ||
    !(meta.totalLength >= 0 && meta.totalLength < Number.POSITIVE_INFINITY)
  ) {
    throw new CorruptFileError(section.meta, 'the header holds impossible values');
  }
  expectSize(source, section.lengths, 4 * meta.count);
  expectSize(source, section.termOffsets, 4 * (meta.terms + 1));
  expectSize(source, section.termFrequencies, 4 * meta.terms);
  expectSize(source, section.termPostings, 4 * meta.terms);
  expectSize(source, section.termBounds, meta.terms);
  expectSize(source, section.blockLast, 4 * meta.blocks);
  expectSize(source, section.blockOffsets, 4 * meta.blocks);
  expectSize(source, section.blockBounds, meta.blocks);
  if (source.size(section.codebook) % 4 !== 0) {
    throw new CorruptFileError(section.codebook, `${source.size(section.codebook)} bytes are not a list of float32`);
  }
  return meta;
}

function expectSize(source: SectionSource, name: string, size: number): void {
  if (source.size(name) !== size) {
    throw new CorruptFileError(name, `the section has ${source.size(name)} bytes instead of ${size}`);
  }
}

/** The arrays in which a damaged value could lead out of the index. */
export interface CheckedArrays {
  readonly termOffsets: Uint32Array;
  readonly termBytes: Uint8Array;
  readonly termFrequencies: Uint32Array;
  readonly termPostings: Uint32Array;
  readonly blockLast: Uint32Array;
  readonly blockOffsets: Uint32Array;
  readonly postings: Uint8Array;
  readonly codebook: Float32Array;
}

/** Checks that everything that is used as an offset stays inside its section. One pass over terms and blocks. */
export function checkStructure(meta: LexicalMeta, arrays: CheckedArrays): void {
  const { termOffsets, termFrequencies, termPostings, blockLast, blockOffsets, postings } = arrays;
  if (termOffsets[0] !== 0 || termOffsets[meta.terms] !== arrays.termBytes.length) {
    throw new CorruptFileError(section.termOffsets, 'the offsets do not span the terms');
  }
  const fits = (offset: number, count: number): boolean => {
    if (offset + 2 > postings.length) return false;
    const documentBits = postings[offset]!;
    const frequencyBits = postings[offset + 1]!;
    const bytes = Math.ceil((count * documentBits) / 8) + Math.ceil((count * frequencyBits) / 8);
    return documentBits <= 32 && frequencyBits <= 32 && offset + 2 + bytes <= postings.length;
  };
  let block = 0;
  for (let term = 0; term < meta.terms; term++) {
    if (termOffsets[term]! > termOffsets[term + 1]!) {
      throw new CorruptFileError(section.termOffsets, `the offsets descend at term ${term}`);
    }
    const frequency = termFrequencies[term]!;
    if (frequency < 1 || frequency > meta.count) {
      throw new CorruptFileError(
        section.termFrequencies,
        `term ${term} has ${frequency} postings among ${meta.count} documents`,
      );
    }
    if (frequency <= BLOCK_SIZE) {
      if (!fits(termPostings[term]!, frequency)) {
        throw new CorruptFileError(section.termPostings, `the postings of term ${term} lie outside`);
      }
      continue;
    }
    if (termPostings[term] !== block) {
      throw new CorruptFileError(section.termPostings, `term ${term} does not begin at block ${block}`);
    }
    let last = -1;
    for (let left = frequency; left > 0; left -= BLOCK_SIZE, block++) {
      if (block >= meta.blocks || !fits(blockOffsets[block]!, Math.min(left, BLOCK_SIZE))) {
        throw new CorruptFileError(section.blockOffsets, `block ${block} lies outside`);
      }
      if (blockLast[block]! <= last || blockLast[block]! >= meta.count) {
        throw new CorruptFileError(section.blockLast, `the documents do not ascend at block ${block}`);
      }
      last = blockLast[block]!;
    }
  }
  if (block !== meta.blocks) {
    throw new CorruptFileError(section.blockLast, `there are ${meta.blocks} blocks, but terms for ${block}`);
  }
  if (!arrays.codebook.every((value) => value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new CorruptFileError(section.codebook, 'a term frequency is not a positive number');
  }
}
