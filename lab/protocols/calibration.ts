import { Random } from '../../src/base/random.ts';
import { nativeRuntime } from '../../src/encode/index.ts';
import { pooledCurve, repooledInterval, type ScoredCandidates } from '../../src/eval/index.ts';
import { dot } from '../../src/math/index.ts';
import { type RelevanceMap, relevanceOf } from '../../src/search/index.ts';
import { exactTop, type JudgedList, learnRelevance } from '../../src/train/index.ts';
import { requestsOf } from '../datasets/requests.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Contestant, Split } from '../grading/types.ts';
import { type Arena, comparison, type Said, type Sides } from './claims.ts';

/** Candidates of a query. */
const DEPTH = 50;

/** Candidates of queries by their cosine, which of them are relevant, and the queries' embeddings. */
export interface Candidates {
  readonly units: readonly string[];
  /** Descending. */
  readonly cosines: readonly Float64Array[];
  readonly relevant: readonly (readonly boolean[])[];
  readonly vectors: readonly Float32Array[];
  readonly splits: readonly Split[];
  readonly sources: Readonly<Record<string, string>>;
}

/** Requests and the 50 tools nearest to each; one of them is right. The last requests are for reporting, those before for choosing. */
export function requestCandidates(lab: Lab): Promise<Candidates> {
  return lab.once('request candidates', async () => {
    const { rows, vectors, tool, toolVectors, sources } = await requestsOf(lab, lab.pick(3, 30));
    const top = exactTop(toolVectors, vectors, DEPTH);
    return {
      units: [...rows.keys()],
      cosines: top.map((tools, query) =>
        Float64Array.from(tools, (row) => dot(vectors.row(query), toolVectors.row(row))),
      ),
      relevant: top.map((tools, query) => Array.from(tools, (row) => row === tool[query])),
      vectors: tool.map((_, query) => vectors.row(query)),
      splits: splitsOf(tool.length, lab.pick([60, 60], [600, 1200])),
      sources,
    };
  });
}

function splitsOf(count: number, [dev, test]: readonly number[]): Split[] {
  return Array.from({ length: count }, (_, row) =>
    row >= count - test! ? 'test' : row >= count - test! - dev! ? 'dev' : 'train',
  );
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
    const drawn = Array.from({ length: train + dev + test }, () => {
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
      units: drawn.map((_, i) => `q${i}`),
      cosines: drawn.map(({ hits }) => Float64Array.from(hits, ({ cosine }) => cosine)),
      relevant: drawn.map(({ hits }) => hits.map(({ relevant }) => relevant)),
      vectors: drawn.map(({ vector }) => vector),
      splits: splitsOf(drawn.length, [dev, test]),
      sources: {},
    };
  });
}

/** Numbers of the queries of a split. */
export function rowsOf({ splits }: Candidates, split: Split): number[] {
  return [...splits.keys()].filter((row) => splits[row] === split);
}

/** Scores of a query's candidates. */
export type Calibrate = (query: number) => ArrayLike<number>;

/** A map of scores, and how much a head is held back. */
export interface Calibration {
  readonly map: RelevanceMap;
  readonly decay: number;
  /** Whether the map may depend on the query. Where not, all queries get the same embedding. */
  readonly seen: boolean;
}

/** A query's candidates as a list of a search by vectors alone. */
function judgedList({ cosines, relevant, vectors }: Candidates, query: number, seen: boolean): JudgedList {
  return {
    hits: Array.from(cosines[query]!, (score, i) => ({
      contributions: [{ stage: 'dense', rank: i + 1, score, share: 0 }],
    })),
    relevant: relevant[query]!,
    vector: seen ? vectors[query]! : new Float32Array(vectors[query]!.length),
  };
}

const learned = new WeakMap<Candidates, Map<string, Promise<Calibrate>>>();

/** Learns a map from the training queries, by the query's embedding alone; once for every setting and seed. */
export function calibrate(
  data: Candidates,
  calibration: Calibration,
  context: { readonly seed: number; readonly signal: AbortSignal },
): Promise<Calibrate> {
  const own = learned.get(data) ?? new Map<string, Promise<Calibrate>>();
  learned.set(data, own);
  const key = JSON.stringify([calibration, context.seed]);
  const made = own.get(key) ?? learnMap(data, calibration, context);
  own.set(key, made);
  return made;
}

async function learnMap(
  data: Candidates,
  { map, decay, seen }: Calibration,
  context: { readonly seed: number; readonly signal: AbortSignal },
): Promise<Calibrate> {
  const parameters = await learnRelevance(
    rowsOf(data, 'train').map((row) => judgedList(data, row, seen)),
    {
      runtime: await nativeRuntime(),
      by: 'query',
      map,
      depth: DEPTH,
      learningRate: 0.02,
      head: { rank: 64, width: 32, decay },
      // The pools hold an answer to every request.
      withoutAnswers: false,
      ...context,
    },
  );
  return (query) => relevanceOf(judgedList(data, query, seen), parameters);
}

/** A score that learns nothing: it looks at the query's list alone. */
export type PlainScore = 'z-score' | 'above the mean' | 'gap to the next' | 'rank' | 'cosine';

