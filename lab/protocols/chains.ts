import type { Vectors } from '../../src/base/vectors.ts';
import { fieldOf, MEANING } from '../../src/corpus/index.ts';
import { nativeRuntime } from '../../src/encode/index.ts';
import { unitRow } from '../../src/math/index.ts';
import {
  type Corpus,
  dense,
  type Feedback,
  hopSearch,
  learnedFeedback,
  memoryCorpus,
  type Query,
  type QueryUpdate,
} from '../../src/search/index.ts';
import { encode, represented } from '../../src/search/represent.ts';
import { type TrainHopsOptions, trainHops } from '../../src/train/index.ts';
import { vectorsOf } from '../datasets/embeddings.ts';
import { madeFacts } from '../datasets/facts.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Split } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { searchable } from './pipelines.ts';

/** Questions that several passages answer one after the other. */
export interface Chained {
  readonly corpus: Corpus;
  readonly questions: ReadonlyMap<string, Query>;
  /** Ordinals of the passages that each needs. */
  readonly needs: ReadonlyMap<string, ReadonlySet<number>>;
  /** Default: drawn by the lab. */
  readonly split?: (unit: string) => Split | undefined;
  readonly sources: Readonly<Record<string, string>>;
}

interface FactChains extends Chained {
  readonly passages: Vectors;
  readonly training: { readonly questions: Vectors; readonly chains: readonly (readonly number[])[] };
}

/** Questions of each split at most. */
const [TRAINED, CHOSEN, TESTED] = [3000, 300, 500];

/** Facts about invented things, and questions that lead from one fact to another; things that a test question begins with begin none of training. */
export function factChains(lab: Lab): Promise<FactChains> {
  return lab.once('fact chains', async () => {
    const { passages: texts, questions } = madeFacts(lab.pick(20, 80), 41);
    const of = (part: Split, most: number) =>
      questions
        .filter(({ about }) => (about % 10 < 6 ? 'train' : about % 10 < 8 ? 'dev' : 'test') === part)
        .slice(0, lab.pick(Math.ceil(most / 20), most));
    const parts = { train: of('train', TRAINED), dev: of('dev', CHOSEN), test: of('test', TESTED) } as const;
    const [passages, training] = [
      await vectorsOf(lab, texts, 'document'),
      await vectorsOf(
        lab,
        parts.train.map(({ text }) => text),
        'query',
      ),
    ];
    const judged = [...parts.dev, ...parts.test];
    const asked = await vectorsOf(
      lab,
      judged.map(({ text }) => text),
      'query',
    );
    const rows = new Map(texts.map((text, row) => [text, row]));
    const encoder = {
      id: lab.encoder,
      dim: passages.dim,
      encode: async (given: readonly string[]) => passages.pick(given.map((text) => rows.get(text)!)),
    };
    const corpus = await memoryCorpus(
      texts.map((text, i) => ({ id: String(i), text, language: 'en' })),
      [{ name: 'meaning', kind: 'vector', encoder }],
      { settings: { detectLanguage: false } },
    );
    const name = (i: number) => `${i < parts.dev.length ? 'dev' : 'test'}${i}`;
    return {
      corpus,
      passages,
      training: { questions: training, chains: parts.train.map(({ chain }) => chain) },
      questions: new Map(
        judged.map(({ text }, i): [string, Query] => [
          name(i),
          { content: text, language: 'en', encoded: new Map([['meaning', asked.row(i)]]) },
        ]),
      ),
      needs: new Map(judged.map(({ chain }, i) => [name(i), new Set(chain)])),
      split: (unit) => (unit.startsWith('dev') ? 'dev' : 'test'),
      sources: {},
    };
  });
}

