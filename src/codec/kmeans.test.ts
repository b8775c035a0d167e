import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { Assigner, drawSample, kMeans } from './kmeans.ts';
import { clustered } from './testing.ts';

/** Mean squared distance to the nearest centroid, and the sizes, by the definition. */
function judge(vectors: Vectors, centroids: Vectors): { error: number; sizes: number[]; nearest: number[] } {
  const sizes = Array<number>(centroids.count).fill(0);
  const nearest: number[] = [];
  let error = 0;
  for (let i = 0; i < vectors.count; i++) {
    let [best, at] = [Number.POSITIVE_INFINITY, 0];
    for (let c = 0; c < centroids.count; c++) {
      let distance = 0;
      for (let d = 0; d < vectors.dim; d++) distance += (vectors.row(i)[d]! - centroids.row(c)[d]!) ** 2;
      if (distance < best) [best, at] = [distance, c];
    }
    error += best / vectors.count;
    sizes[at]!++;
    nearest.push(at);
  }
  return { error, sizes, nearest };
}

const VECTORS = clustered(2000, 12, 4);

describe('k-means', () => {
  it('finds centres that lie far apart', async () => {
    const random = new Random(2);
    const vectors = Vectors.zeros(600, 5);
    for (let i = 0; i < 600; i++)
      vectors.row(i).set([100 * (i % 20), random.normal(), random.normal(), 0, 7 * (i % 20)]);
    const { centroids, error, imbalance } = await kMeans(vectors, { k: 20 });
    expect(error).toBeLessThan(3);
    expect(imbalance).toBeCloseTo(1, 6);
    expect([...Array(20).keys()].map((c) => Math.round(centroids.row(c)[0]!)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => 100 * i),
    );
  });

  it('errs less with every round and reports its error', async () => {
    const errors = [];
    for (const iterations of [1, 2, 5, 20]) {
      const { centroids } = await kMeans(VECTORS, { k: 32, iterations });
      errors.push(judge(VECTORS, centroids).error);
    }
    for (let i = 1; i < errors.length; i++) expect(errors[i]!).toBeLessThan(errors[i - 1]!);
    // The error of the last round's assignment, before its update.
    const converged = await kMeans(VECTORS, { k: 32, iterations: 100 });
    expect(converged.iterations).toBeLessThan(100);
    expect(Math.abs(converged.error / judge(VECTORS, converged.centroids).error - 1)).toBeLessThan(0.01);
  });

  it('seeds better by k-means++ than at random', async () => {
    const total = { 'plus-plus': 0, random: 0 };
    for (const seeding of ['plus-plus', 'random'] as const) {
      for (let seed = 0; seed < 5; seed++) {
        total[seeding] += (await kMeans(clustered(2000, 12, seed), { k: 40, seed, seeding, iterations: 1 })).error;
      }
    }
    expect(total['plus-plus']).toBeLessThan(total.random);
  });

  it('depends on the seed alone', async () => {
    const options = { k: 16, seed: 5, maxPointsPerCentroid: 50 };
    const first = await kMeans(VECTORS, options);
    expect((await kMeans(VECTORS, options)).centroids).toEqual(first.centroids);
    expect((await kMeans(VECTORS, { ...options, seed: 6 })).centroids).not.toEqual(first.centroids);
  });

  it('leaves no centroid empty, even where vectors are few and alike', async () => {
    const vectors = Vectors.zeros(300, 3);
    for (let i = 0; i < 300; i++) vectors.row(i).fill(i < 290 ? 1 : i);
    const { centroids } = await kMeans(vectors, { k: 8, iterations: 20 });
    for (const value of centroids.data) expect(Number.isFinite(value)).toBe(true);
    expect(judge(vectors, centroids).error).toBeLessThan(10);
    const all = await kMeans(VECTORS.slice(0, 20), { k: 20 });
    expect(all.error).toBeLessThan(1e-3);
    const outlier = new Vectors(VECTORS.data.slice(), 12);
    outlier.row(0).fill(1e4);
    const { sizes } = judge(outlier, (await kMeans(outlier, { k: 40, seeding: 'random', iterations: 20 })).centroids);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });

  it('evens out sizes when asked, at a modest price', async () => {
    const random = new Random(9);
    const skewed = Vectors.zeros(4000, 8);
    for (let i = 0; i < 4000; i++) {
      const spread = 0.2 + 3 * random.next() ** 4;
      for (let c = 0; c < 8; c++) skewed.row(i)[c] = spread * random.normal();
    }
    const measure = async (balance: number): Promise<[imbalance: number, error: number]> => {
      const { centroids } = await kMeans(skewed, { k: 32, iterations: 30, balance });
      const { sizes, error } = judge(skewed, centroids);
      return [(32 * sizes.reduce((sum, size) => sum + size * size, 0)) / 4000 ** 2, error];
    };
    const [plain, even] = [await measure(0), await measure(1)];
    expect(even[0] - 1).toBeLessThan(0.7 * (plain[0] - 1));
    expect(even[1]).toBeLessThan(1.5 * plain[1]);
  });

  it('makes unit centroids on the sphere, and assigns by inner product', async () => {
    const { centroids, error } = await kMeans(VECTORS, { k: 24, spherical: true });
    for (let c = 0; c < 24; c++) expect(Math.hypot(...centroids.row(c))).toBeCloseTo(1, 5);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(1);
    const { assignment, scores } = new Assigner(centroids, 'dot').assign(VECTORS);
    for (let i = 0; i < 50; i++) {
      const products = [...Array(24).keys()].map((c) =>
        centroids.row(c).reduce((s, x, d) => s + x * VECTORS.row(i)[d]!, 0),
      );
      expect(products[assignment[i]!]!).toBeCloseTo(Math.max(...products), 5);
      expect(scores[i]).toBeCloseTo(Math.max(...products), 4);
    }
  });

  it('assigns to the nearest centroid, also with more centroids than the cache takes at once', () => {
    const centroids = clustered(1000, 70, 8);
    const vectors = clustered(40, 70, 9);
    const { assignment } = new Assigner(centroids, 'l2').assign(vectors);
    expect([...assignment]).toEqual(judge(vectors, centroids).nearest);
  });

  it('draws samples without replacement and in order', () => {
    const rows = Vectors.fromRows(Array.from({ length: 100 }, (_, i) => [i]));
    const sample = [...drawSample(rows, 30, new Random(1)).data];
    expect(sample.length).toBe(30);
    for (let i = 1; i < 30; i++) expect(sample[i]!).toBeGreaterThan(sample[i - 1]!);
    expect(drawSample(rows, 100, new Random(1))).toBe(rows);
  });

  it('refuses impossible numbers of centroids, bad components, and zero vectors on the sphere', async () => {
    await expect(kMeans(VECTORS, { k: 0 })).rejects.toThrow(InvalidArgumentError);
    await expect(kMeans(VECTORS, { k: 2.5 })).rejects.toThrow(InvalidArgumentError);
    await expect(kMeans(VECTORS, { k: 2001 })).rejects.toThrow(/at least 2001/);
    await expect(kMeans(Vectors.fromRows([[1], [Number.NaN]]), { k: 1 })).rejects.toThrow(/NaN/);
    await expect(kMeans(Vectors.fromRows([[1], [0]]), { k: 1, spherical: true })).rejects.toThrow(/zero/);
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const running = kMeans(VECTORS, {
      k: 16,
      iterations: 50,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(running).rejects.toThrow(/abort/i);
  });
});
