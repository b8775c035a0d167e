import { evaluate } from '../../src/eval/index.ts';

/** The value of one ranking of documents, best first, e.g. by `ndcg@10`. @param truth grades by document. */
export function listValue(metric: string, truth: ReadonlyMap<string, number>, ids: readonly string[]): number {
  const run = new Map([['q', { ids, scores: ids.map((_, rank) => -rank) }]]);
  return evaluate(run, new Map([['q', truth]]), { metrics: [metric], pooled: false }).mean(metric);
}
