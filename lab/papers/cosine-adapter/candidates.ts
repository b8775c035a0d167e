import { Random } from '../../../src/base/random.ts';
import type { Vectors } from '../../../src/base/vectors.ts';
import { exactTop } from '../../../src/train/index.ts';
import { requestsOf } from '../../datasets/requests.ts';
import type { Lab } from '../../grading/index.ts';
import type { Split } from '../../grading/types.ts';
import type { Candidates } from './calibration.ts';

/** Candidates of a query. */
const DEPTH = 50;

/** Requests and the 50 tools nearest to each; one of them is right. The last requests are for reporting, those before for choosing. */
export function requestCandidates(lab: Lab): Promise<Candidates> {
  return lab.once('request candidates', async () => {
    const { rows, vectors, tool, toolVectors, sources } = await requestsOf(lab, lab.pick(3, 30));
    const top = exactTop(toolVectors, vectors, DEPTH);
    const [dev, test] = lab.pick([60, 60], [600, 1200]);
    return {
      units: [...rows.keys()],
      cosines: top.map((tools, query) => Float64Array.from(tools, (row) => product(vectors, query, toolVectors, row))),
      relevant: top.map((tools, query) => Array.from(tools, (row) => row === tool[query])),
      vectors: tool.map((_, query) => vectors.row(query)),
      splitOf: (unit) => splitAt(rows.get(unit)!, tool.length, dev!, test!),
      sources,
    };
  });
}

function product(a: Vectors, i: number, b: Vectors, j: number): number {
  const [x, y] = [a.row(i), b.row(j)];
  let sum = 0;
  for (let c = 0; c < x.length; c++) sum += x[c]! * y[c]!;
  return sum;
}

function splitAt(row: number, count: number, dev: number, test: number): Split {
  if (row >= count - test) return 'test';
  return row >= count - test - dev ? 'dev' : 'train';
}

/**
 * Queries whose cosines have an offset and a slope that one direction each of the query decides on: `c = 0.3 + 0.15 u + 0.1 e^(0.4 v) t`, where
 * `t` is how relevant a candidate is, alike for all queries. None to ten of fifty candidates are relevant, so that nothing in the list alone
 * tells how many.
 */
export function syntheticCandidates(lab: Lab): Promise<Candidates> {
  return lab.once('synthetic candidates', async () => {
    const random = new Random(23);
    const [train, dev, test] = lab.pick([200, 60, 60], [2000, 500, 1000]) as [number, number, number];
    const units = Array.from({ length: train + dev + test }, (_, i) => `q${i}`);
    const drawn = units.map(() => {
      const vector = Float32Array.from({ length: 32 }, () => random.normal());
      const [offset, slope] = [0.15 * vector[0]!, Math.exp(0.4 * vector[1]!)];
      const count = random.below(11);
      const hits = Array.from({ length: DEPTH }, (_, i) => {
        const t = (i < count ? 1.5 : 0) + 0.5 * random.normal();
        return { relevant: i < count, cosine: 0.3 + offset + 0.1 * slope * t };
      }).sort((a, b) => b.cosine - a.cosine);
      return { vector, hits };
    });
    return {
      units,
      cosines: drawn.map(({ hits }) => Float64Array.from(hits, ({ cosine }) => cosine)),
      relevant: drawn.map(({ hits }) => hits.map(({ relevant }) => relevant)),
      vectors: drawn.map(({ vector }) => vector),
      splitOf: (unit) => splitAt(Number(unit.slice(1)), units.length, dev, test),
      sources: {},
    };
  });
}
