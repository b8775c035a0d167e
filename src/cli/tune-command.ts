import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pc from 'picocolors';
import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Comparison } from '../eval/index.ts';
import { isPostgresAddress } from '../store/index.ts';
import { onDisk } from '../store/local/filesystem.ts';
import {
  curveSvg,
  readJudged,
  readPairs,
  type TuneExample,
  type TuneOptions,
  type TuneProgress,
  type TuneReport,
  type TuneTarget,
  tune,
} from '../train/index.ts';
import { openHere } from './opening.ts';
import { duration, number, plural, print, printJson, say, table } from './output.ts';
import { checkOutputs } from './outputs.ts';
import { Progress } from './progress.ts';

export interface TuneCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly pairs?: string;
  readonly qrels?: string;
  readonly queries?: string;
  readonly synthetic: boolean;
  readonly testPairs?: string;
  readonly what: TuneTarget;
  readonly epochs?: number;
  readonly patience?: number;
  readonly learningRate?: number;
  readonly batchSize?: number;
  readonly negatives?: number;
  readonly mine?: 'bm25' | 'dense';
  readonly consistency?: number;
  readonly minCosine?: number;
  readonly curriculum: boolean;
  readonly pipeline?: string;
  readonly distill: boolean;
  readonly teacher?: string;
  readonly lora?: number;
  readonly side?: number;
  readonly rank?: number;
  readonly seed?: number;
  readonly dryRun: boolean;
  readonly resume: boolean;
  readonly report?: string;
  readonly curve?: string;
  readonly quiet: boolean;
}

/** What commands take of it that train a part beside the encoder. */
export type PartCommandOptions = Omit<
  TuneCommandOptions,
  | 'what'
  | 'resume'
  | 'mine'
  | 'consistency'
  | 'minCosine'
  | 'curriculum'
  | 'distill'
  | 'teacher'
  | 'side'
  | 'rank'
  | 'curve'
>;

/** `sagitta tune`: exit code 0 whether or not the result was worth deploying; the report says which. */
export async function tuneCommand(options: TuneCommandOptions, signal: AbortSignal): Promise<void> {
  const files = {
    report: await reportFile(options, 'report.json'),
    curve: await reportFile(options, 'curve.svg', 'curve'),
  };
  const examples = await readExamples(options);
  const test = options.testPairs === undefined ? undefined : await readPairs(options.testPairs);
  await using collection = await openHere(options.in);
  const progress = new Progress(options.quiet || options.json);
  const report = await tune(collection, {
    examples,
    ...(test === undefined ? {} : { test }),
    ...tuneOptions(options),
    signal,
    onProgress: (at) => progress.show(() => progressLine(at)),
  })
    .catch((error) => {
      if (signal.aborted) say('What was trained so far is kept. Run the same command with --resume to go on with it.');
      throw error;
    })
    .finally(() => progress.done());
  if (options.resume && report.resumedFrom === undefined) {
    say('There was no interrupted run with these options, so this one started from the beginning.');
  }
  await save(files.report, `${JSON.stringify(report, null, 2)}\n`);
  await save(files.curve, curveSvg(report));
  if (options.json) return printJson(report);
  printReport(report);
  if (options.synthetic && options.testPairs === undefined) {
    say(
      pc.yellow(
        'The test queries were made from the documents as those of training were: a gain on them need not be one on what people ask. Give real ones with --test-pairs.',
      ),
    );
  }
  say(`The report is in ${files.report}, the learning curve in ${files.curve}.`);
}

/** How far a run is, in a line. */
export function progressLine({ phase, step, steps, loss, validation, msLeft }: TuneProgress): string {
  const parts = [`${phase} step ${number(step)} of ${number(steps)}`];
  if (Number.isFinite(loss)) parts.push(`loss ${loss.toFixed(4)}`);
  if (Number.isFinite(validation)) parts.push(`validation nDCG@10 ${validation.toFixed(4)}`);
  if (msLeft !== undefined && phase === 'training') parts.push(`at most ${duration(msLeft)} left`);
  return parts.join(', ');
}

/** The examples that options name. @throws InvalidArgumentError for none, and for several. */
export async function readExamples(
  options: Pick<TuneCommandOptions, 'pairs' | 'qrels' | 'queries' | 'synthetic'>,
): Promise<readonly TuneExample[] | 'synthetic'> {
  const { pairs, qrels, queries, synthetic } = options;
  const given = [pairs !== undefined, qrels !== undefined, synthetic].filter(Boolean).length;
  if (given !== 1) {
    throw new InvalidArgumentError(
      given === 0 ? 'There is nothing to learn from.' : 'There is more than one thing to learn from.',
      'Give one of --pairs FILE, --qrels FILE with --queries FILE, or --synthetic.',
    );
  }
  if (synthetic) return 'synthetic';
  if (pairs !== undefined) return readPairs(pairs);
  if (queries === undefined) {
    throw new InvalidArgumentError('Judgements alone do not say what was asked.', 'Add --queries FILE.');
  }
  return readJudged(qrels!, queries);
}

