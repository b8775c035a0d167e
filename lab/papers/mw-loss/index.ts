import { Random } from '../../../src/base/random.ts';
import type { Vectors } from '../../../src/base/vectors.ts';
import { nativeRuntime } from '../../../src/encode/runtime.ts';
import { dot } from '../../../src/math/index.ts';
import { add, run } from '../../../src/tensor/index.ts';
import { batchAUC, cosines, exactTop, infoNCE } from '../../../src/train/index.ts';
import { type Config, type Contestant, type Lab, material, type Paper } from '../../grading/index.ts';
import type { Fit } from '../../protocols/heads.ts';
import {
  grid,
  hardNegatives,
  type Pairs,
  type PairTower,
  pairBatches,
  pairClaim,
  pairContestant,
  pairMaterial,
  pairs,
  type ScoreLoss,
  sharedHead,
} from '../../protocols/pairs.ts';

/** Documents of greatest score of each query that do not answer it: these take part in the pooled area. */
const NEGATIVES = 50;
const SIZE = 32;

const CONFIGS = grid({ temperature: [0.02, 0.05, 0.1], learningRate: [1e-3, 3e-3, 1e-2] });

/** Both losses on the same batches, with one hard negative for each query. */
function losses(lab: Lab) {
  return lab.once('mw-loss', async () => {
    const data = await pairs(lab, 'tldr', lab.pick(600, Number.POSITIVE_INFINITY));
    const batch = pairBatches(data, { size: SIZE, hard: { of: hardNegatives(data, { from: 0, to: 30 }), count: 1 } });
    const contrast: ScoreLoss = (scores, { temperature }, { exclude }) =>
      infoNCE(scores, { temperature: Number(temperature), exclude: exclude! });
    const area: ScoreLoss = (scores, { temperature }, { exclude }) => batchAUC(scores, Number(temperature), exclude!);
    const steps = lab.pick(30, 500);
    return {
      data,
      infoNCE: sharedHead(batch, steps, contrast),
      auc: sharedHead(batch, steps, area),
      frozen: sharedHead(batch, 0, contrast),
    };
  });
}

/** Answers a query with the share of all queries' hardest negatives that its answer is above; the mean is the pooled AUC. */
function pooled(
  name: string,
  data: Pairs,
  configs: readonly Config[],
  train: Fit<PairTower>,
): Contestant<unknown, number> {
  return {
    name,
    configs,
    fit: async (config, context) => {
      const heads = await train(config, context);
      const documents = await heads.encode('document', data.documents);
      const shares = new Map<string, number>();
      for (const split of ['dev', 'test']) {
        const asked = [...data.splits.keys()].filter((query) => data.splits[query] === split);
        const queries = await heads.encode('query', data.queries.pick(asked));
        areas(data, asked, queries, documents).forEach((share, i) => {
          shares.set(data.queryIds[asked[i]!]!, share);
        });
      }
      return { answer: (unit) => shares.get(unit)!, costs: { 's to train': heads.seconds } };
    },
  };
}

function areas(data: Pairs, asked: readonly number[], queries: Vectors, documents: Vectors): number[] {
  const most = Math.max(...asked.map((query) => data.relevant[query]!.size));
  const negatives: number[] = [];
  exactTop(documents, queries, NEGATIVES + most).forEach((top, i) => {
    const others = [...top].filter((row) => !data.relevant[asked[i]!]!.has(row)).slice(0, NEGATIVES);
    for (const row of others) negatives.push(dot(queries.row(i), documents.row(row)));
  });
  const sorted = Float64Array.from(negatives).sort();
  return asked.map((query, i) => {
    const scores = [...data.relevant[query]!].map((row) => dot(queries.row(i), documents.row(row)));
    return scores.reduce((sum, score) => sum + countBelow(sorted, score) / sorted.length, 0) / scores.length;
  });
}

