import { Vectors } from '../../src/base/vectors.ts';
import { nativeRuntime } from '../../src/encode/index.ts';
import { LinearMap } from '../../src/math/index.ts';
import { mixedVector } from '../../src/search/feedback/mixing.ts';
import { type QueryUpdate, updatedQuery } from '../../src/search/index.ts';
import { exactTop, type TrainFeedbackOptions, trainFeedback } from '../../src/train/index.ts';
import { requestsOf } from '../datasets/requests.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { headLearner, type Pairs, rowsOf } from './pairs.ts';
import { rankingMetric } from './rankings.ts';

/** Passages that feedback reads at most. */
export const MOST = 5;
/** Of the softmax over documents by which a query is judged. */
const TEMPERATURE = 0.05;
/** First ranks of which training takes hard negatives. */
const DEPTH = 20;

/** Pairs, with the first documents of each query. */
export interface Fed extends Pairs {
  readonly found: readonly Uint32Array[];
}

/** Requests of a tool: half of them are documents, and what is relevant to one of the others are those of the same tool (MetaTool). @throws NeedsData. */
export function fellowRequests(lab: Lab): Promise<Fed> {
  return lab.once('fellow requests', async () => {
    const all = await requestsOf(lab, lab.pick(4, 16));
    const [asked, documents]: [number[], number[]] = [[], []];
    const counts = new Map<number, number>();
    all.tool.forEach((tool, row) => {
      const before = counts.get(tool) ?? 0;
      counts.set(tool, before + 1);
      (before % 2 === 0 ? documents : asked).push(row);
    });
    const ofTool = new Map<number, number[]>();
    documents.forEach((row, place) => {
      const tool = all.tool[row]!;
      ofTool.set(tool, [...(ofTool.get(tool) ?? []), place]);
    });
    const [queries, vectors] = [all.vectors.pick(asked), all.vectors.pick(documents)];
    return {
      queryIds: asked.map(String),
      queries,
      documents: vectors,
      found: exactTop(vectors, queries, DEPTH),
      relevant: asked.map((row) => new Set(ofTool.get(all.tool[row]!)!)),
      splits: asked.map((_, i) => (i % 10 < 2 ? 'test' : i % 10 < 4 ? 'dev' : 'train')),
      sources: all.sources,
      learner: headLearner(queries, vectors),
    };
  });
}

/** What makes other vectors of queries. */
export interface FeedbackSide {
  readonly name: string;
  readonly configs: readonly Config[];
  /** Passages that it reads; where it says none, a setting `passages`, else all. */
  readonly passages?: number;
  /** What is learned; nothing: see `rule`. */
  readonly trained?: (
    config: Config,
  ) => Pick<TrainFeedbackOptions, 'versions' | 'comparative' | 'nested' | 'learningRate'>;
  /** Whether training shows it passages too. Default true. */
  readonly reads?: boolean;
  /** What moves queries without training. Default: nothing does. */
  readonly rule?: (query: Float32Array, passages: readonly Float32Array[], config: Config) => Float32Array;
}

/** Scores of all documents by how many passages were read, from none to {@link MOST}. */
type Answer = readonly Float32Array[];

/** What is measured of a query: its ranking with all the passages that the side reads, or whether its loss falls. */
export type FeedbackMetric = 'nDCG@10' | 'steps to one more passage that do not raise the loss';

/** A claim about feedback on vectors, over three seeds. */
export function feedbackClaim({
  metric = 'nDCG@10',
  data,
  ...claim
}: Said &
  Sides<FeedbackSide> & {
    readonly metric?: FeedbackMetric;
    readonly data: (lab: Lab) => Promise<Fed>;
  }): ComparativeClaim {
  return comparison<FeedbackSide, FeedbackSide, ReadonlySet<number>, Answer>(claim, metric, async (lab) => {
    const found = await data(lab);
    const rows = new Map(found.queryIds.map((id, row) => [id, row]));
    const rank = rankingMetric('ndcg@10');
    const map = new LinearMap(found.documents.data, found.documents.dim);
    const vectorsOf = (row: number) =>
      Array.from(found.found[row]!.subarray(0, MOST), (document) => found.documents.row(document));
    return {
      material: {
        truth: new Map(found.queryIds.map((id, row) => [id, found.relevant[row]!])),
        split: (unit) => found.splits[rows.get(unit)!],
        sources: found.sources,
        measure: (truth, answer) => (metric === 'nDCG@10' ? rank(truth, answer.at(-1)!) : steady(truth, answer)),
      },
      contestant: (side) => ({
        name: side.name,
        configs: side.configs,
        ...(side.trained === undefined && side.rule === undefined ? { untunable: true } : {}),
        fit: async (config, { seed }) => {
          const update = await trainedOn(found, lab, side, config, seed);
          const most = side.passages ?? Number(config['passages'] ?? MOST);
          const made = (query: Float32Array, passages: readonly Float32Array[]) =>
            update === undefined
              ? (side.rule?.(query, passages, config) ?? query)
              : updatedQuery(update, query, passages);
          return {
            answer: (unit) => {
              const row = rows.get(unit)!;
              const [query, passages] = [found.queries.row(row), vectorsOf(row)];
              const counts = metric === 'nDCG@10' ? [most] : Array.from({ length: most + 1 }, (_, count) => count);
              return counts.map((count) => map.apply(Vectors.fromRows([made(query, passages.slice(0, count))])).data);
            },
          };
        },
      }),
    };
  });
}

/** Once for each setting and seed, whatever claims ask for it. */
async function trainedOn(
  { documents, queries, relevant, found, ...data }: Fed,
  lab: Lab,
  { trained, reads = true }: FeedbackSide,
  config: Config,
  seed: number,
): Promise<QueryUpdate | undefined> {
  if (trained === undefined) return undefined;
  const settings = trained(config);
  return lab.once(JSON.stringify(['feedback', data.sources, reads, settings, seed]), async () => {
    const rows = rowsOf(data, 'train');
    return trainFeedback(
      documents,
      queries.pick(rows),
      rows.map((row) => [...relevant[row]!]),
      {
        runtime: await nativeRuntime(),
        threads: 1,
        ranked: rows.map((row) => found[row]!),
        passages: reads ? MOST : 0,
        temperature: TEMPERATURE,
        ...settings,
        steps: lab.pick(4, 600),
        seed,
        signal: lab.signal,
      },
    );
  });
}

/** The share of steps from so many passages to one more after which the loss of the lowest relevant document is not greater. */
function steady(truth: ReadonlySet<number>, answer: Answer): number {
  const losses = answer.map((scores) => {
    let [lowest, others] = [Number.POSITIVE_INFINITY, 0];
    for (const [row, score] of scores.entries()) {
      if (truth.has(row)) lowest = Math.min(lowest, score);
      else others += Math.exp(score / TEMPERATURE);
    }
    return Math.log1p(others * Math.exp(-lowest / TEMPERATURE));
  });
  return losses.slice(1).filter((loss, i) => loss <= losses[i]! + 1e-6).length / (losses.length - 1);
}

/** Rocchio, by how many passages and what weight of the query is best. */
export const tunedRocchio: FeedbackSide = {
  name: 'Rocchio',
  configs: [1, 3, 5].flatMap((passages) => [0.3, 0.5, 0.6, 0.7, 0.8, 0.9].map((original) => ({ passages, original }))),
  rule: (query, passages, { original }) =>
    passages.length === 0 ? query : (mixedVector(query, passages, Number(original)) ?? query),
};
