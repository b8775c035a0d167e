/**
 * Nearest neighbours: recall@10 against queries per second, an index of lists against hnswlib-node and usearch (both M 16,
 * efConstruction 200, float32).
 *
 *   npm run bench -- ann [--quick] [--data glove|wordnet|clustered|uniform] [--spec SPEC]... [--threads 2] [--json]
 *
 * `--quick` takes 50,000 vectors. Settings of both are timed in turn, block by block, on one thread. A curve is made of the
 * settings that no other setting of the same index beats in both; ratios compare curves at equal recall, interpolated.
 * `--threads` adds curves of the same indexes in memory that so many threads share, with each block dealt to them as a batch.
 * Curves and figures are written to bench/results/ann-DATA.svg and .json.
 */
import { writeFileSync } from 'node:fs';
import type { Vectors } from '../src/base/vectors.ts';
import { lineChart } from '../src/charts/index.ts';
import { buildIndex, type VectorIndex, type VectorSearchParams } from '../src/index/index.ts';
import { openThreads } from '../src/threads/index.ts';
import { interleave, median, report } from './harness.ts';
import { type AnnData, glove, type Hnsw, hnsw, RESULTS, recallAt, synthetic, usearch, wordnet } from './lib-ann.ts';

const K = 10;
/** Queries in one timed block, and blocks. */
const BLOCK = 100;
const ROUNDS = 20;
const TARGETS = [0.9, 0.95, 0.98, 0.99];

interface Setting {
  /** The curve that it lies on. */
  readonly curve: string;
  readonly label: string;
  readonly find: (query: Float32Array) => ArrayLike<number>;
  /** Instead of `find` for each query of a block. */
  readonly findAll?: (queries: Vectors) => Promise<unknown>;
}

interface Point extends Setting {
  readonly recall: number;
  readonly perSecond: number;
}

const quick = process.argv.includes('--quick');
const option = (name: string): string[] =>
  process.argv.flatMap((argument, i) => (argument === name ? [process.argv[i + 1] ?? ''] : []));
const chosen = option('--data')[0] ?? 'glove';
const limit = quick ? 50_000 : undefined;
const data: AnnData =
  chosen === 'clustered' || chosen === 'uniform'
    ? synthetic(chosen, limit ?? 300_000)
    : await (chosen === 'wordnet' ? wordnet(limit) : glove(limit));
const lists = quick ? 256 : 1024;
const specs = option('--spec');
if (specs.length === 0) specs.push(`ivf${lists},apq${data.base.dim / 2}x4,refine:full`);

const peer = hnsw(data);
const EXPANSIONS = [40, 80, 120, 200, 300, 450, 700];
const second = usearch(data, EXPANSIONS);
const indexes: { spec: string; index: VectorIndex; seconds: number }[] = [];
for (const spec of specs) {
  const start = performance.now();
  const index = await buildIndex(spec, data.base, { metric: 'ip' });
  indexes.push({ spec: index.spec, index, seconds: (performance.now() - start) / 1000 });
}

const count = Number(option('--threads')[0] ?? 0);
const threads = count > 0 ? await openThreads({ threads: count }) : undefined;
const shared: Setting[] = [];
if (threads !== undefined) {
  for (const { spec, index } of indexes) {
    const copy = await threads.shareIndex(index);
    for (const params of sweep(index)) {
      const alone = ours(`${spec}, ${count} threads`, index, params);
      shared.push({ ...alone, findAll: (queries) => copy.searchBatch(queries, params) });
    }
  }
}

const settings: Setting[] = [
  ...shared,
  ...indexes.flatMap(({ spec, index }) => sweep(index).map((params) => ours(spec, index, params))),
  ...[40, 80, 120, 160, 200, 300, 450, 700, 1000].map((ef) => theirs(peer.index, ef)),
  ...EXPANSIONS.map((expansion, i) => ({
    curve: 'usearch',
    label: `expansion ${expansion}`,
    find: (query: Float32Array) => second.searchers[i]!.find(query, K),
  })),
];
const recalls = settings.map(({ find }) => recallAt(K, data, allQueries().map(find)));
const times = await interleave(
  settings.map((setting, s) => ({ name: String(s), run: block(setting) })),
  { rounds: ROUNDS },
);
const points: Point[] = settings.map((setting, s) => ({
  ...setting,
  recall: recalls[s]!,
  perSecond: (1000 * BLOCK) / median(times.get(String(s))!),
}));

