import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitSet } from '../../base/bits.ts';
import { CorruptFileError, IncompatibleError, InvalidArgumentError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import { Random } from '../../base/random.ts';
import { MemorySections, type SectionData } from '../../base/sections.ts';
import { supportedBuilds } from '../../kernels/index.ts';
import { FlatIndexBuilder } from './builder.ts';
import { FlatIndex } from './flat.ts';

type Item = Float32Array | undefined;

function build(items: readonly Item[], dim: number): SectionData {
  const builder = new FlatIndexBuilder(dim);
  for (const item of items) builder.add(item);
  return builder.build();
}

function open(sections: SectionData): FlatIndex {
  return FlatIndex.open(new MemorySections(sections));
}

/** What a search must return: every item scored in float64, rounded to float32, sorted. */
function naive(items: readonly Item[], query: Float32Array, k: number, ...sets: (BitSet | undefined)[]) {
  const scored = items.flatMap((item, id) => {
    if (item === undefined || sets.some((set) => set !== undefined && !set.has(id))) return [];
    return [{ id, score: Math.fround(item.reduce((sum, value, i) => sum + value * query[i]!, 0)) }];
  });
  scored.sort((a, b) => b.score - a.score || a.id - b.id);
  return { ids: scored.slice(0, k).map(({ id }) => id), scores: scored.slice(0, k).map(({ score }) => score) };
}

/** Counts the full-precision vectors that are read. */
class CountingSections extends MemorySections {
  read = 0;

  override readInto(name: string, target: Uint8Array, offset?: number): void {
    if (name === 'dense.vectors') this.read += target.byteLength;
    super.readInto(name, target, offset);
  }
}

function plain({ ids, scores }: Hits) {
  return { ids: [...ids], scores: [...scores] };
}

function randomItems(random: Random, count: number, dim: number, missing: number): Item[] {
  return Array.from({ length: count }, () =>
    // Coarse components, so that scores tie.
    random.next() < missing ? undefined : Float32Array.from({ length: dim }, () => random.below(5) - 2),
  );
}

function randomSet(random: Random, size: number, share: number): BitSet {
  const set = new BitSet(size);
  for (let i = 0; i < size; i++) if (random.next() < share) set.add(i);
  return set;
}

const cases = fc.record({
  seed: fc.integer(),
  dim: fc.oneof(fc.constantFrom(1, 3, 7, 513), fc.integer({ min: 1, max: 40 })),
  count: fc.integer({ min: 0, max: 130 }),
  missing: fc.constantFrom(0, 0.3, 1),
  coarse: fc.boolean(),
  k: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(1_000_000)),
  allowed: fc.constantFrom(undefined, 0, 0.1, 0.9),
  live: fc.constantFrom(undefined, 0.5, 0.99),
});

