import { sentencesOf, shorten, wordImpacts } from '../../src/answer/index.ts';
import { telling, without, wordsOf } from '../../src/answer/shorten.ts';
import { Random } from '../../src/base/random.ts';
import { type Encoder, openEncoder } from '../../src/encode/index.ts';
import { holdsAnswer } from '../../src/eval/index.ts';
import { memoryCorpus, rankCorpus } from '../../src/search/index.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { shortAnswers } from './short-answers.ts';

/** A passage, to what makes it shorter. */
export interface Shortening {
  readonly text: string;
  readonly words: readonly string[];
  /** How many of the words stay. */
  readonly stay: number;
  /** How rare a word is: the logarithm of how seldom passages hold it. */
  readonly rarity: (word: string) => number;
  readonly encoder: Encoder;
  readonly random: Random;
}

/** How passages become shorter. */
export interface ShorteningSide {
  readonly name: string;
  /** Share of the words that stay. */
  readonly keep: number;
  readonly shorten: (passage: Shortening) => string | Promise<string>;
}

/** Words by a number of each: those of the least go, but for numbers and negations. */
function by(impact: (word: string, passage: Shortening) => number) {
  return (passage: Shortening): string => {
    const { words, stay } = passage;
    const impacts = words.map((word) => impact(word, passage));
    const left = without([...words.keys()], impacts, words.length - stay, (i) => telling(words[i]!));
    return left.map((i) => words[i]).join(' ');
  };
}

/** Words that say little by themselves, of English. */
const STOP = new Set(
  'a an the of in on at by for from to with as and or but if that which who whom this these those it its he she they his her their is are was were be been being has have had do does did will would can could may might such than then there'.split(
    ' ',
  ),
);

const plain = (word: string): string => word.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');

/** The ways that are compared. */
export const WAYS = {
  semantic: ({ text, words, stay, encoder }: Shortening) => shorten(text, encoder, { keep: stay / words.length }),
  iterative: ({ text, words, stay, encoder }: Shortening) =>
    shorten(text, encoder, { keep: stay / words.length, rounds: 4 }),
  random: by((_, { random }) => random.next()),
  stop: by((word, { random }) => (STOP.has(plain(word)) ? 0 : 1 + random.next())),
  idf: by((word, { rarity }) => rarity(plain(word))),
  /** Whole sentences, each the one that is nearest what is left of the passage's meaning. */
  sentences: async ({ text, stay, encoder }: Shortening) => {
    const ranges = sentencesOf(text).map(({ start, end }) => text.slice(start, end));
    const impacts = await wordImpacts(ranges, [...ranges.keys()], encoder);
    const order = [...ranges.keys()].sort((a, b) => impacts[b]! - impacts[a]! || a - b);
    const chosen = new Set<number>();
    let left = stay;
    for (const i of order) {
      const size = wordsOf(ranges[i]!).length;
      if (size > left) continue;
      left -= size;
      chosen.add(i);
    }
    return ranges.filter((_, i) => chosen.has(i)).join(' ');
  },
  /** The beginning. */
  cut: ({ words, stay }: Shortening) => words.slice(0, stay).join(' '),
  whole: ({ text }: Shortening) => text,
} as const;

interface Truth {
  readonly answers: readonly string[];
  readonly relevant: ReadonlySet<string>;
}

/** What is left of the passage that answers, and at which place words and vectors find it among all, so shortened: 0 where they do not. */
interface Found {
  readonly texts: ReadonlyMap<string, string>;
  readonly ids: readonly string[];
}

const MEASURES = {
  /** Whether the right answer survives in the passage that answers. */
  'facts kept': ({ answers, relevant }: Truth, { texts }: Found) =>
    [...relevant].some((id) => holdsAnswer(texts.get(id) ?? '', answers)) ? 1 : 0,
  'MRR@10': ({ relevant }: Truth, { ids }: Found) => {
    const place = ids.slice(0, 10).findIndex((id) => relevant.has(id));
    return place < 0 ? 0 : 1 / (place + 1);
  },
} as const;

/** What a claim about shorter passages says. */
export interface ShorteningClaim extends Said, Sides<ShorteningSide> {
  readonly metric: keyof typeof MEASURES;
  /** Encoder by which the meaning is measured. Default `static`. */
  readonly by?: string;
}

/** Passages of a smoke test. */
const QUICK = 24;

/** A claim about passages of XQuAD (English), shortened before anything is asked. */
export function shorteningClaim({ metric, by: spec = 'static', ...claim }: ShorteningClaim): ComparativeClaim {
  return comparison<ShorteningSide, ShorteningSide, Truth, Found>(
    claim,
    metric,
    async (lab) => {
      const { documents: all, questions: askedOf, sources } = await shortAnswers(lab, 'xquad');
      const documents = all.slice(0, lab.pick(QUICK, all.length));
      const ids = new Set(documents.map(({ id }) => id));
      const questions = askedOf.filter(({ relevant }) => relevant.some((id) => ids.has(id)));
      const truth = new Map(
        questions.map(({ id, answers, relevant }) => [id, { answers, relevant: new Set(relevant) }]),
      );
      const asked = new Map(questions.map(({ id, text }) => [id, text]));
      return {
        material: { truth, sources, measure: MEASURES[metric] },
        contestant: (side) => ({
          name: side.name,
          configs: [{}],
          untunable: true,
          fit: async (_, { seed }) => {
            const texts = await shortened(lab, documents, side, spec, seed);
            const corpus = await memoryCorpus(
              documents.map(({ id, title }) => ({ id, title, text: texts.get(id)! || title })),
              [
                { name: 'words', kind: 'terms' },
                { name: 'meaning', kind: 'vector', encoder: await openEncoder('static') },
              ],
            );
            return {
              answer: async (unit) => ({
                texts,
                ids:
                  metric === 'MRR@10'
                    ? (await rankCorpus(corpus, asked.get(unit)!, { pipeline: 'hybrid', k: 10, syntax: false })).ids
                    : [],
              }),
            };
          },
        }),
      };
    },
    [1, 2, 3],
  );
}

/** All documents, shortened; once for each way. */
function shortened(
  lab: Lab,
  documents: readonly { readonly id: string; readonly text: string }[],
  { name, keep, shorten: how }: ShorteningSide,
  spec: string,
  seed: number,
): Promise<ReadonlyMap<string, string>> {
  const isRandom = how === WAYS.random || how === WAYS.stop;
  return lab.once(`shortened ${name} ${keep} ${spec} ${isRandom ? seed : ''}`, async () => {
    const encoder = await openEncoder(spec);
    const holding = new Map<string, number>();
    for (const { text } of documents)
      for (const word of new Set(wordsIn(text).map(plain))) holding.set(word, (holding.get(word) ?? 0) + 1);
    const rarity = (word: string) => Math.log(documents.length / (holding.get(word) ?? 1));
    const random = new Random(seed);
    const texts = new Map<string, string>();
    for (const { id, text } of documents) {
      lab.checkTime();
      const words = wordsIn(text);
      const stay = Math.max(1, Math.round(keep * words.length));
      texts.set(id, await how({ text, words, stay, rarity, encoder, random }));
    }
    await encoder.dispose?.();
    return texts;
  });
}

function wordsIn(text: string): string[] {
  return wordsOf(text).map(({ start, end }) => text.slice(start, end));
}
