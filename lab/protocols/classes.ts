import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { classConsistency, mean } from '../../src/eval/index.ts';
import { unitRows } from '../../src/math/index.ts';
import type { Scope, Tensor } from '../../src/tensor/index.ts';
import { exactTop, pkBatches } from '../../src/train/index.ts';
import { sourcesOf } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Contestant, Material, Split } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { type Draw, fittingOnce, head, type Learner, lastLayer, vectorItems } from './learning.ts';

/** Things with a class each. Classes are split, not things: those that are tested were never trained on. */
export interface Classes {
  /** Class of each thing, from 0: the first are trained on, the next chosen on, the last tested on. */
  readonly labels: readonly number[];
  readonly splits: readonly Split[];
  readonly sources: Readonly<Record<string, string>>;
  /** What is trained, and what it is given. */
  readonly learner: Learner;
}

/** Shares of the classes for training and for choosing; the rest is for reporting. */
const SHARES = { train: 0.5, dev: 0.2 } as const;
const SPLIT_SEED = 5;

/** Which texts of a collection make classes. */
interface TextClassOptions {
  /** Texts that a document must have to be a class. */
  readonly least: number;
  /** Texts that are taken of each. */
  readonly most: number;
  /** Classes that are taken. */
  readonly classes: number;
}

/** Queries of a collection, each in the class of the one document that answers it; MiniLM's last layer learns. @throws NeedsData. */
function textClasses(lab: Lab, name: string, options: TextClassOptions): Promise<Classes> {
  return lab.once(`classes ${name} ${JSON.stringify(options)}`, async () => {
    const collection = await lab.collection(name);
    const members = new Map<string, string[]>();
    for (const [query, text] of collection.queries) {
      const relevant = [...collection.judgements.get(query)!].filter(([, grade]) => grade > 0);
      if (relevant.length === 1) members.set(relevant[0]![0], [...(members.get(relevant[0]![0]) ?? []), text]);
    }
    const random = new Random(SPLIT_SEED);
    const kept = random.shuffle([...members].filter(([, texts]) => texts.length >= options.least));
    const classes = kept.slice(0, options.classes).map(([, texts]) => random.shuffle(texts).slice(0, options.most));
    const { start, items } = await lastLayer(lab);
    return splitClasses(
      { start, items: await items(classes.flat(), 'query') },
      classes.flatMap((texts, label) => texts.map(() => label)),
      sourcesOf(collection),
    );
  });
}

/** Synonyms of MedQuAD's entities: many classes of few members. */
export function entityNames(lab: Lab): Promise<Classes> {
  return textClasses(lab, 'medquad_entities', { least: 4, most: 6, classes: lab.pick(100, 900) });
}

/** Requests to MetaTool's tools: fewer classes of many members. */
export function toolRequests(lab: Lab): Promise<Classes> {
  return textClasses(lab, 'metatool', { least: 20, most: lab.pick(6, 16), classes: lab.pick(60, 199) });
}

/** Drawings of Omniglot as unit vectors of 1,225 pixels, each in the class of its character; a network of two layers learns. @throws NeedsData. */
export function drawings(lab: Lab): Promise<Classes> {
  return lab.once('drawings', async () => {
    const folder = lab.folder('omniglot');
    const bytes = await readFile(join(folder, 'images35.u8'));
    const meta = await readFile(join(folder, 'meta.tsv'), 'utf8');
    const characters = meta
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t').slice(2, 4).join());
    const names = new Random(SPLIT_SEED).shuffle([...new Set(characters)]);
    const places = new Map(names.map((name, place) => [name, place]));
    const vectors = Vectors.zeros(characters.length, bytes.length / characters.length);
    for (let i = 0; i < vectors.data.length; i++) vectors.data[i] = bytes[i]!;
    return splitClasses(
      { start: head({ form: 'mlp', widths: [256, 64] }), items: vectorItems(unitRows(vectors)) },
      characters.map((name) => places.get(name)!),
      { 'omniglot/images35.u8': createHash('sha256').update(bytes).digest('hex') },
    );
  });
}

function splitClasses(learner: Learner, labels: readonly number[], sources: Classes['sources']): Classes {
  const count = Math.max(...labels) + 1;
  const [train, dev] = [Math.round(count * SHARES.train), Math.round(count * (SHARES.train + SHARES.dev))];
  const splits = labels.map((label) => (label < train ? 'train' : label < dev ? 'dev' : 'test'));
  return { labels, splits, sources, learner };
}

/** Rows of a split. */
function rowsOf({ splits }: Classes, split: Split): number[] {
  return [...splits.keys()].filter((row) => splits[row] === split);
}

/** How a model learns from classes. Declared once, it is trained once for each configuration and seed, whatever claims ask for it. */
export interface ClassRecipe<Setting extends Config = Config> {
  readonly name: string;
  readonly configs: readonly Setting[];
  /** Zero: the model stays as it is. */
  readonly steps: number;
  /** Steps of its own; `instances` of `classes` classes each else, see `pkBatches`. */
  draw?(data: Classes): Draw;
  /** @param vectors `[n, dim]`. @param labels `[n]` classes, or whatever the steps say. */
  loss(vectors: Tensor, labels: Tensor, config: Setting, scope: Scope): Tensor;
}

