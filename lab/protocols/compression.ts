import {
  buildContext,
  type Compressor,
  type Evidence,
  gatherEvidence,
  readAnswer,
  type SentenceInputs,
  type Span,
  scoreSentences,
  sentenceInputs,
} from '../../src/answer/index.ts';
import type { Query } from '../../src/content/index.ts';
import { holdsAnswer } from '../../src/eval/index.ts';
import { type MemoryCorpus, memoryCorpus, not, oneOf } from '../../src/search/index.ts';
import { type JudgedSentences, judgeSentences } from '../../src/train/index.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, FitContext, Split } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { keptEncoder } from './pipelines.ts';
import { shortAnswers } from './short-answers.ts';

/** What is known of a question when its passages are compressed. */
export interface Unit {
  readonly from: CollectionName;
  readonly corpus: MemoryCorpus;
  readonly question: string;
  readonly query: Query;
  /** Five passages, best first. */
  readonly evidence: readonly Evidence[];
  /** Tokens of a context of all of them. */
  readonly whole: number;
}

/** What is right of a unit. Whoever compresses sees it of training units only. */
export interface Truth {
  readonly answers: readonly string[];
  /** Documents that answer; none of a question whose answer was taken away. */
  readonly relevant: readonly string[];
}

/** Questions with short answers, five passages each. Units end in `-` where the passages that answer were taken away. */
export interface Compressible {
  readonly units: ReadonlyMap<string, Unit>;
  readonly truth: ReadonlyMap<string, Truth>;
  readonly splits: ReadonlyMap<string, Split>;
  readonly sources: Readonly<Record<string, string>>;
}

export type CollectionName = 'hotpotqa_100' | 'xquad';

/** Passages of a question. */
const PASSAGES = 5;
/** Share of their tokens that a context may have. */
export const SHARE = 0.15;
/** Articles of XQuAD have five paragraphs each: which of ten articles train, and choose. */
const [ARTICLE, TRAIN, DEV] = [5, 6, 7];
/** Questions of XQuAD (English, by articles) and of HotpotQA (without those that ask for yes or no). @throws NeedsData. */
export function compressible(lab: Lab): Promise<Compressible> {
  return lab.once('compressible', async () => {
    const [xquad, hotpot] = [await read(lab, 'xquad'), await read(lab, 'hotpotqa_100')];
    return {
      units: new Map([...xquad.units, ...hotpot.units]),
      truth: new Map([...xquad.truth, ...hotpot.truth]),
      splits: new Map([...xquad.splits, ...hotpot.splits]),
      sources: { ...xquad.sources, ...hotpot.sources },
    };
  });
}

async function read(lab: Lab, name: CollectionName): Promise<Compressible> {
  const { documents: all, questions, sources } = await shortAnswers(lab, name);
  const corpus = await memoryCorpus(all, [
    { name: 'words', kind: 'terms' },
    { name: 'meaning', kind: 'vector', encoder: await keptEncoder(lab) },
  ]);
  const place = new Map(all.map(({ id }, i) => [id, i]));
  const units = new Map<string, Unit>();
  const truth = new Map<string, Truth>();
  const splits = new Map<string, Split>();
  for (const [i, { id, text, answers, relevant }] of questions.entries()) {
    lab.checkTime();
    const article = Math.floor((place.get(relevant[0]!) ?? 0) / ARTICLE) % 10;
    const split = name === 'xquad' ? splitOf(article, TRAIN, DEV) : splitOf(i % 10, 4, 5);
    for (const without of [false, true]) {
      const filter = without ? { filter: not(oneOf('id', relevant)) } : {};
      const { query, evidence } = await gatherEvidence(corpus, text, { k: PASSAGES, syntax: false, ...filter }, {});
      const { text: held, tokens } = await buildContext(query, evidence, corpus, WHOLE);
      // Where all of them do not hold the answer, nothing that is left of them can.
      if (!without && !holdsAnswer(held, answers)) continue;
      const unit = `${name} ${id}${without ? '-' : ''}`;
      units.set(unit, { from: name, corpus, question: text, query, evidence, whole: tokens });
      truth.set(unit, { answers, relevant: without ? [] : relevant });
      splits.set(unit, split);
    }
  }
  return { units, truth, splits, sources };
}

