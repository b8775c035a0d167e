// Do queries made from documents stand for what people ask? An adapter is trained on made queries alone, and tested on other made ones
// and on real ones. Collections as arguments: npm run bench -- training-synthetic gorilla_apibench clapnq_dev
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCollection } from '../src/collection/index.ts';
import { type TuneExample, type TuneReport, tune } from '../src/train/index.ts';
import { report } from './harness.ts';
import { readCollection } from './lib-beir.ts';

const THREADS = 2;
const SEED = 1;
const given = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const names = given.length > 0 ? given : ['gorilla_apibench', 'clapnq_dev'];

const rows: Record<string, string | number>[] = [];
const missing: string[] = [];
for (const name of names) {
  const data = await readCollection(name);
  if (data === undefined) {
    missing.push(name);
    continue;
  }
  const { documents, queries, judgements } = data;
  const real = [...queries].flatMap(([id, query]): TuneExample[] => {
    const relevant = [...(judgements.get(id) ?? [])].filter(([, grade]) => grade > 0).map(([document]) => document);
    return relevant.length === 0 ? [] : [{ query, relevant }];
  });
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-synthetic-'));
  try {
    await using collection = await openCollection(folder, { create: true });
    await collection.add(documents);
    const options = { examples: 'synthetic', dryRun: true, threads: THREADS, seed: SEED } as const;
    rows.push(rowOf(name, 'made', await tune(collection, options)));
    rows.push(rowOf(name, 'real', await tune(collection, { ...options, test: real })));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
report({
  name: 'training-synthetic',
  threads: THREADS,
  columns: ['collection', 'tested on', 'queries', 'before', 'after', 'change', 'p'],
  rows,
  notes: [
    `nDCG@10 of dense retrieval by use-lite with the default adapter, trained on made queries alone (seed ${SEED}); p of the paired randomisation test`,
    ...missing.map((name) => `needs-data: ${name} (see SAGITTA_DATA)`),
  ],
});

function rowOf(collection: string, tested: string, { dense }: TuneReport): Record<string, string | number> {
  return {
    collection,
    'tested on': tested,
    queries: dense.power.queries,
    before: dense.baselineMean.toFixed(4),
    after: dense.systemMean.toFixed(4),
    change: dense.difference.toFixed(4),
    p: dense.p.randomisation.toFixed(4),
  };
}
