import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Vectors } from '../../../src/base/vectors.ts';
import { PrincipalComponents } from '../../../src/codec/index.ts';
import { LinearMap, products, unitRows } from '../../../src/math/index.ts';
import { refineByNeighbours } from '../../../src/search/index.ts';
import { greatest } from '../../../src/train/index.ts';
import { type Config, type Contestant, type Lab, material, type Paper } from '../../grading/index.ts';

/** As many of a query's best are ranked again. */
const TOP = 200;
const PIXELS = 28 * 28;

interface Images {
  readonly vectors: Vectors;
  readonly queries: Vectors;
  readonly labels: Uint8Array;
  /** Class of each query, by its number. */
  readonly truth: ReadonlyMap<string, number>;
  readonly sources: Readonly<Record<string, string>>;
}

/** Pixels of Fashion-MNIST as 64 principal components of unit length; images of one class answer each other. */
function load(lab: Lab): Promise<Images> {
  return lab.once('fashion', async () => {
    const folder = lab.folder('fashion_mnist');
    const bytes = await readFile(`${folder}/images28.u8`);
    const lines = (await readFile(`${folder}/labels.tsv`, 'utf8')).trim().split('\n');
    const count = lab.pick(1500, 6000);
    const asked = lab.pick(90, 450);
    const column = lines[0]!.split('\t').findIndex((name) => /label|class/i.test(name));
    const names = lines.slice(1).map((line) => line.split('\t')[Math.max(0, column)]!);
    const classes = [...new Set(names)].sort();
    const raw = Vectors.zeros(count + asked, PIXELS);
    for (let i = 0; i < raw.data.length; i++) raw.data[i] = bytes[i]! / 255;
    const pca = new PrincipalComponents(PIXELS, 64);
    await pca.train(raw.slice(0, count), { seed: 1, signal: lab.signal });
    const all = unitRows(pca.apply(raw));
    const label = (i: number): number => classes.indexOf(names[i]!);
    return {
      vectors: all.slice(0, count),
      queries: all.slice(count, count + asked),
      labels: Uint8Array.from({ length: count }, (_, i) => label(i)),
      truth: new Map(Array.from({ length: asked }, (_, i) => [String(i), label(count + i)])),
      sources: { 'fashion_mnist/images28.u8': createHash('sha256').update(bytes).digest('hex') },
    };
  });
}

type Answer = { readonly rows: Uint32Array; readonly labels: Uint8Array };

/** Average precision of the first `TOP`, out of as many as could be right. */
function averagePrecision(truth: number, { rows, labels }: Answer): number {
  let [found, sum] = [0, 0];
  rows.forEach((row, rank) => {
    if (labels[row] === truth) sum += ++found / (rank + 1);
  });
  return sum / Math.min(TOP, labels.filter((label) => label === truth).length);
}

function reranked(
  name: string,
  { vectors, queries, labels }: Images,
  configs: readonly Config[],
  scores: (query: Float32Array, top: Vectors, config: Config) => Float32Array,
): Contestant<number, Answer> {
  return {
    name,
    configs,
    fit: async (config) => {
      const map = new LinearMap(vectors.data, vectors.dim);
      return {
        answer: (unit) => {
          const i = Number(unit);
          const plain = map.apply(queries.slice(i, i + 1)).data;
          const top = greatest(plain, TOP);
          const again = scores(queries.row(i), vectors.pick(top), config);
          const order = Array.from(again.keys()).sort((a, b) => again[b]! - again[a]! || a - b);
          return { rows: Uint32Array.from(order, (at) => top[at]!), labels };
        },
      };
    },
  };
}

/** Average query expansion: the query and its best, weighted by a power of their similarity (Radenovic et al. 2018, alpha-QE). */
function expansion(query: Float32Array, top: Vectors, { k, alpha }: Config): Float32Array {
  const plain = products(top, query);
  const mixed = query.slice();
  for (let i = 0; i < Number(k) && i < top.count; i++) {
    const weight = Math.max(0, plain[i]!) ** Number(alpha);
    top.row(i).forEach((value, c) => {
      mixed[c]! += weight * value;
    });
  }
  return products(top, mixed);
}

const EXPANSIONS = [1, 3].flatMap((alpha) => [5, 10, 20].map((k) => ({ k, alpha })));
/** As published. */
const PUBLISHED = { neighbours: 9, beta: 0.15 };
const REFINEMENTS = [5, 9, 20].flatMap((neighbours) => [0.15, 0.5].map((beta) => ({ neighbours, beta })));

export const paper: Paper = {
  slug: 'superglobal',
  summary:
    "A query's best are ranked again from their global vectors alone: each is mixed with its neighbours, and the query with the best of them.",
  parts: ['search/neighbours', 'codec/pca'],
  departures: [
    'The reranking only. Vectors are principal components of pixels, where the paper pools features of a network.',
    'The first 200 are ranked again, where the paper takes 400.',
  ],
  reach: { exports: ['search/refineByNeighbours'], byDefault: false },
  claims: [
    {
      id: 'plain',
      kind: 'comparative',
      statement: 'Refinement by neighbours gains at least 0.03 mean average precision over the inner product.',
      metric: 'mAP of the first 200',
      margin: { absolute: 0.03 },
      seconds: { quick: 10, full: 60 },
      load: async (lab) => {
        const images = await load(lab);
        return material<number, Answer>({
          truth: images.truth,
          sources: images.sources,
          measure: averagePrecision,
          // Nothing can be tuned in an inner product, so nothing is tuned here: the paper's own setting.
          baseline: reranked('inner product', images, [{}], (query, top) => products(top, query)),
          method: reranked('refined by neighbours', images, [PUBLISHED], (query, top, config) =>
            refineByNeighbours(query, top, config),
          ),
        });
      },
    },
    {
      id: 'expansion',
      kind: 'comparative',
      statement: 'Refinement by neighbours is better than average query expansion, both tuned alike.',
      metric: 'mAP of the first 200',
      margin: {},
      seconds: { quick: 10, full: 60 },
      load: async (lab) => {
        const images = await load(lab);
        return material<number, Answer>({
          truth: images.truth,
          sources: images.sources,
          measure: averagePrecision,
          baseline: reranked('query expansion', images, EXPANSIONS, expansion),
          method: reranked('refined by neighbours', images, REFINEMENTS, (query, top, config) =>
            refineByNeighbours(query, top, config),
          ),
        });
      },
    },
  ],
};
