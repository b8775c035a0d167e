import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { mean, quantile, studentQuantile, studentTwoSided, variance } from '../math/index.ts';

/** Options of the resampling tests. */
export interface ResamplingOptions {
  /** Resamples. Default 10,000: p-values no smaller than 1e-4. */
  readonly resamples?: number;
  /** Same seed, same result. Default 1234. */
  readonly seed?: number;
}

/** An interval that holds the true value with the given confidence, if its assumptions hold. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  /** Default 0.95 everywhere. */
  readonly confidence: number;
}

/**
 * Paired randomisation test of the mean difference (Fisher's; Smucker, Allan & Carterette 2007 recommend it for retrieval): the sign of
 * each query's difference is flipped at random, as if the names of the two systems meant nothing. Up to 16 differences that are
 * not 0 all sign patterns are tried and the p-value is exact; otherwise it is `(1 + as extreme) / (1 + resamples)`.
 *
 * @returns the two-sided p-value; 1 when no difference is other than 0.
 */
export function randomisationTest(differences: ArrayLike<number>, options: ResamplingOptions = {}): number {
  const { resamples = 10_000, seed = 1234 } = options;
  checkResamples(resamples);
  const values = Float64Array.from(Array.from(differences).filter((value) => value !== 0));
  if (values.length === 0) return 1;
  // Sums of the same terms in another order must not count as less extreme.
  const total = values.reduce((sum, value) => sum + value, 0);
  const size = values.reduce((sum, value) => sum + Math.abs(value), 0);
  const observed = Math.abs(total) - 1e-12 * size;
  if (values.length <= MOST_EXACT) {
    const patterns = 1 << values.length;
    let extreme = 0;
    for (let pattern = 0; pattern < patterns; pattern++) {
      let sum = 0;
      for (let i = 0; i < values.length; i++) sum += (pattern >> i) & 1 ? values[i]! : -values[i]!;
      if (Math.abs(sum) >= observed) extreme++;
    }
    return extreme / patterns;
  }
  const random = new Random(seed);
  let extreme = 0;
  for (let round = 0; round < resamples; round++) {
    let negative = 0;
    for (let i = 0; i < values.length; i += 32) {
      const end = Math.min(values.length, i + 32);
      for (let j = i, bits = random.uint32(); j < end; j++, bits >>>= 1) negative += (bits & 1) * values[j]!;
    }
    if (Math.abs(total - 2 * negative) >= observed) extreme++;
  }
  return (1 + extreme) / (1 + resamples);
}

const MOST_EXACT = 16;

/** Percentile bootstrap interval of the mean: values are drawn with replacement. One value gives an interval of no width. */
export function bootstrapInterval(
  values: ArrayLike<number>,
  options: ResamplingOptions & { readonly confidence?: number } = {},
): Interval {
  const { resamples = 2_000, seed = 1234, confidence = 0.95 } = options;
  checkResamples(resamples);
  const means = resampledMeans(values, resamples, seed);
  return { low: quantile(means, (1 - confidence) / 2), high: quantile(means, (1 + confidence) / 2), confidence };
}

/**
 * Bootstrap test of a mean difference of 0 (shift method; Sakai 2006): values are centred, drawn with replacement, and means at
 * least as far from 0 as the observed one are counted. @returns the two-sided p-value.
 */
export function bootstrapTest(differences: ArrayLike<number>, options: ResamplingOptions = {}): number {
  const { resamples = 10_000, seed = 1234 } = options;
  checkResamples(resamples);
  const centre = mean(differences);
  if (variance(differences) === 0) return centre === 0 ? 1 : 1 / (1 + resamples);
  const centred = Float64Array.from(differences, (value) => value - centre);
  const observed = Math.abs(centre) * (1 - 1e-12);
  let extreme = 0;
  for (const value of resampledMeans(centred, resamples, seed)) if (Math.abs(value) >= observed) extreme++;
  return (1 + extreme) / (1 + resamples);
}

function resampledMeans(values: ArrayLike<number>, resamples: number, seed: number): Float64Array {
  const random = new Random(seed);
  const count = values.length;
  return Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += values[random.below(count)]!;
    return sum / count;
  });
}

/** Paired t-test: Student's t of the differences. @returns p 1 for no differences at all, and for fewer than two. */
export function tTest(differences: ArrayLike<number>): { readonly t: number; readonly df: number; readonly p: number } {
  const df = differences.length - 1;
  const centre = mean(differences);
  if (df < 1 || (centre === 0 && variance(differences) === 0)) return { t: 0, df: Math.max(0, df), p: 1 };
  const t = centre / Math.sqrt(variance(differences) / differences.length);
  return { t, df, p: studentTwoSided(t, df) };
}

/**
 * Holm's step-down adjustment (1979): p-values that may be compared with the level as if each were the only one; the chance of any
 * false alarm among them stays below the level. In the order given.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = [...pValues.keys()].sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((at, i) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - i) * pValues[at]!));
    adjusted[at] = largest;
  });
  return adjusted;
}

/** What a comparison on these queries could have shown. */
export interface Power {
  readonly queries: number;
  /**
   * The least true difference of means that a two-sided t-test at 0.05 on as many queries with as much variance finds with a
   * chance of 0.8. NaN for fewer than two queries, 0 when all differences are equal.
   */
  readonly detectable: number;
  /** Present when the set is too small to conclude anything from the lack of significance; one sentence. */
  readonly warning?: string;
}

