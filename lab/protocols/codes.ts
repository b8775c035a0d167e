import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { type Codec, PrincipalComponents } from '../../src/codec/index.ts';
import { LinearMap, unitRows } from '../../src/math/index.ts';
import { cosines, exactTop, greatest, infoNCE } from '../../src/train/index.ts';
import { embed, vectorsOf } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Contestant, Fitted } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { type DistillOptions, distilledCodec, trainedCodec } from './codecs.ts';
import { Deck, head, learn, vectorItems } from './learning.ts';

/** Vectors to be compressed, queries to learn from, and queries to be judged by. */
export interface CodeData {
  readonly documents: Vectors;
  /** Sentences of the documents, as a stand-in for queries: nobody labelled them. */
  readonly sentences: Vectors;
  /** Row of the document that each sentence is from. */
  readonly owners: Uint32Array;
  readonly queries: Vectors;
  /** Row of each query by its name. */
  readonly rows: ReadonlyMap<string, number>;
  /** Rows of the relevant documents of each query. */
  readonly relevant: ReadonlyMap<string, ReadonlySet<number>>;
  readonly sources: Readonly<Record<string, string>>;
}

/** Documents of a ranking that count, unless a metric says otherwise. */
export const TOP = 10;
/** Documents that contestants answer with. */
const DEPTH = 100;

/** Vectors of SciFact: abstracts, sentences of them, and all claims (those of training and test judgements). @throws NeedsData. */
export function codeData(lab: Lab): Promise<CodeData> {
  return lab.once('code data', async () => {
    const sides = [await embed(lab, 'scifact', { split: 'train' }), await embed(lab, 'scifact')] as const;
    const [, { documents, vectors, rows: places }] = sides;
    const random = new Random(3);
    const owners: number[] = [];
    const texts = documents.flatMap(({ title, text }, row) => {
      const sentences = text.split(/(?<=[.!?])\s+/).filter((sentence) => sentence.length > 40);
      const drawn = [title, ...(sentences.length === 0 ? [] : [sentences[random.below(sentences.length)]!])];
      for (const _ of drawn) owners.push(row);
      return drawn;
    });
    const relevant = new Map<string, ReadonlySet<number>>();
    for (const { queryIds, judgements } of sides) {
      for (const id of queryIds) {
        const found = [...judgements.get(id)!].flatMap(([document, grade]) =>
          grade > 0 && places.has(document) ? [places.get(document)!] : [],
        );
        relevant.set(id, new Set(found));
      }
    }
    return {
      documents: vectors,
      sentences: await vectorsOf(lab, texts, 'query'),
      owners: Uint32Array.from(owners),
      queries: Vectors.concat(sides.map(({ queries }) => queries)),
      rows: new Map(sides.flatMap(({ queryIds }) => queryIds).map((id, row) => [id, row])),
      relevant,
      sources: { ...sides[0].sources, ...sides[1].sources },
    };
  });
}

/** The same by another encoder than the lab's. */
function codeDataBy(encoder: string): (lab: Lab) => Promise<CodeData> {
  return (lab) => lab.once(`code data ${encoder}`, () => codeData(lab.using(encoder)));
}

/** The same after a linear map that learned to bring sentences to their abstracts: vectors that were tuned for this corpus. */
function tunedCodeData(lab: Lab): Promise<CodeData> {
  return lab.once('tuned code data', async () => {
    const data = await codeData(lab);
    const [sentences, documents] = [vectorItems(data.sentences), vectorItems(data.documents)];
    let deck: Deck | undefined;
    const model = await learn(
      {
        start: head({ form: 'linear' }),
        lists: ['sentences', 'documents'],
        draw: (random) => {
          deck ??= new Deck(data.sentences.count, random);
          const rows = deck.next(64);
          return {
            lists: {
              sentences: { of: sentences, rows },
              documents: { of: documents, rows: rows.map((row) => data.owners[row]!) },
            },
          };
        },
        loss: (encoded) => infoNCE(cosines(encoded['sentences']!, encoded['documents']!), { temperature: 0.05 }),
        steps: lab.pick(10, 300),
        learningRate: 1e-3,
      },
      { seed: 1, signal: lab.signal },
    );
    const of = (vectors: Vectors) => model.encode(vectorItems(vectors));
    return {
      ...data,
      documents: await of(data.documents),
      sentences: await of(data.sentences),
      queries: await of(data.queries),
    };
  });
}