describe.each(supportedBuilds())('FlatIndex on the %s build', (kernels) => {
  it('with refinement wide enough finds what exhaustive search in floats finds', () => {
    fc.assert(
      fc.property(cases, ({ seed, dim, count, missing, coarse, k, ...shares }) => {
        const random = new Random(seed);
        const items = randomItems(random, count, dim, missing);
        // With whole numbers different vectors score the same, although their codes do not.
        const query = Float32Array.from({ length: dim }, () => (coarse ? random.below(5) - 2 : random.normal()));
        const allowed = shares.allowed === undefined ? undefined : randomSet(random, count, shares.allowed);
        const live = shares.live === undefined ? undefined : randomSet(random, count, shares.live);
        const index = FlatIndex.open(new MemorySections(build(items, dim)), { build: kernels });
        const hits = index.search(query, {
          k,
          refine: 130,
          ...(allowed === undefined ? {} : { allowed }),
          ...(live === undefined ? {} : { live }),
        });
        expect(plain(hits)).toEqual(naive(items, query, k, allowed, live));
        const competing = naive(items, query, count, allowed, live);
        expect(hits.examined).toBe(competing.ids.length);
      }),
      { numRuns: 200 },
    );
  });

  it('only adds hits at the end when more are asked for', () => {
    const random = new Random(11);
    // Codes that tell little, so that more candidates find better ones.
    const vectors = Array.from({ length: 900 }, () =>
      Float32Array.from({ length: 8 }, () => 1 + 0.002 * random.next()),
    );
    const builder = new FlatIndexBuilder(8);
    for (const vector of vectors) builder.add(vector);
    const index = FlatIndex.open(new MemorySections(builder.build()));
    const query = Float32Array.from({ length: 8 }, () => random.next() - 0.5);
    const all = index.search(query, { k: 900, refine: 1 });
    expect(new Set(all.ids).size).toBe(900);
    expect([...all.scores]).toEqual([...all.scores].sort((a, b) => b - a));
    for (const k of [1, 10, 11, 50, 70, 333]) {
      const { ids, scores } = index.search(query, { k, refine: 1 });
      expect([...ids]).toEqual([...all.ids.slice(0, k)]);
      expect([...scores]).toEqual([...all.scores.slice(0, k)]);
    }
  });

  it('scores by codes alone where nothing is to be read', () => {
    const random = new Random(12);
    const items = Array.from({ length: 300 }, (_, i) =>
      i % 7 === 3 ? undefined : Float32Array.from({ length: 24 }, () => random.normal()),
    );
    const sections = new CountingSections(build(items, 24));
    const index = FlatIndex.open(sections, { build: kernels });
    const query = Float32Array.from({ length: 24 }, () => random.normal());
    const every = Uint32Array.from(items.keys());
    expect(index.codeScores(query, every).every(Number.isNaN)).toBe(true);
    const found = index.search(query, { k: 120, refine: 0 });
    expect(sections.read).toBe(0);
    const own = index.codeScores(query, every);
    expect([...found.scores]).toEqual([...found.ids].map((id) => own[id]));
    const truth = naive(items, query, 300);
    expect(items.map((_, i) => Number.isNaN(own[i]!))).toEqual(items.map((item) => item === undefined));
    truth.ids.forEach((id, i) => {
      expect(Math.abs(own[id]! - truth.scores[i]!)).toBeLessThan(0.3);
    });
    for (const k of [1, 10, 55])
      expect([...index.search(query, { k, refine: 0 }).ids]).toEqual([...found.ids.slice(0, k)]);
    expect(sections.read).toBe(0);
  });

  it('has recall@10 of at least 0.99 on clustered vectors with default refinement', () => {
    const random = new Random(20);
    const [count, dim, queries] = [20_000, 128, 50];
    const unit = (values: Float32Array): Float32Array => {
      const norm = Math.hypot(...values);
      return values.map((value) => value / norm);
    };
    const centres = Array.from({ length: 100 }, () => Float32Array.from({ length: dim }, () => random.normal()));
    const near = (): Float32Array => unit(centres[random.below(100)]!.map((value) => value + 0.4 * random.normal()));
    const items = Array.from({ length: count }, near);
    const index = FlatIndex.open(new MemorySections(build(items, dim)), { build: kernels });
    let found = 0;
    for (let i = 0; i < queries; i++) {
      const query = near();
      const { ids } = index.search(query, { k: 10 });
      const truth = naive(items, query, 10).ids;
      found += truth.filter((id) => ids.includes(id)).length;
    }
    expect(found / (10 * queries)).toBeGreaterThanOrEqual(0.99);
  });
});

