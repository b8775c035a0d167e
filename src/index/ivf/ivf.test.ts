import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { BitSet } from '../../base/bits.ts';
import { CorruptFileError, IncompatibleError, InvalidArgumentError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import { Random } from '../../base/random.ts';
import { MemorySections } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import { supportedBuilds } from '../../kernels/index.ts';
import type { Metric } from '../../math/index.ts';
import { buildIndex, openIndex } from '../build.ts';
import type { VectorIndex, VectorSearchParams } from '../vector-index.ts';
import { IvfIndex } from './ivf.ts';

const METRICS: readonly Metric[] = ['ip', 'cosine', 'l2'];
const DIM = 16;

/** Vectors around `centres` points, as embeddings lie. */
function clustered(random: Random, count: number, dim = DIM, centres = 20): Vectors {
  const middles = Array.from({ length: centres }, () => Float32Array.from({ length: dim }, () => random.normal()));
  return Vectors.fromRows(
    Array.from({ length: count }, () => middles[random.below(centres)]!.map((value) => value + 0.5 * random.normal())),
    dim,
  );
}

function score(metric: Metric, query: Float32Array, vector: Float32Array): number {
  let dot = 0;
  let distance = 0;
  let q = 0;
  let v = 0;
  for (let c = 0; c < query.length; c++) {
    dot += query[c]! * vector[c]!;
    distance += (query[c]! - vector[c]!) ** 2;
    q += query[c]! ** 2;
    v += vector[c]! ** 2;
  }
  return metric === 'ip' ? dot : metric === 'l2' ? -distance : dot / Math.sqrt(q * v);
}

/** The items of a model, best first. */
function naive(metric: Metric, model: ReadonlyMap<number, Float32Array>, query: Float32Array, k: number): number[] {
  const scores = new Map([...model].map(([id, vector]) => [id, score(metric, query, vector)]));
  return [...model.keys()].sort((a, b) => scores.get(b)! - scores.get(a)! || a - b).slice(0, k);
}

function modelOf(vectors: Vectors): Map<number, Float32Array> {
  return new Map(Array.from({ length: vectors.count }, (_, i) => [i, vectors.row(i)]));
}

/** Equal hits but for the order of nearly equal scores. */
function expectHits(
  hits: Hits,
  metric: Metric,
  model: ReadonlyMap<number, Float32Array>,
  query: Float32Array,
  k: number,
) {
  const expected = naive(metric, model, query, k).map((id) => score(metric, query, model.get(id)!));
  expect(hits.ids.length).toBe(expected.length);
  expect(new Set(hits.ids).size).toBe(hits.ids.length);
  hits.ids.forEach((id, i) => {
    const own = score(metric, query, model.get(id)!);
    const tolerance = 1e-4 * (1 + Math.abs(expected[i]!));
    expect(Math.abs(own - expected[i]!)).toBeLessThan(tolerance);
    expect(Math.abs(hits.scores[i]! - own)).toBeLessThan(tolerance);
    if (i > 0) expect(hits.scores[i - 1]).toBeGreaterThanOrEqual(hits.scores[i]!);
  });
}

function recall(index: VectorIndex, vectors: Vectors, queries: Vectors, params: VectorSearchParams): number {
  const model = modelOf(vectors);
  let found = 0;
  for (let q = 0; q < queries.count; q++) {
    const { ids } = index.search(queries.row(q), params);
    const wanted = new Set(naive(index.metric, model, queries.row(q), params.k));
    for (const id of ids) if (wanted.has(id)) found++;
  }
  return found / (queries.count * params.k);
}

function plain({ ids, scores }: Hits) {
  return { ids: [...ids], scores: [...scores] };
}

const SPECS = [
  'pq8x4,refine:full',
  'ivf7,pq8x4,refine:full',
  'ivf7,apq5x4,refine:full',
  'ivf7(spill=1),pq8x4,refine:full',
  'ivf7(residual=0),pq4x8,refine:full',
  'ivf7,pq4x8,refine:full',
  'rot,ivf7,sq8,refine:full',
  'ivf7(residual=0),sq4,refine:full',
  'ivf3,rabitq2,refine:full',
  'f16,refine:full',
  'ivf5,pq4x4+pq4x4,refine:full',
];

describe.each(METRICS)('an index of lists by %s', (metric) => {
  it.each(SPECS)('%s scores given items by their codes as a search without refinement does', async (spec) => {
    const random = new Random(6);
    const vectors = clustered(random, 400);
    const index = (await buildIndex(spec, vectors, { metric })) as IvfIndex;
    const queries = clustered(random, 5);
    const compare = (): void => {
      for (let q = 0; q < queries.count; q++) {
        const query = queries.row(q);
        const { ids, scores } = index.search(query, { k: 400, nprobe: index.lists, refine: 0 });
        const own = index.codeScores(query, ids);
        expect(ids.length).toBe(index.vectorCount);
        // Tables of 4-bit codes are rounded to bytes for a scan.
        const range = scores[0]! - scores.at(-1)!;
        own.forEach((one, i) => {
          expect(Math.abs(one - scores[i]!)).toBeLessThan(0.02 * range + 1e-4);
        });
      }
    };
    compare();
    index.remove(Uint32Array.of(3, 77, 399));
    index.update(vectors.slice(10, 12), Uint32Array.of(20, 21));
    compare();
    expect([...index.codeScores(queries.row(0), Uint32Array.of(77, 4000))]).toEqual([Number.NaN, Number.NaN]);
  });

  it.each(SPECS)('%s is exact where every list is probed and every candidate refined', async (spec) => {
    const random = new Random(5);
    const vectors = clustered(random, 400);
    const index = await buildIndex(spec, vectors, { metric });
    const queries = clustered(random, 12);
    const model = modelOf(vectors);
    for (let q = 0; q < queries.count; q++) {
      const hits = index.search(queries.row(q), { k: 10, nprobe: index.lists, refine: 40 });
      expectHits(hits, metric, model, queries.row(q), 10);
      expect(hits.examined).toBe(spec.includes('spill') ? 800 : 400);
    }
  });

  it.each([
    ['ivf16,pq16x4', 0.65],
    ['ivf16(residual=0),pq8x8', 0.67],
    ['ivf16,pq8x8', 0.79],
    ['ivf16(spill=1),apq16x4', 0.65],
    ['ivf16,sq8', 0.94],
    ['sq8', 0.94],
    ['ivf16,f16', 0.95],
    ['opq,ivf16,pq8x8', 0.79],
  ])('%s without refinement finds %s of the ten nearest in half of the lists', async (spec, floor) => {
    const random = new Random(9);
    const all = clustered(random, 3050);
    const vectors = all.slice(0, 3000);
    const index = await buildIndex(spec, vectors, { metric });
    const queries = all.slice(3000, 3050);
    expect(recall(index, vectors, queries, { k: 10, nprobe: 8 })).toBeGreaterThan(floor);
    // Scores are in the metric's own unit.
    const [query] = [queries.row(0)];
    const { ids, scores } = index.search(query, { k: 5, nprobe: 8 });
    ids.forEach((id, i) => {
      const exact = score(metric, query, vectors.row(id));
      expect(Math.abs(scores[i]! - exact)).toBeLessThan(0.2 * (1 + Math.abs(exact)));
    });
  });

  it.each(['ivf9,pq8x4,refine:full', 'ivf9(spill=1),sq8,refine:sq8', 'pq4x8', 'ivf9,pq8x4'])(
    '%s behaves like a map under additions, removals and updates',
    async (spec) => {
      const sample = clustered(new Random(1), 600);
      const trained = await IvfIndex.train(sample, spec, { metric });
      const blank = trained.save();
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 1, max: 25 }), (seed, steps) => {
          const random = new Random(seed);
          const index = openIndex(new MemorySections(blank));
          const model = new Map<number, Float32Array>();
          for (let step = 0; step < steps; step++) {
            const size = random.below(30);
            const ids = Uint32Array.from(new Set(Array.from({ length: size }, () => random.below(150))));
            const vectors = clustered(random, ids.length);
            const action = random.below(3);
            if (action === 0) {
              const fresh = ids.filter((id) => !model.has(id));
              index.add(vectors.slice(0, fresh.length), fresh);
              fresh.forEach((id, i) => {
                model.set(id, vectors.row(i));
              });
            } else if (action === 1) {
              expect(index.remove(ids)).toBe(ids.filter((id) => model.delete(id)).length);
            } else {
              index.update(vectors, ids);
              ids.forEach((id, i) => {
                model.set(id, vectors.row(i));
              });
            }
            expect(index.vectorCount).toBe(model.size);
          }
          for (let id = 0; id < 160; id++) expect(index.has(id)).toBe(model.has(id));
          const query = clustered(random, 1).row(0);
          const all = index.search(query, { k: 200, nprobe: index.lists });
          expect([...all.ids].sort((a, b) => a - b)).toEqual([...model.keys()].sort((a, b) => a - b));
          if (spec.endsWith('full')) {
            expectHits(index.search(query, { k: 5, nprobe: index.lists, refine: 40 }), metric, model, query, 5);
          }
          // What is saved is what is there.
          const opened = openIndex(new MemorySections(index.save()));
          expect(plain(opened.search(query, { k: 20 }))).toEqual(plain(index.search(query, { k: 20 })));
        }),
        { numRuns: 15 },
      );
    },
  );
});

