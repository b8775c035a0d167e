import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitSet } from '../../base/bits.ts';
import { CorruptFileError, InvalidArgumentError, UserError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import { Random } from '../../base/random.ts';
import { MemorySections, type SectionData } from '../../base/sections.ts';
import { supportedBuilds } from '../../kernels/arena.ts';
import { type IndexedField, InvertedIndexBuilder } from './build.ts';
import { InvertedIndex, type LexicalStatistics, type QueryTerm } from './inverted.ts';

type Document = readonly IndexedField[];

const text = (...terms: string[]): Document => [{ terms, boost: 1 }];

function sectionsOf(documents: readonly Document[], parameters = {}): SectionData {
  const builder = new InvertedIndexBuilder(parameters);
  for (const document of documents) builder.add(document);
  return builder.build();
}

const openAll = (documents: readonly Document[], parameters = {}): InvertedIndex[] => {
  const sections = sectionsOf(documents, parameters);
  return supportedBuilds().map((build) => InvertedIndex.open(new MemorySections(sections), build));
};
const open = (documents: readonly Document[], parameters = {}): InvertedIndex => openAll(documents, parameters).at(-1)!;

/** BM25 as the documentation of {@link InvertedIndex} defines it: every document, one after the other. */
class Naive {
  readonly frequencies: Map<string, number>[];
  readonly lengths: number[];

  constructor(
    documents: readonly Document[],
    readonly k1 = 0.9,
    readonly b = 0.4,
  ) {
    this.frequencies = documents.map((fields) => {
      const frequencies = new Map<string, number>();
      for (const { terms, boost } of fields) {
        if (boost > 0) for (const term of terms) frequencies.set(term, (frequencies.get(term) ?? 0) + boost);
      }
      return frequencies;
    });
    this.lengths = documents.map((fields) =>
      Math.fround(
        fields.reduce((sum, { terms, boost, length = boost }) => sum + (boost > 0 ? length : 0) * terms.length, 0),
      ),
    );
  }

  get statistics(): LexicalStatistics {
    const total = this.lengths.reduce((sum, length) => sum + length, 0);
    return {
      count: this.lengths.length,
      averageLength: this.lengths.length === 0 ? 0 : total / this.lengths.length,
      documentFrequency: (term) => this.frequencies.filter((document) => document.has(term)).length,
    };
  }

  score(terms: readonly QueryTerm[], { count, averageLength, documentFrequency }: LexicalStatistics): Float32Array {
    const { fround } = Math;
    const weights = new Map<string, number>();
    for (const { term, weight } of terms) weights.set(term, (weights.get(term) ?? 0) + weight);
    const ordered = [...weights].map(([term, weight]) => {
      const df = Math.min(documentFrequency(term), count);
      return { term, weight: fround(weight * Math.log(1 + (count - df + 0.5) / (df + 0.5))) };
    });
    ordered.sort((x, y) => y.weight - x.weight || Buffer.compare(Buffer.from(x.term), Buffer.from(y.term)));
    const constant = fround(this.k1 * (1 - this.b));
    const slope = averageLength === 0 ? 0 : fround((this.k1 * this.b) / averageLength);
    return Float32Array.from(this.lengths, (length, document) => {
      const norm = fround(constant + fround(slope * length));
      let sum = 0;
      for (const { term, weight } of ordered) {
        const tf = fround(this.frequencies[document]!.get(term) ?? 0);
        if (tf > 0) sum = fround(sum + fround(weight * fround(tf / fround(tf + norm))));
      }
      return sum;
    });
  }

  search(
    terms: readonly QueryTerm[],
    k: number,
    statistics: LexicalStatistics = this.statistics,
    isEligible: (id: number) => boolean = () => true,
  ): { ids: number[]; scores: number[] } {
    const scores = this.score(terms, statistics);
    const ids = [...scores.keys()].filter((id) => scores[id]! > 0 && isEligible(id));
    ids.sort((x, y) => scores[y]! - scores[x]! || x - y);
    ids.length = Math.min(ids.length, k);
    return { ids, scores: ids.map((id) => scores[id]!) };
  }
}

const plain = ({ ids, scores }: Hits) => ({ ids: [...ids], scores: [...scores] });

/** Term `t<r>` with probability falling as 1 / r. */
function zipf(random: Random, vocabulary: number): string {
  return `t${Math.floor(vocabulary ** random.next())}`;
}

function corpus(
  random: Random,
  count: number,
  { vocabulary = 300, length = 30, boosts = [1] }: { vocabulary?: number; length?: number; boosts?: number[] } = {},
): Document[] {
  return Array.from({ length: count }, () =>
    boosts.map((boost) => ({
      terms: Array.from({ length: random.below(length) }, () => zipf(random, vocabulary)),
      boost,
    })),
  );
}

function query(random: Random, length: number, vocabulary = 300): QueryTerm[] {
  return Array.from({ length }, () => ({ term: zipf(random, vocabulary), weight: random.below(4) === 0 ? 2.5 : 1 }));
}

function subset(random: Random, size: number, share: number): BitSet {
  const set = new BitSet(size);
  for (let i = 0; i < size; i++) if (random.next() < share) set.add(i);
  return set;
}

describe('InvertedIndex.search', () => {
  it('equals scoring every document, to the last bit, with deletions, filters, boosts and any parameters', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.nat(),
          count: fc.constantFrom(1, 2, 17, 127, 128, 129, 300, 1500),
          length: fc.constantFrom(2, 12, 60),
          vocabulary: fc.constantFrom(3, 40, 2000),
          boosts: fc.constantFrom<number[]>([1], [3, 1], [2.5, 0.3, 1], [0, 1]),
          k1: fc.constantFrom(0, 0.9, 1.2, 5),
          b: fc.constantFrom(0, 0.4, 0.75, 1),
          k: fc.constantFrom(1, 3, 10, 1000, 1_000_000),
          terms: fc.constantFrom(1, 2, 4, 9, 70),
          live: fc.constantFrom(undefined, 0.5, 0.99),
          allowed: fc.constantFrom(undefined, 0, 0.01, 0.3),
        }),
        (c) => {
          const random = new Random(c.seed);
          const documents = corpus(random, c.count, c);
          const naive = new Naive(documents, c.k1, c.b);
          const live = c.live === undefined ? undefined : subset(random, c.count, c.live);
          const allowed = c.allowed === undefined ? undefined : subset(random, c.count, c.allowed);
          const terms = query(random, c.terms, c.vocabulary);
          const expected = naive.search(
            terms,
            c.k,
            undefined,
            (id) => live?.has(id) !== false && allowed?.has(id) !== false,
          );
          for (const index of openAll(documents, c)) {
            const hits = index.search(terms, {
              k: c.k,
              ...(live === undefined ? {} : { live }),
              ...(allowed === undefined ? {} : { allowed }),
            });
            expect(plain(hits)).toEqual(expected);
            expect(hits.examined).toBeGreaterThanOrEqual(hits.ids.length);
            expect(hits.examined).toBeLessThanOrEqual(c.count);
          }
        },
      ),
      { numRuns: 250 },
    );
  });

  it('equals scoring every document over many windows and blocks, and prunes most of them', () => {
    const random = new Random(7);
    const documents = corpus(random, 20_000, { vocabulary: 5000, length: 16, boosts: [2, 1] });
    const naive = new Naive(documents);
    const statistics = naive.statistics;
    const frequencies = new Map<string, number>();
    for (const document of naive.frequencies) {
      for (const term of document.keys()) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
    }
    const known = { ...statistics, documentFrequency: (term: string) => frequencies.get(term) ?? 0 };
    const live = subset(random, 20_000, 0.9);
    for (const index of openAll(documents)) {
      for (let i = 0; i < 60; i++) {
        const terms = query(random, 1 + (i % 6), 5000);
        const k = [1, 10, 100][i % 3]!;
        const hits = index.search(terms, { k, live });
        expect(plain(hits)).toEqual(naive.search(terms, k, known, (id) => live.has(id)));
      }
      const hits = index.search(
        [
          { term: 't2500', weight: 1 },
          { term: 't1', weight: 1 },
        ],
        { k: 3 },
      );
      expect(hits.examined).toBeLessThan(2000);
    }
  });

  it.each([
    { k1: 0.9, b: 0.4 },
    { k1: 5, b: 1 },
  ])('stays exact whatever average length the statistics bring, with k1 $k1 and b $b', (parameters) => {
    const random = new Random(3);
    // Long documents beside short ones: the best under one average length are not the best under another.
    const documents = Array.from({ length: 6000 }, (_, id) =>
      text(
        ...Array.from({ length: id % 3 === 0 ? 5 + random.below(200) : 1 + random.below(4) }, () => zipf(random, 60)),
      ),
    );
    const naive = new Naive(documents, parameters.k1, parameters.b);
    const own = naive.statistics;
    const counts = new Map<string, number>();
    for (const document of naive.frequencies) {
      for (const term of document.keys()) counts.set(term, (counts.get(term) ?? 0) + 1);
    }
    for (const averageLength of [0.5, 5, own.averageLength, 300, 1e6]) {
      const documentFrequency = (term: string): number => counts.get(term) ?? 0;
      const statistics = { count: 50_000, averageLength, documentFrequency };
      for (const index of openAll(documents, parameters)) {
        for (let i = 0; i < 8; i++) {
          const terms = query(random, 1 + (i % 4), 60);
          expect(plain(index.search(terms, { k: 5, statistics }))).toEqual(naive.search(terms, 5, statistics));
        }
      }
    }
  });

  it('finds the same in several segments that share statistics as in one index', () => {
    const random = new Random(11);
    const documents = corpus(random, 2000, { boosts: [1.5, 1] });
    const whole = open(documents);
    const cuts = [0, 1, 130, 1200, 2000];
    const parts = cuts.slice(1).map((to, i) => ({ from: cuts[i]!, index: open(documents.slice(cuts[i], to)) }));
    const count = parts.reduce((sum, { index }) => sum + index.count, 0);
    const statistics: LexicalStatistics = {
      count,
      averageLength: parts.reduce((sum, { index }) => sum + index.totalLength, 0) / count,
      documentFrequency: (term) => parts.reduce((sum, { index }) => sum + index.documentFrequency(term), 0),
    };
    for (let i = 0; i < 30; i++) {
      const terms = query(random, 1 + (i % 5));
      const merged = parts.flatMap(({ from, index }) => {
        const { ids, scores } = index.search(terms, { k: 20, statistics });
        return [...ids].map((id, at) => ({ id: from + id, score: scores[at]! }));
      });
      merged.sort((x, y) => y.score - x.score || x.id - y.id);
      const top = merged.slice(0, 20);
      expect({ ids: top.map(({ id }) => id), scores: top.map(({ score }) => score) }).toEqual(
        plain(whole.search(terms, { k: 20 })),
      );
    }
  });

  it('finds only what is better than a score, and all of that', () => {
    const random = new Random(12);
    const index = open(corpus(random, 9000));
    for (let i = 0; i < 40; i++) {
      const terms = query(random, 1 + (i % 5));
      const all = index.search(terms, { k: 9000 });
      const above = all.scores[Math.floor(random.next() ** 2 * all.scores.length)] ?? 0;
      const better = all.scores.findLastIndex((score) => score > above) + 1;
      for (const k of [1, 10, 500]) {
        const { ids, scores } = index.search(terms, { k, above });
        expect({ ids, scores }).toEqual({
          ids: all.ids.slice(0, Math.min(k, better)),
          scores: all.scores.slice(0, Math.min(k, better)),
        });
      }
    }
  });

  it.each([127, 128, 129, 255, 256, 257])('returns all of %d postings', (count) => {
    const documents = Array.from({ length: 3 * count }, (_, i) => (i % 3 === 1 ? text('a', 'b') : text('b')));
    for (const index of openAll(documents)) {
      const { ids } = index.search([{ term: 'a', weight: 1 }], { k: 1_000_000 });
      expect([...ids]).toEqual(Array.from({ length: count }, (_, i) => 3 * i + 1));
      expect(index.documentFrequency('a')).toBe(count);
    }
  });

  it('handles 70,000 documents and k of a million', () => {
    const random = new Random(5);
    const builder = new InvertedIndexBuilder();
    for (let i = 0; i < 70_000; i++) {
      builder.add(text('all', ...Array.from({ length: random.below(4) }, () => zipf(random, 1000))));
    }
    const index = InvertedIndex.open(new MemorySections(builder.build()));
    const { ids, scores, examined } = index.search([{ term: 'all', weight: 1 }], { k: 1_000_000 });
    expect(ids.length).toBe(70_000);
    expect(examined).toBe(70_000);
    expect(new Set(ids).size).toBe(70_000);
    for (let i = 1; i < ids.length; i++) {
      if (scores[i - 1]! < scores[i]! || (scores[i - 1] === scores[i] && ids[i - 1]! >= ids[i]!)) {
        expect.fail(`hits ${i - 1} and ${i} are out of order`);
      }
    }
  });

  it('answers a query of ten thousand distinct terms', () => {
    const random = new Random(13);
    const documents = corpus(random, 4000, { vocabulary: 20_000, length: 200 });
    const terms = Array.from({ length: 12_000 }, (_, i) => ({ term: `t${i}`, weight: 1 }));
    const index = open(documents);
    const naive = new Naive(documents);
    const counts = new Map(terms.map(({ term }) => [term, index.documentFrequency(term)]));
    const statistics = { ...naive.statistics, documentFrequency: (term: string) => counts.get(term) ?? 0 };
    expect(plain(index.search(terms, { k: 10 }))).toEqual(naive.search(terms, 10, statistics));
  });

  it('gives the weights of a repeated term as their sum', () => {
    const index = open([text('a', 'b'), text('b'), text('a')]);
    const twice = index.search(
      ['a', 'b', 'a'].map((term) => ({ term, weight: 1 })),
      { k: 9 },
    );
    const summed = index.search(
      [
        { term: 'b', weight: 1 },
        { term: 'a', weight: 2 },
      ],
      { k: 9 },
    );
    expect(plain(twice)).toEqual(plain(summed));
  });

  it('finds terms of fields that make a document no longer, and ranks by the others as if these were not there', () => {
    const random = new Random(7);
    const words = corpus(random, 400);
    const further = words.map(() => ({ terms: [`f${random.below(20)}`, 'f', 't1'], boost: 1, length: 0 }));
    const both = words.map((fields, i) => [...fields, further[i]!]);
    const naive = new Naive(both);
    expect(naive.lengths).toEqual(new Naive(words).lengths);
    for (const index of openAll(both)) {
      expect(index.averageLength).toBe(open(words).averageLength);
      for (const names of [['f3'], ['f', 't2'], ['t1', 'f7', 't40']]) {
        const terms = names.map((term) => ({ term, weight: 1 }));
        expect(plain(index.search(terms, { k: 15 }))).toEqual(naive.search(terms, 15));
      }
    }
    // Nothing but such fields: all documents are of length 0.
    const only = further.map((field) => [field]);
    for (const index of openAll(only)) {
      expect(index.averageLength).toBe(0);
      expect(plain(index.search([{ term: 'f3', weight: 1 }], { k: 9 }))).toEqual(
        new Naive(only).search([{ term: 'f3', weight: 1 }], 9),
      );
    }
    expect(() => open([[{ terms: ['a'], boost: 1, length: -1 }]])).toThrow(InvalidArgumentError);
  });

  it('finds nothing for no terms, unknown terms, zero weights, and in an empty index', () => {
    const nothing = { ids: [], scores: [] };
    const index = open([text('a'), []]);
    expect(plain(index.search([], { k: 5 }))).toEqual(nothing);
    expect(plain(index.search([{ term: 'z', weight: 1 }], { k: 5 }))).toEqual(nothing);
    expect(plain(index.search([{ term: 'a', weight: 0 }], { k: 5 }))).toEqual(nothing);
    for (const empty of [open([]), open([[], []])]) {
      expect(plain(empty.search([{ term: 'a', weight: 1 }], { k: 5 }))).toEqual(nothing);
      expect(empty.documentFrequency('a')).toBe(0);
      expect([...empty.terms()]).toEqual([]);
    }
    expect(open([]).averageLength).toBe(0);
  });

  it('keeps apart terms in any script, and of any length', () => {
    const names = [
      '',
      '\0',
      'a\0b',
      'naïve',
      '日本語',
      '\u{1f600}',
      '\uffee',
      'x'.repeat(5000),
      'a',
      'ab',
      'abcdefgh',
      'abcdefghi',
    ];
    const index = open(names.map((name) => text(name)));
    names.forEach((term, id) => {
      expect([...index.search([{ term, weight: 1 }], { k: 20 }).ids]).toEqual([id]);
    });
    const byBytes = [...names].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    expect([...index.terms()]).toEqual(byBytes);
    expect([...index.terms('ab')]).toEqual(['ab', 'abcdefgh', 'abcdefghi']);
    expect([...index.terms('abx')]).toEqual([]);
  });

  it('treats unpaired surrogates as their replacement character', () => {
    const index = open([text('\ud800'), text('\udfff'), text('\ufffd')]);
    expect(index.termCount).toBe(1);
    expect(index.search([{ term: '\udc00', weight: 1 }], { k: 5 }).ids.length).toBe(3);
  });

  it('refuses arguments outside their domain', () => {
    const index = open([text('a'), text('b')]);
    const a = [{ term: 'a', weight: 1 }];
    for (const k of [0, -1, 1.5, Number.NaN]) expect(() => index.search(a, { k })).toThrow(InvalidArgumentError);
    expect(() => index.search(a, { k: 1, live: new BitSet(3) })).toThrow(/`live` has 3 bits for 2 documents/);
    expect(() => index.search(a, { k: 1, allowed: new BitSet(1) })).toThrow(InvalidArgumentError);
    for (const weight of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => index.search([{ term: 'a', weight }], { k: 1 })).toThrow(InvalidArgumentError);
    }
    const statistics = { count: 2, averageLength: Number.NaN, documentFrequency: () => 1 };
    expect(() => index.search(a, { k: 1, statistics })).toThrow(InvalidArgumentError);
    expect(() => index.explain(a, 2)).toThrow(InvalidArgumentError);
    expect(() => new InvertedIndexBuilder({ k1: -1 })).toThrow(InvalidArgumentError);
    expect(() => new InvertedIndexBuilder({ b: 2 })).toThrow(InvalidArgumentError);
    expect(() => new InvertedIndexBuilder().add([{ terms: ['a'], boost: -1 }])).toThrow(InvalidArgumentError);
  });
});