describe('FlatIndex', () => {
  const items: Item[] = [Float32Array.of(1, 0), undefined, Float32Array.of(0, 1), Float32Array.of(1, 0)];
  const sections = build(items, 2);

  it('names items as they were added, also when some have no vector', () => {
    const index = open(sections);
    expect([index.count, index.vectorCount, index.dim]).toEqual([4, 3, 2]);
    expect(plain(index.search(Float32Array.of(2, 1), { k: 9 }))).toEqual({ ids: [0, 3, 2], scores: [2, 2, 1] });
    expect(index.vector(1)).toBeUndefined();
    expect(index.vector(2)).toEqual(Float32Array.of(0, 1));
    expect(index.vector(3)).toEqual(items[3]);
    expect(() => index.vector(4)).toThrow(InvalidArgumentError);
  });

  it('reads codes at the first search, and of the full vectors only the candidates', () => {
    const random = new Random(1);
    const many = randomItems(random, 5000, 8, 0).map((item) => item!);
    const data = build(many, 8);
    const reads = new Map<string, number>();
    const memory = new MemorySections(data);
    const index = FlatIndex.open({
      has: (name) => memory.has(name),
      size: (name) => memory.size(name),
      readInto(name, target, offset) {
        reads.set(name, (reads.get(name) ?? 0) + target.byteLength);
        memory.readInto(name, target, offset);
      },
    });
    expect([...reads.keys()]).toEqual(['dense.header']);
    for (let i = 0; i < 3; i++) index.search(many[i]!, { k: 10 });
    expect(reads.get('dense.codes')).toBe(5000 * 8);
    expect(reads.get('dense.scales')).toBe(5000 * 4);
    expect(reads.get('dense.vectors')).toBeLessThanOrEqual(3 * 40 * 8 * 4);
    expect(reads.has('dense.present')).toBe(false);
  });

  it('answers queries of any magnitude, zero included', () => {
    const index = open(sections);
    expect(plain(index.search(Float32Array.of(0, 0), { k: 2 }))).toEqual({ ids: [0, 2], scores: [0, 0] });
    expect(plain(index.search(Float32Array.of(0, 1e38), { k: 1 })).ids).toEqual([2]);
    expect(plain(index.search(Float32Array.of(0, 1e-44), { k: 1 })).ids).toEqual([2]);
  });

  it('is happy without any item', () => {
    for (const nothing of [[], [undefined]]) {
      const index = open(build(nothing, 3));
      expect(plain(index.search(Float32Array.of(1, 2, 3), { k: 5 }))).toEqual({ ids: [], scores: [] });
    }
  });

  it('refuses vectors, queries and parameters outside their domain, and says how to mend it', () => {
    const builder = new FlatIndexBuilder(2);
    expect(() => builder.add(Float32Array.of(1, 2, 3))).toThrow(/3 components.*Use the encoder/);
    expect(() => builder.add(Float32Array.of(1, Number.NaN))).toThrow(/Component 1 .* is NaN/);
    expect(() => builder.add(Float32Array.of(Number.NEGATIVE_INFINITY, 0))).toThrow(InvalidArgumentError);
    expect(builder.count).toBe(0);
    expect(() => new FlatIndexBuilder(0)).toThrow(InvalidArgumentError);

    const index = open(sections);
    const query = Float32Array.of(1, 0);
    expect(() => index.search(Float32Array.of(1), { k: 1 })).toThrow(InvalidArgumentError);
    expect(() => index.search(Float32Array.of(1, Number.POSITIVE_INFINITY), { k: 1 })).toThrow(InvalidArgumentError);
    for (const k of [0, -1, 1.5, Number.NaN]) expect(() => index.search(query, { k })).toThrow(InvalidArgumentError);
    for (const refine of [-1, 0.5, Number.NaN]) {
      expect(() => index.search(query, { k: 1, refine })).toThrow(InvalidArgumentError);
    }
    expect(() => index.search(query, { k: 1, allowed: new BitSet(5) })).toThrow(InvalidArgumentError);
  });

  it('refuses sections that are missing, cut short, contradictory or of another version', () => {
    const query = Float32Array.of(1, 0);
    const change = (name: string, edit: (bytes: Uint8Array) => Uint8Array): FlatIndex =>
      open(new Map([...sections].map(([section, bytes]) => [section, section === name ? edit(bytes.slice()) : bytes])));
    for (const [name, bytes] of sections) {
      expect(() => change(name, () => new Uint8Array(0))).toThrow(CorruptFileError);
      expect(() => change(name, () => bytes.subarray(1))).toThrow(CorruptFileError);
    }
    const word = (at: number, value: number) => (bytes: Uint8Array) => {
      new DataView(bytes.buffer).setUint32(4 * at, value, true);
      return bytes;
    };
    expect(() => change('dense.header', word(0, 2))).toThrow(IncompatibleError);
    expect(() => change('dense.header', word(1, 0))).toThrow(CorruptFileError);
    expect(() => change('dense.header', word(2, 2))).toThrow(CorruptFileError);
    expect(() => change('dense.present', () => Uint8Array.of(0b1111)).search(query, { k: 1 })).toThrow(
      CorruptFileError,
    );
  });
});

describe('FlatIndexBuilder', () => {
  it('streams the sections that build returns, over several blocks', () => {
    const random = new Random(3);
    const builder = new FlatIndexBuilder(1000);
    const items = randomItems(random, 900, 1000, 0.1);
    for (const item of items) builder.add(item);
    const index = open(builder.build());
    expect(index.vectorCount).toBe(items.filter((item) => item !== undefined).length);
    for (const id of [0, 261, 262, 263, 899]) expect(index.vector(id)).toEqual(items[id]);
  });

  it('numbers more items without a vector than one byte, or one block of bits, holds', () => {
    const builder = new FlatIndexBuilder(1);
    for (let i = 0; i < 20_000; i++) builder.add(undefined);
    builder.add(Float32Array.of(1));
    for (let i = 0; i < 9; i++) builder.add(undefined);
    const index = open(builder.build());
    expect(index.count).toBe(20_010);
    expect([...index.search(Float32Array.of(1), { k: 1 }).ids]).toEqual([20_000]);
  });
});

