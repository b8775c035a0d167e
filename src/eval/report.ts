import { InvalidArgumentError } from '../base/errors.ts';
import { type Evaluation, evaluate, parseMetrics } from './evaluate.ts';
import { defaultMetrics } from './metrics.ts';
import type { PooledScores } from './pooled.ts';
import type { Latency } from './run.ts';
import { bootstrapInterval, type Comparison, compareSystems, type Interval } from './significance.ts';
import { type Finding, Findings, type Judgements, type Run } from './types.ts';

/** A run to be judged, and what is known of it. */
export interface Entrant {
  readonly name: string;
  readonly run: Run;
  readonly latency?: Latency;
  /** Size of what it searches, in bytes. */
  readonly bytes?: number;
  readonly findings?: readonly Finding[];
}

/** Options of {@link judge}. */
export interface JudgeOptions {
  /** Default: `defaultMetrics`. The first one is the primary metric: tables are about all, plots and examples about it. */
  readonly metrics?: readonly string[];
  /** Compare every pair (default) or all others with the first. */
  readonly pairs?: 'first' | 'all';
  /** Level of significance, after Holm's adjustment over all comparisons. Default 0.05. */
  readonly level?: number;
  /** Seed of all resampling. Default 1234. */
  readonly seed?: number;
  /** As `evaluate` takes it. Default 1. */
  readonly relevanceLevel?: number;
}

/** One system's figures. */
export interface SystemResult {
  readonly retriever: string;
  /** Means over queries by metric; NaN (null in JSON) where it is defined for no query. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Percentile bootstrap over queries, 95%. */
  readonly intervals: Readonly<Record<string, Interval>>;
  readonly pooled: PooledScores;
  readonly latency?: Latency;
  readonly bytes?: number;
  readonly findings: readonly Finding[];
}

/** What {@link judge} found. */
export interface Verdicts {
  /** Number of queries that count. */
  readonly queries: number;
  readonly level: number;
  /** Grade from which a document is relevant. */
  readonly relevanceLevel: number;
  readonly seed: number;
  readonly resamples: number;
  readonly results: readonly SystemResult[];
  readonly comparisons: readonly Comparison[];
  /** Per-query values, for plots and examples; in the order of the entrants. */
  readonly evaluations: readonly Evaluation[];
}

/** Fewer resamples than this make p-values too coarse, more than `MOST` change nothing; between, time is bounded. */
const LEAST = 1_000;
const MOST = 10_000;
const WORK = 3e7;

/**
 * Judges several runs by the same judgements: means with intervals, and paired tests with Holm's adjustment over all pairs and
 * metrics. Every run is measured on every judged query; what it does not answer counts 0.
 *
 * @throws InvalidArgumentError for no runs, two of one name, and what `evaluate` refuses.
 */
export function judge(entrants: readonly Entrant[], judgements: Judgements, options: JudgeOptions = {}): Verdicts {
  const { level = 0.05, seed = 1234, pairs = 'all', relevanceLevel = 1 } = options;
  if (entrants.length === 0) throw new InvalidArgumentError('There is no run to judge.', 'Give at least one.');
  if (new Set(entrants.map(({ name }) => name)).size < entrants.length) {
    throw new InvalidArgumentError('Two runs have the same name.', 'Name runs differently.');
  }
  if (!(level > 0 && level < 1)) {
    throw new InvalidArgumentError(
      `The level of significance is ${level}.`,
      'Give a number between 0 and 1, e.g. 0.05.',
    );
  }
  const metrics = parseMetrics(options.metrics ?? defaultMetrics).map(({ name }) => name);
  const evaluations = entrants.map(({ run }) => evaluate(run, judgements, { metrics, relevanceLevel }));
  const queries = evaluations[0]!.queries.length;
  const resamples = Math.round(Math.min(MOST, Math.max(LEAST, WORK / queries)));
  const results = entrants.map(({ name, latency, bytes, findings }, i): SystemResult => {
    const evaluation = evaluations[i]!;
    const all = new Findings();
    all.addAll(findings ?? []);
    all.addAll(evaluation.findings);
    return {
      retriever: name,
      metrics: Object.fromEntries(metrics.map((metric) => [metric, evaluation.mean(metric)])),
      intervals: Object.fromEntries(
        metrics.map((metric) => {
          const defined = evaluation.values(metric).filter((value) => !Number.isNaN(value));
          return [metric, bootstrapInterval(defined, { seed, resamples: LEAST })];
        }),
      ),
      pooled: evaluation.pooled!,
      ...(latency === undefined ? {} : { latency }),
      ...(bytes === undefined ? {} : { bytes }),
      findings: all.list(),
    };
  });
  const systems = entrants.map(({ name }, i) => ({
    name,
    queries: evaluations[i]!.queries,
    values: (metric: string) => evaluations[i]!.values(metric),
  }));
  const comparisons = compareSystems(systems, { metrics, pairs, level, seed, resamples });
  return { queries, level, relevanceLevel, seed, resamples, results, comparisons, evaluations };
}

/** A query on which two systems differ. */
export interface Example {
  readonly query: string;
  readonly baseline: number;
  readonly system: number;
}

/** The queries that a system won and lost most against a baseline, by a metric; ties are neither. */
export function mostChanged(
  baseline: Evaluation,
  system: Evaluation,
  metric: string,
  count = 5,
): { readonly won: readonly Example[]; readonly lost: readonly Example[] } {
  const [a, b] = [baseline.values(metric), system.values(metric)];
  const examples = baseline.queries
    .map((query, i) => ({ query, baseline: a[i]!, system: b[i]! }))
    .filter((example) => Math.abs(example.system - example.baseline) > 0)
    .sort((x, y) => y.system - y.baseline - (x.system - x.baseline) || (x.query < y.query ? -1 : 1));
  return {
    won: examples.filter(({ baseline: x, system: y }) => y > x).slice(0, count),
    lost: examples
      .filter(({ baseline: x, system: y }) => y < x)
      .reverse()
      .slice(0, count),
  };
}
