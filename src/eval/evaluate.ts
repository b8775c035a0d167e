import { InvalidArgumentError } from '../base/errors.ts';
import { defaultMetrics, type JudgedRanking, type Metric, parseMetric } from './metrics.ts';
import { rankedOrder } from './order.ts';
import { type PooledScores, PooledStatistics } from './pooled.ts';
import { type Finding, Findings, type Judgements, type RankedList, type Run } from './types.ts';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** Names as `parseMetric` takes them. Default: `defaultMetrics`. */
  readonly metrics?: readonly string[];
  /**
   * Grade from which a document is relevant, for the metrics that know only relevant and not; above 0, default 1, as trec_eval's
   * `-l`. Measures of grades (nDCG) do not depend on it, nor does which queries count.
   */
  readonly relevanceLevel?: number;
  /**
   * A judged query that the run does not hold: `zero` (default, trec_eval's `-c`) counts it as a query with no results, `skip`
   * leaves it out, which flatters a system that answers only what it knows.
   */
  readonly missing?: 'zero' | 'skip';
  /** A query of which no document has a grade above 0: `skip` (default) leaves it out, `zero` counts it as 0. */
  readonly withoutRelevant?: 'skip' | 'zero';
  /** Whether to compute `pooled` (AUC and threshold consistency over all queries). Default true. */
  readonly pooled?: boolean;
}

/** What {@link evaluate} found. */
export interface Evaluation {
  /** Canonical names of the metrics, in the order asked for. */
  readonly metrics: readonly string[];
  /** Queries that count, in the order of the judgements. */
  readonly queries: readonly string[];
  /** A metric's value for each of `queries`; NaN where it is not defined. @throws InvalidArgumentError when it was not asked for. */
  values(metric: string): Float64Array;
  /** Mean over the queries for which it is defined; NaN when there are none. */
  mean(metric: string): number;
  /** Over all queries at once. Absent when not wanted. */
  readonly pooled?: PooledScores;
  /** Queries left out, duplicates, queries without results: everything that a reader must know. */
  readonly findings: readonly Finding[];
}

/**
 * Measures a run against judgements. Values agree with trec_eval's (`-c`) and BEIR's; see `metricFamilies` for definitions.
 * A document that occurs twice in a list counts at its best rank only, and is reported.
 *
 * @throws InvalidArgumentError for unknown metrics, a relevance level of 0 or less, NaN scores, and when no query is left to be
 * measured.
 */
export function evaluate(run: Run, judgements: Judgements, options: EvaluateOptions = {}): Evaluation {
  const { relevanceLevel = 1, missing = 'zero', withoutRelevant = 'skip', pooled = true } = options;
  if (!(relevanceLevel > 0 && Number.isFinite(relevanceLevel))) {
    throw new InvalidArgumentError(
      `The grade from which a document is relevant is ${relevanceLevel}.`,
      'Give a number above 0; grade 0 says that a document is not relevant.',
    );
  }
  const metrics = parseMetrics(options.metrics ?? defaultMetrics);
  const findings = new Findings();
  const queries: string[] = [];
  const columns = metrics.map(() => [] as number[]);
  const pool = pooled ? new PooledStatistics() : undefined;

  for (const [query, judged] of judgements) {
    const list = run.get(query);
    const truth = summarize(judged, relevanceLevel);
    if (truth.ideal.length === 0) {
      const counted = withoutRelevant === 'zero' ? 'counted as 0' : 'left out';
      findings.add('query-without-relevant', `queries of which no document is relevant, ${counted}`, query);
      if (withoutRelevant === 'skip') continue;
    } else if (truth.relevant === 0) {
      const what = `queries of which no document reaches grade ${relevanceLevel}, counted as 0 by metrics that do not know grades`;
      findings.add('query-without-relevant', what, query);
    }
    if (list === undefined) {
      findings.add(
        'query-not-in-run',
        `judged queries without results, ${missing === 'zero' ? 'counted as 0' : 'left out'}`,
        query,
      );
      if (missing === 'skip') continue;
    }
    const ranking = judge(list ?? NO_RESULTS, judged, truth, relevanceLevel, query, findings);
    queries.push(query);
    metrics.forEach(({ value }, i) => {
      columns[i]!.push(value(ranking));
    });
    pool?.add(ranking);
  }
  for (const query of run.keys()) {
    if (!judgements.has(query))
      findings.add('query-not-judged', 'queries of the run without judgements, left out', query);
  }
  if (queries.length === 0) {
    throw new InvalidArgumentError(
      `No query can be measured: ${judgements.size} queries are judged, ${run.size} are in the run, and none is left.`,
      'Check that run and judgements use the same query ids.',
    );
  }
  return new Evaluated(
    metrics.map(({ name }) => name),
    queries,
    columns.map((column) => Float64Array.from(column)),
    findings.list(),
    pool?.scores(),
  );
}

