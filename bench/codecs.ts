/**
 * What each codec costs and keeps: bytes, time of training, coding and scanning, recall without refinement, and how many of the ten
 * nearest are among the hundred best codes (what `refine` with 10 would find).
 *
 *   npm run bench -- codecs [--data glove|wordnet] [--json]
 *
 * 100,000 vectors in one list, 500 queries, inner product, one thread.
 */
import { parseSpec } from '../src/index/index.ts';
import { IvfIndex } from '../src/index/ivf/ivf.ts';
import { IvfModel } from '../src/index/ivf/model.ts';
import { median, report } from './harness.ts';
import { glove, recallAt, wordnet } from './lib-ann.ts';

const chosen = process.argv[process.argv.indexOf('--data') + 1] === 'wordnet' ? 'wordnet' : 'glove';
const data = await (chosen === 'wordnet' ? wordnet(100_000) : glove(100_000));
const { dim } = data.base;
const QUERIES = 500;
const queries = Array.from({ length: QUERIES }, (_, q) => data.queries.row(q));
const [half, quarter, eighth, sixteenth] = [2, 4, 8, 16].map((part) => Math.ceil(dim / part));

const specs = [
  'f16',
  'sq8',
  'sq4',
  'rot,sq4',
  'rabitq4',
  'rabitq2',
  'rabitq1',
  `bin${dim}`,
  `pq${half}x4`,
  `apq${half}x4`,
  `opq,apq${half}x4`,
  `pq${quarter}x4`,
  `apq${quarter}x4`,
  `opq,apq${quarter}x4`,
  `apq${eighth}x4`,
  `opq,apq${eighth}x4`,
  `opq,apq${eighth}x8`,
  `opq,apq${sixteenth}x8`,
  `opq,pq${eighth}x4+pq${eighth}x4`,
  ...(dim >= 256 ? [`pca${quarter},apq${eighth}x4`, `pca${quarter},sq8`, `opq,apq${sixteenth}x4`] : []),
];

const rows = [];
for (const spec of specs) {
  const start = performance.now();
  const model = await IvfModel.train(data.base, parseSpec(spec));
  const trained = performance.now();
  const index = new IvfIndex(model);
  index.add(data.base);
  const added = performance.now();
  const found = queries.map((query) => index.search(query, { k: 100 }).ids);
  const times = queries.map((query) => {
    const from = performance.now();
    index.search(query, { k: 10 });
    return performance.now() - from;
  });
  const ten = queries.map((query) => index.search(query, { k: 10 }).ids);
  rows.push({
    codec: spec,
    'bytes a code': model.parts.quantizer.codeSize,
    'recall@10': Number(recallAt(10, data, ten).toFixed(3)),
    '10 in 100': Number(tenInHundred(found).toFixed(3)),
    'train s': (trained - start) / 1000,
    'code vectors/s': Math.round((1000 * data.base.count) / (added - trained)),
    'scan ms': median(times),
  });
}
report({
  name: `codecs, ${data.name}`,
  threads: 1,
  columns: ['codec', 'bytes a code', 'recall@10', '10 in 100', 'train s', 'code vectors/s', 'scan ms'],
  rows,
  notes: [
    `${data.base.count} unit vectors of ${dim} in one list, ${QUERIES} queries that are none of them, inner product, medians.`,
    '"10 in 100": the share of the ten nearest among the hundred best codes, what refining a hundred candidates finds.',
  ],
});

function tenInHundred(found: readonly Uint32Array[]): number {
  const depth = data.truth.length / data.queries.count;
  let hits = 0;
  for (const [q, ids] of found.entries()) {
    const wanted = new Set(data.truth.subarray(q * depth, q * depth + 10));
    for (const id of ids) if (wanted.has(id)) hits++;
  }
  return hits / (10 * found.length);
}
