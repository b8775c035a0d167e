// What feedback does: nDCG@10 and recall@100 of pipelines with and without `prf`, at its defaults, on the collections that docs/search.md reports on.
// `npm run bench -- feedback [SET...]`; with `--development` on what the defaults were chosen on, at several settings. `--keep FOLDER` keeps collections.
import { parseArgs } from 'node:util';
import { DEFAULT_ENCODER, openEncoder } from '../src/encode/registry.ts';
import { report } from './harness.ts';
import { mean, ndcg } from './lib-beir.ts';
import { DEVELOPMENT, indexed, REPORTED, recall, rememberingQueries, signed } from './lib-ranking.ts';

/** Of each set; metatool has 20,558. */
const MOST_QUERIES = process.argv.includes('--development') ? 60 : 500;
const AT_DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  words: ['prf(rm3)', 'prf(bo1)'],
  meaning: ['prf(rocchio)'],
  hybrid: ['prf(rm3)', 'prf(bo1)', 'prf(rocchio)', 'prf(rm3) > prf(rocchio)'],
};
const tried = (by: string, docs: readonly number[], originals: readonly number[]): string[] =>
  docs.flatMap((count) => originals.map((original) => `prf(${by}, fb_docs=${count}, original=${original})`));
const TERMS = [...tried('rm3', [3, 10], [0.8, 0.9]), ...tried('bo1', [3], [0.8, 0.9])];
const VECTORS = [...tried('rocchio', [3], [0.8, 0.9]), ...tried('rocchio', [5], [0.9])];
const TRIED: Readonly<Record<string, readonly string[]>> = {
  words: TERMS,
  meaning: VECTORS,
  hybrid: [...TERMS, ...VECTORS],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { development: { type: 'boolean' }, keep: { type: 'string' }, json: { type: 'boolean' } },
});
const sets = (values.development === true ? DEVELOPMENT : REPORTED).filter(
  ({ label, name }) => positionals.length === 0 || positionals.includes(name) || positionals.includes(label),
);
const pipelines = Object.entries(values.development === true ? TRIED : AT_DEFAULTS).flatMap(([base, steps]) =>
  [undefined, ...steps].map((step) => ({ base, text: step === undefined ? base : `${base} > ${step}` })),
);
const opened = await openEncoder(DEFAULT_ENCODER);
// Dozens of settings ask the same; what is timed encodes each time.
const encoder = values.development === true ? rememberingQueries(opened) : opened;
const measured = new Map<string, { ndcg: number[]; recall: number[]; ms: number[] }>();
const notes: string[] = [];
const labels: string[] = [];
for (const one of sets) {
  await using ready = await indexed(one, encoder, values.keep);
  if (ready === undefined) {
    notes.push(`${one.label}: needs-data, set SAGITTA_DATA to the folder that holds ${one.name}`);
    continue;
  }
  labels.push(one.label);
  const { set, collection } = ready;
  const queries = [...set.queries].slice(0, MOST_QUERIES);
  for (const { text } of pipelines) {
    const [gains, recalls]: [number[], number[]] = [[], []];
    const start = performance.now();
    for (const [id, query] of queries) {
      const { ids } = await collection.rank(query, { pipeline: text, k: 100, syntax: false });
      gains.push(ndcg(ids, set.judgements.get(id)!));
      recalls.push(recall(ids, set.judgements.get(id)!));
    }
    const of = measured.get(text) ?? { ndcg: [], recall: [], ms: [] };
    of.ndcg.push(mean(gains));
    of.recall.push(mean(recalls));
    of.ms.push((performance.now() - start) / queries.length);
    measured.set(text, of);
    console.error(`${one.label} ${text}: ${mean(gains).toFixed(4)} ${mean(recalls).toFixed(4)}`);
  }
}

const rows = pipelines.flatMap(({ base, text }) => {
  const [own, without] = [measured.get(text), measured.get(base)];
  if (own === undefined || without === undefined) return [];
  const cell = (i: number): string =>
    text === base
      ? `${own.ndcg[i]!.toFixed(4)} ${own.recall[i]!.toFixed(4)}`
      : `${signed(own.ndcg[i]! - without.ndcg[i]!)} ${signed(own.recall[i]! - without.recall[i]!)}`;
  return [
    {
      pipeline: text,
      ...Object.fromEntries(labels.map((label, i) => [label, cell(i)])),
      mean:
        text === base
          ? `${mean(own.ndcg).toFixed(4)} ${mean(own.recall).toFixed(4)}`
          : `${signed(mean(own.ndcg) - mean(without.ndcg))} ${signed(mean(own.recall) - mean(without.recall))}`,
      'ms a query': mean(own.ms).toFixed(1),
    },
  ];
});
report({
  name: 'feedback',
  threads: 2,
  columns: ['pipeline', ...labels, 'mean', 'ms a query'],
  rows,
  notes: [
    ...notes,
    `nDCG@10 and recall@100, encoder ${DEFAULT_ENCODER}, the first ${MOST_QUERIES} queries of each; with feedback, what it adds`,
  ],
});
