import { Random } from '../../../src/base/random.ts';
import { Vectors } from '../../../src/base/vectors.ts';
import { unitRows } from '../../../src/math/index.ts';
import { type Batch, constantOf, gather, slice, toValue } from '../../../src/tensor/index.ts';
import {
  batchHardTriplet,
  centroidTriplet,
  exactTop,
  groupCentroids,
  pkBatches,
  tripletLoss,
} from '../../../src/train/index.ts';
import { type Config, type Contestant, type Lab, material, type Paper } from '../../grading/index.ts';
import { type Classes, classBatches, entityNames, rowsOf } from '../../protocols/classes.ts';
import { type Fit, fitting, type Training } from '../../protocols/heads.ts';

/** Items of a batch, and the most views of an item on either side. */
const ITEMS = 16;
const VIEWS = 4;

/** PK batches for the baselines: as many views as sets have on average. */
const [CLASSES, INSTANCES] = [16, 5];

/**
 * Batches of sets: of each item one to four query views and one to four others as its gallery, of sizes drawn anew; in every second
 * batch a single query view. Rows that are left over form a last group, which no loss sees.
 */
function setBatches(data: Classes): Training<'all'>['batch'] {
  const rows = rowsOf(data, 'train');
  const labels = rows.map((row) => data.labels[row]!);
  const members = new Map<number, number[]>();
  rows.forEach((row, i) => {
    members.set(labels[i]!, [...(members.get(labels[i]!) ?? []), row]);
  });
  const size = 2 * ITEMS * VIEWS + 1;
  let waiting: (readonly number[])[] = [];
  return (random: Random, step): Batch => {
    while (waiting.length === 0) waiting = pkBatches(labels, ITEMS, 2, random);
    const chosen: number[] = [];
    const groups: number[] = [];
    waiting.pop()!.forEach((example, i) => {
      if (i % 2 === 1) return;
      const views = random.shuffle([...members.get(labels[example]!)!]);
      const asked = step % 2 === 1 ? 1 : 1 + random.below(Math.min(VIEWS, views.length - 1));
      const shown = 1 + random.below(Math.min(VIEWS, views.length - asked));
      views.slice(0, asked + shown).forEach((row, place) => {
        chosen.push(row);
        groups.push(place < asked ? i / 2 : ITEMS + i / 2);
      });
    });
    while (chosen.length < size) {
      chosen.push(chosen[0]!);
      groups.push(2 * ITEMS);
    }
    return {
      vectors: toValue(data.vectors.pick(chosen)),
      groups: { data: Int32Array.from(groups), shape: [size] },
    };
  };
}

interface Sides {
  readonly data: Classes;
  readonly sets: Fit<'all'>;
  readonly instances: Fit<'all'>;
  readonly frozen: Fit<'all'>;
  readonly setConfigs: readonly Config[];
  readonly instanceConfigs: readonly Config[];
}

function load(lab: Lab): Promise<Sides> {
  return lab.once('centroid-triplet', async () => {
    const data = await entityNames(lab);
    const steps = lab.pick(30, 400);
    const common = (config: Config) => ({ steps, learningRate: Number(config['learningRate'] ?? 1e-3) });
    const grid = (negatives: readonly string[]): Config[] =>
      negatives.flatMap((kind) =>
        [0.1, 0.3].flatMap((margin) => [1e-3, 3e-3].map((learningRate) => ({ negatives: kind, margin, learningRate }))),
      );
    const sets = (config: Config): Training<'all'> => ({
      ...common(config),
      towers: { all: { form: 'low-rank' } },
      batch: setBatches(data),
      loss: (encode, { vectors, groups }) => {
        const centroids = groupCentroids(encode('all', vectors!), groups!, 2 * ITEMS + 1);
        return centroidTriplet(slice(centroids, 0, 0, ITEMS), slice(centroids, 0, ITEMS, 2 * ITEMS), {
          margin: Number(config['margin']),
          negatives: config['negatives'] as 'next' | 'nearest',
        });
      },
    });
    const instances = (config: Config): Training<'all'> => ({
      ...common(config),
      towers: { all: { form: 'low-rank' } },
      batch: classBatches(data, CLASSES, INSTANCES),
      loss: (encode, { vectors, labels }) => {
        const x = encode('all', vectors!);
        const margin = Number(config['margin']);
        if (config['negatives'] === 'hardest') return batchHardTriplet(x, labels!, margin);
        // Batches list class after class: the next of the class is the positive, the same of the next class the negative.
        const place = (classStep: number, memberStep: number) => (_: unknown, i: number) => {
          const [own, member] = [Math.floor(i / INSTANCES), i % INSTANCES];
          return ((own + classStep) % CLASSES) * INSTANCES + ((member + memberStep) % INSTANCES);
        };
        const count = CLASSES * INSTANCES;
        const rows = (places: (_: unknown, i: number) => number) =>
          gather(x, constantOf(Int32Array.from({ length: count }, places), [count]));
        return tripletLoss(x, rows(place(0, 1)), rows(place(1, 0)), margin);
      },
    });
    return {
      data,
      sets: fitting(sets),
      instances: fitting(instances),
      frozen: fitting((config) => ({ ...instances(config), towers: { all: { form: 'frozen' } }, steps: 0 })),
      setConfigs: lab.pick(grid(['next']).slice(0, 1), grid(['next', 'nearest'])),
      instanceConfigs: lab.pick(grid(['random']).slice(0, 1), grid(['random', 'hardest'])),
    };
  });
}

/** What asks, and what is asked: views as they are, or the mean of a set. */
type Mode = 'set to centroids' | 'view to centroids' | 'view to views';