describe('filters', () => {
  let vectors: Vectors;
  let index: VectorIndex;
  const random = new Random(3);
  beforeAll(async () => {
    vectors = clustered(random, 1000);
    index = await buildIndex('ivf20,pq16x4,refine:full', vectors);
  });

  it('return k hits, or all that are allowed, whatever is probed', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 30 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seed, k, share) => {
          const random = new Random(seed);
          const [allowed, live] = [new BitSet(1000), new BitSet(1000)];
          for (let id = 0; id < 1000; id++) {
            if (random.next() < share ** 3) allowed.add(id);
            if (random.next() < 0.8) live.add(id);
          }
          const both = [...allowed].filter((id) => live.has(id));
          const query = clustered(random, 1).row(0);
          const hits = index.search(query, { k, nprobe: 1 + random.below(20), refine: 1000, allowed, live });
          expect(hits.ids.length).toBe(Math.min(k, both.length));
          for (const id of hits.ids) expect(allowed.has(id) && live.has(id)).toBe(true);
          const exact = index.search(query, { k, nprobe: 20, refine: 1000, allowed, live });
          expectHits(exact, 'ip', new Map(both.map((id) => [id, vectors.row(id)])), query, k);
          expect(exact.examined).toBe(both.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are refused where they do not fit', () => {
    const query = vectors.row(0);
    expect(() => index.search(query, { k: 1, allowed: new BitSet(999) })).toThrow(/`allowed` has 999 bits/);
    expect(() => index.search(query, { k: 1, live: new BitSet(1001) })).toThrow(InvalidArgumentError);
  });
});

