/**
 * How do an index of lists and its codes grow from ten thousand to ten million vectors? Built as a stream: lists and codes are learned from a
 * sample, vectors are drawn, coded and dropped a batch at a time, so that memory holds codes alone.
 *
 *   npm run bench -- growth [--vectors N,N,...] [--lists N,N,...]
 *
 * As many lists as the root of the number of vectors, to the next power of two, unless `--lists` gives a number for each.
 */
import { Random } from '../src/base/random.ts';
import { Vectors } from '../src/base/vectors.ts';
import { IvfIndex } from '../src/index/index.ts';
import { exactTop } from '../src/math/index.ts';
import { median, quantile, report } from './harness.ts';

const [DIM, LATENT, NOISE] = [64, 16, 2];
const [QUERIES, K] = [200, 10];
const BATCH = 65_536;
const SAMPLE = 131_072;
const [CODE, SEED] = ['apq32x4', 1];

const given = (name: string): number[] | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1]!.split(',').map(Number);
};
const sizes = given('--vectors') ?? [10_000, 100_000, 1_000_000, 10_000_000];
const counts = given('--lists') ?? sizes.map((size) => 2 ** Math.round(Math.log2(Math.sqrt(size))));

/** Unit vectors that vary in few directions much and in all of them a little, as embeddings do. */
class Drawn {
  readonly #directions: Vectors;

  constructor() {
    const random = new Random(SEED);
    this.#directions = Vectors.zeros(LATENT, DIM);
    for (let i = 0; i < LATENT * DIM; i++) this.#directions.data[i] = random.normal();
  }

  take(count: number, random: Random): Vectors {
    const vectors = Vectors.zeros(count, DIM);
    for (let v = 0; v < count; v++) {
      const row = vectors.row(v);
      for (let c = 0; c < DIM; c++) row[c] = NOISE * (random.next() - 0.5);
      for (let d = 0; d < LATENT; d++) {
        const amount = random.normal();
        const direction = this.#directions.row(d);
        for (let c = 0; c < DIM; c++) row[c]! += amount * direction[c]!;
      }
      let squared = 0;
      for (let c = 0; c < DIM; c++) squared += row[c]! ** 2;
      const scale = 1 / Math.sqrt(squared);
      for (let c = 0; c < DIM; c++) row[c]! *= scale;
    }
    return vectors;
  }
}

/** The best of all batches so far, for every query. */
class Truth {
  readonly #best: { readonly id: number; readonly score: number }[][];

  constructor(private readonly queries: Vectors) {
    this.#best = Array.from({ length: queries.count }, () => []);
  }

  see(batch: Vectors, first: number): void {
    const found = exactTop(batch, this.queries, K, { build: 'fastest' });
    for (const [q, ids] of found.entries()) {
      const query = this.queries.row(q);
      const own = [...ids].map((id) => ({
        id: first + id,
        score: batch.row(id).reduce((sum, x, c) => sum + x * query[c]!, 0),
      }));
      this.#best[q] = [...this.#best[q]!, ...own].sort((a, b) => b.score - a.score).slice(0, K);
    }
  }

  recall(found: readonly ArrayLike<number>[]): number {
    let hits = 0;
    for (const [q, ids] of found.entries()) {
      const wanted = new Set(this.#best[q]!.map(({ id }) => id));
      hits += Array.from(ids).filter((id) => wanted.has(id)).length;
    }
    return hits / (K * found.length);
  }
}

const drawn = new Drawn();
const queries = drawn.take(QUERIES, new Random(SEED + 1));
const sample = drawn.take(SAMPLE, new Random(SEED + 2));
const rows: Record<string, string | number>[] = [];
for (const [i, size] of sizes.entries()) {
  const spec = `ivf${counts[i]},${CODE},refine:sq8`;
  const start = performance.now();
  const index = await IvfIndex.train(sample.slice(0, Math.min(SAMPLE, Math.max(size, 64 * counts[i]!))), spec);
  const learned = performance.now() - start;
  const random = new Random(SEED + 3);
  const truth = new Truth(queries);
  let adding = 0;
  for (let from = 0; from < size; from += BATCH) {
    const batch = drawn.take(Math.min(BATCH, size - from), random);
    truth.see(batch, from);
    const before = performance.now();
    index.add(batch);
    adding += performance.now() - before;
  }
  const { scan, refine } = index.memory;
  for (const share of [64, 16]) {
    const nprobe = Math.max(4, Math.round(index.lists / share));
    const times: number[] = [];
    const found = Array.from({ length: QUERIES }, (_, q) => {
      const asked = performance.now();
      const { ids } = index.search(queries.row(q), { k: K, nprobe });
      times.push(performance.now() - asked);
      return ids;
    });
    rows.push({
      vectors: size,
      lists: index.lists,
      'learned, s': (learned / 1000).toFixed(1),
      'coded/s': Math.round(size / (adding / 1000)),
      'bytes a vector, scanned': (scan / size).toFixed(1),
      'to refine': (refine / size).toFixed(1),
      MB: ((scan + refine) / 1e6).toFixed(0),
      'lists probed': nprobe,
      'recall@10': truth.recall(found).toFixed(3),
      'query, ms': median(times).toFixed(2),
      'p95, ms': quantile(times, 0.95).toFixed(2),
    });
  }
  console.error(`${size} vectors: done`);
}
report({
  name: 'growth',
  threads: 1,
  columns: Object.keys(rows[0]!),
  rows,
  notes: [
    `Unit vectors of ${DIM} components that vary in ${LATENT} directions, and a little in all (seed ${SEED}); ${CODE} and refine:sq8; lists and codes learned from at most ${SAMPLE} others.`,
    `${QUERIES} queries; recall against all vectors, compared as they are drawn. MB: codes, ids, centroids and what refines, room to grow included.`,
  ],
});
