import type { Vectors } from '../../src/base/vectors.ts';
import { evaluate, mean } from '../../src/eval/index.ts';
import { LinearMap } from '../../src/math/index.ts';
import { greatest } from '../../src/train/index.ts';
import type { Contestant, Material } from '../grading/types.ts';
import type { Pairs } from './pairs.ts';

/** What a contestant answers: its score of every document, which the lab ranks and grades. */
export type Scores = Float32Array;
type Truth = ReadonlySet<number>;
export type PairContestant = Contestant<Truth, Scores>;

/** Inner products of a query with all documents. */
export function scorer({ queryIds }: Pairs, queries: Vectors, documents: Vectors): (unit: string) => Scores {
  const rows = new Map(queryIds.map((id, row) => [id, row]));
  const map = new LinearMap(documents.data, documents.dim);
  return (unit) => {
    const row = rows.get(unit)!;
    return map.apply(queries.slice(row, row + 1)).data;
  };
}

/** Truth, splits, sources and measure of pairs, for a claim's material. */
export function pairMaterial(data: Pairs, metric: string): Omit<Material<Truth, Scores>, 'baseline' | 'method'> {
  const { queryIds, relevant, splits, sources, tasks } = data;
  const rows = new Map(queryIds.map((id, row) => [id, row]));
  const within = new Map(
    tasks?.flatMap(({ queries, documents }) =>
      queryIds.slice(...queries).map((id) => [relevant[rows.get(id)!]!, documents]),
    ),
  );
  const measure = rankingMetric(metric.toLowerCase());
  return {
    truth: new Map(queryIds.map((id, row) => [id, relevant[row]!])),
    split: (unit) => splits[rows.get(unit)!],
    sources,
    ...(metric.startsWith('pooled AUC')
      ? { measureAll: pooledAreas }
      : { measure: (truth: Truth, scores: Scores) => measure(truth, scores, within.get(truth)) }),
  };
}

/** Documents that are ranked for a query. */
const DEPTH = 10;

/** A metric of one ranking of the ten best, e.g. `ndcg@10`. @param among documents that are ranked. Default: all. */
export function rankingMetric(
  metric: string,
): (truth: Truth, scores: Scores, among?: readonly [from: number, to: number]) => number {
  return (truth, scores, [from, to] = [0, scores.length]) => {
    const best = greatest(scores.subarray(from, to), DEPTH);
    const list = { ids: Array.from(best, (row) => String(row + from)), scores: Array.from(best, (_, rank) => -rank) };
    const grades = new Map([...truth].map((row) => [String(row), 1]));
    return evaluate(new Map([['', list]]), new Map([['', grades]]), { metrics: [metric], pooled: false }).mean(metric);
  };
}

/** Documents of greatest score of each query that do not answer it: these take part in the pooled area. */
const NEGATIVES = 50;

/** The share of all queries' hardest negatives that a query's answers are above; the mean is the pooled AUC. */
export function pooledAreas(
  truth: ReadonlyMap<string, Truth>,
  answers: ReadonlyMap<string, Scores>,
): Map<string, number> {
  const negatives: number[] = [];
  for (const [unit, scores] of answers) {
    const own = truth.get(unit)!;
    const best = greatest(scores, NEGATIVES + own.size);
    const others = [...best].filter((row) => !own.has(row)).slice(0, NEGATIVES);
    for (const row of others) negatives.push(scores[row]!);
  }
  const sorted = Float64Array.from(negatives).sort();
  const below = (score: number): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < score) low = middle + 1;
      else high = middle;
    }
    return low / sorted.length;
  };
  return new Map(
    [...answers].map(([unit, scores]) => [unit, mean([...truth.get(unit)!].map((row) => below(scores[row]!)))]),
  );
}
