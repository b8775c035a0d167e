import { Random } from '../../src/base/random.ts';
import { mean } from '../../src/eval/index.ts';
import { dot } from '../../src/math/index.ts';
import type { Retriever } from '../../src/search/index.ts';
import { exactTop, type MinerOptions, mineNegatives } from '../../src/train/index.ts';
import { type Pairs, rowsOf } from './pairs.ts';

/** Rows of negatives for each query, none for those that are not trained on. */
export type Mined = readonly (readonly number[])[];

/** How negatives are chosen: by `mineNegatives`, or at random. */
export type MiningRule = Pick<MinerOptions, 'keepBelow'> | 'at random';

/** Ranks that are mined from. */
const WINDOW = { from: 1, to: 50 };

/** Mines so many negatives for each training query by the frozen vectors, as far as training knows what is relevant. */
export async function mined(data: Pairs, rule: MiningRule, count: number): Promise<Mined> {
  const { relevant, seen = relevant, documents } = data;
  const queries = rowsOf(data, 'train');
  const negatives: number[][] = data.queryIds.map(() => []);
  if (rule === 'at random') {
    const random = new Random(31);
    for (const query of queries) {
      while (negatives[query]!.length < count) {
        const other = random.below(documents.count);
        if (!seen[query]!.has(other)) negatives[query]!.push(other);
      }
    }
    return negatives;
  }
  const asked = data.queries.pick(queries);
  const most = Math.max(...queries.map((query) => seen[query]!.size));
  const lists = exactTop(documents, asked, WINDOW.to + most);
  let at = 0;
  const retriever: Retriever = async () => {
    const query = asked.row(at);
    const hits = Array.from(lists[at++]!, (passage) => ({ passage, score: dot(query, documents.row(passage)) }));
    return { hits, trace: { stage: 'dense', tookMs: 0, examined: documents.count, returned: hits.length } };
  };
  const asking = queries.map((query) => ({ text: data.queryIds[query]!, positives: seen[query]! }));
  for await (const found of mineNegatives(asking, { retriever, count, window: WINDOW, ...rule }))
    negatives[queries[found.query]!] = [...found.negatives];
  return negatives;
}

/** Training queries without negatives by one of the rules are left out for all, so that these are compared over the same. */
export function minedByAll<Rule extends string>(data: Pairs, by: Readonly<Record<Rule, Mined>>): Pairs {
  const all = Object.values<Mined>(by);
  const splits = data.splits.map((split, query) =>
    split === 'train' && all.some((negatives) => negatives[query]!.length === 0) ? undefined : split,
  );
  return { ...data, splits };
}

/** Share of the negatives of training queries that are answers nevertheless. */
export function falseShare(data: Pairs, negatives: Mined): number {
  return mean(
    rowsOf(data, 'train').flatMap((query) =>
      negatives[query]!.map((other) => (data.relevant[query]!.has(other) ? 1 : 0)),
    ),
  );
}
