import { InvalidArgumentError } from '../base/errors.ts';
import { pearson, spearman } from './correlation.ts';
import { mean, variance } from './distributions.ts';
import { rankedOrder } from './order.ts';
import type { Judgements, RankedList, Run } from './types.ts';

/**
 * The documents that matter for telling systems apart (Enevoldsen et al. 2025, MMTEB, section 2.3; https://arxiv.org/abs/2502.13595): the
 * first `depth` of each run for every judged query, and every document that is judged relevant. Evaluating on this sub-corpus
 * costs a fraction; pool from systems of different kinds, or those that were pooled from are favoured.
 *
 * @param depth documents of each run and query. Default 250, as there.
 */
export function hardNegativePool(runs: readonly Run[], judgements: Judgements, depth = 250): Set<string> {
  if (!Number.isInteger(depth) || depth < 1) {
    throw new InvalidArgumentError(`The depth of the pool is ${depth}.`, 'Give a whole number, at least 1.');
  }
  const pool = new Set<string>();
  for (const [query, grades] of judgements) {
    for (const [id, grade] of grades) if (grade > 0) pool.add(id);
    for (const run of runs) {
      const list = run.get(query);
      if (list === undefined) continue;
      const order = rankedOrder(list, query);
      for (let rank = 0; rank < Math.min(depth, list.ids.length); rank++) pool.add(list.ids[order?.[rank] ?? rank]!);
    }
  }
  return pool;
}

/** A run without the documents outside the pool: what a system would have returned on the sub-corpus, if its scores do not depend on the corpus. */
export function restrictRun(run: Run, pool: ReadonlySet<string>): Run {
  return new Map(
    [...run].map(([query, { ids, scores }]): [string, RankedList] => {
      const kept = ids.flatMap((id, i) => (pool.has(id) ? [i] : []));
      return [query, { ids: kept.map((i) => ids[i]!), scores: kept.map((i) => scores[i]!) }];
    }),
  );
}

/** Options of {@link selectTasks}. */
export interface SelectOptions {
  /** Least rank correlation of a task with its prediction, for it to be left out. Default 0.8. */
  readonly correlation?: number;
  /** Largest mean squared error of the prediction, in units of the task's variance. Default 0.5. */
  readonly error?: number;
  /** Kind of each task: the last of its kind is never left out. Default: all of one kind. */
  readonly kinds?: readonly string[];
  /** Ridge, in units of the tasks' variance; there are often fewer systems than tasks. Default 0.1. */
  readonly ridge?: number;
}

/** A task that was left out, and how well the others foretold it when it was. */
export interface LeftOut {
  readonly task: number;
  readonly correlation: number;
  readonly error: number;
}

/**
 * Tasks that suffice to rank systems (Enevoldsen et al. 2025, section 2.4): again and again the task that the remaining ones
 * predict best, for systems that the prediction has not seen, is left out. That ranks are kept is weak evidence, since random subsets keep
 * them too: compare with some, and look at the errors.
 *
 * @param scores one row per system, one column per task; at least 4 systems. @throws InvalidArgumentError for fewer.
 */
export function selectTasks(
  scores: readonly (readonly number[])[],
  options: SelectOptions = {},
): { readonly kept: readonly number[]; readonly leftOut: readonly LeftOut[] } {
  const { correlation = 0.8, error = 0.5, ridge = 0.1, kinds } = options;
  const tasks = scores[0]?.length ?? 0;
  if (scores.length < 4 || scores.some((row) => row.length !== tasks)) {
    throw new InvalidArgumentError(
      `Scores of ${scores.length} systems on ${tasks} tasks do not suffice.`,
      'Give at least 4 systems, with one score per task each.',
    );
  }
  const columns = Array.from({ length: tasks }, (_, t) => standardized(scores.map((row) => row[t]!)));
  let kept = [...columns.keys()];
  const leftOut: LeftOut[] = [];
  while (kept.length > 2) {
    const candidates = kept
      .filter((task) => kinds === undefined || kept.some((other) => other !== task && kinds[other] === kinds[task]))
      .map((task): LeftOut => {
        const predicted = predict(
          columns,
          kept.filter((other) => other !== task),
          task,
          ridge,
        );
        const squares = predicted.map((value, i) => (value - columns[task]![i]!) ** 2);
        return { task, correlation: spearman(predicted, columns[task]!), error: mean(squares) };
      })
      .filter((one) => one.correlation >= correlation && one.error <= error)
      .sort((a, b) => b.correlation - a.correlation || a.error - b.error);
    const [next] = candidates;
    if (next === undefined) break;
    leftOut.push(next);
    kept = kept.filter((task) => task !== next.task);
  }
  return { kept, leftOut };
}

function standardized(values: readonly number[]): number[] {
  const [centre, spread] = [mean(values), Math.sqrt(variance(values))];
  return values.map((value) => (spread > 0 ? (value - centre) / spread : 0));
}

/** The task for each system by a ridge regression on the other tasks, fitted to the other systems. */
function predict(
  columns: readonly (readonly number[])[],
  others: readonly number[],
  task: number,
  ridge: number,
): number[] {
  const systems = columns[task]!.length;
  return Array.from({ length: systems }, (_, held) => {
    const rows = Array.from({ length: systems }, (_, i) => i).filter((i) => i !== held);
    // The dual form: as many equations as systems, however many tasks there are.
    const kernel = rows.map((i) =>
      rows.map((j) => inner(columns, others, i, j) + (i === j ? ridge * others.length : 0)),
    );
    const weights = solve(
      kernel,
      rows.map((i) => columns[task]![i]!),
    );
    return rows.reduce((sum, i, at) => sum + weights[at]! * inner(columns, others, i, held), 0);
  });
}

function inner(columns: readonly (readonly number[])[], tasks: readonly number[], i: number, j: number): number {
  return tasks.reduce((sum, task) => sum + columns[task]![i]! * columns[task]![j]!, 0);
}

/** Gaussian elimination of a positive definite system. */
function solve(matrix: number[][], right: number[]): number[] {
  const n = right.length;
  for (let p = 0; p < n; p++) {
    for (let r = p + 1; r < n; r++) {
      const factor = matrix[r]![p]! / matrix[p]![p]!;
      for (let c = p; c < n; c++) matrix[r]![c]! -= factor * matrix[p]![c]!;
      right[r]! -= factor * right[p]!;
    }
  }
  const out = new Array<number>(n).fill(0);
  for (let r = n - 1; r >= 0; r--) {
    let sum = right[r]!;
    for (let c = r + 1; c < n; c++) sum -= matrix[r]![c]! * out[c]!;
    out[r] = sum / matrix[r]![r]!;
  }
  return out;
}

/** How far a cheaper evaluation agrees with the full one, system by system. */
export interface Agreement {
  readonly spearman: number;
  readonly pearson: number;
  /** Mean of cheap minus full: sub-corpora without hard negatives flatter. */
  readonly inflation: number;
}

export function agreement(full: readonly number[], cheap: readonly number[]): Agreement {
  return {
    spearman: spearman(full, cheap),
    pearson: pearson(full, cheap),
    inflation: mean(cheap) - mean(full),
  };
}
