import { cpus } from 'node:os';

/** What one bench file found: one table, and the ratios to its peers. */
export interface BenchResult {
  /** Name of the bench file without its extension. */
  readonly name: string;
  /** Threads that a contestant may keep busy, those of native libraries included. */
  readonly threads: number;
  /** Order of the columns; a row may leave some out. */
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  /** Ours against theirs, measured in this run; the key says which way, e.g. `queries/s: sagitta / minisearch`. */
  readonly ratios?: Readonly<Record<string, number>>;
  /** What a reader must know to judge the figures: data, seeds, what is included. */
  readonly notes?: readonly string[];
}

/**
 * Prints a table with ratios and notes. With `--json` among the arguments, the last line of output is the same result
 * as one JSON object, together with the runtime and the processor that it was measured on.
 */
export function report(result: BenchResult): void {
  const machine = { node: process.version, cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length };
  const threads = result.threads === 1 ? '1 thread' : `${result.threads} threads`;
  console.log(`\n${result.name} (${threads}; Node ${machine.node}, ${machine.cores} x ${machine.cpu})\n`);
  printTable(result.columns, result.rows);
  const ratios = Object.entries(result.ratios ?? {});
  if (ratios.length > 0) {
    const width = Math.max(...ratios.map(([name]) => name.length));
    console.log('');
    for (const [name, ratio] of ratios) console.log(`${name.padEnd(width)}  ${cell(ratio)}x`);
  }
  if (result.notes !== undefined && result.notes.length > 0) console.log(`\n${result.notes.join('\n')}`);
  if (process.argv.includes('--json')) console.log(JSON.stringify({ ...result, machine }));
}

/** One of several ways to do the same work. `run` does one round of it. */
export interface Contestant {
  readonly name: string;
  /** What comes before each round and is not timed. */
  readonly before?: () => Promise<void>;
  readonly run: () => void | Promise<void>;
}

export interface InterleaveOptions {
  /** Measured rounds per contestant. */
  readonly rounds: number;
  /** Rounds per contestant that are run first and not measured. Default 1. */
  readonly warmup?: number;
}

/**
 * Times contestants against each other on a machine that is not quiet: every round runs each of them once, starting
 * with another one each time, so that a slow moment hits all alike. Returns milliseconds per round by name.
 */
export async function interleave(
  contestants: readonly Contestant[],
  { rounds, warmup = 1 }: InterleaveOptions,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = -warmup; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const { name, before, run } = contestants[(turn + round + warmup) % contestants.length]!;
      await before?.();
      const start = performance.now();
      // A synchronous contestant is not charged for a trip through the microtask queue.
      const pending = run();
      if (pending instanceof Promise) await pending;
      if (round >= 0) times.get(name)!.push(performance.now() - start);
    }
  }
  return times;
}

/** The value below which the share `q` (0 to 1) of the values lies, interpolated linearly; NaN for none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = sorted[below] ?? Number.NaN;
  return low + ((sorted[below + 1] ?? low) - low) * (position - below);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Median of the round-by-round ratios `ours[i] / theirs[i]`: what a slow moment does to both cancels out. */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, i) => value / theirs[i]!));
}

/** Peak resident memory of this process so far, in MB. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS / 1024;
}

function printTable(columns: readonly string[], rows: BenchResult['rows']): void {
  const table = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_, i) => Math.max(...table.map((line) => line[i]!.length)));
  const isNumeric = columns.map((column) => rows.every((row) => typeof row[column] !== 'string'));
  table.forEach((line, i) => {
    const cells = line.map((text, c) => (isNumeric[c] ? text.padStart(widths[c]!) : text.padEnd(widths[c]!)));
    console.log(cells.join('  ').trimEnd());
    if (i === 0) console.log(widths.map((width) => '-'.repeat(width)).join('  '));
  });
}

/** Numbers with three significant digits, whole ones unabridged. */
function cell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (Number.isInteger(value)) return String(value);
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