function countBelow(sorted: Float64Array, score: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < score) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const paper: Paper = {
  slug: 'mw-loss',
  summary:
    "Training sets every positive against every query's negatives, so that scores mean the same for all queries; InfoNCE leaves each query an offset of its own.",
  parts: ['train/objectives/listwise', 'train/objectives/contrastive', 'eval/pooled', 'tensor/fit'],
  departures: [
    'A head of low rank over frozen vectors, shared by queries and documents, where the paper trains whole encoders with five hard negatives; here there is one.',
    'The loss is a mean over pairs where the batch formula sums; learning rates are tuned for each loss.',
    'The area takes the 50 hardest negatives of each query, the paper 500 of a corpus of millions.',
    'Head, batch, and number of steps were chosen by a look at development queries, where InfoNCE was ahead under all of them.',
  ],
  reach: { exports: ['train/batchAUC'], byDefault: false },
  claims: [
    {
      id: 'auc',
      kind: 'comparative',
      statement:
        "On command descriptions held out, the chance that an answer outscores any query's hard negatives is at least 0.03 greater after the AUC loss than after InfoNCE.",
      metric: 'pooled AUC, 50 hardest negatives a query',
      margin: { absolute: 0.03 },
      seeds: [1, 2, 3],
      seconds: { quick: 10, full: 80 },
      load: async (lab) => {
        const { data, ...both } = await losses(lab);
        return material<unknown, number>({
          ...pairMaterial(data),
          measure: (_, answer) => answer,
          baseline: pooled('InfoNCE', data, CONFIGS, both.infoNCE),
          method: pooled('AUC loss', data, CONFIGS, both.auc),
          controls: [pooled('frozen vectors', data, [{}], both.frozen)],
        });
      },
    },
    pairClaim({
      id: 'ranking',
      statement: 'It loses no more than 0.02 of MRR@10 by that.',
      metric: 'MRR@10',
      margin: { absolute: -0.02 },
      seconds: { quick: 10, full: 70 },
      load: async (lab) => {
        const { data, ...both } = await losses(lab);
        return {
          data,
          baseline: pairContestant('InfoNCE', data, CONFIGS, both.infoNCE),
          method: pairContestant('AUC loss', data, CONFIGS, both.auc),
        };
      },
    }),
    {
      id: 'offset',
      kind: 'exact',
      of: 'code',
      statement: 'Random offsets of up to 0.5 to the scores of each query change InfoNCE by less than 1e-4.',
      seconds: { quick: 3, full: 3 },
      check: async (lab) => {
        const { data } = await losses(lab);
        const [plain, shifted] = [await lossesWith(data, 0), await lossesWith(data, 0.5)];
        return {
          metric: 'change of InfoNCE',
          value: Math.abs(shifted[0] - plain[0]),
          atMost: 1e-4,
          sources: data.sources,
          notes: [
            `InfoNCE ${plain[0].toFixed(5)} becomes ${shifted[0].toFixed(5)}; the AUC loss ${plain[1].toFixed(5)} becomes ${shifted[1].toFixed(5)}.`,
          ],
        };
      },
    },
  ],
};

/** InfoNCE and AUC loss of 64 pairs by their frozen vectors, with an offset of up to so much for each query. */
async function lossesWith(data: Pairs, most: number): Promise<[infoNCE: number, auc: number]> {
  const count = 64;
  const { queries, documents } = pairBatches(data, { size: count })(new Random(1), 0, 0);
  const random = new Random(2);
  const batch = {
    queries: queries!,
    documents: documents!,
    offsets: { data: Float32Array.from({ length: count }, () => most * random.next()), shape: [count, 1] },
  };
  const losses = await run(
    (_, inputs) => {
      const scores = add(cosines(inputs['queries']!, inputs['documents']!), inputs['offsets']!);
      return { contrast: infoNCE(scores, { temperature: 0.05 }), auc: batchAUC(scores, 0.05) };
    },
    batch,
    { runtime: await nativeRuntime(), threads: 1 },
  );
  return [Number(losses['contrast']!.data[0]), Number(losses['auc']!.data[0])];
}
