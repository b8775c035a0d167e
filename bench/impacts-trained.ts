// What learned impacts of words are worth: `sagitta tune --what impact` on judgements, nDCG@10 of questions that were held out, impacts against BM25, without embeddings. SciFact has
// questions to train on and others to test on; of other sets a quarter is held out. `npm run bench -- impacts-trained [SET...]`; `--flops X` and others as of the command.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCollection } from '../src/collection/index.ts';
import type { Comparison } from '../src/eval/index.ts';
import { type TuneExample, tuneImpact } from '../src/train/index.ts';
import { report } from './harness.ts';
import { examplesOf, readCollection, untested } from './lib-beir.ts';
import { REPORTED, signed } from './lib-ranking.ts';

/** Of each set. */
const MOST_QUERIES = 1200;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    flops: { type: 'string' },
    epochs: { type: 'string' },
    'learning-rate': { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean' },
  },
});
const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
const rows: Record<string, string | number>[] = [];
const notes: string[] = [];
for (const { label, name, parts } of REPORTED) {
  if (positionals.length > 0 && !positionals.includes(label) && !positionals.includes(name)) continue;
  const test = await readCollection(name, parts);
  const train = name === 'scifact' ? await readCollection(name, { qrels: 'qrels-train.tsv' }) : undefined;
  if (test === undefined) {
    notes.push(`${label}: needs-data, set SAGITTA_DATA to the folder that holds ${name}`);
    continue;
  }
  const examples: readonly TuneExample[] =
    train === undefined ? examplesOf(test).slice(0, MOST_QUERIES) : untested(train, test);
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-bench-'));
  try {
    await using collection = await openCollection(folder, { create: true, encoder: 'none' });
    await collection.add(test.documents);
    const { passages } = await collection.inspect();
    const flops = number(values.flops);
    const epochs = number(values.epochs);
    const learningRate = number(values['learning-rate']);
    const found = await tuneImpact(collection, {
      examples,
      ...(train === undefined ? {} : { test: examplesOf(test) }),
      dryRun: true,
      seed: Number(values.seed),
      ...(flops === undefined ? {} : { flops }),
      ...(epochs === undefined ? {} : { epochs }),
      ...(learningRate === undefined ? {} : { learningRate }),
    });
    const unseen = found.servedUnseen;
    rows.push({
      collection: label,
      'trained on': found.queries.train,
      questions: found.queries.test,
      BM25: found.alone.baselineMean.toFixed(4),
      impacts: signed(found.alone.difference),
      p: found.alone.p.randomisation.toFixed(4),
      unseen: unseen === undefined ? '-' : shown(unseen),
      'impacts a passage': (found.impacts.count / passages).toFixed(1),
      'at the greatest': found.impacts.full,
      'training s': Math.round(found.trainedMs / 1000),
      's in all': Math.round(found.tookMs / 1000),
    });
    console.error(
      JSON.stringify({ label, curve: found.curve.map(({ validation }) => validation), best: found.bestStep }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
report({
  name: 'impacts-trained',
  threads: 2,
  columns: [
    'collection',
    'trained on',
    'questions',
    'BM25',
    'impacts',
    'p',
    'unseen',
    'impacts a passage',
    'at the greatest',
    'training s',
    's in all',
  ],
  rows,
  notes: [
    'nDCG@10 of the words field, the change with impacts in its place, and the p of a paired randomisation test. Unseen: the change on questions for documents that training did not name.',
    ...notes,
  ],
});

function shown({ difference, p, power }: Comparison): string {
  return `${signed(difference)} (${power.queries}; p ${p.randomisation.toFixed(3)})`;
}
