import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import pc from 'picocolors';
import { ExitCode, InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { Vectors } from '../base/vectors.ts';
import { buildIndex, type Metric, plan } from '../index/index.ts';
import { openIndexFile, readVectorFile, writeIndexFile } from '../store/index.ts';
import { openThreads } from '../threads/index.ts';
import { duration, number, plural, print, printJson } from './output.ts';
import { checkOutputs } from './outputs.ts';
import { checkPlanFiles, printPlan, writePlan } from './plan-command.ts';
import { Progress } from './progress.ts';
import { Exit } from './run.ts';

export interface VectorsBuildOptions {
  readonly json: boolean;
  readonly spec: string;
  readonly metric: Metric;
  readonly out?: string;
  readonly seed?: number;
  readonly threads?: number;
}

/** `sagitta vectors build`. */
export async function vectorsBuild(file: string, options: VectorsBuildOptions, signal: AbortSignal): Promise<void> {
  const out = options.out ?? `${file.replace(/\.[^.]+$/u, '')}.index`;
  await checkOutputs([out, '--out']);
  const vectors = readVectorFile(file);
  const progress = new Progress(options.json);
  const start = performance.now();
  await using threads = await openThreads(options.threads === undefined ? {} : { threads: options.threads });
  const index = await buildIndex(options.spec, vectors, {
    metric: options.metric,
    signal,
    threads,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    onProgress: (done) => progress.show(() => `training ${Math.round(100 * done)} %`),
  }).finally(() => progress.done());
  await mkdir(dirname(out), { recursive: true });
  await writeIndexFile(out, index);
  const tookMs = performance.now() - start;
  const { spec, metric, dim, vectorCount, memory } = index;
  if (options.json) return printJson({ out, spec, metric, dim, vectors: vectorCount, memory, tookMs });
  print(
    `${pc.green('built')} ${out}: ${plural(vectorCount, 'vector')} of ${dim} as ${spec} by ${metric} in ${duration(tookMs)}`,
  );
  const each = (bytes: number) => (bytes / Math.max(1, vectorCount)).toFixed(1);
  print(`${each(memory.scan)} bytes a vector to scan, ${each(memory.refine)} to refine`);
}

export interface VectorsSearchOptions {
  readonly json: boolean;
  readonly k: number;
  readonly nprobe?: number;
  readonly refine?: number;
  readonly rows?: string;
}

/** `sagitta vectors search`. */
export async function vectorsSearch(file: string, queryFile: string, options: VectorsSearchOptions): Promise<void> {
  const queries = readVectorFile(queryFile);
  const { from, to } = rangeOf(options.rows, queries);
  const { index, close } = openIndexFile(file);
  try {
    const params = {
      k: options.k,
      ...(options.nprobe === undefined ? {} : { nprobe: options.nprobe }),
      ...(options.refine === undefined ? {} : { refine: options.refine }),
    };
    const start = performance.now();
    const results = Array.from({ length: to - from }, (_, i) => {
      const { ids, scores, examined } = index.search(queries.row(from + i), params);
      return { query: from + i, ids: [...ids], scores: [...scores], examined };
    });
    const tookMs = performance.now() - start;
    if (options.json) return printJson({ spec: index.spec, metric: index.metric, results, tookMs });
    for (const { query, ids, scores } of results) {
      print(`${pc.bold(String(query))}  ${ids.map((id, i) => `${id} ${pc.dim(scores[i]!.toFixed(4))}`).join('  ')}`);
    }
    print(
      pc.dim(`${plural(results.length, 'query', 'queries')} in ${duration(tookMs)}; the first reads what it needs`),
    );
  } finally {
    close();
  }
}

function rangeOf(rows: string | undefined, queries: Vectors): { from: number; to: number } {
  if (rows === undefined) return { from: 0, to: queries.count };
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(rows) ?? [];
  const [from, to] = [Number(first), Number(last) + 1];
  if (!(from < to && to <= queries.count)) {
    throw new InvalidArgumentError(
      `The rows "${rows}" are not in a file of ${plural(queries.count, 'vector')}.`,
      `Write one number or a range such as 0-9; the last row is ${queries.count - 1}.`,
    );
  }
  return { from, to };
}

export interface VectorsBenchOptions {
  readonly json: boolean;
  readonly metric: Metric;
  readonly queries?: string;
  readonly spec?: string[];
  readonly bytes?: number;
  readonly recall?: number;
  readonly p95?: number;
  readonly seconds?: number;
  readonly seed?: number;
  readonly out?: string;
}

/** Rows that become queries where none are given, at most, and as a share of the file. */
const HELD_OUT = { most: 1000, share: 0.1 } as const;
const DEFAULT_RECALL = 0.95;

/** `sagitta vectors bench`: exit code 1 when nothing keeps the budget. */
export async function vectorsBench(file: string, options: VectorsBenchOptions, signal: AbortSignal): Promise<void> {
  const { bytes, recall, p95, spec, seconds, seed } = options;
  if (options.out !== undefined) await checkPlanFiles(options.out);
  const all = readVectorFile(file);
  const { base, queries } =
    options.queries === undefined
      ? heldOut(all, seed ?? 1234)
      : { base: all, queries: readVectorFile(options.queries) };
  const progress = new Progress(options.json);
  await using threads = await openThreads();
  const free = bytes === undefined && recall === undefined && p95 === undefined;
  const found = await plan(base, {
    queries,
    metric: options.metric,
    ...(bytes === undefined ? {} : { bytes }),
    ...(recall === undefined ? {} : { recall }),
    ...(free ? { recall: DEFAULT_RECALL } : {}),
    ...(p95 === undefined ? {} : { p95 }),
    ...(spec === undefined ? {} : { specs: spec }),
    ...(seconds === undefined ? {} : { seconds }),
    ...(seed === undefined ? {} : { seed }),
    threads,
    signal,
    onCandidate: (candidate, i, of) => progress.show(() => `trying ${candidate} (${number(i)} of ${number(of)})`),
  }).finally(() => progress.done());
  const files = options.out === undefined ? [] : writePlan(found, options.out);
  if (options.json) printJson(found);
  else printPlan(found, files);
  if (found.choice === undefined) throw new Exit(ExitCode.partial);
}

/** Some rows, drawn at random, as queries, and the others. */
function heldOut(all: Vectors, seed: number): { base: Vectors; queries: Vectors } {
  const order = new Random(seed).shuffle([...Array(all.count).keys()]);
  const count = Math.min(HELD_OUT.most, Math.floor(HELD_OUT.share * all.count));
  const rest = order.slice(count).sort((a, b) => a - b);
  return { base: all.pick(rest), queries: all.pick(order.slice(0, count)) };
}