/** Queries below which a set counts as small whatever the variance, as TREC's tracks have 50 topics at least. */
const FEW_QUERIES = 50;

/** The power of a paired comparison, from the variance of its differences; not from the difference observed. */
export function powerOf(differences: ArrayLike<number>): Power {
  const queries = differences.length;
  if (queries < 2) {
    return { queries, detectable: Number.NaN, warning: 'One query cannot show a difference between systems.' };
  }
  const df = queries - 1;
  const factor = studentQuantile(0.05, df) + studentQuantile(0.4, df);
  const detectable = factor * Math.sqrt(variance(differences) / queries);
  if (queries >= FEW_QUERIES) return { queries, detectable };
  return {
    queries,
    detectable,
    warning: `Only ${queries} queries: a true difference below ${detectable.toFixed(3)} would mostly go unnoticed.`,
  };
}

/** Two systems on the same queries. Differences are system minus baseline. */
export interface Comparison {
  readonly metric: string;
  readonly baseline: string;
  readonly system: string;
  readonly baselineMean: number;
  readonly systemMean: number;
  readonly difference: number;
  /** Of the mean difference: percentile bootstrap over queries. */
  readonly interval: Interval;
  /** Two-sided p-values. `randomisation` is the one that decides; `adjusted` is it after Holm over all comparisons of the call. */
  readonly p: {
    readonly randomisation: number;
    readonly bootstrap: number;
    readonly t: number;
    readonly adjusted: number;
  };
  /** `adjusted` below the level. */
  readonly significant: boolean;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  readonly power: Power;
}

/** Values of one metric by query for a named system. */
export interface SystemValues {
  readonly name: string;
  readonly queries: readonly string[];
  readonly values: (metric: string) => Float64Array;
}

/** Options of {@link compareSystems}. */
export interface CompareOptions extends ResamplingOptions {
  readonly metrics: readonly string[];
  /** Compare every pair, or all others with the first (default). */
  readonly pairs?: 'first' | 'all';
  /** Level of significance. Default 0.05. */
  readonly level?: number;
}

/**
 * Compares systems pairwise on the queries that all of them were measured on, with Holm's adjustment over all pairs and metrics
 * of the call. Queries for which a metric is not defined for both are left out of that comparison.
 *
 * @throws InvalidArgumentError when two systems were measured on different queries: a difference would mix systems and queries.
 */
export function compareSystems(systems: readonly SystemValues[], options: CompareOptions): Comparison[] {
  const { metrics, pairs = 'first', level = 0.05, ...resampling } = options;
  const [first] = systems;
  for (const { name, queries } of systems) {
    if (queries.length !== first!.queries.length || queries.some((query, i) => query !== first!.queries[i])) {
      throw new InvalidArgumentError(
        `"${name}" was measured on ${queries.length} queries, "${first!.name}" on ${first!.queries.length}, and they are not the same.`,
        'Evaluate both with the same judgements and with missing queries counted as 0.',
      );
    }
  }
  const couples = systems.flatMap((baseline, i) =>
    systems.slice(i + 1).flatMap((system) => (i === 0 || pairs === 'all' ? [{ baseline, system }] : [])),
  );
  const raw = metrics.flatMap((metric) =>
    couples.map(({ baseline, system }) => {
      const [a, b] = [baseline.values(metric), system.values(metric)];
      const rows = [...a.keys()].filter((i) => !Number.isNaN(a[i]!) && !Number.isNaN(b[i]!));
      const differences = Float64Array.from(rows, (i) => b[i]! - a[i]!);
      return {
        metric,
        baseline: baseline.name,
        system: system.name,
        baselineMean: mean(rows.map((i) => a[i]!)),
        systemMean: mean(rows.map((i) => b[i]!)),
        difference: mean(differences),
        interval: bootstrapInterval(differences, resampling),
        randomisation: randomisationTest(differences, resampling),
        bootstrap: bootstrapTest(differences, resampling),
        t: tTest(differences).p,
        wins: differences.filter((value) => value > 0).length,
        losses: differences.filter((value) => value < 0).length,
        ties: differences.filter((value) => value === 0).length,
        power: powerOf(differences),
      };
    }),
  );
  const adjusted = holm(raw.map(({ randomisation }) => randomisation));
  return raw.map(({ randomisation, bootstrap, t, ...rest }, i) => ({
    ...rest,
    p: { randomisation, bootstrap, t, adjusted: adjusted[i]! },
    significant: adjusted[i]! < level,
  }));
}

function checkResamples(resamples: number): void {
  if (!Number.isInteger(resamples) || resamples < 100) {
    throw new InvalidArgumentError(`${resamples} resamples are too few.`, 'Give a whole number of at least 100.');
  }
}
