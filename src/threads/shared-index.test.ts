import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BitSet } from '../base/bits.ts';
import { InvalidArgumentError, ThreadError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { MemorySections } from '../base/sections.ts';
import { Vectors } from '../base/vectors.ts';
import { buildIndex, IvfIndex, openIndex, type VectorIndex } from '../index/index.ts';
import { openThreads, type Threads } from './index.ts';

function normals(count: number, dim: number, seed: number): Vectors {
  const random = new Random(seed);
  return new Vectors(
    Float32Array.from({ length: count * dim }, () => random.normal()),
    dim,
  );
}

const DIM = 24;
const vectors = normals(3000, DIM, 1);
const queries = normals(40, DIM, 2);

let two: Threads;
let three: Threads;
beforeAll(async () => {
  [two, three] = await Promise.all([openThreads({ threads: 2 }), openThreads({ threads: 3 })]);
});
afterAll(async () => {
  await Promise.all([two.close(), three.close()]);
});

function someOf(count: number, share: number, seed: number): BitSet {
  const random = new Random(seed);
  const set = new BitSet(count);
  for (let i = 0; i < count; i++) if (random.next() < share) set.add(i);
  return set;
}

const specs = [
  ['ivf16,apq12x4,refine:full', 'cosine'],
  ['opq,ivf16(spill=1),pq12x4,refine:sq8', 'ip'],
  ['ivf16,pq6x8', 'l2'],
  ['ivf16,pq12x4,refine:full', 'l2'],
  ['flat,sq8', 'ip'],
  ['pca16,ivf8,sq4', 'cosine'],
  ['ivf8,f16', 'l2'],
  ['ivf8(spill=1),bin24,refine:full', 'ip'],
  ['rot,ivf8,rabitq2', 'ip'],
  ['center,flat,pq6x8+pq6x8', 'l2'],
] as const;

describe.each(specs)('%s with %s', (spec, metric) => {
  let index: VectorIndex;
  beforeAll(async () => {
    index = await buildIndex(spec, vectors, { metric });
  });

  it('is built the same by any number of threads', async () => {
    const saved = index.save();
    for (const threads of [two, three]) {
      const other = (await buildIndex(spec, vectors, { metric, threads })).save();
      expect([...other.keys()]).toEqual([...saved.keys()]);
      for (const [name, bytes] of saved) expect(Buffer.compare(bytes, other.get(name)!), name).toBe(0);
    }
  });

  it('gives the same hits when queries are dealt to threads, and when one is split', async () => {
    await using shared = await two.shareIndex(index);
    const live = someOf(3000, 0.8, 3);
    for (const params of [
      { k: 10 },
      { k: 10, nprobe: 3, refine: 4, earlyStop: true },
      { k: 7, nprobe: 2, allowed: someOf(3000, 0.3, 4), live },
      { k: 25, allowed: someOf(3000, 0.004, 5) },
      { k: 5, nprobe: 1, allowed: new BitSet(3000) },
      { k: 4000, live },
    ]) {
      expect(await shared.searchBatch(queries, params)).toEqual(index.searchBatch(queries, params));
      for (const parts of [1, 2, 3]) {
        const query = queries.row(parts);
        const alone = index.search(query, { ...params, ...(parts > 1 ? { earlyStop: false } : {}) });
        expect(await shared.search(query, { ...params, parts })).toEqual(alone);
      }
    }
  });
});

describe('a shared index', () => {
  it('sees what was added, updated and removed, in all threads and however it grows', async () => {
    const spec = 'ivf8(spill=1),pq12x4,refine:sq8';
    const index = await buildIndex(spec, vectors.slice(0, 800), { metric: 'cosine' });
    await using shared = await two.shareIndex(index);
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 0, max: 900 }) }),
            fc.record({
              kind: fc.constantFrom('remove' as const, 'update' as const),
              share: fc.double({ min: 0, max: 0.3, noNaN: true }),
            }),
          ),
          { minLength: 1, maxLength: 3 },
        ),
        fc.nat(),
        async (steps, seed) => {
          for (const [i, step] of steps.entries()) {
            if (step.kind === 'add') {
              const more = normals(step.count, DIM, seed + i);
              index.add(more);
              await shared.add(more);
            } else {
              const ids = Uint32Array.from(someOf(index.count, step.share, seed + i));
              if (step.kind === 'remove') expect(await shared.remove(ids)).toBe(index.remove(ids));
              else {
                const others = normals(ids.length, DIM, seed + i);
                index.update(others, ids);
                await shared.update(others, ids);
              }
            }
          }
          expect(shared.count).toBe(index.count);
          expect(shared.vectorCount).toBe(index.vectorCount);
          expect(await shared.searchBatch(queries, { k: 10 })).toEqual(index.searchBatch(queries, { k: 10 }));
          const query = queries.row(seed % 40);
          expect(await shared.search(query, { k: 9, nprobe: 5, parts: 2 })).toEqual(
            index.search(query, { k: 9, nprobe: 5 }),
          );
        },
      ),
      { numRuns: 12, seed: 7 },
    );
    const saved = await shared.save();
    const again = openIndex(new MemorySections(saved));
    expect(again.searchBatch(queries, { k: 10 })).toEqual(index.searchBatch(queries, { k: 10 }));
  });

  it('answers many callers at once, while it changes', async () => {
    const index = await buildIndex('ivf8,apq12x4,refine:full', vectors, { metric: 'ip' });
    await using shared = await three.shareIndex(index);
    const before = index.searchBatch(queries, { k: 5, nprobe: 4 });
    const far = new Vectors(
      queries.data.map((x) => 100 * x),
      DIM,
    );
    const early = Array.from({ length: 30 }, (_, i) => shared.search(queries.row(i), { k: 5, nprobe: 4 }));
    const adding = shared.add(far);
    const batch = shared.searchBatch(queries, { k: 5, nprobe: 4 });
    expect(await Promise.all(early)).toEqual(before.slice(0, 30));
    await batch;
    await adding;
    const late = await Promise.all(Array.from({ length: 30 }, (_, i) => shared.search(queries.row(i), { k: 1 })));
    expect(late.map(({ ids }) => ids[0])).toEqual(Array.from({ length: 30 }, (_, i) => 3000 + i));
    await Promise.all([shared.remove(Uint32Array.of(3000)), shared.remove(Uint32Array.of(3000, 3001))]).then(
      (removed) => expect(removed).toEqual([1, 1]),
    );
    expect(shared.has(3001)).toBe(false);
  });

  it('is built and opened in shared memory', async () => {
    const index = await buildIndex('ivf8,pq12x4,refine:full', vectors, { metric: 'l2' });
    await using built = await two.buildIndex('ivf8,pq12x4,refine:full', vectors, { metric: 'l2' });
    await using opened = await two.openIndex(new MemorySections(index.save()));
    const expected = index.searchBatch(queries, { k: 3 });
    expect(await built.searchBatch(queries, { k: 3 })).toEqual(expected);
    expect(await opened.searchBatch(queries, { k: 3 })).toEqual(expected);
    expect([built.spec, built.metric, built.dim, built.lists, built.drift]).toEqual([
      index.spec,
      index.metric,
      index.dim,
      index.lists,
      index.drift,
    ]);
    expect(built.memory.scan).toBeGreaterThan(0);
  });

  it('may be empty', async () => {
    await using shared = await two.shareIndex(await IvfIndex.train(vectors, 'ivf8,pq12x4'));
    expect((await shared.search(queries.row(0), { k: 3 })).ids).toHaveLength(0);
    expect(await shared.searchBatch(queries, { k: 3 })).toHaveLength(40);
    expect(await shared.searchBatch(queries.slice(0, 0), { k: 3 })).toEqual([]);
    await shared.add(vectors);
    expect((await shared.search(queries.row(0), { k: 3 })).ids).toHaveLength(3);
  });

  it('searches on the calling thread what is too large for the room that others were lent', async () => {
    const index = await buildIndex('flat,sq8', vectors);
    await using shared = await two.shareIndex(index);
    // A number far above the others makes a filter of 18 MB.
    await shared.add(vectors.slice(0, 1), Uint32Array.of(150_000_000));
    const live = new BitSet(150_000_001);
    live.addRange(0, 100);
    const params = { k: 5, live };
    const expected = index.search(queries.row(0), { k: 5, live: new BitSet(3000, live.bytes.slice(0, 375)) });
    expect(await shared.search(queries.row(0), params)).toEqual(expected);
    expect(await shared.search(queries.row(0), { ...params, parts: 2 })).toEqual(expected);
  });

  it("reports the caller's mistakes, and goes on", async () => {
    const shared = await two.shareIndex(await buildIndex('ivf8,pq12x4', vectors));
    const query = queries.row(0);
    for (const wrong of [
      () => shared.search(query, { k: 0 }),
      () => shared.search(query, { k: 1, parts: 0 }),
      () => shared.search(query.subarray(1), { k: 1 }),
      () => shared.search(query, { k: 1, allowed: new BitSet(7) }),
      () => shared.searchBatch(new Vectors(new Float32Array(DIM).fill(Number.NaN), DIM), { k: 1 }),
      () => shared.add(normals(2, DIM + 1, 1)),
      () => shared.add(vectors.slice(0, 1), Uint32Array.of(5)),
      () => shared.update(vectors.slice(0, 2), Uint32Array.of(5, 5)),
    ]) {
      await expect(wrong()).rejects.toThrow(InvalidArgumentError);
    }
    expect((await shared.search(query, { k: 1 })).ids).toHaveLength(1);
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    const { signal } = controller;
    await expect(shared.searchBatch(queries, { k: 1 }, { signal })).rejects.toThrow('enough');
    await expect(shared.add(vectors, undefined, { signal })).rejects.toThrow('enough');
    await shared.close();
    await expect(shared.search(query, { k: 1 })).rejects.toThrow('The shared index is closed. Share the index again.');
    await expect(shared.add(vectors)).rejects.toThrow(InvalidArgumentError);
    await shared.close();
  });

  it('waits when it is closed for calls under way', async () => {
    const shared = await two.shareIndex(await buildIndex('ivf8,pq12x4', vectors));
    const hits = shared.searchBatch(queries, { k: 1 });
    const added = shared.add(vectors);
    await shared.close();
    expect(await hits).toHaveLength(40);
    await added;
    expect(shared.vectorCount).toBe(6000);
  });

  it('is searched on by the thread that takes the place of one that ended', async () => {
    const workers: Worker[] = [];
    const note = (worker: Worker) => workers.push(worker);
    process.on('worker', note);
    const threads = await openThreads({ threads: 1 });
    const index = await buildIndex('ivf8,pq12x4,refine:full', vectors);
    const shared = await threads.shareIndex(index);
    const lost = shared.searchBatch(vectors, { k: 10, nprobe: 8 });
    await Promise.all([expect(lost).rejects.toThrow(ThreadError), workers[0]!.terminate()]);
    await shared.add(queries);
    index.add(queries);
    expect(await shared.searchBatch(queries, { k: 3 })).toEqual(index.searchBatch(queries, { k: 3 }));
    process.off('worker', note);
    await threads.close();
  });

  it('cannot be searched when its threads are closed', async () => {
    const threads = await openThreads({ threads: 1 });
    const shared = await threads.shareIndex(await buildIndex('ivf8,pq12x4', vectors));
    await threads.close();
    await expect(shared.search(queries.row(0), { k: 1 })).rejects.toThrow('The threads are closed.');
  });
});
