import type { Encoder } from '../../../src/encode/index.ts';
import { quantile, type RankedList } from '../../../src/eval/index.ts';
import type { Config, Contestant, Lab, Paper } from '../../grading/index.ts';
import { type Grades, grid, pairClaim, rankings } from '../../protocols/pairs.ts';
import {
  type DistilOptions,
  distil,
  endToEnd,
  type Kind,
  type Kinds,
  smallTable,
  type TowerData,
  type Towers,
  towerData,
} from './towers.ts';

/** Microseconds a query, one at a time: of use-lite, and of a token table of the small tower's width. */
function queryTimes(lab: Lab, data: TowerData): Promise<Readonly<Record<Kind, number>>> {
  return lab.once('scalingnote times', async () => {
    const asked = data.texts.query.slice(0, lab.pick(20, 300));
    const medianOf = async (encoder: Encoder) => {
      const times: number[] = [];
      for (const text of asked) {
        const start = performance.now();
        await encoder.encode([text], { role: 'query' });
        times.push(1000 * (performance.now() - start));
      }
      return quantile(times, 0.5);
    };
    const table = smallTable(data);
    return { large: await lab.withEncoder(medianOf), small: await medianOf(table.serve('static:small')) };
  });
}

type Train = (config: Config, seed: number) => Promise<Towers>;

function together(lab: Lab, data: TowerData, kinds: Kinds): Train {
  return (config, seed) => endToEnd(lab, data, kinds, config, seed);
}

function distilled(lab: Lab, data: TowerData, options: Omit<DistilOptions, 'learningRate'>): Train {
  return async ({ temperature, learningRate }, seed) => {
    const teacher = await lab.once(`scalingnote teacher ${temperature} ${seed}`, () =>
      endToEnd(lab, data, LARGE, { temperature: temperature!, learningRate: TEACHER_RATE }, seed),
    );
    return distil(lab, data, teacher, { ...options, learningRate: Number(learningRate) }, seed);
  };
}

/** Of the large pair that teaches. */
const TEACHER_RATE = 1e-4;
const SMALL: Kinds = { query: 'small', document: 'small' };
const MIXED: Kinds = { query: 'small', document: 'large' };
const LARGE: Kinds = { query: 'large', document: 'large' };

const TOGETHER = grid({ temperature: [0.05, 0.1], learningRate: [1e-3, 3e-3] });
const SHARED = grid({ temperature: [0.05], learningRate: [3e-5, TEACHER_RATE, 3e-4, 1e-3] });
const DISTILLED = grid({ temperature: [0.05], learningRate: [1e-3, 3e-3, 1e-2, 3e-2] });

function side(
  name: string,
  lab: Lab,
  data: TowerData,
  query: Kind,
  configs: readonly Config[],
  train: Train,
): Contestant<Grades, RankedList> {
  return {
    name,
    configs: configs,
    fit: async (config, { seed }) => {
      // Each configuration is trained once for every seed, however many claims ask for it; rankings are small, vectors are not.
      const { lists, seconds } = await lab.once(JSON.stringify(['scalingnote', name, config, seed]), async () => {
        const { queries, documents, seconds } = await train(config, seed);
        const ranked = await rankings({ ...data, queries, documents }, { encode: async (_, vectors) => vectors });
        return { lists: ranked, seconds };
      });
      const times = await queryTimes(lab, data);
      return {
        answer: (unit) => lists.get(unit)!,
        costs: { 'us / query': times[query], 's to train': seconds },
      };
    },
  };
}

const twoStages = (lab: Lab, data: TowerData) =>
  side(
    'large pair, then a small query tower',
    lab,
    data,
    'small',
    DISTILLED,
    distilled(lab, data, { objective: 'both', pages: false }),
  );

/** With a setting that is not tuned, so that it costs little. */
const ablation = (name: string, lab: Lab, data: TowerData, options: Omit<DistilOptions, 'learningRate'>) =>
  side(name, lab, data, 'small', grid({ temperature: [0.05], learningRate: [3e-3] }), distilled(lab, data, options));

export const paper: Paper = {
  slug: 'scalingnote',
  summary:
    'Train a large query tower and a large document tower, then teach a small query tower the vectors of the large one, while documents stay as they are.',
  parts: ['train/objectives/similarity', 'train/objectives/contrastive', 'encode/static/static', 'tensor/fit'],
  departures: [
    'The towers are small ones: large is a frozen use-lite with a linear map that starts as the identity, small a token table of 128 components and a linear map to the 512 of the vectors. The paper has language models, and a student of four transformer layers.',
    'All small towers start as principal components of what use-lite gives single tokens, with the map that leads back. In the small pair both sides share one tower.',
    'Temperature and weights of the terms (1 and 1) are reconstructions. There are no prompts, no mined negatives, no prediction of title-specific queries and no residual k-means index.',
    'Both stages of the method see 400 batches of 64 training pairs or queries, as the other pairs do in their one stage.',
    'A first full check had six settings a side and no rate of distillation above 0.01, which was the best; a higher one was added after it, and settings far from the best were left out to save time. Verdicts were the same.',
    'The time of a query leaves out the linear map after either tower.',
    'The collection, sizes and rates were found on development queries beforehand. A look at the requests of MetaTool, many for each of few tools, had the pair that is trained end to end ahead; this claim is about descriptions that each have a page of their own.',
  ],
  encoder: 'use-lite',
  reach: { exports: ['train/queryDistillation', 'encode/trainableStatic'], byDefault: false },
  claims: [
    pairClaim({
      id: 'stages',
      statement:
        'A small query tower that was taught by a large pair has an nDCG@10 at least 0.01 above that of one trained end to end with a large document tower.',
      metric: 'nDCG@10',
      margin: { absolute: 0.01 },
      seconds: { quick: 10, full: 180 },
      load: async (lab) => {
        const data = await towerData(lab);
        return {
          data,
          baseline: side('small queries, large documents', lab, data, 'small', TOGETHER, together(lab, data, MIXED)),
          method: twoStages(lab, data),
          controls: [
            side(
              'small pair',
              lab,
              data,
              'small',
              grid({ temperature: [0.1], learningRate: [1e-3] }),
              together(lab, data, SMALL),
            ),
            ablation('squared distance only', lab, data, { objective: 'MSE', pages: false }),
            ablation('cosine only', lab, data, { objective: 'cosine', pages: false }),
            ablation('with pages as further queries', lab, data, { objective: 'both', pages: true }),
          ],
        };
      },
    }),
    pairClaim({
      id: 'large',
      statement: 'It loses no more than 0.03 of nDCG@10 against the large query tower.',
      metric: 'nDCG@10',
      margin: { absolute: -0.03 },
      seconds: { quick: 5, full: 40 },
      load: async (lab) => {
        const data = await towerData(lab);
        return {
          data,
          baseline: side('large pair', lab, data, 'large', SHARED, together(lab, data, LARGE)),
          method: twoStages(lab, data),
        };
      },
    }),
  ],
};
