import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { IvfModel } from '../ivf/model.ts';
import { candidatesFor, nextCandidate } from './candidates.ts';
import { choose, frontierOf } from './choose.ts';
import { plan } from './plan.ts';
import { planChart } from './report.ts';
import type { OperatingPoint } from './types.ts';

const DIM = 24;

/** Vectors near a subspace, around a few centres, as embeddings lie. */
function embeddings(count: number, seed = 1): Vectors {
  const random = new Random(seed);
  const axes = Array.from({ length: 10 }, () => Float32Array.from({ length: DIM }, () => random.normal()));
  return Vectors.fromRows(
    Array.from({ length: count }, () => {
      const row = Float32Array.from({ length: DIM }, () => 0.3 * random.normal());
      axes.forEach((axis, a) => {
        const weight = random.normal() / (1 + a / 3);
        for (let c = 0; c < DIM; c++) row[c]! += weight * axis[c]!;
      });
      const norm = Math.hypot(...row);
      return row.map((value) => value / norm);
    }),
  );
}

const all = embeddings(2400);
const vectors = all.slice(0, 2000);
const queries = all.slice(2000, 2400);

describe('planning', () => {
  it('keeps a budget of bytes, and proves the recall on queries that took no part', async () => {
    const found = await plan(vectors, { queries, bytes: 20 });
    const { choice, frontier, points } = found;
    expect(choice!.point.bytes).toBeLessThanOrEqual(20);
    expect(choice!.proof.holds).toBe(true);
    expect(Math.abs(choice!.proof.recall10 - choice!.point.recall10)).toBeLessThan(0.05);
    expect(found.queries).toEqual({ seen: 200, unseen: 200 });
    for (const point of points.filter(({ bytes }) => bytes <= 20)) {
      expect(point.recall10).toBeLessThanOrEqual(choice!.point.recall10 + 0.0031);
    }
    for (const a of frontier) {
      expect(points.some((b) => b.bytes < a.bytes && b.recall10 > a.recall10 && b.p50 < a.p50)).toBe(false);
      expect(Number.isNaN(a.recall100)).toBe(false);
    }
    const picture = planChart(found);
    expect(picture).toContain('chosen: ');
    expect(picture).not.toMatch(/NaN|Infinity/);
  });

  it('finds the fewest bytes for a recall, and reaches it on unseen queries', async () => {
    const { choice, points } = await plan(vectors, { queries, recall: 0.9 });
    expect(choice!.point.recall10).toBeGreaterThan(0.9);
    expect(choice!.proof.recall10).toBeGreaterThan(0.88);
    const fewest = Math.min(...points.filter(({ recall10 }) => recall10 > 0.93).map(({ bytes }) => bytes));
    expect(choice!.point.bytes).toBeLessThanOrEqual(1.05 * fewest);
  });

  it('needs less memory for a recall where vectors stay on disk', async () => {
    let reads = 0;
    const reader = {
      read: (ids: Uint32Array, target: Float32Array) => {
        reads++;
        for (const [i, id] of ids.entries()) target.set(vectors.row(id), i * DIM);
      },
    };
    const { choice } = await plan(vectors, { queries, recall: 0.95, vectors: reader });
    expect(choice!.point.spec).toContain('refine:full');
    expect(choice!.point.bytes).toBeLessThan(30);
    expect(reads).toBeGreaterThan(0);
  });

  it('tries the specifications that it is given, and passes over those that the vectors do not allow', async () => {
    const specs = ['SQ8', 'ivf9000,pq4x4', 'ivf16, pq12x4,refine:full'];
    const { points, skipped } = await plan(vectors, { queries, p95: 1000, specs });
    expect(new Set(points.map(({ spec }) => spec))).toEqual(new Set(['sq8', 'ivf16,pq12x4,refine:full']));
    expect(skipped).toEqual([{ spec: 'ivf9000,pq4x4', reason: expect.stringContaining('9000') }]);
  });

  it('says what comes nearest when nothing keeps the budget', async () => {
    const { choice, unmet } = await plan(vectors, { queries, bytes: 3 });
    expect(choice).toBeUndefined();
    expect(unmet!.why).toMatch(/3 bytes a vector/);
    expect(unmet!.nearest[0]!.bytes).toBeGreaterThan(3);
    const both = await plan(vectors, { queries, bytes: 12, recall: 0.999, specs: ['apq12x4', 'sq8'] });
    expect(both.unmet!.why).toMatch(/12 bytes a vector|recall@10 of 0.999/);
    expect(both.unmet!.nearest.length).toBeGreaterThan(0);
  });

  it.each([
    [{}, /No budget/],
    [{ bytes: 0 }, /0 bytes/],
    [{ bytes: Number.NaN }, /NaN/],
    [{ recall: 1.5 }, /1.5/],
    [{ recall: 0 }, /recall is 0/],
    [{ p95: -1 }, /-1 ms/],
    [{ bytes: 9, specs: ['ivff8,sq8'] }, /Did you mean/],
  ])('refuses %j', async (options, message) => {
    await expect(plan(vectors, { queries, ...options })).rejects.toThrow(message);
    await expect(plan(vectors, { queries, ...options })).rejects.toThrow(InvalidArgumentError);
  });

  it('refuses queries that are too few or of another dimension, and stops when it is told to', async () => {
    await expect(plan(vectors, { queries: queries.slice(0, 19), bytes: 9 })).rejects.toThrow(/19 queries/);
    await expect(plan(vectors, { queries: Vectors.zeros(100, 3), bytes: 9 })).rejects.toThrow(/3 components/);
    await expect(plan(vectors, { queries, bytes: 99, signal: AbortSignal.abort() })).rejects.toThrow();
  });
});