describe('FlatIndex.merge', () => {
  it('equals building from the live items', () => {
    const partCases = fc.record({
      seed: fc.integer(),
      dim: fc.integer({ min: 1, max: 20 }),
      counts: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 4 }),
      missing: fc.constantFrom(0, 0.5, 1),
      live: fc.constantFrom(0, 0.3, 1),
    });
    fc.assert(
      fc.property(partCases, ({ seed, dim, counts, missing, live: share }) => {
        const random = new Random(seed);
        const parts = counts.map((count) => {
          const items = randomItems(random, count, dim, missing);
          return { items, index: open(build(items, dim)), live: randomSet(random, count, share) };
        });
        const kept = parts.flatMap(({ items, live }) => items.filter((_, id) => live.has(id)));
        expect(FlatIndex.merge(parts)).toEqual(build(kept, dim));
      }),
    );
  });

  it('writes to a sink in bounded pieces, each section announced with its size', () => {
    const random = new Random(4);
    const items = randomItems(random, 3000, 300, 0.1);
    const live = randomSet(random, 3000, 0.7);
    const index = open(build(items, 300));
    const sizes = new Map<string, number>();
    const written = new Map<string, number>();
    let current = '';
    FlatIndex.merge([{ index, live }], {
      begin(name, bytes) {
        current = name;
        sizes.set(name, bytes);
        written.set(name, 0);
      },
      write(bytes) {
        expect(bytes.byteLength).toBeLessThanOrEqual(1 << 20);
        written.set(current, written.get(current)! + bytes.byteLength);
      },
    });
    expect(written).toEqual(sizes);
    expect([...sizes.keys()]).toEqual([...build([], 1).keys()]);
  });

  it('refuses no parts, and parts of different dimensions', () => {
    const part = (dim: number) => ({ index: open(build([], dim)), live: new BitSet(0) });
    expect(() => FlatIndex.merge([])).toThrow(InvalidArgumentError);
    expect(() => FlatIndex.merge([part(2), part(3)])).toThrow(/2 and 3 components/);
  });
});

describe('bounds', () => {
  it('are no less than scores, and close, without reading vectors once codes are in memory', () => {
    const random = new Random(31);
    const items = Array.from({ length: 300 }, (_, i): Item => {
      return i % 9 === 4 ? undefined : Float32Array.from({ length: 40 }, () => random.normal() / 6);
    });
    const sections = new CountingSections(build(items, 40));
    const index = FlatIndex.open(sections);
    const ids = Uint32Array.from(items.keys());
    const query = Float32Array.from({ length: 40 }, () => random.normal() / 6);
    expect([...index.bounds(query, ids)].every((bound) => bound === Number.POSITIVE_INFINITY)).toBe(true);
    index.search(query, { k: 1 });
    sections.read = 0;
    const bounds = index.bounds(query, ids);
    expect(sections.read).toBe(0);
    const scores = index.scores(query, ids);
    for (const id of ids) {
      if (items[id] === undefined) expect(bounds[id]).toBeNaN();
      else {
        expect(bounds[id]).toBeGreaterThanOrEqual(scores[id]!);
        expect(bounds[id]! - scores[id]!).toBeLessThan(0.05);
      }
    }
  });
});

describe('scoring again', () => {
  it('reads no vector whose code says that it cannot be among the best, and misses none', () => {
    const random = new Random(11);
    const dim = 96;
    const items = Array.from({ length: 4000 }, (): Float32Array => {
      const scale = 10 ** random.normal();
      return Float32Array.from({ length: dim }, () => scale * random.normal());
    });
    const parts = [0, 1, 2].map((part) => items.filter((_, i) => i % 3 === part));
    const sources = parts.map((part) => new CountingSections(build(part, dim)));
    const indexes = sources.map((source) => FlatIndex.open(source));
    const order = parts.flat();
    const bases = [0, parts[0]!.length, parts[0]!.length + parts[1]!.length];
    for (const k of [1, 10, 37, 200]) {
      for (const source of sources) source.read = 0;
      const query = Float32Array.from({ length: dim }, () => random.normal());
      const searched = indexes.map((index, i) => ({ index, base: bases[i]! }));
      const hits = FlatIndex.searchAll(searched, query, { k, refine: 16 });
      expect(plain(hits)).toEqual(naive(order, query, k));
      const vectors = sources.reduce((sum, { read }) => sum + read, 0) / (4 * dim);
      const end = [10, 10, 50, 200][[1, 10, 37, 200].indexOf(k)]!;
      expect(vectors).toBeGreaterThanOrEqual(end);
      expect(vectors).toBeLessThan(4 * end);
    }
  });
});
