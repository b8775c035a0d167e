import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptFileError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { MemorySections, readSection, type SectionData } from '../../base/sections.ts';
import { Arena, type KernelBuild, supportedBuilds } from '../../kernels/arena.ts';
import { normalization } from './bounds.ts';
import { InvertedIndexBuilder } from './build.ts';
import { type DictionaryArrays, decodeDictionary, decodedBytes } from './dictionary.ts';
import { type LexicalMeta, readMeta, section } from './format.ts';
import { decodeLengths } from './lengths.ts';
import { loadPostings } from './load.ts';

interface Unpacked extends DictionaryArrays {
  readonly lengths: Float32Array;
}

/** What the scalar readers make of an index. @throws CorruptFileError */
function scalar(meta: LexicalMeta, sections: SectionData): Unpacked {
  const source = new MemorySections(sections);
  const floats = (name: string) => new Float32Array(readSection(source, name).buffer);
  const lengths = new Float32Array(meta.count);
  decodeLengths(readSection(source, section.lengths), floats(section.lengthValues), lengths);
  const terms = readSection(source, section.terms);
  const arrays = {
    termOffsets: new Uint32Array(meta.terms + 1),
    termBytes: new Uint8Array(decodedBytes(meta, terms)),
    termFrequencies: new Uint32Array(meta.terms),
    termPostings: new Uint32Array(meta.terms),
    termBounds: new Uint8Array(meta.terms),
    blockOffsets: new Uint32Array(meta.blocks),
    blockLast: new Uint32Array(meta.blocks),
  };
  const codebook = floats(section.codebook);
  const postings = readSection(source, section.postings);
  decodeDictionary(
    meta,
    terms,
    { blockLast: readSection(source, section.blockLast), postings, codebook, lengths },
    arrays,
  );
  return { ...arrays, lengths };
}

/** What the kernels make of it, and whether they alone did. */
function byKernels(meta: LexicalMeta, sections: SectionData, build: KernelBuild): { alone: boolean; found: Unpacked } {
  const arena = new Arena(build);
  const source = new MemorySections(sections);
  const { record } = loadPostings(arena, meta, source);
  const at = arena.u32(record, 17).slice();
  const found = {
    lengths: arena.f32(at[2]!, meta.count).slice(),
    termOffsets: arena.u32(at[3]!, meta.terms + 1).slice(),
    termBytes: new Uint8Array(0),
    termPostings: arena.u32(at[5]!, meta.terms).slice(),
    termFrequencies: arena.u32(at[6]!, meta.terms).slice(),
    termBounds: arena.u8(at[7]!, meta.terms).slice(),
    blockLast: arena.u32(at[8]!, meta.blocks).slice(),
    blockOffsets: arena.u32(at[9]!, meta.blocks).slice(),
  };
  found.termBytes = arena.u8(at[4]!, found.termOffsets[meta.terms]!).slice();
  const coded = arena.put(readSection(source, section.terms));
  const codedLast = arena.put(readSection(source, section.blockLast));
  const bytes = arena.kernels.dictionaryBytes(coded, source.size(section.terms), meta.terms);
  const { constant, slope } = normalization(meta.k1, meta.b, meta.totalLength / meta.count);
  const alone = arena.kernels.unpackDictionary(
    record,
    coded,
    source.size(section.terms),
    bytes,
    codedLast,
    source.size(section.blockLast),
    meta.blocks,
    source.size(section.postings),
    source.size(section.codebook) / 4,
    constant,
    slope,
  );
  return { alone: bytes === found.termBytes.length && alone !== 0, found };
}

/** Terms of all lengths, some of which share much with their neighbours; frequencies from one posting to some thousand. */
function indexOf(seed: number, count: number, boosts: readonly number[]): SectionData {
  const random = new Random(seed);
  const stem = 'ü'.repeat(random.below(40));
  const builder = new InvertedIndexBuilder();
  for (let document = 0; document < count; document++) {
    const terms = Array.from({ length: random.below(12) }, () => {
      const number = Math.floor(300 * random.next() ** 4);
      return number % 3 === 0 ? `${stem}${number}` : `${number}${'x'.repeat(number % 40)}`;
    });
    builder.add([{ terms, boost: boosts[random.below(boosts.length)]! }]);
  }
  return builder.build();
}

const indexes = fc.record({
  seed: fc.nat(),
  count: fc.constantFrom(0, 1, 40, 129, 700),
  boosts: fc.constantFrom<number[]>([1], [3, 1], [1.5, 1], [0.25, 1, 40]),
});

describe('loadPostings', () => {
  it('unpacks by kernels what the scalar readers read', () => {
    fc.assert(
      fc.property(indexes, ({ seed, count, boosts }) => {
        const sections = indexOf(seed, count, boosts);
        const meta = readMeta(new MemorySections(sections));
        const expected = scalar(meta, sections);
        for (const build of supportedBuilds()) {
          expect(byKernels(meta, sections, build)).toEqual({ alone: true, found: expected });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('refuses what the scalar readers refuse, in their words', () => {
    const kinds = [section.terms, section.blockLast, section.postings, section.lengths, section.lengthValues];
    let refused = 0;
    fc.assert(
      fc.property(indexes, fc.constantFrom(...kinds), fc.integer({ min: 1, max: 4 }), (index, name, flips) => {
        const sections = indexOf(index.seed, index.count, index.boosts);
        const bytes = sections.get(name)!.slice();
        if (bytes.length === 0) return;
        const noise = new Random(index.seed + 1);
        for (let i = 0; i < flips; i++) bytes[noise.below(bytes.length)] = noise.below(256);
        const damaged = new Map(sections).set(name, bytes);
        const meta = readMeta(new MemorySections(damaged));
        const outcome = (read: () => Unpacked): Unpacked | string => {
          try {
            return read();
          } catch (error) {
            expect(error).toBeInstanceOf(CorruptFileError);
            return (error as Error).message;
          }
        };
        const expected = outcome(() => scalar(meta, damaged));
        for (const build of supportedBuilds()) {
          expect(outcome(() => byKernels(meta, damaged, build).found)).toEqual(expected);
        }
        if (typeof expected === 'string') refused++;
      }),
      { numRuns: 400 },
    );
    expect(refused).toBeGreaterThan(50);
  });
});