/** Vectors of the same texts that a claim may be about: by the lab's encoder, by another one, or tuned for this corpus. */
export const VECTORS = {
  own: { whose: "the lab's encoder", data: codeData },
  useLite: { whose: 'use-lite', data: codeDataBy('use-lite') },
  tuned: { whose: "the lab's encoder, tuned", data: tunedCodeData },
} as const;

/** As {@link CodeData}, with vectors of fewer components, so that maps are learned in seconds. */
export interface SmallCodeData extends CodeData {
  /** The same map for vectors of other texts. */
  readonly reduce: (vectors: Vectors) => Vectors;
}

export const COMPONENTS = 128;

/** Vectors of SciFact in {@link COMPONENTS} principal components. */
export function smallCodeData(lab: Lab): Promise<SmallCodeData> {
  return lab.once('small code data', async () => {
    const data = await codeData(lab);
    const pca = new PrincipalComponents(data.documents.dim, COMPONENTS);
    await pca.train(data.documents);
    const reduce = (vectors: Vectors): Vectors => unitRows(pca.apply(vectors));
    return {
      ...data,
      documents: reduce(data.documents),
      queries: reduce(data.queries),
      sentences: reduce(data.sentences),
      reduce,
    };
  });
}

/** A contestant answers a query with the rows of the first 100 documents, or more or fewer. */
export type CodeContestant = Contestant<Judged, Uint32Array>;
/** A side of a claim about codes. */
export type CodeSide<Data extends CodeData = CodeData> = (data: Data, lab: Lab) => CodeContestant;

/** What answers: scores of all documents, by codes or vectors. */
export interface Coder {
  readonly codec: Codec;
  /** Default: of the documents, by the codec. */
  readonly codes?: Uint8Array;
  /** Default: those of the data. */
  readonly queries?: Vectors;
  /** That it took to learn, where it was learned before. Default: as long as making it takes. */
  readonly seconds?: number;
}

/** Ranks all documents by their codes. @param make a codec, and what it scores if that is not as usual. */
export function coded<Data extends CodeData = CodeData, Setting extends Config = Config>(
  name: string,
  configs: readonly Setting[],
  make: (data: Data, lab: Lab, config: Setting, seed: number) => Promise<Coder>,
): CodeSide<Data> {
  return (data, lab) => ({
    name,
    configs,
    fit: async (config, { seed }) => {
      const start = performance.now();
      const made = await make(data, lab, config as Setting, seed);
      const { codec, codes, queries = data.queries, seconds = (performance.now() - start) / 1000 } = made;
      const all = codes ?? codec.encode(data.documents);
      const scores = new Float32Array(data.documents.count);
      return {
        answer: (unit) => {
          codec.scorer(queries.row(data.rows.get(unit)!)).score(all, scores.length, scores);
          return greatest(scores, DEPTH);
        },
        costs: { 'bytes / vector': codec.codeSize, 's to train': seconds },
      };
    },
  });
}

/** Ranks all documents by inner products of vectors. @param make these. Default: the vectors themselves, where nothing is to tune. */
export function byVectors<Data extends CodeData = CodeData, Setting extends Config = Config>(
  name: string,
  configs: readonly Setting[] = [],
  make?: (
    data: Data,
    config: Setting,
    seed: number,
  ) => Promise<{ readonly documents: Vectors; readonly queries: Vectors }>,
): CodeSide<Data> {
  return (data) => ({
    name,
    configs: configs.length === 0 ? [{}] : configs,
    ...(make === undefined ? { untunable: true } : {}),
    fit: async (config, { seed }) => ranked(data, (await make?.(data, config as Setting, seed)) ?? data),
  });
}

/** Answers by inner products. */
export function ranked(
  { rows }: CodeData,
  { documents, queries }: { readonly documents: Vectors; readonly queries: Vectors },
): Fitted<Uint32Array> {
  const map = new LinearMap(documents.data, documents.dim);
  return {
    answer: (unit) => {
      const row = rows.get(unit)!;
      return greatest(map.apply(queries.slice(row, row + 1)).data, DEPTH);
    },
    costs: { 'bytes / vector': 4 * documents.dim },
  };
}

