import type { Vectors } from '../../src/base/vectors.ts';
import { exactTop } from '../../src/train/index.ts';
import { requestsOf } from '../datasets/requests.ts';
import type { Lab } from '../grading/lab.ts';
import type { Split } from '../grading/types.ts';

/** Queries and the documents that answer them, as frozen vectors. */
export interface Pairs {
  /** Id of each query. */
  readonly units: readonly string[];
  readonly queries: Vectors;
  readonly documents: Vectors;
  /** Numbers of the documents that answer each query. */
  readonly relevant: readonly (readonly number[])[];
  readonly splitOf: (unit: string) => Split | undefined;
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * Requests and tools: so many pairs for training, and requests apart from them for choosing and testing.
 * @param apart `tools`: training names no tool that other requests ask for; all tools are ranked nevertheless.
 */
export async function toolPairs(lab: Lab, train: number, apart: 'requests' | 'tools' = 'requests'): Promise<Pairs> {
  const { vectors, tool, toolVectors, rows, sources } = await requestsOf(lab, lab.pick(3, 16));
  const [dev, test] = lab.pick([60, 60], [600, 1200]);
  const byRequest = (unit: string): Split | undefined => {
    const row = rows.get(unit)!;
    // Tests come first, so that they are the same however much is trained on.
    if (row < test) return 'test';
    if (row < test + dev) return 'dev';
    return row < test + dev + train ? 'train' : undefined;
  };
  const byTool = (unit: string): Split => {
    const place = tool[rows.get(unit)!]! % 5;
    return place < 2 ? 'train' : place === 2 ? 'dev' : 'test';
  };
  return {
    units: [...rows.keys()],
    queries: vectors,
    documents: toolVectors,
    relevant: tool.map((number) => [number]),
    splitOf: apart === 'tools' ? byTool : byRequest,
    sources,
  };
}

/** The numbers of the units of a split. */
export function rowsOf({ units, splitOf }: Pairs, split: Split): number[] {
  return [...units.keys()].filter((row) => splitOf(units[row]!) === split);
}

/** Ranks documents for every query at once. @returns the first `k` of a unit. */
export function ranking(
  { units, queries, documents }: Pairs,
  k: number,
  changed: { readonly queries?: Vectors; readonly documents?: Vectors } = {},
): (unit: string) => Uint32Array {
  const top = exactTop(changed.documents ?? documents, changed.queries ?? queries, k);
  const rows = new Map(units.map((unit, row) => [unit, row]));
  return (unit) => top[rows.get(unit)!]!;
}

/** 1 where a document that answers the query is among the first `k`. */
export function hitAt(k: number): (truth: readonly number[], answer: Uint32Array) => number {
  return (truth, answer) => (answer.subarray(0, k).some((document) => truth.includes(document)) ? 1 : 0);
}