/** A context of everything. */
const WHOLE = { compressor: 'passages', tokens: 100_000 } as const;

function splitOf(place: number, train: number, dev: number): Split {
  return place < train ? 'train' : place < dev ? 'dev' : 'test';
}

const labels = new WeakMap<Truth, Promise<JudgedSentences>>();

/** Labels by the reader that is right where a sentence of a document that answers holds the answer. */
export function judged(unit: Unit, truth: Truth): Promise<JudgedSentences> {
  const { answers, relevant } = truth;
  const known =
    labels.get(truth) ??
    judgeSentences(unit.query, unit.evidence, {
      corpus: unit.corpus,
      score: (_, text, passage) =>
        passage !== undefined && relevant.includes(passage.id) && holdsAnswer(text, answers) ? 1 : 0,
    });
  labels.set(truth, known);
  return known;
}

/** What is left of passages, and what a reader finds there. */
export interface Compressed {
  /** Of the sentence that was chosen first. */
  readonly first: { readonly id: string; readonly text: string } | undefined;
  readonly text: string;
  /** Sentences that the extractive reader answers with, three at most. */
  readonly said: string;
  readonly tokens: number;
}

/** What is measured. */
export const MEASURES = {
  /** Whether the sentence that was chosen first answers. */
  'recall@1 of sentences': ({ answers, relevant }: Truth, { first }: Compressed) =>
    first !== undefined && relevant.includes(first.id) && holdsAnswer(first.text, answers) ? 1 : 0,
  'right answer in the context': ({ answers }: Truth, { text }: Compressed) => (holdsAnswer(text, answers) ? 1 : 0),
  'right answers of the extractive reader': ({ answers }: Truth, { said }: Compressed) =>
    holdsAnswer(said, answers) ? 1 : 0,
  /** Of a question with its answer, that the context holds it; of one whose answer was taken away, that the context is empty. */
  'right contexts, with and without an answer': ({ answers, relevant }: Truth, { text }: Compressed) =>
    relevant.length === 0 ? (text === '' ? 1 : 0) : holdsAnswer(text, answers) ? 1 : 0,
} as const;

/** A way to compress. */
export interface CompressionSide {
  readonly name: string;
  readonly configs?: readonly Config[];
  /** Share of the tokens; default {@link SHARE}. */
  readonly share?: number;
  /** @param context with the truth of training units. */
  readonly compressor: (
    data: Compressible,
    config: Config,
    context: FitContext<Truth>,
  ) => Compressor | Promise<Compressor>;
}

/** What of a unit's passages is left. */
export async function compress(unit: Unit, compressor: Compressor, share = SHARE): Promise<Compressed> {
  const { corpus, query, evidence, whole } = unit;
  let first: Compressed['first'];
  const watched: Compressor = {
    ...compressor,
    compress: async (...given) => {
      const spans = await compressor.compress(...given);
      const [best] = [...spans].sort((a, b) => b.score - a.score);
      if (best !== undefined) {
        const { id, text } = evidence[best.passage]!;
        first = { id, text: text.slice(best.start, best.end) };
      }
      return spans;
    },
  };
  const tokens = Math.max(1, Math.round(share * whole));
  const built = await buildContext(query, evidence, corpus, { compressor: watched, tokens });
  const left = built.passages.map(({ id, parts }) => ({
    ...evidence.find((one) => one.id === id && one.start <= parts[0]!.start)!,
    text: parts.map(({ text }) => text).join('\n'),
  }));
  const scored = await scoreSentences(query, left, { corpus });
  const said = readAnswer(scored, left, 0).sentences.map(({ text }) => text);
  return { first, text: built.text, said: said.join('\n'), tokens: built.tokens };
}

/** What a claim about compression says. */
export interface CompressionClaim extends Said, Sides<CompressionSide> {
  readonly metric: keyof typeof MEASURES;
  /** Whether units whose answer was taken away count. Default false. */
  readonly empty?: boolean;
  readonly seeds?: readonly number[];
}