/** Half of an item's views ask, the others are its gallery: the same halves for all. */
function halves(data: Classes): Map<number, { readonly asked: number[]; readonly shown: number[] }> {
  const random = new Random(9);
  const views = new Map<number, number[]>();
  data.labels.forEach((label, row) => {
    views.set(label, [...(views.get(label) ?? []), row]);
  });
  return new Map(
    [...views].map(([label, rows]) => {
      random.shuffle(rows);
      const half = rows.length >> 1;
      return [label, { asked: rows.slice(0, half), shown: rows.slice(half) }];
    }),
  );
}

/** Answers an item with the share of its questions of which it is the nearest of all items of its split. */
function identified(
  name: string,
  data: Classes,
  configs: readonly Config[],
  train: Fit<'all'>,
  mode: Mode,
): Contestant<number, number> {
  return {
    name,
    configs,
    fit: async (config, context) => {
      const heads = await train(config, context);
      const vectors = await heads.encode('all', data.vectors);
      const found = new Map<string, number>();
      let bytes = 0;
      for (const split of ['dev', 'test'] as const) {
        const members = new Set(rowsOf(data, split).map((row) => data.labels[row]!));
        const items = [...halves(data)].filter(([label]) => members.has(label));
        const gallery = items.flatMap(([label, { shown }]) =>
          mode === 'view to views' ? shown.map((row) => ({ label, rows: [row] })) : [{ label, rows: shown }],
        );
        const questions = items.flatMap(([label, { asked }]) =>
          mode === 'set to centroids' ? [{ label, rows: asked }] : asked.map((row) => ({ label, rows: [row] })),
        );
        const nearest = exactTop(meansOf(vectors, gallery), meansOf(vectors, questions), 1);
        const right = new Map<number, number[]>();
        questions.forEach(({ label }, i) => {
          right.set(label, [...(right.get(label) ?? []), gallery[nearest[i]![0]!]!.label === label ? 1 : 0]);
        });
        for (const [label, hits] of right) found.set(String(label), hits.reduce((a, b) => a + b) / hits.length);
        bytes = (4 * vectors.dim * gallery.length) / items.length;
      }
      return { answer: (unit) => found.get(unit)!, costs: { 'bytes / item': bytes, 's to train': heads.seconds } };
    },
  };
}

function meansOf(vectors: Vectors, sets: readonly { readonly rows: readonly number[] }[]): Vectors {
  const means = Vectors.zeros(sets.length, vectors.dim);
  sets.forEach(({ rows }, i) => {
    const sum = means.row(i);
    for (const row of rows) {
      const view = vectors.row(row);
      for (let c = 0; c < sum.length; c++) sum[c]! += view[c]!;
    }
  });
  return unitRows(means);
}

/** Truth and splits: units are items. */
function itemMaterial({ labels, splits, sources }: Classes) {
  const splitOf = new Map(labels.map((label, row) => [String(label), splits[row]!]));
  return {
    truth: new Map([...new Set(labels)].map((label) => [String(label), label])),
    split: (unit: string) => splitOf.get(unit),
    measure: (_: number, answer: number): number => answer,
    sources,
  };
}

function against(mode: Mode) {
  return async (lab: Lab) => {
    const { data, sets, instances, frozen, setConfigs, instanceConfigs } = await load(lab);
    return material<number, number>({
      ...itemMaterial(data),
      baseline: identified('triplets of instances', data, instanceConfigs, instances, mode),
      method: identified('triplets of centroids', data, setConfigs, sets, mode),
      controls: [identified('frozen vectors', data, [{}], frozen, mode)],
    });
  };
}

export const paper: Paper = {
  slug: 'centroid-triplet',
  summary:
    'A triplet loss over the means of sets of views, for things that are known by several views each and asked for by one or more.',
  parts: ['train/objectives/centroids', 'train/objectives/metric', 'train/objectives/pairwise', 'train/samplers'],
  departures: [
    'Items are medical entities and views their names, by use-lite with a head of low rank, where the paper has images of objects and trains a vision transformer.',
    'Views are unit vectors; means are divided by the number of views (the published code divides by one more), and scaled to unit length only to be searched.',
    'Besides the random negative of the paper, the nearest other gallery of the batch is tried, as a setting; instance triplets have the hardest of the batch likewise.',
    'Galleries hold all entities of a split, 240 for choosing and 360 for testing.',
  ],
  reach: { exports: ['train/centroidTriplet'], byDefault: false },
  claims: [
    {
      id: 'sets',
      kind: 'comparative',
      statement:
        'Sets of names of entities never seen in training find their entity by centroids at least 0.02 more often than after instance triplets, random or hardest in the batch.',
      metric: 'Rank@1',
      margin: { absolute: 0.02 },
      seeds: [1, 2, 3],
      seconds: { quick: 5, full: 15 },
      load: against('set to centroids'),
    },
    {
      id: 'single',
      kind: 'comparative',
      statement: 'The same for single names.',
      metric: 'Rank@1',
      margin: { absolute: 0.02 },
      seeds: [1, 2, 3],
      seconds: { quick: 5, full: 4 },
      load: against('view to centroids'),
    },
    {
      id: 'gallery',
      kind: 'comparative',
      statement:
        'After training on centroids, single names find their entity by one centroid an entity no more than 0.02 less often than by all names of the gallery.',
      metric: 'Rank@1',
      margin: { absolute: -0.02 },
      seeds: [1, 2, 3],
      seconds: { quick: 5, full: 4 },
      load: async (lab) => {
        const { data, sets, setConfigs } = await load(lab);
        return material<number, number>({
          ...itemMaterial(data),
          baseline: identified('nearest of all names', data, setConfigs, sets, 'view to views'),
          method: identified('nearest centroid', data, setConfigs, sets, 'view to centroids'),
        });
      },
    },
  ],
};
