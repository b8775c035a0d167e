import { nativeRuntime } from '../../../src/encode/runtime.ts';
import { type RelevanceGrounds, type RelevanceMap, relevanceOf } from '../../../src/search/index.ts';
import { type JudgedList, learnRelevance } from '../../../src/train/index.ts';
import type { Config, Contestant } from '../../grading/index.ts';
import type { Split } from '../../grading/types.ts';
import { pooledCurve, type Scored } from './pooled.ts';

/** Candidates of queries by their cosine, which of them are relevant, and the queries' embeddings. */
export interface Candidates {
  readonly units: readonly string[];
  /** Descending. */
  readonly cosines: readonly Float64Array[];
  readonly relevant: readonly (readonly boolean[])[];
  readonly vectors: readonly Float32Array[];
  readonly splitOf: (unit: string) => Split;
  readonly sources: Readonly<Record<string, string>>;
}

/** Scores of a query's candidates. */
export type Calibrate = (query: number) => ArrayLike<number>;

/** A query's candidates as lists of a search by vectors alone. */
export function judgedList({ cosines, relevant, vectors }: Candidates, query: number, seen: boolean): JudgedList {
  return {
    hits: Array.from(cosines[query]!, (score, i) => ({
      contributions: [{ stage: 'dense', rank: i + 1, score, share: 0 }],
    })),
    relevant: relevant[query]!,
    vector: seen ? vectors[query]! : new Float32Array(vectors[query]!.length),
  };
}

/** Numbers of the queries of a split. */
export function rowsOf({ units, splitOf }: Candidates, split: Split): number[] {
  return [...units.keys()].filter((row) => splitOf(units[row]!) === split);
}

export interface Adapter {
  readonly map: RelevanceMap;
  readonly decay: number;
  readonly by?: RelevanceGrounds;
  /** Whether the map may depend on the query. Where not, all queries get the same embedding. */
  readonly seen: boolean;
}

/** Learns a map from the training queries, by the query's embedding alone unless said otherwise. */
export async function learnAdapter(
  data: Candidates,
  { map, decay, seen, by = 'query' }: Adapter,
  context: { readonly seed: number; readonly signal: AbortSignal },
): Promise<Calibrate> {
  const lists = rowsOf(data, 'train').map((row) => judgedList(data, row, seen));
  const learned = await learnRelevance(lists, {
    runtime: await nativeRuntime(),
    by,
    map,
    depth: data.cosines[0]!.length,
    learningRate: 0.02,
    head: { rank: 64, width: 32, decay },
    // The pools hold an answer to every request.
    withoutAnswers: false,
    ...context,
  });
  return (query) => relevanceOf(judgedList(data, query, seen), learned);
}

export function scored({ relevant }: Candidates, rows: readonly number[], calibrate: Calibrate): Scored[] {
  return rows.map((row) => ({ scores: calibrate(row), relevant: relevant[row]! }));
}

/** Answers a query with its share of the pooled area, so that the mean over the queries of a split is the area. */
export function calibrated(
  name: string,
  data: Candidates,
  configs: readonly Config[],
  make: (config: Config, context: { readonly seed: number; readonly signal: AbortSignal }) => Promise<Calibrate>,
): Contestant<unknown, number> {
  return {
    name,
    configs,
    fit: async (config, context) => {
      const calibrate = await make(config, context);
      const shares = new Map<string, number>();
      let costs = {};
      for (const split of ['dev', 'test'] as const) {
        const rows = rowsOf(data, split);
        const curve = pooledCurve(scored(data, rows, calibrate));
        rows.forEach((row, i) => {
          shares.set(data.units[row]!, curve.byQuery[i]!);
        });
        costs = {
          'precision at recall 0.95': curve.precisionAt95,
          'precision at recall 0.9': curve.precisionAt90,
          'kept / query at recall 0.95': curve.keptAt95,
        };
      }
      return { answer: (unit) => shares.get(unit)!, costs };
    },
  };
}

/** Scores that learn nothing: they look at the query's list alone. */
export function unlearned(cosines: Float64Array, kind: string, depth = cosines.length): Float64Array {
  const first = cosines.subarray(0, depth);
  const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
  const deviation = Math.sqrt(first.reduce((sum, value) => sum + (value - mean) ** 2, 0) / first.length) || 1;
  if (kind === 'z-score') return cosines.map((value) => (value - mean) / deviation);
  if (kind === 'above the mean') return cosines.map((value) => value - mean);
  if (kind === 'gap to the next') return cosines.map((value, i) => value - (cosines[i + 1] ?? value));
  if (kind === 'rank') return cosines.map((_, i) => -i);
  return cosines;
}
