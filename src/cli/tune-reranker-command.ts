import pc from 'picocolors';
import { given } from '../base/given.ts';
import { shellWord } from '../base/shell.ts';
import { type CrossObjective, type RerankerTuneReport, readPairs, tuneReranker } from '../train/index.ts';
import { openHere } from './opening.ts';
import { duration, number, plural, print, printJson, say, table } from './output.ts';
import { Progress } from './progress.ts';
import {
  COLUMNS,
  type PartCommandOptions,
  progressLine,
  readExamples,
  reportFile,
  row,
  save,
  unseen,
} from './tune-command.ts';

export interface TuneRerankerOptions extends PartCommandOptions {
  readonly objective?: CrossObjective;
  readonly depth?: number;
  readonly base?: string;
}

/** `sagitta tune --what reranker`: exit code 0 whether or not the result was worth keeping; the report says which. */
export async function tuneRerankerCommand(options: TuneRerankerOptions, signal: AbortSignal): Promise<void> {
  const file = await reportFile(options, 'reranker-report.json');
  const examples = await readExamples(options);
  const test = options.testPairs === undefined ? undefined : await readPairs(options.testPairs);
  await using collection = await openHere(options.in);
  const progress = new Progress(options.quiet || options.json);
  const { epochs, patience, learningRate, batchSize, negatives, pipeline, seed, lora, objective, depth, base } =
    options;
  const report = await tuneReranker(collection, {
    examples,
    dryRun: options.dryRun,
    signal,
    ...given({
      test,
      epochs,
      patience,
      learningRate,
      batchSize,
      negatives,
      pipeline,
      seed,
      lora,
      objective,
      depth,
      base,
    }),
    onProgress: (at) => progress.show(() => progressLine(at)),
  }).finally(() => progress.done());
  await save(file, `${JSON.stringify(report, null, 2)}\n`);
  if (options.json) return printJson(report);
  printReport(report);
  say(`The report is in ${file}.`);
}

function printReport(report: RerankerTuneReport): void {
  const { queries, pipeline, depth, weight, served, servedUnseen, ms, deployed, reason } = report;
  print(
    `trained a cross-encoder on ${report.base} with ${plural(queries.train, 'query', 'queries')} in ${duration(report.trainedMs)}: ` +
      `${plural(report.steps, 'step')}${report.stoppedEarly ? ', stopped early' : ''}, best at step ${number(report.bestStep)}`,
  );
  print(`nDCG@10 on ${plural(queries.test, 'test query', 'test queries')}, none of them trained on:`);
  const name = `${pipeline} > rerank(cross, depth=${depth}, weight=${weight})`;
  print(table(COLUMNS, [row(name, served), ...unseen(name, servedUnseen)]));
  print(`a search takes ${ms.before.toFixed(1)} ms without it, ${ms.after.toFixed(1)} with it`);
  if (served.power.warning !== undefined) say(pc.yellow(served.power.warning));
  if (deployed) print(`${pc.green('deployed')} search with --pipeline ${shellWord(`${pipeline} > rerank(cross)`)}`);
  else print(`${pc.yellow('not deployed')} ${reason}`);
}