describe('InvertedIndex', () => {
  it('counts what it holds, and what is live of it', () => {
    const index = open([[{ terms: ['a', 'b'], boost: 2 }], text('a', 'a', 'a'), text('c')]);
    const live = new BitSet(3);
    live.add(1);
    expect([index.count, index.totalLength, index.averageLength, index.termCount]).toEqual([3, 8, 8 / 3, 3]);
    expect([index.lengthOf(0), index.lengthOf(1), index.liveLength(live)]).toEqual([4, 3, 3]);
    expect([index.documentFrequency('a'), index.documentFrequency('a', live)]).toEqual([2, 1]);
    expect(index.documentFrequency('c', live)).toBe(0);
    expect(index.parameters).toEqual({ k1: 0.9, b: 0.4 });
  });

  it('scores any documents as it ranks them, whichever blocks of postings they lie in', () => {
    const random = new Random(23);
    const documents = corpus(random, 3000, { boosts: [2.5, 1] });
    for (const index of openAll(documents)) {
      for (let i = 0; i < 10; i++) {
        const terms = [...query(random, 4), { term: 'unknown', weight: 1 }];
        const { ids, scores } = index.search(terms, { k: 3000 });
        const byId = new Map(Array.from(ids, (id, at) => [id, scores[at]!]));
        const share = random.next();
        const some = Uint32Array.from(documents.keys()).filter(() => random.next() < share);
        expect([...index.scores(terms, some)]).toEqual(Array.from(some, (id) => byId.get(id) ?? 0));
      }
      expect(() => index.scores([], Uint32Array.of(2, 1))).toThrow('ascending');
    }
  });

  it('explains each score as the sum of its parts', () => {
    const random = new Random(17);
    const documents = corpus(random, 700, { boosts: [2.5, 1] });
    for (const index of openAll(documents)) {
      for (let i = 0; i < 20; i++) {
        const terms = [...query(random, 4), { term: 'unknown', weight: 1 }];
        const { ids, scores } = index.search(terms, { k: 5 });
        ids.forEach((id, at) => {
          const { score, contributions } = index.explain(terms, id);
          expect(score).toBe(scores[at]);
          expect(index.scores(terms, Uint32Array.of(0, id, id))[2]).toBe(score);
          expect(contributions.reduce((sum, part) => Math.fround(sum + part.score), 0)).toBe(score);
          expect(contributions.map(({ term }) => term).sort()).toEqual(
            [...new Set(terms.map(({ term }) => term))].sort(),
          );
          for (const { tf, score: part, documentFrequency } of contributions) {
            expect(part > 0).toBe(tf > 0);
            expect(documentFrequency > 0 || tf === 0).toBe(true);
          }
        });
      }
    }
  });

  it('counts live documents of terms of any size', () => {
    const random = new Random(23);
    const documents = corpus(random, 1000, { vocabulary: 200 });
    const live = subset(random, 1000, 0.4);
    const naive = new Naive(documents);
    for (const index of openAll(documents)) {
      for (const term of index.terms()) {
        const expected = naive.frequencies.filter((document, id) => document.has(term) && live.has(id)).length;
        expect(index.documentFrequency(term, live)).toBe(expected);
      }
    }
  });
});