/** Infers the settings of a recipe. */
export function classRecipe<Setting extends Config>(recipe: ClassRecipe<Setting>): ClassRecipe {
  return recipe as unknown as ClassRecipe;
}

/** The model as it is. */
export const UNTRAINED: ClassRecipe = { name: 'not trained', configs: [{}], steps: 0, loss: (vectors) => vectors };

/** Classes of a batch, and members of each. */
export const [CLASSES, INSTANCES] = [16, 5];

/** PK batches of the training classes, class after class, without end. */
function classDraw(data: Classes): Draw {
  const rows = rowsOf(data, 'train');
  const labels = rows.map((row) => data.labels[row]!);
  let waiting: (readonly number[])[] = [];
  return (random) => {
    while (waiting.length === 0) waiting = pkBatches(labels, CLASSES, INSTANCES, random);
    const batch = waiting.pop()!;
    return {
      lists: { vectors: { of: data.learner.items, rows: batch.map((i) => rows[i]!) } },
      arrays: { labels: { data: Int32Array.from(batch, (i) => labels[i]!), shape: [batch.length] } },
    };
  };
}

/** Classes of a batch of sets, and the most members on either side. */
export const [SETS, VIEWS] = [16, 4];

/**
 * Batches of sets: of each class one to four members that ask and one to four others as its gallery, of sizes drawn anew; in every second batch a
 * single one asks. Labels are numbers of sets: askers from 0, galleries from {@link SETS} on; rows that are left over form a last set.
 */
export function setDraw(data: Classes): Draw {
  const rows = rowsOf(data, 'train');
  const labels = rows.map((row) => data.labels[row]!);
  const members = new Map<number, number[]>();
  for (const [i, row] of rows.entries()) members.set(labels[i]!, [...(members.get(labels[i]!) ?? []), row]);
  const size = 2 * SETS * VIEWS + 1;
  let waiting: (readonly number[])[] = [];
  return (random, step) => {
    while (waiting.length === 0) waiting = pkBatches(labels, SETS, 2, random);
    const [chosen, groups]: [number[], number[]] = [[], []];
    waiting.pop()!.forEach((example, i) => {
      if (i % 2 === 1) return;
      const views = random.shuffle([...members.get(labels[example]!)!]);
      const asked = step % 2 === 1 ? 1 : 1 + random.below(Math.min(VIEWS, views.length - 1));
      const shown = 1 + random.below(Math.min(VIEWS, views.length - asked));
      views.slice(0, asked + shown).forEach((row, place) => {
        chosen.push(row);
        groups.push(place < asked ? i / 2 : SETS + i / 2);
      });
    });
    while (chosen.length < size) {
      chosen.push(chosen[0]!);
      groups.push(2 * SETS);
    }
    return {
      lists: { vectors: { of: data.learner.items, rows: chosen } },
      arrays: { labels: { data: Int32Array.from(groups), shape: [size] } },
    };
  };
}

/**
 * What is measured of vectors. Each is of one thing, or of one class as `inconsistency` and sets are.
 *
 * - `Recall@1`: whether the nearest of the others is of the same class.
 * - `minus OPIS`: minus how far a class deviates from all at a common threshold, see `classConsistency`.
 * - `sets`, `single`, `all`: half of a class's members ask, the others are its gallery. The share of questions whose nearest gallery is
 *   their own: sets against means of galleries; single members against these; single members against single members of galleries.
 */
export type ClassMetric = 'Recall@1' | 'minus OPIS' | 'sets' | 'single' | 'all';

const SHOWN: Readonly<Record<ClassMetric, string>> = {
  'Recall@1': 'Recall@1',
  'minus OPIS': 'minus OPIS',
  sets: 'Rank@1',
  single: 'Rank@1',
  all: 'Rank@1',
};

/** Vectors of the things of a unit: one, or all of a class. */
type Answer = Vectors;

/** How one contestant's answers are graded, where it is not as the claim says. */
export interface ClassSide {
  readonly name: string;
  readonly recipe: ClassRecipe;
  readonly metric: ClassMetric;
}

/** What a claim about classes says, and what it compares. The baseline may be graded by another metric, e.g. single members against all. */
export interface ClassClaim extends Said, Sides<ClassRecipe, ClassRecipe | ClassSide> {
  readonly metric: ClassMetric;
  readonly data: (lab: Lab) => Promise<Classes>;
}

/** A claim about vectors of classes, over three seeds. */
export function classClaim(claim: ClassClaim): ComparativeClaim {
  return comparison(claim, SHOWN[claim.metric], async (lab) => {
    const data = await claim.data(lab);
    return {
      material: classMaterial(data, claim.metric),
      contestant: (side) =>
        'recipe' in side
          ? { ...classContestant(data, lab, side.recipe, side.metric), name: side.name }
          : classContestant(data, lab, side, claim.metric),
    };
  });
}