/** Codecs that learn from documents alone, by specification. */
export function classical(name: string, specs: readonly string[]): CodeSide {
  return coded(
    name,
    specs.map((spec) => ({ spec })),
    ({ documents }, lab, { spec }, seed) => trainedCodec(spec, documents, lab, seed),
  );
}

/** A product quantizer in three guises: as many configurations as the learned one has. */
export function reconstruction(quantizer: string): CodeSide {
  return classical('learned for reconstruction', [quantizer, `opq,${quantizer}`, `opq,a${quantizer}`]);
}

/** Temperature and rates of codes that learn to rank. */
const RANKING = [8e-4, 3e-4, 1e-4].map((learningRate) => ({ temperature: 0.05, learningRate }));

/** Codes that learn to rank: see `distillCodec`. Learned once for every setting and seed. */
export function distilled<Data extends CodeData>(
  name: string,
  options: DistillOptions | ((data: Data) => DistillOptions),
  configs: readonly Config[] = RANKING,
): CodeSide<Data> {
  return coded<Data>(name, configs, async (data, lab, config, seed) => {
    const all = typeof options === 'function' ? options(data) : options;
    const learned = await distilledCodec(data, lab, { ...all, ...config }, seed);
    if (all.codes !== 'frozen') return learned;
    // Frozen codes are those of the codec that learning began with.
    const first = await trainedCodec(`dual,${all.quantizer}`, data.documents, lab, seed);
    return { ...learned, codes: first.codec.encode(data.documents) };
  });
}

/** What a query's answer is judged by: its exact ten best, or documents that people say are relevant. */
type Judged = ReadonlySet<number>;

const METRICS = {
  'recall@10 of exact search': (truth: Judged, answer: Uint32Array) => recallOf(truth, answer.subarray(0, TOP)),
  'recall@100 of judged documents': (truth: Judged, answer: Uint32Array) => recallOf(truth, answer.subarray(0, DEPTH)),
  'MRR@10 of judged documents': (truth: Judged, answer: Uint32Array) => {
    const rank = answer.subarray(0, TOP).findIndex((row) => truth.has(row));
    return rank < 0 ? 0 : 1 / (rank + 1);
  },
  'nDCG@10 of judged documents': ndcgOf,
} as const;

/** nDCG@10 with grades of 0 and 1. */
export function ndcgOf(truth: Judged, answer: Uint32Array): number {
  const gain = (rank: number) => 1 / Math.log2(rank + 2);
  let [gained, ideal] = [0, 0];
  answer.subarray(0, TOP).forEach((row, rank) => {
    if (truth.has(row)) gained += gain(rank);
  });
  for (let rank = 0; rank < Math.min(TOP, truth.size); rank++) ideal += gain(rank);
  return gained / ideal;
}

function recallOf(truth: Judged, answer: Uint32Array): number {
  return answer.reduce((found, row) => found + (truth.has(row) ? 1 : 0), 0) / truth.size;
}

/** The ten best documents of each query by exact inner product. */
export function exactBest({ documents, queries, rows }: CodeData): Map<string, Judged> {
  const best = exactTop(documents, queries, TOP);
  return new Map([...rows].map(([unit, row]) => [unit, new Set(best[row]!)]));
}

/** What a claim about codes says, and what it compares. */
export interface CodeClaim<Data extends CodeData> extends Said, Sides<CodeSide<Data>> {
  /** Default `recall@10 of exact search`. */
  readonly metric?: keyof typeof METRICS;
  readonly data: (lab: Lab) => Promise<Data>;
  readonly notes?: (data: Data, lab: Lab) => Promise<string[]> | string[];
}

/** A claim about what is found by codes, over three seeds. */
export function codeClaim<Data extends CodeData>(claim: CodeClaim<Data>): ComparativeClaim {
  const { metric = 'recall@10 of exact search', notes } = claim;
  return comparison(claim, metric, async (lab) => {
    const data = await claim.data(lab);
    const truth = metric.endsWith('exact search') ? exactBest(data) : data.relevant;
    return {
      material: {
        truth: new Map([...truth].filter(([, rows]) => rows.size > 0)),
        sources: data.sources,
        measure: METRICS[metric],
        ...(notes === undefined ? {} : { notes: await notes(data, lab) }),
      },
      contestant: (side) => side(data, lab),
    };
  });
}
