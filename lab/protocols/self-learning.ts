import { Vectors } from '../../src/base/vectors.ts';
import type { EncodeOptions } from '../../src/encode/index.ts';
import { nativeRuntime } from '../../src/encode/index.ts';
import type { Judgements, TestDocument } from '../../src/eval/index.ts';
import { candidateTexts } from '../../src/search/feedback/sentence-candidates.ts';
import {
  dense,
  type Feedback,
  type FieldDefinition,
  type HypothesisModel,
  hypothesisFeedback,
  learnedFeedback,
  type MemoryCorpus,
  memoryCorpus,
  rankCorpus,
} from '../../src/search/index.ts';
import {
  type HypothesisPairs,
  hypothesisPairs,
  type LearnHypothesesOptions,
  learnHypotheses,
} from '../../src/train/index.ts';
import { documentsOf, sourcesOf, vectorsOf } from '../datasets/embeddings.ts';
import { madeQueries } from '../datasets/made-queries.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { listValue } from './list-value.ts';
import { keptEncoder } from './pipelines.ts';

/** A collection of which nobody judged anything for training, and what a model asked about some of its documents. */
interface Unlabelled {
  readonly corpus: MemoryCorpus;
  readonly pairs: HypothesisPairs;
  /** The same, without a document's own sentences among the candidates of its query. */
  readonly blind: HypothesisPairs;
  readonly queries: ReadonlyMap<string, string>;
  readonly judgements: Judgements;
  readonly sources: Readonly<Record<string, string>>;
  /** Rankings by what found them. */
  readonly found: Map<string, Promise<readonly string[]>>;
}

/** Documents, of which those are that any claim cites and that queries were made of. */
const DOCUMENTS = 1_500;
const DEPTH = 100;

/** SciFact with fewer abstracts; all its claims, of training too, are judged by. @throws NeedsData. */
function unlabelled(lab: Lab): Promise<Unlabelled> {
  return lab.once('unlabelled scifact', async () => {
    const made = madeQueries(lab);
    const [own, training] = [await lab.collection('scifact'), await lab.collection('scifact', { split: 'train' })];
    const judgements: Judgements = new Map([...training.judgements, ...own.judgements]);
    const ids = [...judgements.keys()].slice(0, lab.pick(60, judgements.size));
    const asked = made.queries.slice(0, lab.pick(80, made.queries.length));
    const needed = new Set([
      ...ids.flatMap((id) => [...judgements.get(id)!.keys()]),
      ...asked.flatMap(({ relevant }) => relevant),
    ]);
    const all = await documentsOf(lab, own, needed);
    let others = lab.pick(300, DOCUMENTS) - needed.size;
    const documents = all.filter(({ id }) => needed.has(id) || others-- > 0);
    const queries = new Map(ids.map((id) => [id, (own.queries.get(id) ?? training.queries.get(id))!]));
    const every = [...queries.values(), ...asked.map(({ query }) => query)];
    const corpus = await rememberingCorpus(lab, documents, every);
    return {
      corpus,
      pairs: await hypothesisPairs(corpus, asked),
      blind: await hypothesisPairs(corpus, asked, { own: false }),
      queries,
      judgements,
      sources: { ...sourcesOf(own), ...sourcesOf(training), ...made.sources },
      found: new Map(),
    };
  });
}

/** A corpus whose texts are encoded once for all runs: queries, passages, and sentences of what queries find first. */
async function rememberingCorpus(
  lab: Lab,
  documents: readonly TestDocument[],
  queries: readonly string[],
): Promise<MemoryCorpus> {
  const known = new Map<string, Float32Array>();
  const learn = async (texts: readonly string[], role: 'query' | 'document') => {
    const vectors = await vectorsOf(lab, texts, role);
    for (const [i, text] of texts.entries()) known.set(`${role} ${text}`, vectors.row(i));
  };
  await learn([...new Set(queries)], 'query');
  const kept = await keptEncoder(lab);
  let heard: string[] | undefined = [];
  const encoder = {
    ...kept,
    encode: async (texts: readonly string[], options: EncodeOptions = {}) => {
      const { role = 'document' } = options;
      const missing = texts.filter((text) => !known.has(`${role} ${text}`));
      if (heard !== undefined) {
        heard.push(...missing);
        return new Vectors(new Float32Array(texts.length * kept.dim).fill(1), kept.dim);
      }
      if (missing.length > 0) return kept.encode(texts, options);
      return Vectors.fromRows(
        texts.map((text) => known.get(`${role} ${text}`)!),
        kept.dim,
      );
    },
  };
  const fields: FieldDefinition[] = [
    { name: 'words', kind: 'terms' },
    { name: 'meaning', kind: 'vector', encoder },
  ];
  // Once to hear what is encoded.
  await memoryCorpus(documents, fields);
  await learn([...new Set(heard)], 'document');
  heard = undefined;
  const corpus = await memoryCorpus(documents, fields);
  const first = new Set<number>();
  for (const content of queries) {
    // More than are read, as a query's own document is passed over where it was made of one.
    const { hits } = await dense(corpus)({ content, language: 'en' }, { k: 7 });
    for (const { passage } of hits) first.add(passage);
  }
  const read = await corpus.passages([...first]);
  const titles = await corpus.documents(read.map(({ document }) => document));
  const sentences = read.flatMap(({ text }, i) => candidateTexts(titles[i]!.title, text).texts);
  await learn([...new Set(sentences)], 'document');
  return corpus;
}

