import pc from 'picocolors';
import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { nativeRuntime } from '../encode/runtime.ts';
import { type Comparison, readJudgements, readQueries } from '../eval/index.ts';
import { type LearnedIndex, learnIndex, specOf } from '../train/index.ts';
import { smallSegments } from './coverage.ts';
import { openHere } from './opening.ts';
import { bytes, number, plural, print, printJson, table } from './output.ts';
import { Progress } from './progress.ts';

export interface LearnIndexCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly bytes: number;
  readonly queries?: string;
  readonly qrels?: string;
  readonly labels: boolean;
  readonly steps: number;
  readonly learningRate?: number;
  readonly seed: number;
  readonly dryRun: boolean;
  readonly refine: boolean;
  readonly quiet: boolean;
}

/** `sagitta learn-index`: learns a code for a collection's vectors, compares it at equal bytes, and deploys the best. */
export async function learnIndexCommand(options: LearnIndexCommandOptions, signal: AbortSignal): Promise<void> {
  if (options.qrels !== undefined && options.queries === undefined) {
    throw new InvalidArgumentError(
      'Judgements without queries cannot be used.',
      'Give --queries, the file of their texts.',
    );
  }
  if (options.labels && options.qrels === undefined) {
    throw new InvalidArgumentError('There are no labels to learn from.', 'Give --qrels FILE with --queries FILE.');
  }
  await using collection = await openHere(options.in);
  const progress = new Progress(options.quiet || options.json);
  const asked = options.queries === undefined ? undefined : (await readQueries(options.queries)).queries;
  const judgements = options.qrels === undefined ? undefined : (await readJudgements(options.qrels)).judgements;
  const snapshot = await collection.snapshot();
  try {
    const encoder = await collection.encoder();
    if (encoder === undefined) {
      throw new InvalidArgumentError(
        'This collection has no embeddings, so there is nothing to learn an index for.',
        'Index again into a new collection with an encoder.',
      );
    }
    const found = await learnIndex(snapshot, encoder, {
      runtime: await nativeRuntime(),
      bytes: options.bytes,
      steps: options.steps,
      ...given({ learningRate: options.learningRate }),
      seed: options.seed,
      signal,
      // Judged queries are for the figures; without judgements, queries are there to be learned from.
      ...(asked !== undefined && judgements === undefined ? { queries: [...asked.values()] } : {}),
      ...(asked !== undefined && judgements !== undefined
        ? { judged: { queries: asked, judgements, learn: options.labels } }
        : {}),
      onProgress: (what) => progress.show(() => what),
    }).finally(() => progress.done());
    const { best } = found;
    const spec = specOf(best, options.refine);
    const report = options.dryRun ? undefined : await collection.rebuild({ spec, codec: best.codec, signal });
    if (options.json) {
      const trials = found.trials.map(({ codec: _, ...trial }) => trial);
      printJson({ ...found, trials, best: best.name, deployed: report ?? null });
      return;
    }
    printFound(found);
    if (report === undefined) print(`Not deployed. Without --dry-run it would be ${pc.bold(spec)}.`);
    else {
      print(
        `${pc.green('deployed')} ${spec}: ${plural(report.indexed, 'vector')} in lists, ${bytes(report.bytes)}` +
          smallSegments(report, options.in),
      );
    }
  } finally {
    snapshot.close();
  }
}

function printFound(found: LearnedIndex): void {
  const { vectors, queries, trials, best, comparison, labelComparison, exactNdcg, judged: counts } = found;
  const judged = exactNdcg !== undefined;
  print(
    table(
      ['', 'spec', 'bytes', 'recall@10 (choosing)', 'recall@10 (held out)', ...(judged ? ['nDCG@10'] : [])],
      [
        ...trials.map(({ name, spec, bytes: size, choosing, confirming, ndcg }) => [
          name === best.name ? pc.bold(name) : name,
          spec,
          size,
          choosing.toFixed(4),
          confirming.toFixed(4),
          ...(judged ? [ndcg!.toFixed(4)] : []),
        ]),
        ...(judged ? [['exact', 'the vectors themselves', '', '1.0000', '1.0000', exactNdcg.toFixed(4)]] : []),
      ],
    ),
  );
  printComparison(comparison, `${number(queries.confirming)} queries that nothing was fitted to`);
  if (labelComparison !== undefined) {
    printComparison(labelComparison, `${number(counts!.confirming)} judged queries that nothing was fitted to`);
  }
  print(
    pc.dim(
      `${number(vectors)} vectors; ${number(queries.learning)} queries to learn from, ${number(queries.choosing)} to choose by`,
    ),
  );
  if (counts === undefined) return;
  const { learning, choosing, confirming, missingDocuments, disjoint } = counts;
  print(
    pc.dim(
      learning > 0
        ? `${number(learning)} judged queries as labels, ${number(choosing)} to choose by, nDCG@10 on ${number(confirming)} others`
        : `nDCG@10 on ${number(confirming)} judged queries`,
    ),
  );
  if (!disjoint) {
    print(
      pc.yellow(
        'Labels name the documents that held-out queries ask for as well; of other documents these figures say nothing.',
      ),
    );
  }
  if (missingDocuments > 0) {
    print(pc.yellow(`${number(missingDocuments)} judged documents are not among the vectors and count as not found.`));
  }
}

function printComparison({ metric, system, baseline, difference, interval, p }: Comparison, on: string): void {
  const signed = `${difference >= 0 ? '+' : ''}${difference.toFixed(4)}`;
  const bounds = `[${interval.low.toFixed(4)}, ${interval.high.toFixed(4)}]`;
  print(pc.dim(`${system} - ${baseline}, ${metric}: ${signed} ${bounds}, p ${p.randomisation.toFixed(4)} on ${on}`));
}