describe('InvertedIndex.merge', () => {
  it('gives byte for byte what building from the live documents gives', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.nat(),
          counts: fc.array(fc.constantFrom(0, 1, 127, 128, 129, 400), { minLength: 1, maxLength: 4 }),
          boosts: fc.array(fc.constantFrom<number[]>([1], [3, 1], [1.5, 1]), { minLength: 4, maxLength: 4 }),
          share: fc.constantFrom(0, 0.5, 1),
        }),
        ({ seed, counts, boosts, share }) => {
          const random = new Random(seed);
          const parts = counts.map((count, i) => {
            const documents = corpus(random, count, { vocabulary: 150, boosts: boosts[i]! });
            return { documents, index: open(documents), live: subset(random, count, share) };
          });
          const survivors = parts.flatMap(({ documents, live }) => documents.filter((_, id) => live.has(id)));
          expect(InvertedIndex.merge(parts)).toEqual(sectionsOf(survivors));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('refuses indexes of different parameters, and none', () => {
    const parts = [open([text('a')]), open([text('a')], { k1: 2 })].map((index) => ({ index, live: new BitSet(1) }));
    expect(() => InvertedIndex.merge(parts)).toThrow(/k1 0.9, b 0.4 and with k1 2, b 0.4/);
    expect(() => InvertedIndex.merge([])).toThrow(InvalidArgumentError);
  });
});