/** What finds documents: a pipeline, or hypothetical documents whose model is learned or given. */
export interface SelfLearningSide {
  readonly name: string;
  readonly configs: readonly Config[];
  /** Nothing is learned, or set. */
  readonly untunable?: boolean;
  /** A pipeline by a configuration, without hypothetical documents. */
  readonly pipeline?: (config: Config) => string;
  /** A model that nobody learned. */
  readonly given?: (config: Config) => HypothesisModel;
  /** How one is learned. */
  readonly learned?: (config: Config) => Omit<LearnHypothesesOptions, 'runtime' | 'seed'>;
  /** Without the document's own sentences among the candidates. Default false. */
  readonly blind?: boolean;
  /** The correction that was learned is asked with the query alone. Default false. */
  readonly alone?: boolean;
}

/** A claim about what is found in SciFact after learning from queries that were made of its documents, over three seeds. */
export function selfLearningClaim(claim: Said & Sides<SelfLearningSide>): ComparativeClaim {
  return comparison<SelfLearningSide, SelfLearningSide, ReadonlyMap<string, number>, readonly string[]>(
    claim,
    'ndcg@10',
    async (lab) => {
      const data = await unlabelled(lab);
      return {
        material: {
          truth: new Map([...data.queries.keys()].map((id) => [id, data.judgements.get(id)!])),
          sources: data.sources,
          measure: (truth, ids) => listValue('ndcg@10', truth, ids),
        },
        contestant: (side) => ({
          name: side.name,
          configs: side.configs,
          ...(side.untunable === true ? { untunable: true } : {}),
          fit: async (config, { seed }) => {
            const start = performance.now();
            const searched = await searching(data, lab, side, config, seed);
            const seconds = (performance.now() - start) / 1000;
            return {
              answer: (unit) => rankedOnce(data, unit, searched),
              ...(side.learned === undefined ? {} : { costs: { 's to learn': seconds } }),
            };
          },
        }),
      };
    },
  );
}

interface Searching {
  /** What tells it from others. */
  readonly key: string;
  readonly pipeline: string;
  readonly feedback?: Feedback;
}

async function searching(
  data: Unlabelled,
  lab: Lab,
  { name, pipeline, given, learned, alone = false, blind = false }: SelfLearningSide,
  config: Config,
  seed: number,
): Promise<Searching> {
  if (pipeline !== undefined) return { key: pipeline(config), pipeline: pipeline(config) };
  const key = JSON.stringify([name, config, learned === undefined ? 0 : seed]);
  const model =
    learned === undefined
      ? given!(config)
      : await lab.once(`self-learned ${key}`, async () =>
          learnHypotheses(blind ? data.blind : data.pairs, {
            runtime: await nativeRuntime(),
            threads: 1,
            steps: lab.pick(4, 100),
            ...learned(config),
            seed,
            signal: lab.signal,
          }),
        );
  const feedback = alone
    ? learnedFeedback(model.update!, { id: 'hypothesis' })
    : hypothesisFeedback({ ...model, passages: data.pairs.passages });
  return { key, pipeline: `meaning > feedback(hypothesis, depth=${data.pairs.passages})`, feedback };
}

function rankedOnce(
  data: Unlabelled,
  unit: string,
  { key, pipeline, feedback }: Searching,
): Promise<readonly string[]> {
  const asked = `${unit} ${key}`;
  let found = data.found.get(asked);
  if (found === undefined) {
    const options = { pipeline, k: DEPTH, syntax: false };
    const extensions = feedback === undefined ? {} : { feedbacks: [feedback] };
    found = rankCorpus(data.corpus, data.queries.get(unit)!, options, { extensions }).then(({ ids }) => ids);
    data.found.set(asked, found);
  }
  return found;
}
