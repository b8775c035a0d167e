import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import type { Vectors } from '../../base/vectors.ts';
import type { TrainOptions } from '../../codec/index.ts';
import type { Metric } from '../../math/index.ts';
import { exactTop } from '../../math/index.ts';
import { checkRows } from '../checks.ts';
import type { VectorReader } from '../ivf/refine.ts';
import { formatSpec, parseSpec } from '../spec.ts';
import type { VectorIndex } from '../vector-index.ts';
import { Builder } from './build.ts';
import { type Candidate, candidatesFor, nextCandidate } from './candidates.ts';
import { choose, frontierOf } from './choose.ts';
import { Measurer, type Truth } from './measure.ts';
import type { Budget, OperatingPoint, Plan, Proof } from './types.ts';

export interface PlanOptions extends Budget, TrainOptions {
  /** Default `ip`. */
  readonly metric?: Metric;
  /** Queries, none of them among the vectors; half of them never take part in choosing. Some 500 or more make recall sure to 1 %. */
  readonly queries: Vectors;
  /** Specifications to try. Default: a range that suits number and dimension of the vectors, and the budget. */
  readonly specs?: readonly string[];
  /**
   * Where full-precision vectors will be read from when candidates are refined. With it `refine:full` costs no memory, but the time
   * of reading; without, `4 * dim` bytes a vector.
   */
  readonly vectors?: VectorReader;
  /** No further specification is begun after so many seconds. Default 80. */
  readonly seconds?: number;
  /** Called before each specification. */
  readonly onCandidate?: (spec: string, number: number, of: number) => void;
}

const DEFAULT_SECONDS = 80;
/** Fewer say too little. */
const LEAST_QUERIES = 20;
const TRUTH_DEPTH = 100;
/** Specifications tried at most where none are given. */
const MOST_TRIED = 10;

/**
 * Finds an index for a budget by trying: builds candidates on the vectors themselves, measures recall and time of their settings on
 * one half of the queries, chooses, and proves the choice on the other half.
 *
 * @param vectors all that will be indexed, or a sample of them; recall on a sample is a little higher than on all.
 * @throws InvalidArgumentError for no budget or one out of range, fewer than 20 queries, and specifications with a mistake.
 */
export async function plan(vectors: Vectors, options: PlanOptions): Promise<Plan> {
  const start = performance.now();
  const { queries, metric = 'ip', seconds = DEFAULT_SECONDS, signal } = options;
  const budget = checkBudget(options);
  checkRows(vectors, vectors.dim, 'vectors');
  checkRows(queries, vectors.dim, 'queries');
  if (queries.count < LEAST_QUERIES) {
    throw new InvalidArgumentError(
      `${queries.count} queries say too little about recall.`,
      `Pass at least ${LEAST_QUERIES}, better 1,000.`,
    );
  }
  const candidates =
    options.specs?.map((spec) => ({ spec: formatSpec(parseSpec(spec)), bytes: 0 })) ??
    candidatesFor(vectors, metric, budget, options.vectors !== undefined);
  const [seen, unseen] = halves(queries, options.seed ?? 1234);
  const depth = Math.min(TRUTH_DEPTH, vectors.count);
  const truthOf = (some: Vectors): Truth => ({
    queries: some,
    depth,
    neighbours: exactTop(vectors, some, depth, {
      metric,
      build: 'fastest',
      ...(signal === undefined ? {} : { signal }),
    }),
  });
  const builder = new Builder(vectors, metric, options);
  const measurer = new Measurer(truthOf(seen));
  const points: OperatingPoint[] = [];
  const skipped: { spec: string; reason: string }[] = [];
  const untried = [...candidates];
  const tried: { candidate: Candidate; kept: boolean }[] = [];
  const most = options.specs === undefined ? Math.min(MOST_TRIED, candidates.length) : candidates.length;
  let held: VectorIndex | undefined;
  while (tried.length < most) {
    const candidate = options.specs === undefined ? nextCandidate(untried, tried, budget) : untried[0];
    if (candidate === undefined) break;
    const { spec } = candidate;
    if (tried.length > 0 && (performance.now() - start) / 1000 > seconds) {
      const rest = options.specs === undefined ? [candidate] : untried;
      for (const missed of rest) skipped.push({ spec: missed.spec, reason: `no time left after ${seconds} s` });
      break;
    }
    untried.splice(untried.indexOf(candidate), 1);
    options.onCandidate?.(spec, tried.length + 1, most);
    const index = await attempt(spec, () => builder.build(spec), skipped);
    const found = index === undefined ? [] : await measurer.sweep(index, signal);
    points.push(...found);
    tried.push({ candidate, kept: choose(found, budget, seen.count).point !== undefined });
    // One index is held: that of the choice so far, which is nearly always the choice in the end.
    if (index !== undefined && choose(points, budget, seen.count).point?.spec === index.spec) held = index;
  }
  const { point, why, unmet } = choose(points, budget, seen.count);
  const outcome = {
    budget,
    vectors: vectors.count,
    dim: vectors.dim,
    metric,
    queries: { seen: seen.count, unseen: unseen.count },
    points,
    frontier: frontierOf(points),
    skipped,
  };
  if (point === undefined) return { ...outcome, unmet: unmet!, tookMs: performance.now() - start };
  const chosen = held?.spec === point.spec ? held : await builder.build(point.spec);
  const proof = prove(chosen, point, budget, new Measurer(truthOf(unseen)));
  return { ...outcome, choice: { point, why, proof }, tookMs: performance.now() - start };
}

