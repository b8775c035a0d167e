// What does training on SciFact's training judgements give on its test queries, dense and hybrid? One row a recipe.
// Recipes named on the command line are run, all of them by default: npm run bench -- training-scifact full lora
// `--in=FOLDER` keeps the collection there, or takes the one that is there: encoding it takes a minute or more.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import { Vectors } from '../src/base/vectors.ts';
import { type Collection, openCollection } from '../src/collection/index.ts';
import type { Comparison } from '../src/eval/index.ts';
import {
  checkExamples,
  ridgeMap,
  type TuneExample,
  type TuneOptions,
  type TuneReport,
  tune,
} from '../src/train/index.ts';
import { compareOnTest } from '../src/train/tune/comparison.ts';
import { documentsIn, METRIC, measure as measureRankings, rank, TuneCorpus } from '../src/train/tune/corpus.ts';
import { report } from './harness.ts';
import { examplesOf, readCollection, type TestCollection, untested } from './lib-beir.ts';

const THREADS = 2;
const SEED = 1;
const LORA = { rank: 16, alpha: 16 };
const recipes: Readonly<Record<string, Omit<TuneOptions, 'examples'>>> = {
  adapter: { what: 'adapter' },
  linear: { what: 'adapter', adapter: { form: 'linear' } },
  query: { what: 'query' },
  'query, lora': { what: 'query', tuning: { lora: LORA } },
  table: { what: 'table' },
  lora: { what: 'encoder', tuning: { lora: LORA } },
  side: { what: 'encoder', tuning: { side: { rank: 32 } } },
  full: { what: 'encoder' },
  'full, BM25 negatives': { what: 'encoder', negatives: 1 },
  'full, distillation': { what: 'encoder', negatives: 1, distill: true },
};
const RIDGE = 'ridge';
/** Weights of staying as it is, in training pairs, among which validation chooses. */
const STRENGTHS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];

const training = await readCollection('scifact', { qrels: 'qrels-train.tsv' });
const testing = await readCollection('scifact');
if (training === undefined || testing === undefined) {
  console.log('needs-data: scifact (see SAGITTA_DATA)');
} else {
  await measure(training, testing);
}

/** What a row shows. */
interface Outcome {
  readonly dense: Comparison;
  readonly denseUnseen?: Comparison;
  readonly served: Comparison;
  readonly servedOverBm25: Comparison;
  readonly bm25: number;
  readonly denseShare: TuneReport['denseShare'];
  /** Best nDCG@10 on the validation queries, and what was chosen by it. */
  readonly validation: number;
  readonly kept: string;
  readonly seconds: number;
}

async function measure(train: TestCollection, test: TestCollection): Promise<void> {
  const tested = examplesOf(test);
  const examples = untested(train, test);
  const all = [...Object.keys(recipes), RIDGE];
  const given = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  for (const name of given)
    if (!all.includes(name)) throw new Error(`No recipe "${name}". There are: ${all.join(', ')}.`);
  const kept = process.argv.find((argument) => argument.startsWith('--in='))?.slice('--in='.length);
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'sagitta-training-'));
  const rows: Record<string, string | number>[] = [];
  try {
    await using collection = await openCollection(folder, { create: true });
    if ((await collection.inspect()).documents === 0) await collection.add(train.documents);
    for (const name of given.length > 0 ? given : all) {
      const outcome =
        name === RIDGE
          ? await ridge(collection, examples, tested)
          : await tuned(collection, { examples, test: tested, ...recipes[name]! });
      const { dense, denseUnseen, served: hybrid, servedOverBm25: hybridOverBm25 } = outcome;
      rows.push({
        recipe: name,
        dense: dense.systemMean.toFixed(4),
        p: dense.p.randomisation.toFixed(4),
        unseen: denseUnseen!.systemMean.toFixed(4),
        'unseen p': denseUnseen!.p.randomisation.toFixed(4),
        hybrid: hybrid.systemMean.toFixed(4),
        'hybrid p': hybrid.p.randomisation.toFixed(4),
        share: outcome.denseShare.after,
        'over BM25': hybridOverBm25.difference.toFixed(4),
        'over BM25 p': hybridOverBm25.p.randomisation.toFixed(4),
        validation: outcome.validation.toFixed(4),
        kept: outcome.kept,
        'train s': Math.round(outcome.seconds),
      });
      console.log(
        `${Object.entries(rows.at(-1)!)
          .map(([column, value]) => `${column} ${value}`)
          .join(
            ', ',
          )}; before: dense ${dense.baselineMean.toFixed(4)}, unseen ${denseUnseen!.baselineMean.toFixed(4)} (${denseUnseen!.power.queries}), hybrid ${hybrid.baselineMean.toFixed(4)}, BM25 ${outcome.bm25.toFixed(4)}`,
      );
    }
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
  report({
    name: 'training-scifact',
    threads: THREADS,
    columns: [
      'recipe',
      'dense',
      'p',
      'unseen',
      'unseen p',
      'hybrid',
      'hybrid p',
      'share',
      'over BM25',
      'over BM25 p',
      'validation',
      'kept',
      'train s',
    ],
    rows,
    notes: [
      `nDCG@10 of ${tested.length} test queries; ${examples.length} training queries, of which a fifth is for validation; seed ${SEED}`,
      'p: two-sided paired randomisation test against the untrained encoder; hybrid p: against the untrained hybrid; over BM25: the hybrid after training against BM25 alone',
      'unseen: test queries none of whose relevant documents is relevant to a training query',
      'hybrid: the default fusion; share: that of the dense ranking, chosen on the validation queries (before: what the encoder has)',
      'validation: best nDCG@10 of the held-out training queries, by which the state that is tested was kept; among a pool of passages where those are encoded again, among all of them elsewhere',
    ],
  });
}