describe('searching', () => {
  it('stops early without losing much, and by default', async () => {
    const random = new Random(21);
    const all = clustered(random, 6100, DIM, 100);
    const vectors = all.slice(0, 6000);
    const queries = all.slice(6000, 6100);
    const index = await buildIndex('ivf100,pq16x4,refine:full', vectors, { metric: 'cosine' });
    const whole = recall(index, vectors, queries, { k: 10, nprobe: 100, refine: 20 });
    const early = { k: 10, nprobe: 100, refine: 20, earlyStop: true };
    expect(whole).toBeGreaterThan(0.99);
    expect(recall(index, vectors, queries, early)).toBeGreaterThan(0.97);
    expect(recall(index, vectors, queries, { k: 10 })).toBeGreaterThan(0.95);
    const examined = index.searchBatch(queries, early).reduce((sum, hits) => sum + hits.examined, 0);
    expect(examined).toBeLessThan(0.4 * 100 * 6000);
  });

  it('finds more in fewer lists where vectors are in two of them', async () => {
    const random = new Random(2);
    const all = Vectors.fromRows(
      Array.from({ length: 4100 }, () => Float32Array.from({ length: 8 }, () => random.normal())),
    );
    const [vectors, queries] = [all.slice(0, 4000), all.slice(4000, 4100)];
    const params = { k: 10, nprobe: 4, refine: 20 };
    const once = await buildIndex('ivf64,pq8x4,refine:full', vectors, { metric: 'cosine' });
    const twice = await buildIndex('ivf64(spill=1),pq8x4,refine:full', vectors, { metric: 'cosine' });
    const gain = recall(twice, vectors, queries, params) - recall(once, vectors, queries, params);
    expect(gain).toBeGreaterThan(0.05);
  });

  it.each(supportedBuilds())(
    'gives the same scores on the %s build as an index that was opened elsewhere',
    async (build) => {
      const vectors = clustered(new Random(8), 500);
      const index = await buildIndex('ivf8,pq8x4', vectors, { build });
      const other = openIndex(new MemorySections(index.save()), { build: 'baseline' });
      const [a, b] = [index, other].map((one) => one.search(vectors.row(3), { k: 10, nprobe: 8 }));
      expect(a!.ids).toEqual(b!.ids);
      a!.scores.forEach((value, i) => {
        expect(Math.abs(value - b!.scores[i]!)).toBeLessThan(1e-4 * Math.abs(value));
      });
    },
  );

  it('gives the same index for the same seed', async () => {
    const vectors = clustered(new Random(8), 500);
    const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => buildIndex('ivf8,pq8x4', vectors, { seed })));
    expect(a!.save()).toEqual(b!.save());
    expect(c!.save()).not.toEqual(a!.save());
  });

  it('reports drift when what is added is unlike the sample', async () => {
    const random = new Random(4);
    const all = clustered(random, 2000);
    const index = await buildIndex('ivf16,pq8x4', all.slice(0, 1000));
    expect(index.drift).toBeGreaterThan(0.9);
    expect(index.drift).toBeLessThan(1.1);
    index.add(
      new Vectors(
        all.slice(1000, 2000).data.map((value) => 3 * value + 1),
        DIM,
      ),
    );
    expect(index.drift).toBeGreaterThan(2);
  });

  it('keeps its memory near what codes and ids take', async () => {
    const vectors = clustered(new Random(6), 20_000);
    const index = await buildIndex('ivf32,pq8x4,refine:sq8', vectors);
    expect(index.memory.scan).toBeLessThan(20_000 * 8 * 1.15);
    const grown = await IvfIndex.train(vectors, 'ivf32,pq8x4');
    for (let i = 0; i < 20_000; i += 100) grown.add(vectors.slice(i, i + 100));
    expect(grown.memory.scan).toBeLessThan(20_000 * 8 * 2.2);
  });
});

