// What does training on SciFact's training judgements give on its test queries, dense and hybrid? One row a recipe.
// Recipes named on the command line are run, all of them by default: npm run bench -- training-scifact full lora
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCollection } from '../src/collection/index.ts';
import { type TuneOptions, tune } from '../src/train/index.ts';
import { report } from './harness.ts';
import { readCollection, type TestCollection } from './lib-beir.ts';

const THREADS = 2;
const recipes: Readonly<Record<string, Omit<TuneOptions, 'examples'>>> = {
  adapter: { what: 'adapter' },
  linear: { what: 'adapter', adapter: { form: 'linear' } },
  full: { what: 'encoder', learningRate: 2e-4 },
  'bm25-negatives': { what: 'encoder', learningRate: 2e-4, negatives: 1 },
  distill: { what: 'encoder', learningRate: 2e-4, negatives: 1, distill: true },
  lora: { what: 'encoder', learningRate: 1e-3, tuning: { lora: { rank: 16, alpha: 16 } } },
  side: { what: 'encoder', learningRate: 1e-3, tuning: { side: { rank: 32 } } },
  query: { what: 'query' },
  table: { what: 'table' },
};

const training = await readCollection('scifact', { qrels: 'qrels-train.tsv' });
const testing = await readCollection('scifact');
if (training === undefined || testing === undefined) {
  console.log('needs-data: scifact (see SAGITTA_DATA)');
} else {
  await measure(training, testing);
}

async function measure(train: TestCollection, test: TestCollection): Promise<void> {
  const examplesOf = ({ queries, judgements }: TestCollection) =>
    [...queries].map(([id, query]) => ({ query, relevant: [...judgements.get(id)!.keys()] }));
  const tested = examplesOf(test);
  // Two claims are in both sets under different ids.
  const known = new Set(tested.map(({ query }) => query.toLowerCase().trim()));
  const examples = examplesOf(train).filter(({ query }) => !known.has(query.toLowerCase().trim()));
  const named = process.argv.slice(2).filter((argument) => Object.hasOwn(recipes, argument));
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-training-'));
  const rows: Record<string, string | number>[] = [];
  try {
    await using collection = await openCollection(folder, { create: true });
    await collection.add(train.documents);
    for (const name of named.length > 0 ? named : Object.keys(recipes)) {
      const result = await tune(collection, {
        examples,
        test: tested,
        dryRun: true,
        threads: THREADS,
        ...recipes[name]!,
      });
      const { dense, denseUnseen, hybrid, hybridOverBm25 } = result;
      rows.push({
        recipe: name,
        dense: dense.systemMean.toFixed(4),
        'dense gain': dense.difference.toFixed(4),
        p: dense.p.randomisation.toFixed(4),
        'unseen before': denseUnseen!.baselineMean.toFixed(4),
        unseen: denseUnseen!.systemMean.toFixed(4),
        'unseen p': denseUnseen!.p.randomisation.toFixed(4),
        hybrid: hybrid.systemMean.toFixed(4),
        'hybrid p': hybrid.p.randomisation.toFixed(4),
        'over BM25': hybridOverBm25.difference.toFixed(4),
        'over BM25 p': hybridOverBm25.p.randomisation.toFixed(4),
        steps: result.steps,
        'train s': Math.round(result.trainedMs / 1000),
      });
      console.log(
        `${name}: dense ${dense.baselineMean.toFixed(4)} -> ${dense.systemMean.toFixed(4)}, hybrid ${hybrid.baselineMean.toFixed(4)} -> ${hybrid.systemMean.toFixed(4)}, BM25 ${result.bm25.toFixed(4)}, unseen ${denseUnseen!.baselineMean.toFixed(4)} -> ${denseUnseen!.systemMean.toFixed(4)} (${denseUnseen!.power.queries})`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  report({
    name: 'training-scifact',
    threads: THREADS,
    columns: [
      'recipe',
      'dense',
      'dense gain',
      'p',
      'unseen before',
      'unseen',
      'unseen p',
      'hybrid',
      'hybrid p',
      'over BM25',
      'over BM25 p',
      'steps',
      'train s',
    ],
    rows,
    notes: [
      `nDCG@10 of ${tested.length} test queries; ${examples.length} training queries, of which a fifth is for validation; seed 1`,
      'p: two-sided paired randomisation test against the untrained encoder, the untrained hybrid, and BM25',
      'unseen: test queries none of whose relevant documents is relevant to a training query',
      'hybrid: the default fusion with the default weights, which were chosen for the untrained encoder',
    ],
  });
}
