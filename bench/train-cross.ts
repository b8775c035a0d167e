// Trains a cross-encoder on judged queries of some collections and measures it on others: nDCG@10 of hybrid search alone, ranked again by it, and by token vectors.
// npm run bench -- train-cross [SET...] [--lists 4000] [--passages 8] [--epochs 1] [--rate 5e-4] [--rank 16] [--objective listwise] [--length 160] [--keep FOLDER] [--out FILE];
// `--from FILE` trains no more and measures that file; `--development` measures on what weights are chosen on.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../src/base/random.ts';
import { openCross } from '../src/encode/cross/open.ts';
import { trainableCross } from '../src/encode/cross/trainable.ts';
import { type CrossWeights, readCross, writeCross } from '../src/encode/cross/weights.ts';
import { DEFAULT_ENCODER, openEncoder } from '../src/encode/registry.ts';
import { nativeRuntime } from '../src/encode/runtime.ts';
import { quantile, randomisationTest } from '../src/eval/index.ts';
import { crossReranker } from '../src/rerank/index.ts';
import { type CrossExample, type CrossObjective, trainCross } from '../src/train/index.ts';
import { report } from './harness.ts';
import { mean, ndcg } from './lib-beir.ts';
import { DEVELOPMENT, indexed, type RankedSet, REPORTED, rememberingQueries, signed } from './lib-ranking.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lists: { type: 'string', default: '4000' },
    passages: { type: 'string', default: '8' },
    epochs: { type: 'string', default: '1' },
    rate: { type: 'string', default: '5e-4' },
    rank: { type: 'string', default: '16' },
    objective: { type: 'string', default: 'listwise' },
    length: { type: 'string', default: '160' },
    development: { type: 'boolean' },
    keep: { type: 'string' },
    from: { type: 'string' },
    out: { type: 'string' },
    json: { type: 'boolean' },
  },
});
/** What is trained on: never what is reported on. */
const TRAINED: readonly RankedSet[] = [...DEVELOPMENT, { label: 'gorilla', name: 'gorilla_apibench' }];
/** Queries of a collection that are trained on, and those after them that weights are chosen on. */
const [MOST, CHOSEN] = [1500, 60];
/** Queries of a collection that are measured. */
const MEASURED = 300;
/** Candidates that negatives are drawn from, and those that are ranked again. */
const [CANDIDATES, DEPTH] = [30, 20];
const WEIGHTS = values.development === true ? [0.25, 0.5, 0.75, 1] : [0.5, 1];

const encoder = rememberingQueries(await openEncoder(DEFAULT_ENCODER));
const notes: string[] = [];
const weights = values.from === undefined ? await trained() : readCross(readFileSync(values.from), values.from);
if (values.out !== undefined) writeFileSync(values.out, writeCross(weights));
await measured(weights);
await encoder.dispose?.();

async function trained(): Promise<CrossWeights> {
  const examples: CrossExample[] = [];
  for (const one of TRAINED) {
    await using opened = await indexed(one, encoder, keepOf(one));
    if (opened === undefined) {
      notes.push(`${one.label}: needs-data`);
      continue;
    }
    const { set, collection } = opened;
    const texts = new Map(set.documents.map(({ id, title, text }) => [id, [title, text].filter(Boolean).join('\n')]));
    for (const [id, query] of [...set.queries].slice(CHOSEN, CHOSEN + MOST)) {
      const relevant = [...set.judgements.get(id)!.keys()];
      const { ids } = await collection.rank(query, { k: CANDIDATES, pipeline: 'hybrid', syntax: false });
      const known = new Set(relevant);
      const textsOf = (some: readonly string[]) => some.flatMap((one) => texts.get(one) ?? []);
      examples.push({
        query,
        positives: textsOf(relevant),
        negatives: textsOf(ids.filter((found) => !known.has(found))),
      });
    }
    console.error(`${one.label}: ${examples.length} lists so far`);
  }
  new Random(1).shuffle(examples);
  const rank = Number(values.rank);
  const cross = await trainableCross('minilm', {
    lora: { rank, alpha: rank },
    maxLength: Number(values.length),
    seed: 1,
  });
  const start = performance.now();
  const { steps, loss } = await trainCross(cross, examples.slice(0, Number(values.lists)), {
    runtime: await nativeRuntime(),
    objective: values.objective as CrossObjective,
    passages: Number(values.passages),
    epochs: Number(values.epochs),
    learningRate: Number(values.rate),
    onProgress: ({ step, steps: all, loss: now, msLeft = 0 }) => {
      if (step % 25 === 0)
        console.error(`step ${step} of ${all}, loss ${now.toFixed(4)}, ${Math.round(msLeft / 60_000)} min left`);
    },
  });
  const took = Math.round((performance.now() - start) / 1000);
  notes.push(`trained ${steps} steps in ${took} s on ${examples.length} lists at hand, loss ${loss.toFixed(4)}`);
  return cross.learned({
    made: 'npm run bench -- train-cross',
    sets: TRAINED.map(({ label }) => label),
    ...values,
    steps,
    loss,
  });
}