/** @param depth of the list whose mean and deviation count. Default: all of it. */
export function plainScore(cosines: Float64Array, kind: PlainScore, depth = cosines.length): Float64Array {
  const first = cosines.subarray(0, depth);
  const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
  const deviation = Math.sqrt(first.reduce((sum, value) => sum + (value - mean) ** 2, 0) / first.length) || 1;
  if (kind === 'z-score') return cosines.map((value) => (value - mean) / deviation);
  if (kind === 'above the mean') return cosines.map((value) => value - mean);
  if (kind === 'gap to the next') return cosines.map((value, i) => value - (cosines[i + 1] ?? value));
  if (kind === 'rank') return cosines.map((_, i) => -i);
  return cosines;
}

/** A contestant answers a query with scores of its candidates. */
export type CalibrationSide = (data: Candidates) => Contestant<readonly boolean[], ArrayLike<number>>;

/** A side of maps that are learned. */
export function mapped<Setting extends Config & Pick<Calibration, 'map' | 'decay'>>(
  name: string,
  configs: readonly Setting[],
  seen = true,
): CalibrationSide {
  return (data) =>
    side(name, configs, data, ({ map, decay }, context) => calibrate(data, { map, decay, seen }, context));
}

/** A side of scores that learn nothing. */
export function plain(
  name: string,
  configs: readonly { readonly score: PlainScore; readonly depth?: number }[],
): CalibrationSide {
  return (data) =>
    side(name, configs as readonly Config[], data, async ({ score, depth }) => (query) => {
      const deep = depth === undefined ? undefined : Number(depth);
      return plainScore(data.cosines[query]!, score as PlainScore, deep);
    });
}

function side<Setting extends Config>(
  name: string,
  configs: readonly Setting[],
  { units }: Candidates,
  make: (config: Setting, context: { readonly seed: number; readonly signal: AbortSignal }) => Promise<Calibrate>,
): Contestant<readonly boolean[], ArrayLike<number>> {
  const rows = new Map(units.map((unit, row) => [unit, row]));
  return {
    name,
    configs,
    fit: async (config, context) => {
      const scores = await make(config as Setting, context);
      return { answer: (unit) => scores(rows.get(unit)!) };
    },
  };
}

/** What a claim about one threshold for all queries says, and what it compares. */
export interface CalibrationClaim extends Said, Sides<CalibrationSide> {
  readonly data: (lab: Lab) => Promise<Candidates>;
}

type CalibrationArena = Arena<CalibrationSide, readonly boolean[], ArrayLike<number>>;

/** A claim about the pooled area under precision and recall, of which each query has its share. */
export function calibrationClaim(claim: CalibrationClaim): ComparativeClaim {
  return comparison(claim, 'pooled AUC-PR', async (lab): Promise<CalibrationArena> => {
    const data = await claim.data(lab);
    const rows = new Map(data.units.map((unit, row) => [unit, row]));
    return {
      material: {
        truth: new Map(data.units.map((unit, row) => [unit, data.relevant[row]!])),
        split: (unit) => data.splits[rows.get(unit)!],
        sources: data.sources,
        measureAll: (truth, answers) => {
          const given = [...answers];
          const { byQuery } = pooledCurve(given.map(([unit, scores]) => ({ scores, relevant: truth.get(unit)! })));
          return new Map(given.map(([unit], i) => [unit, byQuery[i]!]));
        },
      },
      contestant: (side) => side(data),
    };
  });
}

/** Neighbours in the ranking of different cosine whose calibrated scores are not in the same order, over all queries of rows. */
export function disorder({ cosines }: Candidates, rows: readonly number[], scores: Calibrate): number {
  let count = 0;
  for (const row of rows) {
    const [before, after] = [cosines[row]!, scores(row)];
    for (let i = 1; i < before.length; i++) if (before[i - 1]! > before[i]! && !(after[i - 1]! > after[i]!)) count++;
  }
  return count;
}

/** Pooled curves of some ways to score, for the reader; differences are from the first. */
export function curveTable(
  data: Candidates,
  rows: readonly number[],
  systems: readonly (readonly [string, Calibrate])[],
): string {
  const scored = (scores: Calibrate): ScoredCandidates[] =>
    rows.map((row) => ({ scores: scores(row), relevant: data.relevant[row]! }));
  const first = scored(systems[0]![1]);
  return [
    `Pooled curves of ${rows.length} test requests with ${DEPTH} candidates each (decay 0.02, seed 1); differences from the first row with requests drawn and pooled anew:`,
    '',
    '| score | AUC-PR | difference, 95% | precision at recall 0.95 | at recall 0.9 | kept / request at recall 0.95 |',
    '|---|---|---|---|---|---|',
    ...systems.map(([name, scores], i) => {
      const own = scored(scores);
      const { area, precisionAt95, precisionAt90, keptAt95 } = pooledCurve(own);
      const { low, high } = i === 0 ? { low: 0, high: 0 } : repooledInterval(own, first);
      const difference = i === 0 ? '–' : `[${low.toFixed(3)}, ${high.toFixed(3)}]`;
      return `| ${name} | ${area.toFixed(4)} | ${difference} | ${precisionAt95.toFixed(4)} | ${precisionAt90.toFixed(4)} | ${keptAt95.toFixed(1)} |`;
    }),
  ].join('\n');
}
