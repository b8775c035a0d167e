import type { Budget, OperatingPoint, Unmet } from './types.ts';

/** Recall that is given up for speed or bytes: less than can be told apart. */
const SLACK = 0.003;
/** Recall between two points of an index that are worth telling apart in a table. */
const APART = 0.01;
/** One-sided 95 %: a recall that is asked for must be likely on other queries as well. */
const CONFIDENCE = 1.645;

/**
 * The points that no other beats in bytes, recall and time together, by ascending bytes, then recall. Of those of one index that find
 * nearly the same, the fastest.
 */
export function frontierOf(points: readonly OperatingPoint[]): OperatingPoint[] {
  const best = points
    .filter((a) => !points.some((b) => b !== a && beats(b, a)))
    .sort((a, b) => a.bytes - b.bytes || (a.spec < b.spec ? -1 : a.spec > b.spec ? 1 : a.recall10 - b.recall10));
  return best.filter((point, i) => {
    const next = best[i + 1];
    if (next?.spec !== point.spec) return true;
    const before = best.slice(0, i).findLast(({ spec }) => spec === point.spec);
    return before === undefined || point.recall10 - before.recall10 >= APART;
  });
}

function beats(b: OperatingPoint, a: OperatingPoint): boolean {
  const atLeast = b.bytes <= a.bytes && b.recall10 >= a.recall10 && b.p50 <= a.p50;
  return atLeast && (b.bytes < a.bytes || b.recall10 > a.recall10 || b.p50 < a.p50);
}

/**
 * The point that keeps the budget best. What the budget does not name decides between those that keep it: recall where it is not
 * asked for, else bytes, else time.
 *
 * @param queries how many queries recall was measured on.
 */
export function choose(
  points: readonly OperatingPoint[],
  budget: Budget,
  queries: number,
): { readonly point?: OperatingPoint; readonly why: string; readonly unmet?: Unmet } {
  const sure = (point: OperatingPoint) => point.recall10 - (CONFIDENCE * point.deviation) / Math.sqrt(queries);
  const { bytes = Number.POSITIVE_INFINITY, recall = 0, p95 = Number.POSITIVE_INFINITY } = budget;
  const tests = {
    bytes: (point: OperatingPoint) => point.bytes <= bytes,
    recall: (point: OperatingPoint) => sure(point) >= recall,
    p95: (point: OperatingPoint) => point.p95 <= p95,
  };
  const fitting = points.filter((point) => Object.values(tests).every((test) => test(point)));
  if (fitting.length === 0) return { why: '', unmet: explain(points, budget, tests) };
  if (budget.recall === undefined) {
    const best = Math.max(...fitting.map(({ recall10 }) => recall10));
    const close = fitting.filter(({ recall10 }) => recall10 >= best - SLACK);
    const point = least(close, budget.p95 === undefined ? ({ p50 }) => p50 : (one) => one.bytes);
    return { point, why: `the highest recall that keeps the budget, up to ${SLACK}` };
  }
  if (budget.bytes === undefined) {
    const fewest = Math.min(...fitting.map((point) => point.bytes));
    const close = fitting.filter((point) => point.bytes <= 1.05 * fewest);
    return { point: least(close, ({ p50 }) => p50), why: 'the fewest bytes that keep the budget' };
  }
  return { point: least(fitting, ({ p50 }) => p50), why: 'the fastest that keeps the budget' };
}

function explain(
  points: readonly OperatingPoint[],
  budget: Budget,
  tests: Readonly<Record<keyof Budget, (point: OperatingPoint) => boolean>>,
): Unmet {
  const distance: Record<keyof Budget, (point: OperatingPoint) => number> = {
    bytes: (point) => point.bytes,
    recall: (point) => -point.recall10,
    p95: (point) => point.p95,
  };
  const names = (Object.keys(distance) as (keyof Budget)[]).filter((name) => budget[name] !== undefined);
  const nearest = names.flatMap((name) => {
    const others = names.filter((other) => other !== name);
    const keeping = points.filter((point) => others.every((other) => tests[other](point)));
    const pool = keeping.length > 0 ? keeping : points;
    return pool.length === 0 ? [] : [least(pool, distance[name])];
  });
  const asked = {
    bytes: `${budget.bytes} bytes a vector`,
    recall: `a recall@10 of ${budget.recall}`,
    p95: `${budget.p95} ms at the 95th percentile`,
  };
  const alone = names.find((name) => !points.some(tests[name]));
  const why =
    alone === undefined && names.length > 1
      ? `no index tried keeps ${names.map((name) => asked[name]).join(' and ')} together`
      : `no index tried keeps ${asked[alone ?? names[0]!]}`;
  return { why, nearest: [...new Set(nearest)] };
}

function least(points: readonly OperatingPoint[], of: (point: OperatingPoint) => number): OperatingPoint {
  return points.reduce((best, point) => (of(point) < of(best) ? point : best));
}
