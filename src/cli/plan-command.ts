import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pc from 'picocolors';
import { ExitCode, InvalidArgumentError } from '../base/errors.ts';
import { shellWord } from '../base/shell.ts';
import type { Collection } from '../collection/index.ts';
import type { OperatingPoint, Plan } from '../index/index.ts';
import { planChart } from '../index/index.ts';
import { isPostgresAddress } from '../store/index.ts';
import { openThreads, type Threads } from '../threads/index.ts';
import { smallSegments } from './coverage.ts';
import { readNamed } from './named-file.ts';
import { openHere } from './opening.ts';
import { duration, number, plural, print, printJson, say, table } from './output.ts';
import { checkOutputs } from './outputs.ts';
import { Progress } from './progress.ts';
import { Exit } from './run.ts';
import { USUAL } from './where.ts';

/** What a budget and its search for an index are given by, on the command line. */
export interface PlanCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly bytes?: number;
  readonly recall?: number;
  readonly p95?: number;
  readonly queries?: string;
  readonly spec?: string[];
  readonly sample?: number;
  readonly seconds?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly apply: boolean;
}

/** `sagitta plan`: exit code 1 when nothing keeps the budget. */
export async function planCommand(options: PlanCommandOptions, signal: AbortSignal): Promise<void> {
  const { bytes, recall, p95, spec, sample, seconds, seed } = options;
  const out = options.out ?? join(options.in, 'plan');
  if (options.out !== undefined || !isPostgresAddress(options.in)) await checkPlanFiles(out);
  const queries = options.queries === undefined ? undefined : await readQueries(options.queries);
  await using collection = await openHere(options.in);
  const progress = new Progress(options.json);
  await using threads = await openThreads();
  const plan = await collection
    .plan({
      ...(bytes === undefined ? {} : { bytes }),
      ...(recall === undefined ? {} : { recall }),
      ...(p95 === undefined ? {} : { p95 }),
      ...(queries === undefined ? {} : { queries }),
      ...(spec === undefined ? {} : { specs: spec }),
      ...(sample === undefined ? {} : { sample }),
      ...(seconds === undefined ? {} : { seconds }),
      ...(seed === undefined ? {} : { seed }),
      threads,
      signal,
      onProgress: (what) => progress.show(() => what),
    })
    .finally(() => progress.done());
  const written = writePlan(plan, out);
  if (options.json) printJson(plan);
  else printPlan(plan, written);
  if (plan.choice === undefined) throw new Exit(ExitCode.partial);
  if (options.apply) await apply(collection, plan.choice.point, options, threads, signal);
  else if (!options.json) print(`\nApply it: ${pc.bold(rebuildLine(plan.choice.point, options.in))}`);
}

async function apply(
  collection: Collection,
  { spec, search }: OperatingPoint,
  options: PlanCommandOptions,
  threads: Threads,
  signal: AbortSignal,
): Promise<void> {
  const report = await collection.rebuild({ spec, search, threads, signal });
  if (options.json) return;
  print(`${pc.green('rebuilt')} ${plural(report.indexed, 'vector')} in lists${smallSegments(report, options.in)}`);
}

function rebuildLine({ spec, search }: OperatingPoint, directory: string): string {
  const where = directory === USUAL ? '' : ` --in ${shellWord(directory)}`;
  return `sagitta rebuild --spec ${shellWord(spec)} --nprobe ${search.nprobe} --refine ${search.refine}${where}`;
}

/** A query a line, or the field `text` of every line of JSON. */
export async function readQueries(path: string): Promise<string[]> {
  const content = (await readNamed(path, 'Name a text file with a query a line.')).toString('utf8');
  const lines = content.split(/\r?\n/u).filter((line) => line.trim() !== '');
  if (!path.endsWith('.jsonl')) return lines;
  return lines.map((line, i) => {
    try {
      const { text } = JSON.parse(line) as { text?: unknown };
      if (typeof text === 'string') return text;
    } catch {
      // Reported below.
    }
    throw new InvalidArgumentError(
      `Line ${i + 1} of ${path} is no JSON object with a text.`,
      'Write {"text": "..."} on every line, or name a file that does not end in .jsonl.',
    );
  });
}

/** Refuses a prefix under which {@link writePlan} could not write. */
export function checkPlanFiles(prefix: string): Promise<void> {
  return checkOutputs([`${prefix}.svg`, '--out'], [`${prefix}.json`, '--out']);
}

/** Writes picture and JSON. @returns their paths. */
export function writePlan(plan: Plan, prefix: string): string[] {
  const files = [`${prefix}.svg`, `${prefix}.json`];
  try {
    mkdirSync(dirname(prefix), { recursive: true });
    writeFileSync(files[0]!, planChart(plan));
    writeFileSync(files[1]!, `${JSON.stringify(plan, null, 2)}\n`);
  } catch (cause) {
    throw new InvalidArgumentError(`${prefix}.svg cannot be written.`, 'Name another place with --out.', { cause });
  }
  return files;
}

/** @param files where picture and figures were written. */
export function printPlan(plan: Plan, files: readonly string[]): void {
  print(
    `${number(plan.vectors)} vectors of ${plan.dim}; ${number(plan.queries.seen)} queries to choose by, ` +
      `${number(plan.queries.unseen)} to prove the choice; ${duration(plan.tookMs)}`,
  );
  print();
  print(
    table(
      HEADER,
      plan.frontier.map((point) => row(point, point === plan.choice?.point)),
    ),
  );
  print();
  for (const { spec, reason } of plan.skipped) say(pc.dim(`not tried: ${spec}: ${reason}`));
  const { choice, unmet } = plan;
  if (choice !== undefined) {
    const { point, proof, why } = choice;
    print(
      `${pc.green('choice')} ${pc.bold(point.spec)}, nprobe ${point.search.nprobe}, refine ${point.search.refine}: ${why}`,
    );
    print(
      `${proof.holds ? pc.green('proved') : pc.yellow('not proved')} on ${number(plan.queries.unseen)} unseen queries: recall@10 ` +
        `${proof.recall10.toFixed(3)} ± ${proof.margin.toFixed(3)} (${point.recall10.toFixed(3)} when choosing), recall@100 ` +
        `${proof.recall100.toFixed(3)}, ${milliseconds(proof.p50)} median, ${milliseconds(proof.p95)} at the 95th percentile`,
    );
  } else if (unmet !== undefined) {
    say(`${pc.yellow('no choice')} ${unmet.why}. Nearest:`);
    print(
      table(
        HEADER,
        unmet.nearest.map((point) => row(point, false)),
      ),
    );
  }
  if (files.length > 0) print(pc.dim(`picture and figures: ${files.join(', ')}`));
}

const HEADER = ['', 'specification', 'nprobe', 'refine', 'bytes', 'recall@10', 'recall@100', 'median', 'p95'];

function row(point: OperatingPoint, chosen: boolean): (string | number)[] {
  const { spec, search, bytes, recall10, recall100, p50, p95 } = point;
  return [
    chosen ? '>' : '',
    spec,
    search.nprobe,
    search.refine,
    bytes.toFixed(1).padStart(6),
    recall10.toFixed(3),
    Number.isNaN(recall100) ? '' : recall100.toFixed(3),
    milliseconds(p50),
    milliseconds(p95),
  ];
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ms`;
}