describe('a damaged lexical index', () => {
  const random = new Random(29);
  const documents = corpus(random, 600, { vocabulary: 100, boosts: [1.5, 1] });
  const sections = sectionsOf(documents.map((fields) => fields.map((field) => ({ ...field, words: field.terms }))));
  const use = (damaged: SectionData): void => {
    const index = InvertedIndex.open(new MemorySections(damaged));
    for (const k of [1, 50])
      index.search(
        ['t1', 't2', 't3', 't50'].map((term) => ({ term, weight: 1 })),
        { k },
      );
    const live = subset(random, index.count, 0.5);
    index.documentFrequency('t1', live);
    index.explain([{ term: 't2', weight: 1 }], 0);
    for (const _ of index.terms('t')) break;
    InvertedIndex.merge([{ index, live }]);
  };

  it('is refused when a section is missing or has another size', () => {
    for (const [name, bytes] of sections) {
      const without = new Map(sections);
      without.delete(name);
      const shorter = new Map(sections).set(name, bytes.slice(0, -1));
      expect(() => use(shorter), name).toThrow(CorruptFileError);
      // Postings without a codebook are postings of other frequencies.
      if (name !== 'lexical.codebook') expect(() => use(without), name).toThrow(CorruptFileError);
    }
  });

  it('never hangs or crashes, whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...sections.keys()), fc.nat(), (seed, name, flips) => {
        const bytes = sections.get(name)!.slice();
        if (bytes.length === 0) return;
        const noise = new Random(seed);
        for (let i = 0; i <= flips % 50; i++) bytes[noise.below(bytes.length)] = noise.below(256);
        try {
          use(new Map(sections).set(name, bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('is refused when it comes from a newer release', () => {
    const meta = sections.get('lexical.meta')!.slice();
    meta[0] = 99;
    expect(() => use(new Map(sections).set('lexical.meta', meta))).toThrow(/format 99/);
  });
});
