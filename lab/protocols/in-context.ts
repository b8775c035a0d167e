import { EXTRACT } from '../../src/answer/extract-features.ts';
import { chosenOf, type ExtractInputs, extractInputs, extractLogits } from '../../src/answer/index.ts';
import { type MemoryCorpus, memoryCorpus } from '../../src/corpus/index.ts';
import { nativeRuntime } from '../../src/encode/runtime.ts';
import { dot } from '../../src/math/index.ts';
import { mostTokens } from '../../src/text/index.ts';
import {
  type ExtractReader,
  type JudgedPassage,
  judgeExtracts,
  type LearnExtractsOptions,
  learnExtracts,
  wordsReader,
} from '../../src/train/index.ts';
import { documentsOf, sourcesOf, vectorsOf } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, FitContext, Split } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';

/** Passages of which all stand before a reader, and questions that each are to be found for. */
export interface InContext {
  readonly passages: readonly JudgedPassage[];
  readonly inputs: readonly ExtractInputs[];
  /** Tokens of the sentences of each passage. */
  readonly sizes: readonly (readonly number[])[];
  readonly corpus: MemoryCorpus;
  readonly questions: ReadonlyMap<string, string>;
  readonly truth: ReadonlyMap<string, Truth>;
  readonly split: ((unit: string) => Split | undefined) | undefined;
  readonly sources: Readonly<Record<string, string>>;
}

/** Documents that are to be found. */
export interface Truth {
  readonly relevant: readonly string[];
}

export type InContextName = 'scifact' | 'xquad' | 'pubmedqa';

/** Passages before the reader: those that are asked for, and others. */
const PASSAGES = 1500;
/** Questions and passages of a smoke test. */
const QUICK = { questions: 160, passages: 240 } as const;
/** Articles of XQuAD have five paragraphs each: which of ten articles train, and choose. */
const [ARTICLE, TRAIN, DEV] = [5, 4, 6];
/** Of the other collections: share of the questions that train. */
const TRAIN_SHARE = 0.35;

/** @throws NeedsData. */
export function inContext(lab: Lab, name: InContextName): Promise<InContext> {
  return lab.once(`in context ${name}`, async () => {
    const files = name === 'xquad' ? { corpus: 'corpus.en.jsonl', queries: 'queries.en.jsonl' } : {};
    const parts = [await lab.collection(name, files)];
    if (name === 'scifact') parts.push(await lab.collection(name, { split: 'train' }));
    const [collection] = parts as [(typeof parts)[number]];
    const asked = parts.flatMap(({ queries }) => [...queries]);
    const step = lab.pick(Math.max(1, Math.floor(asked.length / QUICK.questions)), 1);
    const questions = new Map(asked.filter((_, i) => i % step === 0));
    const truth = new Map<string, Truth>();
    for (const { judgements } of parts) {
      for (const [id, grades] of judgements) {
        const relevant = [...grades].flatMap(([document, grade]) => (grade > 0 ? [document] : []));
        if (questions.has(id) && relevant.length > 0) truth.set(id, { relevant });
      }
    }
    const needed = new Set([...truth.values()].flatMap(({ relevant }) => relevant));
    let others = Math.max(0, lab.pick(QUICK.passages, PASSAGES) - needed.size);
    const all = await documentsOf(lab, collection, needed);
    const passages = all
      .filter(({ id }) => needed.has(id) || others-- > 0)
      .map(({ id, title, text }) => ({ id, title: title ?? '', headings: [], text, language: 'en' }));
    const corpus = await memoryCorpus(
      passages.map(({ id, title, text }) => ({ id, title, text, language: 'en' })),
      [{ name: 'words', kind: 'terms' }],
    );
    const inputs = await extractInputs(passages, corpus);
    const place = new Map(passages.map(({ id }, i) => [id, i]));
    const article = (unit: string): number =>
      Math.floor((place.get(truth.get(unit)!.relevant[0]!) ?? 0) / ARTICLE) % 10;
    return {
      passages,
      inputs,
      sizes: inputs.map(({ sentences }, i) =>
        sentences.map(({ start, end }) => mostTokens(passages[i]!.text.slice(start, end))),
      ),
      corpus,
      questions,
      truth,
      split:
        name !== 'xquad'
          ? undefined
          : (unit) => (article(unit) < TRAIN ? 'train' : article(unit) < DEV ? 'dev' : 'test'),
      sources: Object.assign({}, ...parts.map(sourcesOf)),
    };
  });
}

/** A way to make passages shorter before anything is asked. */
export interface InContextSide {
  readonly name: string;
  readonly configs?: readonly Config[];
  /** Share of a passage's tokens, or `own`: what the side itself keeps. */
  readonly share: number | 'own';
  /** What sentences are worth; logits where the share is `own`. None: everything stays. */
  readonly worth?: (
    data: InContext,
    config: Config,
    context: FitContext<Truth>,
  ) => Promise<(inputs: ExtractInputs, passage: number) => readonly number[]>;
}

/** Sentences by a rule that learns nothing. */
export function ruled(name: string, share: number, rule: 'beginning' | 'rare' | 'typical'): InContextSide {
  const column = rule === 'rare' ? EXTRACT.rarity : EXTRACT.typical;
  return {
    name,
    share,
    worth: async () => (inputs) =>
      rule === 'beginning' ? inputs.sentences.map((_, i) => -i) : inputs.features.map((row) => row[column]!),
  };
}