/** HotpotQA's sample. @throws NeedsData. */
export async function hotpotChains(lab: Lab): Promise<Chained> {
  const { corpus, queries, judgements, sources } = await searchable(lab, 'hotpotqa_100');
  const owners = await corpus.documentsOf(Array.from({ length: corpus.passageSpace }, (_, i) => i));
  const ids = (await corpus.documents(owners)).map(({ id }) => id);
  return {
    corpus,
    sources,
    questions: new Map([...queries].map(([id, content]) => [id, { content, language: 'en' }])),
    needs: new Map(
      [...queries.keys()].map((id) => {
        const documents = judgements.get(id)!;
        return [id, new Set([...ids.keys()].filter((passage) => documents.has(ids[passage]!)))];
      }),
    ),
  };
}

/** What goes from a passage to the next search. */
export interface ChainSide {
  readonly name: string;
  readonly configs: readonly Config[];
  /** What is trained, on made facts. */
  readonly trained?: (config: Config) => Pick<TrainHopsOptions, 'sum' | 'learningRate' | 'width'>;
  /** What the query's vector and a passage's count in the next one, without training. */
  readonly rule?: (config: Config) => readonly [query: number, passage: number];
}

/** Passages that a side may bring, over two hops or one. */
const BUDGET = 10;

/** A claim about the share of needed passages among ten, over three seeds; a side that neither learns nor has a rule searches once. */
export function chainClaim({
  data,
  ...claim
}: Said & Sides<ChainSide> & { readonly data: (lab: Lab) => Promise<Chained> }): ComparativeClaim {
  return comparison<ChainSide, ChainSide, ReadonlySet<number>, readonly number[]>(
    claim,
    'recall@10 of needed passages',
    async (lab) => {
      const { corpus, questions, needs, split, sources } = await data(lab);
      return {
        material: {
          truth: needs,
          sources,
          ...(split === undefined ? {} : { split }),
          measure: (truth, found) => found.filter((passage) => truth.has(passage)).length / truth.size,
        },
        contestant: (side) => ({
          name: side.name,
          configs: side.configs,
          ...(side.trained === undefined && side.rule === undefined ? { untunable: true } : {}),
          fit: async (config, { seed }) => {
            const next = await nextBy(lab, side, config, seed);
            const search = dense(corpus);
            const retriever =
              next === undefined ? search : hopSearch(corpus, search, { next, hops: 2, width: BUDGET / 2 });
            return {
              answer: async (unit) =>
                (await retriever(questions.get(unit)!, { k: BUDGET })).hits.map(({ passage }) => passage),
            };
          },
        }),
      };
    },
  );
}

async function nextBy(
  lab: Lab,
  { trained, rule }: ChainSide,
  config: Config,
  seed: number,
): Promise<Feedback | undefined> {
  if (trained !== undefined) return learnedFeedback(await trainedOn(lab, trained(config), seed));
  return rule === undefined ? undefined : byRule(rule(config));
}

/** Once for each setting and seed, whatever claims ask for it. */
function trainedOn(
  lab: Lab,
  settings: Pick<TrainHopsOptions, 'sum' | 'learningRate' | 'width'>,
  seed: number,
): Promise<QueryUpdate> {
  return lab.once(JSON.stringify(['next hop', settings, seed]), async () => {
    const { passages, training } = await factChains(lab);
    return trainHops(passages, training.questions, training.chains, {
      runtime: await nativeRuntime(),
      threads: 1,
      ...settings,
      steps: lab.pick(4, 600),
      seed,
      signal: lab.signal,
    });
  });
}

/** The next query as a sum of the query's vector and a passage's, at unit length. */
function byRule([ofQuery, ofPassage]: readonly [number, number]): Feedback {
  return {
    id: 'sum',
    async refine(query, { hits }, corpus) {
      const field = fieldOf(corpus, MEANING, ['vector']);
      const encoded = await encode(field, query);
      const [found] = await corpus.get(MEANING, Uint32Array.of(hits[0]!.passage));
      if (encoded.query === undefined || found === undefined) return query;
      const sum = (encoded.query as Float32Array).map(
        (value, c) => ofQuery * value + ofPassage * (found as Float32Array)[c]!,
      );
      return represented(query, MEANING, unitRow(sum) ? sum : encoded.query);
    },
  };
}