async function tuned(collection: Collection, options: TuneOptions): Promise<Outcome> {
  const result = await tune(collection, { ...options, dryRun: true, threads: THREADS, seed: SEED });
  return {
    ...result,
    validation: Math.max(...result.curve.map(({ validation }) => validation)),
    kept: `step ${result.bestStep} of ${result.steps}`,
    seconds: result.trainedMs / 1000,
  };
}

/** No training at all: the linear map of queries onto their documents in closed form. */
async function ridge(collection: Collection, examples: TuneExample[], tested: TuneExample[]): Promise<Outcome> {
  const snapshot = await collection.snapshot();
  try {
    const corpus = new TuneCorpus(collection, snapshot);
    const base = (await collection.encoder())!;
    // The same split as `tune` makes.
    const checked = checkExamples(examples, (id) => snapshot.findDocument(id) !== undefined);
    const train = new Random(SEED).shuffle([...checked.examples]);
    const validation = train.splice(0, Math.min(300, Math.max(4, Math.round(train.length / 5))));
    const encode = (list: readonly TuneExample[]) =>
      base.encode(
        list.map(({ query }) => query),
        { role: 'query' },
      );
    const own = await encode(train);
    const held = await encode(validation);
    const start = performance.now();
    const pairs = train.flatMap(({ relevant }, query) =>
      relevant.flatMap((id) => corpus.passagesOf(id).map((passage) => ({ query, passage }))),
    );
    const x = Vectors.fromRows(pairs.map(({ query }) => own.row(query)));
    const y = Vectors.fromRows(pairs.map(({ passage }) => corpus.vectors.row(passage)));
    const mapped = (strength: number, queries: Vectors): Vectors => ridgeMap(x, y, { strength }).apply(queries);
    const scored = [];
    for (const strength of STRENGTHS) {
      const rankings = rank(mapped(strength, held), corpus.vectors);
      scored.push({ strength, ndcg: measureRankings(documentsIn(corpus, rankings), validation).mean(METRIC) });
    }
    const best = scored.reduce((a, b) => (b.ndcg > a.ndcg ? b : a));
    const seconds = (performance.now() - start) / 1000;
    const result = await compareOnTest({
      corpus,
      trained: train,
      validation,
      examples: tested,
      before: base,
      pipeline: 'hybrid',
      after: {
        encodeQueries: async (texts) => mapped(best.strength, await base.encode(texts, { role: 'query' })),
        encodePassages: async () => corpus.vectors,
      },
      level: 0.05,
    });
    return { ...result, validation: best.ndcg, kept: `strength ${best.strength}`, seconds };
  } finally {
    snapshot.close();
  }
}