interface Graded {
  readonly metric: ClassMetric;
  readonly vectors: Answer;
}

function classContestant(
  data: Classes,
  lab: Lab,
  recipe: ClassRecipe,
  metric: ClassMetric,
): Contestant<readonly number[], Graded> {
  const units = unitsOf(data, metric);
  const fit = fittingOnce(recipe, data, (config) => ({
    start: data.learner.start,
    lists: ['vectors'],
    draw: recipe.draw?.(data) ?? classDraw(data),
    loss: (encoded, { labels }, scope) => recipe.loss(encoded['vectors']!, labels!, config, scope),
    steps: recipe.steps === 0 ? 0 : lab.pick(4, recipe.steps),
    learningRate: Number(config['learningRate'] ?? 0),
  }));
  return {
    name: recipe.name,
    configs: recipe.configs,
    ...(recipe.steps === 0 ? { untunable: true } : {}),
    fit: async (config, context) => {
      const learned = await fit(config, context);
      const asked = [...rowsOf(data, 'dev'), ...rowsOf(data, 'test')];
      const vectors = await learned.encode(data.learner.items, asked);
      const places = new Map(asked.map((row, place) => [row, place]));
      return {
        answer: (unit) => ({ metric, vectors: vectors.pick(units.get(unit)!.map((row) => places.get(row)!)) }),
        costs: { 's to train': learned.seconds },
      };
    },
  };
}

/** Rows of each unit: a thing, or all things of a class. */
function unitsOf({ labels }: Classes, metric: ClassMetric): Map<string, number[]> {
  if (metric === 'Recall@1') return new Map(labels.map((_, row) => [`row ${row}`, [row]]));
  const units = new Map<string, number[]>();
  for (const [row, label] of labels.entries())
    units.set(`class ${label}`, [...(units.get(`class ${label}`) ?? []), row]);
  return units;
}

function classMaterial(
  data: Classes,
  metric: ClassMetric,
): Pick<Material<readonly number[], Graded>, 'truth' | 'split' | 'sources' | 'measureAll'> {
  const units = unitsOf(data, metric);
  return {
    truth: new Map([...units].map(([unit, rows]) => [unit, rows.map((row) => data.labels[row]!)])),
    split: (unit) => data.splits[units.get(unit)![0]!],
    sources: data.sources,
    measureAll: (truth, answers) => {
      const given = [...answers];
      const how = given[0]![1].metric;
      const values =
        how === 'Recall@1' || how === 'minus OPIS'
          ? ofThings(
              how,
              given.map(([, { vectors }]) => vectors),
              given.map(([unit]) => truth.get(unit)!),
            )
          : ofSets(
              how,
              given.map(([, { vectors }]) => vectors),
            );
      return new Map(given.map(([unit], i) => [unit, values[i]!]));
    },
  };
}

function ofThings(
  metric: 'Recall@1' | 'minus OPIS',
  answers: readonly Vectors[],
  truth: readonly (readonly number[])[],
): number[] {
  const labels = truth.flat();
  const vectors = Vectors.fromRows(answers.flatMap((own) => Array.from({ length: own.count }, (_, i) => own.row(i))));
  if (metric === 'minus OPIS') {
    const { deviation } = classConsistency(vectors, labels);
    return truth.map(([label]) => -deviation[label!]!);
  }
  return exactTop(vectors, vectors, 2).map(([first, second], row) =>
    labels[row] === labels[first === row ? second! : first!] ? 1 : 0,
  );
}

/** Half of each class asks, the other half is shown: the same halves for all. */
function ofSets(metric: 'sets' | 'single' | 'all', answers: readonly Vectors[]): number[] {
  const rows = (own: Vectors, from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => own.slice(from + i, from + i + 1));
  const sides = answers.map((own) => ({
    asked: own.slice(0, own.count >> 1),
    shown: own.slice(own.count >> 1, own.count),
  }));
  const gallery = sides.flatMap(({ shown }, item) =>
    (metric === 'all' ? rows(shown, 0, shown.count) : [shown]).map((set) => ({ item, set })),
  );
  const questions = sides.flatMap(({ asked }, item) =>
    (metric === 'sets' ? [asked] : rows(asked, 0, asked.count)).map((set) => ({ item, set })),
  );
  const nearest = exactTop(meansOf(gallery), meansOf(questions), 1);
  const hits = answers.map((): number[] => []);
  for (const [i, { item }] of questions.entries()) hits[item]!.push(gallery[nearest[i]![0]!]!.item === item ? 1 : 0);
  return hits.map((own) => mean(own));
}

function meansOf(sets: readonly { readonly set: Vectors }[]): Vectors {
  const means = Vectors.zeros(sets.length, sets[0]!.set.dim);
  sets.forEach(({ set }, i) => {
    const sum = means.row(i);
    for (let row = 0; row < set.count; row++) {
      const view = set.row(row);
      for (let c = 0; c < sum.length; c++) sum[c]! += view[c]!;
    }
  });
  return unitRows(means);
}