/** Metrics by name, each once. */
export function parseMetrics(names: readonly string[]): Metric[] {
  const metrics = new Map(names.map(parseMetric).map((metric) => [metric.name, metric]));
  if (metrics.size === 0) throw new InvalidArgumentError('No metric is asked for.', 'Name one, e.g. ndcg@10.');
  return [...metrics.values()];
}

const NO_RESULTS: RankedList = { ids: [], scores: [] };

class Evaluated implements Evaluation {
  declare readonly pooled?: PooledScores;

  constructor(
    readonly metrics: readonly string[],
    readonly queries: readonly string[],
    private readonly columns: readonly Float64Array[],
    readonly findings: readonly Finding[],
    pooled: PooledScores | undefined,
  ) {
    if (pooled !== undefined) this.pooled = pooled;
  }

  values(metric: string): Float64Array {
    const index = this.metrics.indexOf(parseMetric(metric).name);
    if (index < 0) {
      throw new InvalidArgumentError(
        `${metric} was not evaluated.`,
        `Ask evaluate for it; there are ${this.metrics.join(', ')}.`,
      );
    }
    return this.columns[index]!;
  }

  mean(metric: string): number {
    let [sum, count] = [0, 0];
    for (const value of this.values(metric)) {
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return count === 0 ? Number.NaN : sum / count;
  }
}

interface Truth {
  readonly ideal: Float64Array;
  readonly relevant: number;
  readonly nonRelevant: number;
}

function summarize(judged: ReadonlyMap<string, number>, level: number): Truth {
  const ideal: number[] = [];
  let [relevant, nonRelevant] = [0, 0];
  for (const grade of judged.values()) {
    if (grade > 0) ideal.push(grade);
    if (grade >= level) relevant++;
    else if (grade >= 0) nonRelevant++;
  }
  return { ideal: Float64Array.from(ideal.sort((a, b) => b - a)), relevant, nonRelevant };
}

function judge(
  list: RankedList,
  judged: ReadonlyMap<string, number>,
  truth: Truth,
  level: number,
  query: string,
  findings: Findings,
): JudgedRanking {
  const order = rankedOrder(list, query);
  const { ids } = list;
  const scores = new Float32Array(ids.length);
  const ranks: number[] = [];
  const grades: number[] = [];
  const seen = hasDuplicates(ids) ? new Set<string>() : undefined;
  let rank = 0;
  for (let i = 0; i < ids.length; i++) {
    const at = order === undefined ? i : order[i]!;
    const id = ids[at]!;
    if (seen !== undefined) {
      if (seen.has(id)) {
        findings.add(
          'duplicate-document',
          'documents returned twice for a query, counted at their best rank',
          `${query} ${id}`,
        );
        continue;
      }
      seen.add(id);
    }
    scores[rank] = list.scores[at]!;
    const grade = judged.get(id);
    if (grade !== undefined && grade >= 0) {
      ranks.push(rank);
      grades.push(grade);
    }
    rank++;
  }
  return {
    ...truth,
    level,
    length: rank,
    ranks: Uint32Array.from(ranks),
    grades: Float64Array.from(grades),
    scores: scores.subarray(0, rank),
  };
}

function hasDuplicates(ids: readonly string[]): boolean {
  return new Set(ids).size < ids.length;
}
