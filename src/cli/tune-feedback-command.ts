import pc from 'picocolors';
import { given } from '../base/given.ts';
import { shellWord } from '../base/shell.ts';
import { type FeedbackTuneReport, readPairs, tuneFeedback } from '../train/index.ts';
import { openHere } from './opening.ts';
import { duration, plural, print, printJson, say, table } from './output.ts';
import { Progress } from './progress.ts';
import {
  COLUMNS,
  progressLine,
  readExamples,
  reportFile,
  row,
  save,
  type TuneCommandOptions,
  unseen,
} from './tune-command.ts';

export interface TuneFeedbackOptions
  extends Pick<
    TuneCommandOptions,
    | 'in'
    | 'json'
    | 'pairs'
    | 'qrels'
    | 'queries'
    | 'synthetic'
    | 'testPairs'
    | 'epochs'
    | 'learningRate'
    | 'batchSize'
    | 'pipeline'
    | 'seed'
    | 'dryRun'
    | 'report'
    | 'quiet'
  > {
  readonly passages?: number;
}

/** `sagitta tune --what feedback`: exit code 0 whether or not the result was worth keeping; the report says which. */
export async function tuneFeedbackCommand(options: TuneFeedbackOptions, signal: AbortSignal): Promise<void> {
  const file = await reportFile(options, 'feedback-report.json');
  const examples = await readExamples(options);
  const test = options.testPairs === undefined ? undefined : await readPairs(options.testPairs);
  await using collection = await openHere(options.in);
  const progress = new Progress(options.quiet || options.json);
  const { epochs, learningRate, batchSize, pipeline, seed, passages } = options;
  const report = await tuneFeedback(collection, {
    examples,
    dryRun: options.dryRun,
    signal,
    ...given({ test, epochs, learningRate, batchSize, pipeline, seed, passages }),
    onProgress: (at) => progress.show(() => progressLine(at)),
  }).finally(() => progress.done());
  await save(file, `${JSON.stringify(report, null, 2)}\n`);
  if (options.json) return printJson(report);
  printReport(report);
  say(`The report is in ${file}.`);
}

function printReport(report: FeedbackTuneReport): void {
  const { queries, pipeline, validation, served, servedUnseen, ms, deployed, reason } = report;
  print(
    `trained feedback on the vectors of ${report.encoder} with ${plural(queries.train, 'query', 'queries')} in ${duration(report.trainedMs)}: ` +
      `${plural(report.steps, 'step')} with each rate; nDCG@10 of ${plural(queries.validation, 'validation query', 'validation queries')} ${shown(validation.without)} without`,
  );
  for (const one of validation.tried) print(`  rate ${one.learningRate}, share ${one.share}: ${shown(one)}`);
  print(`nDCG@10 on ${plural(queries.test, 'test query', 'test queries')}, none of them trained on:`);
  print(table(COLUMNS, [row(pipeline.after, served), ...unseen(pipeline.after, servedUnseen)]));
  print(`a search takes ${ms.before.toFixed(1)} ms without it, ${ms.after.toFixed(1)} with it`);
  if (served.power.warning !== undefined) say(pc.yellow(served.power.warning));
  if (deployed) print(`${pc.green('deployed')} search with --pipeline ${shellWord(pipeline.after)}`);
  else print(`${pc.yellow('not deployed')} ${reason}`);
}

function shown({ all, unseen }: FeedbackTuneReport['validation']['without']): string {
  return `${all.toFixed(4)}${unseen === undefined ? '' : ` (${unseen.toFixed(4)} for documents that were not trained on)`}`;
}