function tuneOptions(options: TuneCommandOptions): Omit<TuneOptions, 'examples'> {
  const { what, distill, teacher, dryRun, resume, lora, side, rank, consistency, minCosine, curriculum } = options;
  const names = ['epochs', 'patience', 'learningRate', 'batchSize', 'negatives', 'mine', 'pipeline', 'seed'] as const;
  const settings = Object.fromEntries(
    names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
  return {
    what,
    ...(consistency === undefined && minCosine === undefined
      ? {}
      : { consistency: { rank: consistency ?? Number.POSITIVE_INFINITY, ...given({ score: minCosine }) } }),
    ...(curriculum ? { curriculum: {} } : {}),
    ...(distill ? { distill } : {}),
    ...(teacher === undefined ? {} : { teacher }),
    dryRun,
    resume,
    ...settings,
    tuning: {
      ...(lora === undefined ? {} : { lora: { rank: lora, alpha: lora } }),
      ...(side === undefined ? {} : { side: { rank: side } }),
    },
    ...(rank === undefined ? {} : { adapter: { rank } }),
  };
}

/** Where a file of the report goes: where the option says, else into the collection. @throws as `checkOutputs` where it cannot be written: before anything is trained. */
export async function reportFile(
  options: Pick<TuneCommandOptions, 'in' | 'report' | 'curve'>,
  name: string,
  option: 'report' | 'curve' = 'report',
): Promise<string> {
  const path = options[option] ?? join(options.in, 'tuning', name);
  // Nothing is trained in a database, which is told where it is opened.
  if (options[option] !== undefined || !isPostgresAddress(options.in)) await checkOutputs([path, `--${option}`]);
  return path;
}

/** Writes a file of the report, with the folders above it. @throws StorageError */
export async function save(path: string, text: string): Promise<void> {
  await onDisk(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  });
}

export const COLUMNS = ['', 'before', 'after', 'change', 'p', 'better / worse'];

/** A comparison as a row under {@link COLUMNS}. */
export function row(
  name: string,
  { baselineMean, systemMean, difference, p, wins, losses }: Comparison,
): readonly string[] {
  return [
    name,
    baselineMean.toFixed(4),
    systemMean.toFixed(4),
    `${difference >= 0 ? '+' : ''}${difference.toFixed(4)}`,
    p.adjusted < 0.0001 ? '<0.0001' : p.adjusted.toFixed(4),
    `${wins} / ${losses}`,
  ];
}

/** The row of queries for other documents than those trained on, where there are enough of them. */
export function unseen(name: string, among: Comparison | undefined): (readonly string[])[] {
  return among === undefined
    ? []
    : [row(`${name}, ${plural(among.power.queries, 'query', 'queries')} for documents not trained on`, among)];
}

function printReport(report: TuneReport): void {
  const { queries, dense, denseUnseen, served, servedUnseen, servedOverBm25, decidedOn, denseShare } = report;
  const { inconsistent, deployed, reason } = report;
  print(
    `trained ${report.what} of ${report.base} on ${plural(queries.train, 'query', 'queries')} in ${duration(report.trainedMs)}: ` +
      `${plural(report.steps, 'step')}${report.stoppedEarly ? ', stopped early' : ''}, best at step ${number(report.bestStep)}`,
  );
  if (inconsistent !== undefined) print(`${plural(inconsistent, 'pair')} left out of training as inconsistent`);
  print(`nDCG@10 on ${plural(queries.test, 'test query', 'test queries')}, none of them trained on:`);
  print(
    table(COLUMNS, [
      row('dense', dense),
      ...unseen('dense', denseUnseen),
      row(decidedOn, served),
      ...unseen(decidedOn, servedUnseen),
      row(`${decidedOn} over BM25`, servedOverBm25),
    ]),
  );
  print(
    `BM25 alone: ${report.bm25.toFixed(4)}; share of dense beside it: ${denseShare.before} before, ${denseShare.after} after`,
  );
  if (served.power.warning !== undefined) say(pc.yellow(served.power.warning));
  if (deployed !== undefined) print(`${pc.green('deployed')} ${deployed}`);
  else print(`${pc.yellow('not deployed')} ${reason}`);
}
