import { CorruptFileError } from '../../base/errors.ts';
import type { SectionSource } from '../../base/sections.ts';
import type { Address } from '../../kernels/address.ts';
import type { Arena } from '../../kernels/arena.ts';
import { putPostingsIndex } from '../../kernels/postings-records.ts';
import { normalization } from './bounds.ts';
import { decodeDictionary, decodedBytes } from './dictionary.ts';
import { type LexicalMeta, section } from './format.ts';
import { decodeLengths } from './lengths.ts';

/** A postings index in an arena: its record, and parts that are looked at from outside of the kernels. */
export interface LoadedPostings {
  readonly record: Address;
  readonly termBytes: Address;
  readonly termOffsets: Address;
  readonly frequencies: Address;
  readonly lengths: Address;
  /** float32[256], to be filled before a search. */
  readonly bounds: Address;
  /** Whether all term frequencies are whole, and the index so without a codebook. */
  readonly isPlain: boolean;
}

/** A section in an arena. */
interface Stretch {
  readonly address: Address;
  readonly size: number;
}

/**
 * Brings the sections of an index into an arena, checks and unpacks them. Kernels unpack; where they refuse, the scalar readers say what is wrong,
 * or, should nothing be, unpack themselves. @throws CorruptFileError
 */
export function loadPostings(arena: Arena, meta: LexicalMeta, source: SectionSource): LoadedPostings {
  const load = (name: string): Stretch => {
    const size = source.size(name);
    const address = arena.allocate(size);
    if (size > 0) source.readInto(name, arena.u8(address, size));
    return { address, size };
  };
  const lengths = arena.allocate(4 * meta.count);
  loadLengths(arena, meta.count, lengths, load);
  const postings = load(section.postings);
  const codebook = load(section.codebook);
  if (!arena.f32(codebook.address, codebook.size / 4).every((value) => value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new CorruptFileError(section.codebook, 'a term frequency is not a positive number');
  }
  const bytes = termBytesOf(arena, meta, load);
  // The kernel copies eight bytes at a time.
  const termBytes = arena.allocate(bytes + 8);
  const termOffsets = arena.allocate(4 * (meta.terms + 1));
  const termFrequencies = arena.allocate(4 * meta.terms);
  const termPostings = arena.allocate(4 * meta.terms);
  const termBounds = arena.allocate(meta.terms);
  const blockOffsets = arena.allocate(4 * meta.blocks);
  const blockLast = arena.allocate(4 * meta.blocks);
  const blockBounds = load(section.blockBounds);
  const bounds = arena.allocate(4 * 256);
  const record = putPostingsIndex(arena, {
    count: meta.count,
    terms: meta.terms,
    lengths,
    termOffsets,
    termBytes,
    termPostings,
    termFrequencies,
    termBounds,
    blockLast,
    blockOffsets,
    blockBounds: blockBounds.address,
    postings: postings.address,
    codebook: codebook.size === 0 ? 0 : codebook.address,
    bounds,
  });
  const mark = arena.mark();
  const coded = load(section.terms);
  const codedLast = load(section.blockLast);
  const { constant, slope } = normalization(meta.k1, meta.b, meta.totalLength / meta.count);
  const unpacked = arena.kernels.unpackDictionary(
    record,
    coded.address,
    coded.size,
    bytes,
    codedLast.address,
    codedLast.size,
    meta.blocks,
    postings.size,
    codebook.size / 4,
    constant,
    slope,
  );
  if (!unpacked) {
    decodeDictionary(
      meta,
      arena.u8(coded.address, coded.size),
      {
        blockLast: arena.u8(codedLast.address, codedLast.size),
        postings: arena.u8(postings.address, postings.size),
        codebook: arena.f32(codebook.address, codebook.size / 4),
        lengths: arena.f32(lengths, meta.count),
      },
      {
        termOffsets: arena.u32(termOffsets, meta.terms + 1),
        termBytes: arena.u8(termBytes, bytes),
        termFrequencies: arena.u32(termFrequencies, meta.terms),
        termPostings: arena.u32(termPostings, meta.terms),
        termBounds: arena.u8(termBounds, meta.terms),
        blockOffsets: arena.u32(blockOffsets, meta.blocks),
        blockLast: arena.u32(blockLast, meta.blocks),
      },
    );
  }
  arena.release(mark);
  return {
    record,
    termBytes,
    termOffsets,
    frequencies: termFrequencies,
    lengths,
    bounds,
    isPlain: codebook.size === 0,
  };
}

/** Bytes that the terms take when they are unpacked. */
function termBytesOf(arena: Arena, meta: LexicalMeta, load: (name: string) => Stretch): number {
  const mark = arena.mark();
  const { address, size } = load(section.terms);
  const bytes = arena.kernels.dictionaryBytes(address, size, meta.terms);
  const known = bytes >= 0 && bytes <= 0xffff_ffff ? bytes : decodedBytes(meta, arena.u8(address, size));
  arena.release(mark);
  return known;
}

function loadLengths(arena: Arena, count: number, target: Address, load: (name: string) => Stretch): void {
  const mark = arena.mark();
  const codes = load(section.lengths);
  const values = load(section.lengthValues);
  const size = values.size / 4;
  const unpacked =
    size > 0 && arena.kernels.unpackLengths(codes.address, codes.size / count, count, values.address, size, target);
  if (!unpacked) {
    decodeLengths(arena.u8(codes.address, codes.size), arena.f32(values.address, size), arena.f32(target, count));
  }
  arena.release(mark);
}
