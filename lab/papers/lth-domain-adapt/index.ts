import { Random } from '../../../src/base/random.ts';
import type { Vectors } from '../../../src/base/vectors.ts';
import type { Codec, RecurrentBinary } from '../../../src/codec/index.ts';
import { nativeRuntime } from '../../../src/encode/runtime.ts';
import { distillCodec, greatest, learnBinary } from '../../../src/train/index.ts';
import { embed, vectorsOf } from '../../datasets/embeddings.ts';
import { type Config, type Contestant, type Lab, material, type Paper } from '../../grading/index.ts';
import { COMPONENTS, type SmallCodeData, smallCodeData } from '../../protocols/small-codes.ts';

const SEEDS = [1, 2, 3];
const TARGET = 'pubmedqa';
/** Spans of a document that stand for questions about it. */
const SPANS = 3;
const [QUANTIZER, SIGNS] = ['pq8x4', 64];

/** Rows of relevant documents. */
type Truth = ReadonlySet<number>;

interface Domains {
  readonly source: SmallCodeData;
  readonly documents: Vectors;
  readonly queries: Vectors;
  readonly rows: ReadonlyMap<string, number>;
  readonly truth: ReadonlyMap<string, Truth>;
  readonly spans: Vectors;
  readonly owners: readonly (readonly number[])[];
  readonly sources: Readonly<Record<string, string>>;
}

/** SciFact as the source; abstracts and questions of PubMedQA as the target, in the components of the source. */
function domains(lab: Lab): Promise<Domains> {
  return lab.once('domains', async () => {
    const source = await smallCodeData(lab);
    const target = await embed(lab, TARGET);
    const random = new Random(17);
    const owners: number[] = [];
    const texts = target.documents.flatMap(({ text }, row) => {
      const words = text.split(/\s+/).filter(Boolean);
      return Array.from({ length: SPANS }, () => {
        owners.push(row);
        const from = random.below(Math.max(1, words.length - 12));
        // A word in ten is dropped, so that spans are no quotations.
        return (
          words
            .slice(from, from + 12)
            .filter(() => random.next() >= 0.1)
            .join(' ') || text.slice(0, 80)
        );
      });
    });
    const spans = await vectorsOf(lab, texts, 'query');
    const count = lab.pick(90, target.queryIds.length);
    const truth = new Map<string, Truth>();
    for (const id of target.queryIds.slice(0, count)) {
      const grades = target.judgements.get(id);
      const found = [...(grades ?? [])].flatMap(([document, grade]) => (grade > 0 ? [target.rows.get(document)!] : []));
      if (found.length > 0) truth.set(id, new Set(found));
    }
    return {
      source,
      documents: source.reduce(target.vectors),
      queries: source.reduce(target.queries),
      rows: new Map(target.queryIds.map((id, row) => [id, row])),
      truth,
      spans: source.reduce(spans),
      owners: owners.map((row) => [row]),
      sources: { ...source.sources, ...target.sources },
    };
  });
}

/** nDCG@10 with grades of 0 and 1. */
function ndcg(relevant: Truth, answer: Uint32Array): number {
  let [gained, ideal] = [0, 0];
  answer.slice(0, 10).forEach((row, rank) => {
    if (relevant.has(row)) gained += 1 / Math.log2(rank + 2);
  });
  for (let rank = 0; rank < Math.min(10, relevant.size); rank++) ideal += 1 / Math.log2(rank + 2);
  return gained / ideal;
}

type Learner = (
  documents: Vectors,
  queries: Vectors,
  config: Config,
  seed: number,
  more: { readonly labels?: readonly (readonly number[])[]; readonly start?: Codec },
) => Promise<Codec>;

function products(lab: Lab): Learner {
  return async (documents, queries, { learningRate }, seed, more) =>
    distillCodec(documents, queries, {
      runtime: await nativeRuntime(),
      quantizer: QUANTIZER,
      temperature: 0.05,
      learningRate: Number(learningRate),
      candidates: 12,
      steps: lab.pick(15, 200),
      seed,
      signal: lab.signal,
      ...more,
    });
}

function signs(lab: Lab): Learner {
  return async (documents, queries, { learningRate }, seed, { labels, start }) =>
    learnBinary(documents, queries, {
      runtime: await nativeRuntime(),
      signs: SIGNS,
      levels: 1,
      temperature: 0.1,
      learningRate: 5 * Number(learningRate),
      candidates: 12,
      steps: lab.pick(15, 200),
      seed,
      signal: lab.signal,
      ...(labels === undefined ? {} : { labels }),
      ...(start === undefined ? {} : { start: start as RecurrentBinary }),
    });
}

