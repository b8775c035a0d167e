import { describe, expect, it } from 'vitest';
import { BitSet } from '../../../base/bits.ts';
import { CorruptFileError } from '../../../base/errors.ts';
import { Random } from '../../../base/random.ts';
import { MemorySections, type SectionData } from '../../../base/sections.ts';
import { type IndexedField, InvertedIndexBuilder } from '../build.ts';
import { InvertedIndex } from '../inverted.ts';
import { positionsSection } from './format.ts';

type Texts = readonly (readonly string[])[];

const fieldsOf = (texts: Texts): IndexedField[] =>
  texts.map((words) => ({ terms: [...new Set(words)], boost: 1, words }));

function sectionsOf(documents: readonly Texts[]): SectionData {
  const builder = new InvertedIndexBuilder();
  for (const texts of documents) builder.add(fieldsOf(texts));
  return builder.build();
}

/** What a reader of all texts finds. */
function scan(documents: readonly Texts[], phrase: readonly string[]): number[] {
  const holds = (words: readonly string[]): boolean =>
    words.some((_, at) => phrase.length > 0 && phrase.every((word, i) => words[at + i] === word));
  return documents.flatMap((texts, document) => (texts.some(holds) ? [document] : []));
}

/** Documents of words that are about as rare as those of texts, some of them many times in one place. */
function draw(random: Random, count: number, vocabulary: number): Texts[] {
  const word = (): string => {
    const rank = Math.floor(vocabulary ** random.next());
    return `${'abcäß東'[rank % 6]}${rank.toString(36)}`;
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: random.below(4) }, () => {
      const words = Array.from({ length: random.below(60) }, word);
      return random.below(5) === 0 ? [...words, ...new Array<string>(random.below(400)).fill(word())] : words;
    }),
  );
}

function phraseOf(random: Random, documents: readonly Texts[]): string[] {
  const texts = documents[random.below(documents.length)]!.filter(({ length }) => length > 0);
  if (texts.length === 0) return ['nowhere'];
  const words = texts[random.below(texts.length)]!;
  const at = random.below(words.length);
  const phrase = words.slice(at, at + 1 + random.below(4));
  if (random.below(4) === 0) phrase.reverse();
  return phrase;
}

describe('phrases by places of words', () => {
  it('are those that a scan of all texts finds, also of merged indexes without deleted documents', () => {
    const random = new Random(11);
    let found = 0;
    for (let round = 0; round < 6; round++) {
      const parts = Array.from({ length: 1 + random.below(3) }, () =>
        draw(random, 1 + random.below(80), 4 + random.below(600)),
      );
      const live = parts.map((documents) => {
        const set = new BitSet(documents.length);
        documents.forEach((_, i) => {
          if (random.below(4) > 0) set.add(i);
        });
        return set;
      });
      const indexes = parts.map((documents) => InvertedIndex.open(new MemorySections(sectionsOf(documents))));
      const kept = parts.flatMap((documents, part) => documents.filter((_, i) => live[part]!.has(i)));
      const merged = InvertedIndex.merge(indexes.map((index, part) => ({ index, live: live[part]! })));
      for (const [name, bytes] of sectionsOf(kept)) expect(merged.get(name), name).toEqual(bytes);
      const index = InvertedIndex.open(new MemorySections(merged));
      for (let i = 0; i < 60; i++) {
        const phrase = phraseOf(random, parts[0]!);
        const expected = scan(parts[0]!, phrase);
        expect([...indexes[0]!.phrase(phrase)], phrase.join(' ')).toEqual(expected);
        expect([...index.phrase(phrase)], phrase.join(' ')).toEqual(scan(kept, phrase));
        if (expected.length > 0) found++;
      }
      index.checkPlaces();
    }
    expect(found).toBeGreaterThan(150);
  });

  it('never run from one text or document into the next', () => {
    const index = InvertedIndex.open(
      new MemorySections(
        sectionsOf([
          [
            ['ice', 'in'],
            ['the', 'harbour'],
          ],
          [['the', 'ice']],
          [['harbour', 'ice']],
          [],
        ]),
      ),
    );
    expect([...index.phrase(['in', 'the'])]).toEqual([]);
    expect([...index.phrase(['ice', 'harbour'])]).toEqual([]);
    expect([...index.phrase(['the', 'ice'])]).toEqual([1]);
    expect([...index.phrase(['ice'])]).toEqual([0, 1, 2]);
    expect([...index.phrase([])]).toEqual([]);
  });

  it('take little more than a byte a word', () => {
    const random = new Random(5);
    const documents = draw(random, 3_000, 20_000);
    const words = documents.flat(2).length;
    const sections = sectionsOf(documents);
    const bytes = Object.values(positionsSection).reduce((sum, name) => sum + sections.get(name)!.byteLength, 0);
    expect(bytes / words).toBeLessThan(2);
  });

  it('are refused or harmless where a byte is wrong', () => {
    const random = new Random(3);
    const documents = draw(random, 60, 90);
    const sections = sectionsOf(documents);
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      const names = Object.values(positionsSection);
      const name = names[random.below(names.length)]!;
      const bytes = sections.get(name)!.slice();
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      const index = InvertedIndex.open(new MemorySections(new Map([...sections, [name, bytes]])));
      try {
        index.checkPlaces();
        for (let i = 0; i < 5; i++)
          for (const id of index.phrase(phraseOf(random, documents))) expect(id).toBeLessThan(60);
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptFileError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});
