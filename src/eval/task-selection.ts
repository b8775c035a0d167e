import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { mean, spearman, variance } from '../math/index.ts';
import { type Agreement, agreement } from './agreement.ts';

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

/**
 * How far the mean over some tasks ranks systems as the mean over all of them does, beside random subsets of the same size (means over
 * 200 draws): the selection is worth something only where it is above them.
 *
 * @param scores as for {@link selectTasks}. @param kept which tasks. @param seed of the draws. Default 1234.
 */
export function subsetAgreement(
  scores: readonly (readonly number[])[],
  kept: readonly number[],
  seed = 1234,
): { readonly kept: Agreement; readonly random: Agreement } {
  const full = scores.map((row) => mean(row));
  const by = (tasks: readonly number[]): Agreement =>
    agreement(
      full,
      scores.map((row) => mean(tasks.map((task) => row[task]!))),
    );
  const random = new Random(seed);
  const tasks = [...(scores[0] ?? []).keys()];
  const draws = Array.from({ length: 200 }, () => by(random.shuffle([...tasks]).slice(0, kept.length)));
  const over = (of: keyof Agreement): number => mean(draws.map((draw) => draw[of]));
  return {
    kept: by(kept),
    random: {
      kendall: over('kendall'),
      spearman: over('spearman'),
      pearson: over('pearson'),
      inflation: over('inflation'),
    },
  };
}
