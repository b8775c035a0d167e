import { CorruptFileError, IncompatibleError } from '../../base/errors.ts';
import { readSection, type SectionSource } from '../../base/sections.ts';

/**
 * Sections of a lexical index. Numbers are little-endian, varints have seven bits a byte, the lowest first. Postings are searched as they lie; terms and
 * lengths are unpacked when they are read:
 *
 * | section | elements | |
 * |---|---|---|
 * | `lexical.meta` | {@link LexicalMeta} | |
 * | `lexical.lengths` | uint8, uint16 or float32 per document | weighted number of terms: its number in `length-values`, or the length itself where that is empty |
 * | `lexical.length-values` | float32 ascending | lengths that occur |
 * | `lexical.terms` | per term | its bytes in UTF-8 (front-coding.ts), in ascending byte order; varint: number of postings (documents), at least 1; where it is more, uint8: greatest bound of its postings |
 * | `lexical.block-last` | varint per block | distance of its last document from that of the block before, -1 before the first; only terms of more than one block have blocks here |
 * | `lexical.block-bounds` | uint8 per block | greatest bound in the block |
 * | `lexical.postings` | bytes | blocks of 128 postings, the last of a term shorter (assembly/postings-blocks.ts), in the order of terms: where each begins follows from those before |
 * | `lexical.codebook` | float32 ascending | values of the frequency codes; absent when code `c` means `c + 1` |
 *
 * Beside them lie the places of words, for phrases (positions/format.ts).
 *
 * Term frequencies and lengths are exact to float32: whole frequencies need no codebook, weighted ones (a boost of 1.5)
 * are numbers of their value in it. A bound is `tf / (tf + K)` under the index's own average length in steps of 1/255,
 * rounded up.
 */
export const section = {
  meta: 'lexical.meta',
  lengths: 'lexical.lengths',
  lengthValues: 'lexical.length-values',
  terms: 'lexical.terms',
  blockLast: 'lexical.block-last',
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

const VERSION = 4;
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
  const bytes = readSection(source, section.meta);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes.length < 4 ? VERSION : view.getUint32(0, true);
  if (version !== VERSION) {
    throw new IncompatibleError(
      `The lexical index has format ${version}; this release reads format ${VERSION}.`,
      'Index again, or use the release that wrote it.',
    );
  }
  expectSize(source, section.meta, META_BYTES);
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
  const width = source.size(section.lengths) / meta.count;
  const widths = source.size(section.lengthValues) === 0 ? [4] : [1, 2];
  if (meta.count > 0 && !widths.includes(width)) {
    throw new CorruptFileError(
      section.lengths,
      `the section has ${source.size(section.lengths)} bytes for ${meta.count} documents`,
    );
  }
  // Nothing is reserved for terms that are not there.
  if (2 * meta.terms > source.size(section.terms)) {
    throw new CorruptFileError(section.terms, `${source.size(section.terms)} bytes do not hold ${meta.terms} terms`);
  }
  if (meta.blocks > source.size(section.blockLast)) {
    throw new CorruptFileError(
      section.blockLast,
      `${source.size(section.blockLast)} bytes do not hold ${meta.blocks} blocks`,
    );
  }
  expectSize(source, section.blockBounds, meta.blocks);
  expectFloats(source, section.lengthValues);
  expectFloats(source, section.codebook);
  return meta;
}

function expectFloats(source: SectionSource, name: string): void {
  if (source.size(name) % 4 !== 0)
    throw new CorruptFileError(name, `${source.size(name)} bytes are not a list of float32`);
}

function expectSize(source: SectionSource, name: string, size: number): void {
  if (source.size(name) !== size) {
    throw new CorruptFileError(name, `the section has ${source.size(name)} bytes instead of ${size}`);
  }
}
