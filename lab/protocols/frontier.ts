import type { Codec } from '../../src/codec/index.ts';
import { mean } from '../../src/eval/index.ts';
import { greatest, products } from '../../src/math/index.ts';
import type { Lab } from '../grading/lab.ts';
import { type CodeData, exactBest, ndcgOf, TOP } from './codes.ts';

/** Bytes of a code, and what is found by codes, best first. */
export interface Searcher {
  readonly bytes: number;
  readonly search: (query: Float32Array, k: number) => ArrayLike<number>;
}

/** All codes are looked at. */
export function scan({ documents }: CodeData, codec: Codec): Searcher {
  const codes = codec.encode(documents);
  const scores = new Float32Array(documents.count);
  return {
    bytes: codec.codeSize,
    search: (query, k) => {
      codec.scorer(query).score(codes, scores.length, scores);
      return greatest(scores, k);
    },
  };
}

/** A way to make vectors smaller: recall@10 of exact search over all claims, and nDCG@10 over those with judgements. */
export interface FrontierPoint {
  readonly spec: string;
  readonly bytes: number;
  readonly recall: number;
  readonly ndcg: number;
}

/** The points of specifications, which the lab keeps, and nDCG@10 of the vectors themselves. */
export async function frontier(
  lab: Lab,
  data: CodeData,
  specs: readonly string[],
  searcher: (spec: string) => Promise<Searcher>,
): Promise<{ readonly points: readonly FrontierPoint[]; readonly exact: number }> {
  const truth = exactBest(data);
  const judged = [...data.relevant].filter(([, rows]) => rows.size > 0);
  const found = ({ search }: Pick<Searcher, 'search'>, unit: string) =>
    Uint32Array.from(search(data.queries.row(data.rows.get(unit)!), TOP));
  const ndcg = (by: Pick<Searcher, 'search'>) => mean(judged.map(([unit, rows]) => ndcgOf(rows, found(by, unit))));
  const points: FrontierPoint[] = [];
  for (const spec of specs) {
    points.push(
      await lab.remember(['frontier', spec, lab.level, ...Object.values(data.sources)], async () => {
        lab.checkTime();
        lab.say(`frontier: ${spec}`);
        const by = await searcher(spec);
        const recall = mean(
          [...truth].map(([unit, best]) => found(by, unit).filter((row) => best.has(row)).length / best.size),
        );
        return { spec, bytes: by.bytes, recall, ndcg: ndcg(by) };
      }),
    );
  }
  return { points, exact: ndcg({ search: (query, k) => greatest(products(data.documents, query), k) }) };
}