/** A claim about what is left of five passages. */
export function compressionClaim({ metric, empty = false, seeds, ...claim }: CompressionClaim): ComparativeClaim {
  return comparison<CompressionSide, CompressionSide, Truth, Compressed>(
    claim,
    metric,
    async (lab) => {
      const data = await compressible(lab);
      return {
        material: {
          truth: data.truth,
          // Training may see what was taken away, whatever is measured.
          split: (unit) => {
            const split = data.splits.get(unit);
            return empty || split === 'train' || !unit.endsWith('-') ? split : undefined;
          },
          sources: data.sources,
          measure: MEASURES[metric],
        },
        contestant: ({ name, configs = [{}], share, compressor }) => ({
          name,
          configs,
          ...(configs.length === 1 ? { untunable: true } : {}),
          fit: async (config, context) => {
            const how = await compressor(data, config, context);
            return { answer: async (unit) => compress(data.units.get(unit)!, how, share) };
          },
        }),
      };
    },
    seeds ?? [],
  );
}

/** A compressor that takes sentences in an order while they fit. @param order places of sentences, best first. */
export function ordered(id: string, order: (inputs: SentenceInputs) => readonly number[]): Compressor {
  return {
    id,
    compress: async (query, passages, budget, { corpus, count, label }) => {
      const found = await sentenceInputs(query, passages, { corpus });
      const chosen: Span[] = [];
      const named = new Set<number>();
      let left = budget;
      for (const [rank, i] of order(found).entries()) {
        const { passage, start, end } = found.scored.sentences[i]!;
        const cost = count(passages[passage]!.text.slice(start, end)) + 1 + (named.has(passage) ? 0 : label(passage));
        if (cost > left) continue;
        left -= cost;
        named.add(passage);
        chosen.push({ passage, start, end, score: -rank });
      }
      return chosen;
    },
  };
}

/** Places of sentences by a number of each, the greatest first. */
export function descending({ scored: { sentences } }: SentenceInputs, of: (i: number) => number): number[] {
  return [...sentences.keys()].sort((a, b) => of(b) - of(a) || a - b);
}

/** Rival ways to choose sentences, which learn nothing. */
export const CHOICES = {
  /** The first sentence of each passage, then the second. */
  first: ordered('first sentences', ({ scored: { sentences } }) => {
    const place = sentences.map(
      ({ passage }, i) => sentences.slice(0, i).filter((other) => other.passage === passage).length,
    );
    return [...sentences.keys()].sort((a, b) => place[a]! - place[b]! || a - b);
  }),
  /** As they stand, the best passage first: whole passages, cut where the budget is full. */
  whole: ordered('whole passages', ({ scored: { sentences } }) => [...sentences.keys()]),
  cosine: ordered('cosine', (found) => descending(found, (i) => found.scored.sentences[i]!.cosine)),
  words: ordered('words', (found) => descending(found, (i) => found.scored.sentences[i]!.own)),
  /** Ranks by words and by vectors, fused (RRF with 60). */
  hybrid: ordered('hybrid', (found) => {
    const ranks = [(i: number) => found.scored.sentences[i]!.cosine, (i: number) => found.scored.sentences[i]!.own].map(
      (of) => new Map(descending(found, of).map((i, rank) => [i, rank])),
    );
    return descending(found, (i) => ranks.reduce((sum, rank) => sum + 1 / (60 + rank.get(i)!), 0));
  }),
} as const;

/** Sentences that answer first, the shortest of them: what the best choice could keep. */
export function oracle({ answers, relevant }: Truth): Compressor {
  return {
    ...ordered('oracle', () => []),
    compress: async (query, passages, budget, options) => {
      const answering = (found: SentenceInputs) =>
        descending(found, (i) => {
          const { passage, text } = found.scored.sentences[i]!;
          const helps = holdsAnswer(text, answers) ? (relevant.includes(passages[passage]!.id) ? 2 : 1) : 0;
          return helps - text.length / 1e6;
        });
      return ordered('oracle', answering).compress(query, passages, budget, options);
    },
  };
}
