import pc from 'picocolors';
import { given } from '../base/given.ts';
import { shellWord } from '../base/shell.ts';
import { type ImpactTuneReport, readPairs, tuneImpact } from '../train/index.ts';
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

export interface TuneImpactOptions extends Omit<PartCommandOptions, 'lora'> {
  readonly flops?: number;
  readonly base?: string;
}

/** `sagitta tune --what impact`: exit code 0 whether or not the result was worth keeping; the report says which. */
export async function tuneImpactCommand(options: TuneImpactOptions, signal: AbortSignal): Promise<void> {
  const file = await reportFile(options, 'impact-report.json');
  const examples = await readExamples(options);
  const test = options.testPairs === undefined ? undefined : await readPairs(options.testPairs);
  await using collection = await openHere(options.in);
  const progress = new Progress(options.quiet || options.json);
  const { epochs, patience, learningRate, batchSize, negatives, pipeline, seed, flops, base } = options;
  const report = await tuneImpact(collection, {
    examples,
    dryRun: options.dryRun,
    signal,
    ...given({ test, epochs, patience, learningRate, batchSize, negatives, pipeline, seed, flops, base }),
    onProgress: (at) => progress.show(() => progressLine(at)),
  }).finally(() => progress.done());
  await save(file, `${JSON.stringify(report, null, 2)}\n`);
  if (options.json) return printJson(report);
  printReport(report);
  say(`The report is in ${file}.`);
}

function printReport({
  queries,
  pipeline,
  served,
  servedUnseen,
  alone,
  impacts,
  deployed,
  ...report
}: ImpactTuneReport): void {
  print(
    `trained weights of words on ${report.base} with ${plural(queries.train, 'query', 'queries')} in ${duration(report.trainedMs)}: ` +
      `${plural(report.steps, 'step')}${report.stoppedEarly ? ', stopped early' : ''}, best at step ${number(report.bestStep)}`,
  );
  print(`nDCG@10 on ${plural(queries.test, 'test query', 'test queries')}, none of them trained on:`);
  const name = `${pipeline.after} over ${pipeline.before}`;
  print(table(COLUMNS, [row(name, served), ...unseen(name, servedUnseen), row('impact over words', alone)]));
  print(`${plural(impacts.count, 'impact')}, ${number(impacts.full)} of them at the greatest value`);
  if (served.power.warning !== undefined) say(pc.yellow(served.power.warning));
  if (deployed !== undefined) print(`${pc.green('deployed')} search with --pipeline ${shellWord(pipeline.after)}`);
  else print(`${pc.yellow('not deployed')} ${report.reason}`);
}
