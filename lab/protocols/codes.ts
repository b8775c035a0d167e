import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { type Codec, createCodec } from '../../src/codec/index.ts';
import { nativeRuntime } from '../../src/encode/index.ts';
import { distillCodec, exactTop, greatest } from '../../src/train/index.ts';
import { embed, vectorsOf } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import { type ComparativeClaim, type Config, type Contestant, type Material, material } from '../grading/types.ts';

/** Vectors to be compressed, queries to learn from, and queries to be judged by. */
export interface CodeData {
  readonly documents: Vectors;
  /** Sentences of the documents, as a stand-in for queries: nobody labelled them. */
  readonly sentences: Vectors;
  /** Row of the document that each sentence is from. */
  readonly owners: Uint32Array;
  readonly queries: Vectors;
  readonly rows: ReadonlyMap<string, number>;
  /** The ten best documents of each query by exact inner product. */
  readonly truth: ReadonlyMap<string, Uint32Array>;
  readonly sources: Readonly<Record<string, string>>;
  /** How many documents a contestant answers with. Default {@link TOP}. */
  readonly depth?: number;
}

export const TOP = 10;

/** Vectors of SciFact: abstracts, sentences of them, and all claims (those of training and test judgements). */
export function codeData(lab: Lab): Promise<CodeData> {
  return lab.once('code data', async () => {
    const test = await embed(lab, 'scifact');
    const train = await embed(lab, 'scifact', { split: 'train' });
    const count = lab.pick(800, test.documents.length);
    const random = new Random(3);
    const owners: number[] = [];
    const texts = test.documents.slice(0, count).flatMap(({ title, text }, row) => {
      const sentences = text.split(/(?<=[.!?])\s+/).filter((sentence) => sentence.length > 40);
      const drawn = [title, ...(sentences.length === 0 ? [] : [sentences[random.below(sentences.length)]!])];
      for (const _ of drawn) owners.push(row);
      return drawn;
    });
    const sentences = await vectorsOf(lab, texts, 'query');
    const documents = test.vectors.slice(0, count);
    const sides = [train, test];
    const queries = join(sides.map((side) => side.queries)).slice(0, lab.pick(90, Number.POSITIVE_INFINITY));
    const ids = sides.flatMap((side) => side.queryIds).slice(0, queries.count);
    const best = exactTop(documents, queries, TOP);
    return {
      documents,
      sentences,
      owners: Uint32Array.from(owners),
      queries,
      rows: new Map(ids.map((id, row) => [id, row])),
      truth: new Map(ids.map((id, row) => [id, best[row]!])),
      sources: { ...train.sources, ...test.sources },
    };
  });
}

export function join(parts: readonly Vectors[]): Vectors {
  const { dim } = parts[0]!;
  const data = new Float32Array(parts.reduce((sum, { data: { length } }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return new Vectors(data, dim);
}

/** Share of the exact ten best that are among the ten returned. */
export function recallOfTop(truth: Uint32Array, answer: Uint32Array): number {
  let found = 0;
  for (const id of answer) if (truth.includes(id)) found++;
  return found / truth.length;
}

/** A codec as a contestant: ranks all documents by their codes. @param encoder makes the codes, where another than the scorer does. */
export function coded(
  name: string,
  data: CodeData,
  configs: readonly Config[],
  make: (config: Config, seed: number) => Promise<Codec>,
  encoder?: (seed: number) => Promise<Codec>,
): Contestant<Uint32Array, Uint32Array> {
  return {
    name,
    configs,
    fit: async (config, { seed }) => {
      const start = performance.now();
      const codec = await make(config, seed);
      const seconds = (performance.now() - start) / 1000;
      const codes = ((await encoder?.(seed)) ?? codec).encode(data.documents);
      const scores = new Float32Array(data.documents.count);
      return {
        answer: (unit) => {
          codec.scorer(data.queries.row(data.rows.get(unit)!)).score(codes, scores.length, scores);
          return greatest(scores, data.depth ?? TOP);
        },
        costs: { 'bytes / vector': codec.codeSize, 's to train': seconds },
      };
    },
  };
}

/** Codecs that learn from documents alone, by specification. */
export function classical(
  name: string,
  data: CodeData,
  specs: readonly string[],
): Contestant<Uint32Array, Uint32Array> {
  return coded(
    name,
    data,
    specs.map((spec) => ({ spec })),
    async ({ spec }, seed) => {
      const codec = createCodec(String(spec), data.documents.dim);
      await codec.train(data.documents, { seed });
      return codec;
    },
  );
}

/** The product quantizer in three guises: as many configurations as the learned one has, and one more. */
export function reconstruction(data: CodeData, bytes: number): Contestant<Uint32Array, Uint32Array> {
  return classical('learned for reconstruction', data, [`pq${bytes}x8`, `opq,pq${bytes}x8`, `opq,apq${bytes}x8`]);
}

type DistillOptions = Parameters<typeof distillCodec>[2];

/** Temperature and rates of codes that learn to rank. */
const RANKING: readonly Config[] = [2e-3, 1e-3, 4e-4].map((learningRate) => ({ temperature: 0.05, learningRate }));

/** Codes that learn to rank: see `distillCodec`, of which these are options. Learned once for every configuration and seed. */
export function distilled(
  name: string,
  lab: Lab,
  data: CodeData,
  options: Partial<DistillOptions> & { readonly quantizer: string },
  configs = RANKING,
): Contestant<Uint32Array, Uint32Array> {
  // Frozen codes are those of the codec that learning began with.
  const first = async (seed: number): Promise<Codec> => {
    const codec = createCodec(`dual,${options.quantizer}`, data.documents.dim);
    await codec.train(data.documents, { seed });
    return codec;
  };
  const make = (config: Config, seed: number) => distilledCodec(lab, data, options, config, seed);
  return coded(name, data, configs, make, options.codes === 'frozen' ? first : undefined);
}

/** The codec of {@link distilled} for one configuration and seed. */
export function distilledCodec(
  lab: Lab,
  data: CodeData,
  options: Partial<DistillOptions> & { readonly quantizer: string },
  { temperature, learningRate }: Config,
  seed: number,
): Promise<Codec> {
  const tuned = { ...options, temperature: Number(temperature), learningRate: Number(learningRate), seed };
  return lab.once(JSON.stringify(['codes', data.documents.dim, tuned]), async () =>
    distillCodec(data.documents, data.sentences, { ...tuned, runtime: await nativeRuntime(), signal: lab.signal }),
  );
}

/** What a claim about codes says, and what it compares. */
export interface CodeClaim<Data extends CodeData>
  extends Pick<ComparativeClaim, 'id' | 'statement' | 'seconds'>,
    Partial<Pick<ComparativeClaim, 'margin'>> {
  readonly data: (lab: Lab) => Promise<Data>;
  readonly sides: (data: Data, lab: Lab) => Promise<CodeSides> | CodeSides;
}

type CodeSides = Pick<Material<Uint32Array, Uint32Array>, 'baseline' | 'method' | 'controls' | 'notes'>;

/** A claim about the share of the exact ten best that are found, over three seeds. Margin by default: none. */
export function codeClaim<Data extends CodeData>({
  data: load,
  sides,
  margin = {},
  ...claim
}: CodeClaim<Data>): ComparativeClaim {
  return {
    ...claim,
    kind: 'comparative',
    metric: 'recall@10 of exact search',
    margin,
    seeds: [1, 2, 3],
    load: async (lab) => {
      const data = await load(lab);
      const { truth, sources } = data;
      return material<Uint32Array, Uint32Array>({ truth, sources, measure: recallOfTop, ...(await sides(data, lab)) });
    },
  };
}