describe('bad input', () => {
  const vectors = clustered(new Random(7), 300);
  const query = vectors.row(0);

  it('is refused in training', async () => {
    await expect(IvfIndex.train(vectors, 'ivf301,pq8x4')).rejects.toThrow(/301/);
    await expect(IvfIndex.train(vectors, 'ivf3,pq17x4')).rejects.toThrow(/17/);
    await expect(IvfIndex.train(vectors, 'pca17,sq8')).rejects.toThrow(/17/);
    await expect(IvfIndex.train(vectors, 'ivf3,qp8x4')).rejects.toThrow(/Did you mean/);
    await expect(IvfIndex.train(Vectors.zeros(0, DIM), 'ivf1,sq8')).rejects.toThrow(InvalidArgumentError);
    await expect(IvfIndex.train(Vectors.zeros(40, DIM), 'sq8', { metric: 'cosine' })).rejects.toThrow(/zero/);
    const broken = new Vectors(vectors.data.slice(), DIM);
    broken.data[20] = Number.NaN;
    await expect(IvfIndex.train(broken, 'ivf3,sq8')).rejects.toThrow(/Component 4 of vector 1/);
    await expect(IvfIndex.train(vectors, 'ivf8,sq8', { signal: AbortSignal.abort() })).rejects.toThrow();
  });

  it('changes nothing when it is refused by add, update and search', async () => {
    const index = await buildIndex('ivf4,pq8x4,refine:full', vectors, { metric: 'cosine' });
    const before = index.save();
    const infinite = new Vectors(vectors.data.slice(0, 2 * DIM), DIM);
    infinite.data[DIM] = Number.POSITIVE_INFINITY;
    const two = vectors.slice(0, 2);
    for (const attempt of [
      () => index.add(infinite),
      () => index.add(Vectors.zeros(1, DIM)),
      () => index.add(Vectors.zeros(1, DIM + 1)),
      () => index.add(two, Uint32Array.of(900, 900)),
      () => index.add(two, Uint32Array.of(900, 5)),
      () => index.add(two, Uint32Array.of(900)),
      () => index.update(two, Uint32Array.of(5, 5)),
      () => index.update(infinite, Uint32Array.of(5, 6)),
      () => index.search(query, { k: 0 }),
      () => index.search(query, { k: 1.5 }),
      () => index.search(query, { k: 1, nprobe: 0 }),
      () => index.search(query, { k: 1, refine: 0.5 }),
      () => index.search(new Float32Array(DIM), { k: 1 }),
      () => index.search(new Float32Array(DIM).fill(Number.NaN), { k: 1 }),
      () => index.search(new Float32Array(DIM + 1), { k: 1 }),
    ]) {
      expect(attempt).toThrow(InvalidArgumentError);
    }
    expect(index.save()).toEqual(before);
  });

  it('is no k that is larger than the index, and no empty index', async () => {
    const index = await IvfIndex.train(vectors, 'ivf4,pq8x4,refine:full');
    expect(plain(index.search(query, { k: 10 }))).toEqual({ ids: [], scores: [] });
    index.add(vectors.slice(0, 3));
    expect(index.search(query, { k: 1_000_000, refine: 1e9 }).ids.length).toBe(3);
    index.remove(Uint32Array.of(0, 1, 2, 3, 77));
    expect(index.vectorCount).toBe(0);
    expect(index.search(query, { k: 1 }).ids.length).toBe(0);
    expect(openIndex(new MemorySections(index.save())).search(query, { k: 1 }).ids.length).toBe(0);
  });

  it('is told apart from damage when an index is opened', async () => {
    const index = await buildIndex('rot,ivf4,pq8x4,refine:sq8', vectors);
    const sections = index.save();
    const open = (changes: Iterable<readonly [string, Uint8Array]>) =>
      openIndex(new MemorySections(new Map([...sections, ...changes])));
    for (const [name, bytes] of sections) {
      if (bytes.length > 0) expect(() => open([[name, bytes.subarray(0, bytes.length - 1)]])).toThrow(CorruptFileError);
      expect(() => open([[name, new Uint8Array(bytes.length + 4)]])).toThrow(CorruptFileError);
    }
    const other = sections.get('lists.header')!.slice();
    other[4] = 9;
    expect(() => open([['lists.header', other]])).toThrow(IncompatibleError);
  });

  it('is not learned from vectors whose distances vanish', async () => {
    const tiny = new Vectors(
      vectors.data.map((value) => value * 1e-25),
      vectors.dim,
    );
    await expect(buildIndex('ivf4,pq8x4', tiny)).rejects.toThrow(/Multiply all vectors by the same number/);
    await expect(buildIndex('ivf4,pq8x4', tiny, { metric: 'cosine' })).resolves.toBeDefined();
  });

  it('never makes opening or searching do anything but work or refuse, whichever byte is wrong', async () => {
    const sections = (await buildIndex('ivf4,pq8x4,refine:full', vectors)).save();
    const names = [...sections.keys()].filter((name) => sections.get(name)!.length > 0);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 1, max: 255 }), (name, where, flip) => {
        const bytes = sections.get(name)!.slice();
        bytes[where % bytes.length]! ^= flip;
        let opened: VectorIndex;
        try {
          opened = openIndex(new MemorySections(new Map([...sections, [name, bytes]])));
        } catch (error) {
          expect(error instanceof CorruptFileError || error instanceof IncompatibleError).toBe(true);
          return;
        }
        expect(opened.search(query, { k: 5 }).ids.length).toBe(5);
      }),
      { numRuns: 300 },
    );
  });
});
