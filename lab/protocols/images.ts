import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Vectors } from '../../src/base/vectors.ts';
import { products, unitRows } from '../../src/math/index.ts';
import { exactTop, multiSimilarity } from '../../src/train/index.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Contestant } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { head, learn, vectorItems } from './learning.ts';

/** As many of a query's best are ranked again. */
const TOP = 200;
const PIXELS = 28 * 28;
/** Classes that the network learned from: the others are searched. */
const LEARNED = 5;

/** Images as unit vectors of a small network; images of one class answer each other. */
export interface Images {
  readonly vectors: Vectors;
  readonly queries: Vectors;
  /** Class of each image that is found, and of each query by its number. */
  readonly labels: Uint8Array;
  readonly truth: ReadonlyMap<string, number>;
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * Fashion-MNIST: a network of two layers learns 64 components from labelled images of five classes by multi-similarity; images of the other five,
 * which it never saw, are searched. @throws NeedsData.
 */
export function images(lab: Lab): Promise<Images> {
  return lab.once('fashion', async () => {
    const folder = lab.folder('fashion_mnist');
    const bytes = await readFile(`${folder}/images28.u8`);
    const lines = (await readFile(`${folder}/labels.tsv`, 'utf8')).trim().split('\n');
    const column = lines[0]!.split('\t').findIndex((name) => /label|class/i.test(name));
    const names = lines.slice(1).map((line) => line.split('\t')[Math.max(0, column)]!);
    const classes = [...new Set(names)].sort();
    const labels = names.map((name) => classes.indexOf(name));
    const rowsOf = (wanted: (label: number) => boolean) => [...labels.keys()].filter((row) => wanted(labels[row]!));
    const pixels = (rows: readonly number[]) =>
      unitRows(
        Vectors.fromRows(
          rows.map((row) => bytes.subarray(row * PIXELS, (row + 1) * PIXELS)),
          PIXELS,
        ),
      );
    const known = rowsOf((label) => label < LEARNED).slice(0, lab.pick(500, 5000));
    const [items, own] = [vectorItems(pixels(known)), known.map((row) => labels[row]!)];
    const model = await learn(
      {
        start: head({ form: 'mlp', widths: [256, 64] }),
        lists: ['images'],
        draw: (random) => {
          const rows = Array.from({ length: 80 }, () => random.below(known.length));
          const given = { data: Int32Array.from(rows, (row) => own[row]!), shape: [rows.length] };
          return { lists: { images: { of: items, rows } }, arrays: { labels: given } };
        },
        loss: (encoded, { labels: given }) => multiSimilarity(encoded['images']!, given!, { lambda: 0.5 }),
        steps: lab.pick(10, 500),
        learningRate: 1e-3,
      },
      { seed: 1, signal: lab.signal },
    );
    const other = rowsOf((label) => label >= LEARNED);
    const [count, asked] = lab.pick([900, 90], [4500, 450]) as [number, number];
    const vectors = await model.encode(vectorItems(pixels(other.slice(0, count + asked))));
    return {
      vectors: vectors.slice(0, count),
      queries: vectors.slice(count, vectors.count),
      labels: Uint8Array.from(other.slice(0, count), (row) => labels[row]!),
      truth: new Map(other.slice(count, count + asked).map((row, i) => [String(i), labels[row]!])),
      sources: { 'fashion_mnist/images28.u8': createHash('sha256').update(bytes).digest('hex') },
    };
  });
}

/** Ranks a query's first 200 again. Nothing in it is random. @param scores of them, by their vectors and the query's. */
export function reranked<Setting extends Config>(
  name: string,
  configs: readonly Setting[],
  scores: (query: Float32Array, top: Vectors, config: Setting) => Float32Array,
) {
  return ({ vectors, queries }: Images): Contestant<number, Uint32Array> => ({
    name,
    configs,
    fit: async (config) => {
      const first = exactTop(vectors, queries, TOP);
      return {
        answer: (unit) => {
          const i = Number(unit);
          const again = scores(queries.row(i), vectors.pick(first[i]!), config as Setting);
          const order = Array.from(again.keys()).sort((a, b) => again[b]! - again[a]! || a - b);
          return Uint32Array.from(order, (at) => first[i]![at]!);
        },
      };
    },
  });
}

export type ImageSide = ReturnType<typeof reranked>;

/** The inner product, in which nothing is to tune. */
export const innerProduct: ImageSide = (data) => ({
  ...reranked('inner product', [{}], (query, top) => products(top, query))(data),
  untunable: true,
});

/** A claim about the mean average precision of the first 200, out of as many as could be right. Nothing is random. */
export function imageClaim(claim: Said & Sides<ImageSide>): ComparativeClaim {
  const of = async (lab: Lab) => {
    const data = await images(lab);
    return {
      material: {
        truth: data.truth,
        sources: data.sources,
        measure: (truth: number, answer: Uint32Array) => {
          let [found, sum] = [0, 0];
          answer.forEach((row, rank) => {
            if (data.labels[row] === truth) sum += ++found / (rank + 1);
          });
          return sum / Math.min(TOP, data.labels.filter((label) => label === truth).length);
        },
      },
      contestant: (side: ImageSide) => side(data),
    };
  };
  return comparison(claim, `mAP of the first ${TOP}`, of, []);
}