/** Collections that one folder holds under the same name are different ones. */
function keepOf({ label }: RankedSet): string | undefined {
  return values.keep === undefined ? undefined : join(values.keep, label.replace(/\W+/g, '-'));
}

async function measured(file: CrossWeights): Promise<void> {
  const cross = await openCross('measured', file);
  const rerankers = [crossReranker(async () => cross, { id: 'cross', depth: DEPTH, budgetMs: 600_000 })];
  const rows: Record<string, string | number>[] = [];
  const gains = new Map(WEIGHTS.map((weight) => [weight, [] as number[]]));
  for (const one of values.development === true ? DEVELOPMENT : REPORTED) {
    if (positionals.length > 0 && !positionals.includes(one.label) && !positionals.includes(one.name)) continue;
    await using opened = await indexed(one, encoder, keepOf(one), { rerankers });
    if (opened === undefined) {
      notes.push(`${one.label}: needs-data`);
      continue;
    }
    const { set, collection } = opened;
    const queries = [...set.queries].slice(0, values.development === true ? CHOSEN : MEASURED);
    const run = async (pipeline: string) => {
      const [found, times]: [number[], number[]] = [[], []];
      for (const [id, query] of queries) {
        const start = performance.now();
        const { ids } = await collection.rank(query, { pipeline, k: 10, syntax: false });
        times.push(performance.now() - start);
        found.push(ndcg(ids, set.judgements.get(id)!));
      }
      return { found, ms: quantile(times, 0.5) };
    };
    const without = await run('hybrid');
    const row: Record<string, string | number> = {
      collection: one.label,
      queries: queries.length,
      hybrid: mean(without.found).toFixed(4),
      'ms hybrid': without.ms.toFixed(1),
    };
    for (const weight of WEIGHTS) {
      const { found, ms } = await run(`hybrid > rerank(cross, weight=${weight})`);
      const difference = found.map((value, i) => value - without.found[i]!);
      gains.get(weight)!.push(mean(difference));
      row[`weight ${weight}`] = `${signed(mean(difference))}, p ${randomisationTest(difference).toFixed(4)}`;
      row['ms cross'] = ms.toFixed(1);
    }
    rows.push(row);
    console.error(JSON.stringify(row));
  }
  const means = [...gains].map(([weight, all]) => [`weight ${weight}`, signed(mean(all))] as const);
  rows.push({ collection: 'mean', ...Object.fromEntries(means) });
  await cross.dispose();
  report({
    name: 'train-cross',
    threads: 2,
    columns: ['collection', 'queries', 'hybrid', ...means.map(([name]) => name), 'ms hybrid', 'ms cross'],
    rows,
    notes: [
      ...notes,
      `nDCG@10 of hybrid search by ${DEFAULT_ENCODER}, and what ranking its first ${DEPTH} again adds, by what the new scores count; p of the paired randomisation test, not adjusted`,
      `trained on ${TRAINED.map(({ label }) => label).join(', ')}; on their first ${CHOSEN} queries, which are not trained on, with --development`,
    ],
  });
}