const RATES = [3e-3, 1e-3].map((learningRate) => ({ learningRate }));
const CONFIGS = RATES.map(({ learningRate }) => ({ learningRate, adapt: 'teacher' }));

/** A codec of the source domain, and what it becomes on the target's own documents and spans of them. */
function contestant(
  name: string,
  all: Domains,
  lab: Lab,
  learner: Learner,
  key: string,
  configs: readonly Config[],
): Contestant<Truth, Uint32Array> {
  const base = (seed: number, rate: Config): Promise<Codec> =>
    lab.once(JSON.stringify(['lth source', key, rate, seed]), () =>
      learner(all.source.documents, all.source.sentences, rate, seed, {}),
    );
  return {
    name,
    configs,
    fit: async (config, { seed }) => {
      const { adapt, learningRate } = config as { adapt?: string; learningRate: number };
      let codec = await base(seed, { learningRate: adapt === undefined ? learningRate : RATES[0]!.learningRate });
      if (adapt !== undefined) {
        const labels = adapt === 'own document' ? { labels: all.owners } : {};
        codec = await learner(all.documents, all.spans, { learningRate }, seed, { start: codec, ...labels });
      }
      const codes = codec.encode(all.documents);
      const scores = new Float32Array(all.documents.count);
      return {
        answer: (unit) => {
          codec.scorer(all.queries.row(all.rows.get(unit)!)).score(codes, scores.length, scores);
          return greatest(scores, 10);
        },
        costs: { 'bytes / vector': codec.codeSize },
      };
    },
  };
}

function exact(all: Domains): Contestant<Truth, Uint32Array> {
  return {
    name: 'the vectors themselves',
    configs: [{}],
    fit: async () => {
      const scores = new Float32Array(all.documents.count);
      return {
        answer: (unit) => {
          const query = all.queries.row(all.rows.get(unit)!);
          for (let v = 0; v < scores.length; v++) {
            const row = all.documents.row(v);
            scores[v] = 0;
            for (let c = 0; c < COMPONENTS; c++) scores[v]! += row[c]! * query[c]!;
          }
          return greatest(scores, 10);
        },
      };
    },
  };
}

function claim(id: 'products' | 'signs') {
  const bytes = id === 'products' ? 4 : SIGNS / 8;
  return {
    id,
    kind: 'comparative' as const,
    statement: `${id === 'products' ? 'Product codes' : 'Binary codes'} of ${bytes} bytes that were learned on one collection rank another one better once adapted to it with spans of its documents.`,
    metric: 'nDCG@10 on the target',
    margin: {},
    seeds: SEEDS,
    seconds: { quick: 15, full: 60 },
    load: async (lab: Lab) => {
      const all = await domains(lab);
      const learner = id === 'products' ? products(lab) : signs(lab);
      const own = [{ learningRate: RATES[0]!.learningRate, adapt: 'own document' }];
      return material<Truth, Uint32Array>({
        truth: all.truth,
        sources: all.sources,
        measure: ndcg,
        baseline: contestant('learned on the source', all, lab, learner, id, RATES),
        method: contestant('adapted, ranking of the vectors', all, lab, learner, id, CONFIGS),
        controls: [contestant('adapted, own document', all, lab, learner, id, own), exact(all)],
        notes: [
          `Source: ${all.source.documents.count} abstracts of SciFact and their sentences; target: ${all.documents.count} abstracts of PubMedQA, ${all.spans.count} spans of them, and its questions.`,
        ],
      });
    },
  };
}

export const paper: Paper = {
  slug: 'lth-domain-adapt',
  summary:
    'Codes that were learned on one domain lose more on another than full vectors do; going on with queries made from the new documents wins some of it back, without labels.',
  parts: [
    'train/quantize/distill-codec',
    'train/quantize/learn-binary',
    'train/quantize/ranking',
    'codec/dual',
    'codec/recurrent',
  ],
  departures: [
    'Queries are spans of documents with words dropped; the paper generates them with a language model.',
    "The teacher is the ranking of the full vectors (as GPL's is a cross-encoder); the control takes the span's own document for relevant (as GenQ does).",
    'The encoder is frozen, and vectors are 128 principal components of the source.',
    'Signs learn with a straight-through gradient, where the paper sharpens a tanh; queries stay float, and nothing is scored again.',
  ],
  reach: { exports: ['train/distillCodec', 'train/learnBinary'], byDefault: false },
  claims: [claim('products'), claim('signs')],
};
