import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { type Batch, toValue } from '../../src/tensor/index.ts';
import { exactTop, pkBatches } from '../../src/train/index.ts';
import { sourcesOf, vectorsOf } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import type { Config, Contestant, Split } from '../grading/types.ts';
import type { Fit, HeadOptions } from './heads.ts';

/** Frozen vectors with a class each. Classes are split, not vectors: those that are tested were never trained on. */
export interface Classes {
  readonly vectors: Vectors;
  /** Class of each vector, from 0. */
  readonly labels: readonly number[];
  /** Split of each vector's class. */
  readonly splits: readonly Split[];
  readonly sources: Readonly<Record<string, string>>;
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

/** Queries of a collection, each in the class of the one document that answers it. @throws NeedsData. */
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
    const vectors = await vectorsOf(lab, classes.flat(), 'query');
    return splitClasses(
      vectors,
      classes.flatMap((texts, label) => texts.map(() => label)),
      sourcesOf(collection),
    );
  });
}

/** Synonyms of MedQuAD's entities: many classes of few members. */
export function entityNames(lab: Lab): Promise<Classes> {
  return textClasses(lab, 'medquad_entities', { least: 4, most: 8, classes: lab.pick(150, 1200) });
}

/** Requests to MetaTool's tools: fewer classes of many members. */
export function toolRequests(lab: Lab): Promise<Classes> {
  return textClasses(lab, 'metatool', { least: 20, most: lab.pick(10, 30), classes: lab.pick(60, 199) });
}

/** Drawings of Omniglot as unit vectors of 1,225 pixels, each in the class of its character. @throws NeedsData. */
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
    const vectors = Vectors.zeros(characters.length, bytes.length / characters.length);
    for (let row = 0; row < vectors.count; row++) {
      const pixels = bytes.subarray(row * vectors.dim, (row + 1) * vectors.dim);
      const length = Math.hypot(...pixels);
      vectors.row(row).set(Float32Array.from(pixels, (ink) => ink / length));
    }
    return splitClasses(
      vectors,
      characters.map((name) => names.indexOf(name)),
      { 'omniglot/images35.u8': createHash('sha256').update(bytes).digest('hex') },
    );
  });
}

/** Labels are in random order: the first are trained on, the next chosen on, the last tested on. */
function splitClasses(vectors: Vectors, labels: readonly number[], sources: Classes['sources']): Classes {
  const count = Math.max(...labels) + 1;
  const [train, dev] = [Math.round(count * SHARES.train), Math.round(count * (SHARES.train + SHARES.dev))];
  const splits = labels.map((label) => (label < train ? 'train' : label < dev ? 'dev' : 'test'));
  return { vectors, labels, splits, sources };
}

/** Rows of a split. */
export function rowsOf({ splits }: Classes, split: Split): number[] {
  return [...splits.keys()].filter((row) => splits[row] === split);
}

/**
 * PK batches of the training classes, without end: `vectors` `[classes * instances, dim]` and their `labels`.
 * @param among rows to take them from. Default: all training rows.
 */
export function classBatches(
  data: Classes,
  classes: number,
  instances: number,
  among: readonly number[] = rowsOf(data, 'train'),
): HeadOptions<'all'>['batch'] {
  const labels = among.map((row) => data.labels[row]!);
  let waiting: (readonly number[])[] = [];
  return (random): Batch => {
    while (waiting.length === 0) waiting = pkBatches(labels, classes, instances, random);
    const batch = waiting.pop()!;
    return {
      vectors: toValue(data.vectors.pick(batch.map((i) => among[i]!))),
      labels: { data: Int32Array.from(batch, (i) => labels[i]!), shape: [batch.length] },
    };
  };
}

/** For each of `rows`, whether its nearest neighbour among the others of `rows` is of its class: Recall@1 by row. */
export function nearestIsOwn(vectors: Vectors, labels: readonly number[]): Uint8Array {
  return Uint8Array.from(exactTop(vectors, vectors, 2), ([first, second], row) =>
    labels[row] === labels[first === row ? second! : first!] ? 1 : 0,
  );
}

/** Truth, splits and measure of a claim about Recall@1. The truth is the class; an answer is 1 when the nearest is of it. */
export function classMaterial({ labels, splits, sources }: Classes) {
  return {
    truth: new Map(labels.map((label, row) => [String(row), label])),
    split: (unit: string): Split => splits[Number(unit)]!,
    measure: (_: number, answer: number): number => answer,
    sources,
  };
}

/** An objective as a contestant: trains a head, and answers whether a vector's nearest neighbour is of its class. */
export function classContestant(
  name: string,
  data: Classes,
  configs: readonly Config[],
  train: Fit<'all'>,
): Contestant<number, number> {
  return {
    name,
    configs,
    fit: async (config, context) => {
      const heads = await train(config, context);
      const right = new Map<string, number>();
      for (const split of ['dev', 'test'] as const) {
        const rows = rowsOf(data, split);
        const found = nearestIsOwn(
          await heads.encode('all', data.vectors.pick(rows)),
          rows.map((row) => data.labels[row]!),
        );
        rows.forEach((row, i) => {
          right.set(String(row), found[i]!);
        });
      }
      return { answer: (unit) => right.get(unit)!, costs: { 's to train': heads.seconds } };
    },
  };
}