/** A specification that cannot be built from these vectors is passed over; anything else that fails, fails. */
async function attempt(
  spec: string,
  build: () => Promise<VectorIndex>,
  skipped: { spec: string; reason: string }[],
): Promise<VectorIndex | undefined> {
  try {
    return await build();
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    skipped.push({ spec, reason: error.message });
    return undefined;
  }
}

function prove(index: VectorIndex, point: OperatingPoint, budget: Budget, measurer: Measurer): Proof {
  const { recall10, recall100, p50, p95, deviation } = measurer.measure(index, point.search);
  const margin = (1.96 * deviation) / Math.sqrt(measurer.count);
  const promised = Math.max(point.recall10 - 0.02, (budget.recall ?? 0) - 0.02);
  return {
    recall10,
    recall100,
    p50,
    p95,
    margin,
    holds: recall10 >= promised && p95 <= 1.5 * (budget.p95 ?? Infinity),
  };
}

function checkBudget({ bytes, recall, p95 }: Budget): Budget {
  if (bytes === undefined && recall === undefined && p95 === undefined) {
    throw new InvalidArgumentError('No budget is given.', 'Give bytes for a vector, a recall, or milliseconds.');
  }
  if (bytes !== undefined && !(bytes > 0)) {
    throw new InvalidArgumentError(`A vector of ${bytes} bytes is impossible.`, 'Give a positive number of bytes.');
  }
  if (recall !== undefined && !(recall > 0 && recall <= 1)) {
    throw new InvalidArgumentError(`The recall is ${recall}.`, 'Give a number above 0 and at most 1, such as 0.95.');
  }
  if (p95 !== undefined && !(p95 > 0)) {
    throw new InvalidArgumentError(`The time is ${p95} ms.`, 'Give a positive number of milliseconds.');
  }
  return {
    ...(bytes === undefined ? {} : { bytes }),
    ...(recall === undefined ? {} : { recall }),
    ...(p95 === undefined ? {} : { p95 }),
  };
}

/** Two halves drawn at random, so that an order of the queries does no harm. */
function halves(queries: Vectors, seed: number): [Vectors, Vectors] {
  const order = new Random(seed).shuffle([...Array(queries.count).keys()]);
  const middle = Math.ceil(order.length / 2);
  return [queries.pick(order.slice(0, middle)), queries.pick(order.slice(middle))];
}