describe('candidates', () => {
  it('keep to the bytes that they are given, as far as anything does', () => {
    for (const onDisk of [true, false]) {
      for (const bytes of [16, 64, 700]) {
        const found = candidatesFor(Vectors.zeros(50_000, 512), 'ip', { bytes }, onDisk);
        expect(found.length).toBeGreaterThan(0);
        expect(found.filter((one) => one.bytes > bytes).length).toBe(0);
      }
    }
    expect(candidatesFor(Vectors.zeros(1000, 16), 'l2', { bytes: 2 }, false).length).toBeGreaterThan(0);
  });

  it('are halved on the way to the fewest bytes for a recall', () => {
    const all = [64, 10, 20, 40, 80, 30].map((bytes) => ({ spec: `s${bytes}`, bytes }));
    const order: string[] = [];
    const untried = [...all];
    const tried: { candidate: (typeof all)[0]; kept: boolean }[] = [];
    for (;;) {
      const next = nextCandidate(untried, tried, { recall: 0.9 });
      if (next === undefined) break;
      order.push(next.spec);
      untried.splice(untried.indexOf(next), 1);
      tried.push({ candidate: next, kept: next.bytes >= 30 });
    }
    // 64 and 30 keep it; 20 and 10 do not, and 40 and 80 are of no use once 30 does.
    expect(order).toEqual(['s64', 's30', 's20', 's10']);
    expect(nextCandidate(all, [], { bytes: 9 })?.spec).toBe('s64');
  });
});

describe('choosing', () => {
  const point = (spec: string, bytes: number, recall10: number, p50: number): OperatingPoint => ({
    spec,
    search: { nprobe: 1, refine: 1 },
    bytes,
    recall10,
    recall100: recall10,
    deviation: 0,
    p50,
    p95: 2 * p50,
  });
  const points = [point('a', 10, 0.8, 1), point('b', 20, 0.9, 1), point('c', 20, 0.9, 2), point('d', 40, 0.95, 3)];

  it('goes by what the budget does not name', () => {
    expect(choose(points, { bytes: 30 }, 100).point?.spec).toBe('b');
    expect(choose(points, { recall: 0.75 }, 100).point?.spec).toBe('a');
    expect(choose(points, { p95: 6 }, 100).point?.spec).toBe('d');
    expect(choose(points, { bytes: 40, recall: 0.85 }, 100).point?.spec).toBe('b');
    expect(choose(points, { bytes: 10, recall: 0.85 }, 100).unmet?.nearest.map(({ spec }) => spec)).toEqual(['b', 'a']);
  });

  it('asks that a recall is sure, not only measured', () => {
    const unsure = { ...point('e', 10, 0.9, 1), deviation: 0.2 };
    expect(choose([unsure], { recall: 0.9 }, 100).point).toBeUndefined();
    expect(choose([unsure], { recall: 0.86 }, 100).point?.spec).toBe('e');
  });

  it('leaves out of the frontier what is beaten', () => {
    expect(frontierOf(points).map(({ spec }) => spec)).toEqual(['a', 'b', 'd']);
  });
});

describe('learning like another model', () => {
  it('takes over lists, turned with a rotation that follows', async () => {
    const first = await IvfModel.train(vectors, 'ivf20,apq12x4');
    const same = await IvfModel.train(vectors, 'ivf20,apq6x4,refine:sq8', { like: [first] });
    expect(same.parts.coarse).toEqual(first.parts.coarse);
    const turned = await IvfModel.train(vectors, 'opq,ivf20,apq6x4', { like: [first] });
    const [rotation] = turned.parts.transforms;
    expect(turned.parts.coarse.centroids).toEqual(rotation!.apply(first.parts.coarse.centroids));
    const other = await IvfModel.train(vectors, 'ivf21,apq6x4', { like: [first] });
    expect(other.lists).toBe(21);
    const alone = await IvfModel.train(vectors, 'ivf20,apq6x4,refine:sq8');
    expect(same.save()).toEqual(alone.save());
  });
});