/** Extracts that were learned from what a reader by words made of the training questions. */
export function preferred(
  name: string,
  share: number | 'own',
  configs: readonly Config[],
  options: Pick<LearnExtractsOptions, 'preference' | 'brevity'> = {},
): InContextSide {
  return {
    name,
    configs,
    share,
    worth: async (data, { learningRate }, { train, seed }) => {
      const model = await learnExtracts(await judgedOf(data, train, seed), {
        runtime: await nativeRuntime(),
        learningRate: Number(learningRate),
        seed,
        ...options,
      });
      return (inputs) => extractLogits(model, inputs);
    },
  };
}

const judged = new WeakMap<InContext, Map<string, ReturnType<typeof judgeExtracts>>>();

/** Preferences of the training questions, once for each seed. */
function judgedOf(data: InContext, train: ReadonlyMap<string, Truth>, seed: number): ReturnType<typeof judgeExtracts> {
  const known = judged.get(data) ?? new Map<string, ReturnType<typeof judgeExtracts>>();
  judged.set(data, known);
  const key = `${seed} ${[...train.keys()].join(' ')}`;
  let pairs = known.get(key);
  if (pairs === undefined) {
    const asked = [...train].map(([id, { relevant }]) => ({ text: data.questions.get(id)!, relevant }));
    pairs = judgeExtracts(data.passages, asked, { corpus: data.corpus, seed });
    known.set(key, pairs);
  }
  return pairs;
}

/** What a reader finds, and how much shorter the passages are that it should have found. */
export interface Found {
  readonly ids: readonly string[];
  /** Tokens of the passages, and of what is left of them. */
  readonly whole: number;
  readonly left: number;
}

export const MEASURES = {
  'MRR@10': ({ relevant }: Truth, { ids }: Found) => {
    const place = ids.slice(0, 10).findIndex((id) => relevant.includes(id));
    return place < 0 ? 0 : 1 / (place + 1);
  },
  'compression rate': (_: Truth, { whole, left }: Found) => whole / left,
} as const;

/** What a claim about a reader of all passages says. */
export interface InContextClaim extends Said, Sides<InContextSide> {
  readonly on: InContextName;
  readonly metric: keyof typeof MEASURES;
  /** Who reads the test: words (default), as the reader that judged; or the encoder `static`, which did not. */
  readonly reader?: 'words' | 'static';
}

/** A claim about a reader who has all passages before it, each made shorter without a question. */
export function inContextClaim({ on, metric, reader = 'words', ...claim }: InContextClaim): ComparativeClaim {
  return comparison<InContextSide, InContextSide, Truth, Found>(
    claim,
    metric,
    async (lab) => {
      const data = await inContext(lab, on);
      const read = reader === 'words' ? wordsReader : encoderReader(lab.using('static'), data);
      return {
        material: {
          truth: data.truth,
          ...(data.split === undefined ? { trainShare: TRAIN_SHARE } : { split: data.split }),
          sources: data.sources,
          measure: MEASURES[metric],
        },
        contestant: ({ name, configs = [{}], share, worth }) => ({
          name,
          configs,
          ...(configs.length === 1 ? { untunable: true } : {}),
          fit: async (config, context) => {
            const of = await worth?.(data, config, context);
            const kept = data.inputs.map((inputs, i) =>
              of === undefined ? [...inputs.sentences.keys()] : chosenOf(of(inputs, i), data.sizes[i]!, { share }),
            );
            const find = await read(
              data.passages.map((passage, i) => ({
                ...passage,
                text: kept[i]!.map((at) => sentence(data, i, at)).join(' '),
              })),
            );
            const place = new Map(data.passages.map(({ id }, i) => [id, i]));
            const left = kept.map((own, i) => own.reduce((sum, at) => sum + data.sizes[i]![at]!, 0));
            const whole = data.sizes.map((own) => own.reduce((sum, size) => sum + size, 0));
            const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
            return {
              answer: async (unit) => {
                const right = data.truth.get(unit)!.relevant.map((id) => place.get(id)!);
                return {
                  ids: await find(data.questions.get(unit)!),
                  whole: total(right.map((i) => whole[i]!)),
                  left: total(right.map((i) => left[i]!)),
                };
              },
              costs: { 'share of the tokens': total(left) / total(whole) },
            };
          },
        }),
      };
    },
    [1, 2, 3],
  );
}

function sentence({ passages, inputs }: InContext, passage: number, at: number): string {
  const { start, end } = inputs[passage]!.sentences[at]!;
  return passages[passage]!.text.slice(start, end);
}

/** Reads by the cosine of a lab's encoder. */
function encoderReader(lab: Lab, data: InContext): ExtractReader {
  const asked = [...data.questions.values()];
  return async (passages) => {
    const queries = await vectorsOf(lab, asked, 'query');
    const texts = passages.map(({ title, text }) => `${title} ${text}`.trim());
    const documents = await vectorsOf(lab, texts, 'document');
    return async (question) => {
      const query = queries.row(asked.indexOf(question));
      const scores = passages.map((_, i) => dot(query, documents.row(i)));
      return [...scores.keys()]
        .sort((a, b) => scores[b]! - scores[a]! || a - b)
        .slice(0, 10)
        .map((i) => passages[i]!.id);
    };
  };
}
