import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitSet } from '../../base/bits.ts';
import { CorruptFileError, IncompatibleError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { MemorySections, SectionCollector } from '../../base/sections.ts';
import { codeOf, frequencyOf, GREATEST_IMPACT, impactCodes, impactOf } from './impact-codes.ts';
import { ImpactIndex, ImpactIndexBuilder } from './impact-index.ts';

type Item = readonly { readonly term: string; readonly weight: number }[] | undefined;

/** Terms of Zipf's law with any weights, those below half a step and above the ceiling among them. */
function drawn(random: Random, count: number): Item[] {
  return Array.from({ length: count }, () => {
    if (random.next() < 0.1) return undefined;
    const terms = new Set(Array.from({ length: random.below(12) }, () => `t${Math.floor(random.next() ** 3 * 40)}`));
    return Array.from(terms, (term) => ({ term, weight: random.next() < 0.1 ? 3 * random.next() : random.next() }));
  });
}

function indexOf(items: readonly Item[]): ImpactIndex {
  const builder = new ImpactIndexBuilder();
  for (const item of items) builder.add(item);
  return ImpactIndex.open(new MemorySections(builder.build()));
}

/** What the search is to find, from the definition: a scalar reference. */
function oracle(
  items: readonly Item[],
  query: readonly { term: string; weight: number }[],
  k: number,
  allowed?: BitSet,
) {
  const order = [...query].sort((a, b) => b.weight - a.weight || (a.term < b.term ? -1 : 1));
  const scored = items.flatMap((item, id) => {
    if (item === undefined || allowed?.has(id) === false) return [];
    const { terms, codes } = impactCodes(item, '');
    let score = 0;
    for (const { term, weight } of order) {
      const at = terms.indexOf(term);
      if (at < 0) continue;
      const tf = frequencyOf(codes[at]!);
      score = Math.fround(score + Math.fround(Math.fround(2 * weight) * Math.fround(tf / Math.fround(tf + 1))));
    }
    return score > 0 ? [{ id, score }] : [];
  });
  return scored.sort((a, b) => b.score - a.score || a.id - b.id).slice(0, k);
}

const found = ({ ids, scores }: { ids: Uint32Array; scores: Float32Array }) =>
  Array.from(ids, (id, i) => ({ id, score: scores[i]! }));

describe('impacts in 8 bits', () => {
  it('are steps of 1/128, of which greater weights are clipped and small ones left out', () => {
    const { terms, codes } = impactCodes(
      [
        { term: 'one', weight: 1 },
        { term: 'huge', weight: 1e9 },
        { term: 'none', weight: 0.003 },
        { term: 'one', weight: 0.5 },
      ],
      'item 0',
    );
    expect(terms).toEqual(['one', 'huge']);
    expect([...codes].map(impactOf)).toEqual([1, GREATEST_IMPACT]);
    expect(() => impactCodes([{ term: 'a', weight: -1 }], 'item 3')).toThrow('The weight of "a" in item 3 is -1');
    expect(() => impactCodes([{ term: 'a', weight: Number.NaN }], 'item 3')).toThrow('0 or more');
    for (let code = 1; code < 256; code++) {
      const tf = frequencyOf(code);
      expect(codeOf(tf)).toBe(code);
      expect(Math.abs(Math.fround(tf / Math.fround(tf + 1)) * (256 / code) - 1)).toBeLessThan(2 ** -23);
    }
  });
});

describe('an index of impacts', () => {
  it('finds what scoring every item finds, bit for bit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 0, max: 500 }), (seed, count) => {
        const random = new Random(seed);
        const items = drawn(random, count);
        const index = indexOf(items);
        const query = Array.from(new Set(Array.from({ length: 5 }, () => `t${random.below(45)}`)), (term) => ({
          term,
          weight: random.next() < 0.5 ? 1 : random.next(),
        }));
        const allowed = new BitSet(count);
        for (let id = 0; id < count; id++) if (random.next() < 0.4) allowed.add(id);
        const k = 1 + random.below(20);
        expect(found(index.search(query, { k }))).toEqual(oracle(items, query, k));
        expect(found(index.search(query, { k, allowed }))).toEqual(oracle(items, query, k, allowed));
        const all = oracle(items, query, count);
        const scores = index.scores(
          query,
          Uint32Array.from({ length: count }, (_, id) => id),
        );
        for (const { id, score } of all) expect(scores[id]).toBe(score);
        expect(scores.filter((score) => score > 0)).toHaveLength(all.length);
      }),
      { numRuns: 20, seed: 3 },
    );
  });

  it('skips blocks that cannot bring an item among the first', () => {
    const random = new Random(5);
    const items = Array.from(
      { length: 9_000 },
      (_, i): Item => [
        { term: 'all', weight: i % 4096 < 128 ? 1.5 : 0.1 * random.next() + 0.01 },
        ...(i % 97 === 0 ? [{ term: 'rare', weight: 0.5 }] : []),
      ],
    );
    const query = [
      { term: 'all', weight: 1 },
      { term: 'rare', weight: 1 },
    ];
    const hits = indexOf(items).search(query, { k: 10 });
    expect(found(hits)).toEqual(oracle(items, query, 10));
    expect(hits.examined).toBeLessThan(items.length / 2);
  });

  it('gives terms back, and merges into what building from the same items would give', () => {
    const items = drawn(new Random(8), 300);
    const parts = [items.slice(0, 120), items.slice(120)];
    const lives = parts.map(({ length }) => {
      const live = new BitSet(length);
      for (let id = 0; id < length; id++) if (id % 5 !== 2) live.add(id);
      return live;
    });
    const collector = new SectionCollector();
    ImpactIndex.merge(
      parts.map((part, i) => ({ index: indexOf(part), live: lives[i]! })),
      collector,
    );
    const merged = ImpactIndex.open(new MemorySections(collector.sections));
    const kept = parts.flatMap((part, i) => part.filter((_, id) => lives[i]!.has(id)));
    const builder = new ImpactIndexBuilder();
    for (const item of kept) builder.add(item);
    expect(collector.sections).toEqual(builder.build());
    merged.check();
    expect(merged.fullCount).toBeGreaterThan(0);
    expect(merged.postingCount).toBeGreaterThan(merged.fullCount);
    for (const [id, item] of kept.entries()) {
      const { terms, codes } = impactCodes(item ?? [], '');
      const own = new Map(merged.terms(id)?.map(({ term, weight }) => [term, weight]));
      expect(own).toEqual(new Map(terms.map((term, i) => [term, impactOf(codes[i]!)])));
      expect(merged.terms(id) === undefined).toBe(terms.length === 0);
    }
  });

  it('does not open what is damaged or of another version', () => {
    const builder = new ImpactIndexBuilder();
    builder.add([{ term: 'a', weight: 1 }]);
    const sections = new Map(builder.build());
    const changed = (at: number, value: number) => {
      const header = sections.get('impacts.header')!.slice();
      header[at] = value;
      return new MemorySections(new Map([...sections, ['impacts.header', header]]));
    };
    expect(() => ImpactIndex.open(changed(0, 9))).toThrow(IncompatibleError);
    expect(() => ImpactIndex.open(changed(4, 2))).toThrow(CorruptFileError);
    expect(() => ImpactIndex.open(changed(15, 0x41)).check()).toThrow('and there are 1 and 0');
    expect(() => ImpactIndex.open(new MemorySections(new Map()))).toThrow(CorruptFileError);
  });
});