const curves = [...new Set(points.map(({ curve }) => curve))];
const frontiers = new Map(curves.map((curve) => [curve, frontier(points.filter((point) => point.curve === curve))]));
const RIVALS = ['hnswlib-node', 'usearch'];
const ratios: Record<string, number> = {};
for (const spec of curves.filter((curve) => !RIVALS.includes(curve))) {
  for (const rival of RIVALS) {
    for (const target of TARGETS) {
      const ratio = at(frontiers.get(spec)!, target) / at(frontiers.get(rival)!, target);
      if (Number.isFinite(ratio)) ratios[`queries/s at recall@10 ${target}: ${spec} / ${rival}`] = ratio;
    }
  }
}
for (const { spec, seconds } of indexes) ratios[`build time: hnswlib-node / ${spec}`] = peer.buildSeconds / seconds;
const file = `${RESULTS}ann-${chosen}`;
writeFileSync(`${file}.svg`, picture(frontiers));
const rows = points.map((point) => ({
  index: point.curve,
  setting: point.label,
  'recall@10': Number(point.recall.toFixed(4)),
  'queries/s': Math.round(point.perSecond),
  best: frontiers.get(point.curve)!.includes(point) ? '*' : '',
}));
writeFileSync(`${file}.json`, `${JSON.stringify({ data: data.name, k: K, rows, ratios }, null, 2)}\n`);
await threads?.close();
report({
  name: 'ann',
  threads: 1,
  columns: ['index', 'setting', 'recall@10', 'queries/s', 'best'],
  rows,
  ratios,
  notes: [
    `${data.name}: ${data.base.count} unit vectors of ${data.base.dim}, ${data.queries.count} queries that are none of them, inner product, top ${K}; recall over all queries, speed over ${ROUNDS} blocks of ${BLOCK}, medians.`,
    ...indexes.map(
      ({ spec, index, seconds }) =>
        `${spec}: built in ${seconds.toFixed(1)} s; ${(index.memory.scan / index.vectorCount).toFixed(1)} bytes a vector to scan, ${(index.memory.refine / index.vectorCount).toFixed(0)} to refine.`,
    ),
    `hnswlib-node: built in ${peer.buildSeconds.toFixed(0)} s (once, kept under bench/results/); ${(peer.bytes / data.base.count).toFixed(0)} bytes a vector, vectors included.`,
    `usearch: built in ${second.buildSeconds.toFixed(0)} s (once, kept under bench/results/); ${(second.bytes / data.base.count).toFixed(0)} bytes a vector, vectors included.`,
    ...TARGETS.map(
      (target) =>
        `At recall@10 ${target}: ${[...frontiers].map(([name, curve]) => `${name} ${Math.round(at(curve, target))}`).join(', ')} queries/s.`,
    ),
    `Curves: ${file}.svg, figures: ${file}.json`,
  ],
});

function sweep(index: VectorIndex): VectorSearchParams[] {
  if (index.lists === 1) return [2, 5, 10, 20].map((refine) => ({ k: K, refine }));
  const params: VectorSearchParams[] = [];
  for (const [share, refine] of [
    [0.02, 5],
    [0.03, 6],
    [0.04, 8],
    [0.045, 12],
    [0.05, 8],
    [0.052, 8],
    [0.05, 10],
    [0.055, 10],
    [0.065, 15],
    [0.09, 15],
    [0.12, 20],
    [0.16, 25],
    [0.22, 30],
  ] as const) {
    params.push({ k: K, nprobe: Math.max(1, Math.round(share * index.lists)), refine, earlyStop: false });
  }
  for (const [share, refine] of [
    [0.08, 8],
    [0.11, 10],
    [0.15, 12],
    [0.2, 15],
    [0.3, 20],
    [0.45, 25],
  ] as const) {
    params.push({ k: K, nprobe: Math.max(1, Math.round(share * index.lists)), refine, earlyStop: true });
  }
  return params;
}

function ours(curve: string, index: VectorIndex, params: VectorSearchParams): Setting {
  const label = `nprobe ${params.nprobe ?? 1}${params.earlyStop === true ? ', early stop' : ''}, refine ${params.refine}`;
  return { curve, label, find: (query) => index.search(query, params).ids };
}

function theirs(index: Hnsw, ef: number): Setting {
  return {
    curve: 'hnswlib-node',
    label: `ef ${ef}`,
    find: (query) => {
      index.setEf(ef);
      return index.searchKnn(Array.from(query), K).neighbors;
    },
  };
}

function allQueries(): Float32Array[] {
  return Array.from({ length: data.queries.count }, (_, q) => data.queries.row(q));
}

/** Every call takes the next block of queries, the same for all contestants. */
function block({ find, findAll }: Setting): () => void | Promise<void> {
  let next = 0;
  if (findAll !== undefined) {
    return async () => {
      await findAll(data.queries.slice(next, next + BLOCK));
      next = (next + BLOCK) % data.queries.count;
    };
  }
  return () => {
    for (let i = 0; i < BLOCK; i++) find(data.queries.row((next + i) % data.queries.count));
    next += BLOCK;
  };
}

/** The points that no other beats in both, by ascending recall. */
function frontier(all: readonly Point[]): Point[] {
  return all
    .filter((a) => !all.some((b) => b !== a && b.recall >= a.recall && b.perSecond > a.perSecond))
    .sort((a, b) => a.recall - b.recall);
}

/** Queries per second at a recall, interpolated in the logarithm; NaN beyond the curve. */
function at(curve: readonly Point[], recall: number): number {
  const above = curve.findIndex((point) => point.recall >= recall);
  if (above < 0) return Number.NaN;
  const high = curve[above]!;
  const low = curve[above - 1];
  if (low === undefined) return high.perSecond;
  const share = (recall - low.recall) / (high.recall - low.recall);
  return low.perSecond ** (1 - share) * high.perSecond ** share;
}

/** Recall against queries per second. */
function picture(all: ReadonlyMap<string, readonly Point[]>): string {
  return lineChart({
    title: `Nearest neighbours, ${data.name}, one thread`,
    x: { label: `recall@${K}` },
    y: { label: 'queries/s', log: true },
    series: [...all].map(([label, points]) => ({
      label,
      points: points.map(({ recall, perSecond }) => [recall, perSecond] as const),
    })),
  });
}
