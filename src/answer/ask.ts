import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Corpus } from '../corpus/index.ts';
import { QueryMatcher, type SearchEnvironment } from '../search/index.ts';
import { bridge } from './bridge.ts';
import { MOST_HOPS } from './choices.ts';
import { type BuildContextOptions, buildContext } from './context.ts';
import { differenceOf } from './disagreement.ts';
import { type EvidenceOptions, type Gathered, gatherEvidence } from './gather.ts';
import { followHops, type HopOptions } from './hops.ts';
import { type ReadOptions, readAnswer } from './read.ts';
import { scoreSentences } from './scored-sentences.ts';
import type { Sentence } from './sentence.ts';
import type { Citation, Context, ContextPassage, Evidence, HopTrace } from './types.ts';

/** Options of `context`. */
export interface ContextOptions extends EvidenceOptions, BuildContextOptions, HopOptions {
  /**
   * Only passages of at least this probability of being relevant; 0 takes all. Default: all, if the best of them is probably relevant (as was learned, or comes with the software for the
   * encoder), else none.
   */
  readonly relevance?: number;
}

/** Options of `ask`. */
export interface AskOptions extends ContextOptions, ReadOptions {}

/** An answer, and what it stands on. */
export interface Answer {
  readonly question: string;
  /** Sentences of the documents word for word, one after the other, or what a model made of them; empty where nothing answers. */
  readonly answer: string;
  /** Where that stands, in its order; of a model's answer what it cites. */
  readonly citations: readonly Citation[];
  /** Id of the model that wrote it. Absent: the sentences are those of the documents. */
  readonly model?: string;
  /** What a reader should know, a sentence each. */
  readonly notes: readonly string[];
  /** Whether the passages probably answer the question. */
  readonly answered: boolean;
  /** How probably they do, 0 to 1. */
  readonly confidence: number;
  readonly context: Context;
  readonly hops: readonly HopTrace[];
  readonly tookMs: number;
}

/** All names of options: a misspelt budget must not be passed over. */
const CONTEXT_OPTIONS: Readonly<Record<keyof ContextOptions, true>> = {
  k: true,
  pipeline: true,
  filter: true,
  language: true,
  syntax: true,
  variants: true,
  signal: true,
  tokens: true,
  compressor: true,
  order: true,
  format: true,
  count: true,
  neighbours: true,
  hops: true,
  next: true,
  branches: true,
  searches: true,
  milliseconds: true,
  relevance: true,
};

/**
 * What a model, or a person, should read for a question: passages of the corpus, cut down to the sentences that bear on it, within a budget of tokens. Empty where nothing is
 * relevant.
 * @throws InvalidArgumentError for an empty question, options that are not known or out of range; otherwise as `searchCorpus`.
 */
export async function contextOf(
  corpus: Corpus,
  question: string,
  options: ContextOptions = {},
  environment: SearchEnvironment = {},
): Promise<Context> {
  checkOptions(options, CONTEXT_OPTIONS);
  return (await findContext(corpus, question, options, environment)).context;
}

interface Found {
  readonly gathered: Gathered;
  readonly evidence: readonly Evidence[];
  readonly context: Context;
}

async function findContext(
  corpus: Corpus,
  question: string,
  options: ContextOptions,
  environment: SearchEnvironment,
): Promise<Found> {
  const start = performance.now();
  const { k, pipeline, filter, language, syntax, variants, signal, hops = 1 } = options;
  const looking = given({ k, pipeline, filter, language, syntax, variants, signal });
  const gathered = await gatherEvidence(corpus, question, looking, environment);
  const tookMs = performance.now() - start;
  const { hops: _, ...limits } = given({
    hops,
    branches: options.branches,
    searches: options.searches,
    milliseconds: options.milliseconds,
    signal,
  });
  const followed = await followHops(gathered, corpus, options.next ?? bridge(), { ...limits, hops }, tookMs);
  const evidence = fit(followed.evidence, options.relevance, gathered.relevance?.usual ?? 0);
  const { tokens, compressor, order, format, count, neighbours } = options;
  const building = given({ tokens, compressor, order, format, count, neighbours, signal });
  const built = await buildContext(gathered.query, evidence, corpus, building);
  const shown = new Set(built.passages.map(({ id, parts }) => `${id} ${parts[0]!.start}`));
  const note = built.note ?? noteFor(followed.evidence, evidence, built.passages, gathered);
  return {
    gathered,
    evidence,
    context: {
      question,
      ...built,
      left: evidence.length - shown.size,
      hops: followed.trace,
      ...given({ note }),
      tookMs: performance.now() - start,
    },
  };
}

/**
 * Passages to choose from. Where one of them is probably relevant, all are: what a question needs besides need not resemble it, and the budget is spent on the best sentences. Where none
 * is, there is nothing to choose from.
 * @param least of each passage, where it is said. @param usual what one of them must reach where it is not.
 */
function fit(evidence: readonly Evidence[], least: number | undefined, usual: number): readonly Evidence[] {
  if (least !== undefined) return evidence.filter(({ relevance = 1 }) => relevance >= least);
  return evidence.some(({ hop, relevance = 1 }) => hop === 1 && relevance >= usual) ? evidence : [];
}

function noteFor(
  all: readonly Evidence[],
  fitting: readonly Evidence[],
  passages: readonly ContextPassage[],
  { relevance }: Gathered,
): string | undefined {
  if (all.length === 0) return 'Nothing was found.';
  if (fitting.length === 0) {
    const best = Math.round(100 * (relevance?.best ?? 0));
    return `Nothing relevant was found: the best of ${all.length} passages is relevant with ${best} %.`;
  }
  return passages.length === 0 ? 'The budget holds no word of any passage.' : undefined;
}

/**
 * Answers a question with sentences of the corpus, word for word and with their places, or says that it is not answered here.
 * @throws InvalidArgumentError as {@link contextOf}.
 */
export async function askCorpus(
  corpus: Corpus,
  question: string,
  options: AskOptions = {},
  environment: SearchEnvironment = {},
): Promise<Answer> {
  const start = performance.now();
  checkOptions(options, { ...CONTEXT_OPTIONS, sentences: true, least: true });
  const { sentences, least, signal } = options;
  if (sentences !== undefined && !(Number.isInteger(sentences) && sentences >= 1)) {
    throw new InvalidArgumentError(`An answer of ${sentences} sentences.`, 'Allow a whole number, at least 1.');
  }
  const { gathered, evidence, context } = await findContext(corpus, question, options, environment);
  const { query } = gathered;
  const scored = await scoreSentences(query, evidence, { corpus, ...given({ signal }) });
  const matcher = await QueryMatcher.of(corpus, query.content, query.language ?? 'und');
  const { missing } = await matcher.words();
  const read = readAnswer(scored, evidence, missing, given({ sentences, least }));
  const citations = read.answered
    ? read.sentences.map((sentence): Citation => {
        const { id, start: from } = evidence[sentence.passage]!;
        const [start, end] = [from + sentence.body, from + sentence.end];
        return { id, start, end, text: sentence.text, number: numberOf(context.passages, id, start) };
      })
    : [];
  return {
    question,
    answer: citations.map(({ text }) => text.replace(/\s+/g, ' ')).join(' '),
    citations,
    answered: read.answered,
    confidence: read.confidence,
    notes: [...(context.note === undefined ? [] : [context.note]), ...disagreements(read.sentences, citations)],
    context,
    hops: context.hops,
    tookMs: performance.now() - start,
  };
}

/** What sentences of different documents say with other numbers. @param citations of the sentences, in their order; none where nothing is answered. */
function disagreements(sentences: readonly Sentence[], citations: readonly Citation[]): string[] {
  return citations.flatMap((first, i) =>
    citations.slice(i + 1).flatMap((second, j) => {
      const difference = first.id === second.id ? undefined : differenceOf(sentences[i]!, sentences[i + 1 + j]!);
      if (difference === undefined || !difference.contradict) return [];
      const [own, other] = difference.numbers;
      return [`The documents disagree: ${first.id} says ${own.join(', ')}, ${second.id} says ${other.join(', ')}.`];
    }),
  );
}

/** Number of the passage that holds a place; 0 where the context had no room for it. */
function numberOf(passages: readonly ContextPassage[], id: string, start: number): number {
  const found = passages.find(
    (passage) => passage.id === id && passage.parts.some((part) => part.start <= start && start < part.end),
  );
  return found?.number ?? 0;
}

function checkOptions(options: object, known: Readonly<Record<string, true>>): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`There is no option "${unknown}".`, `Known: ${Object.keys(known).join(', ')}.`);
  }
  const { hops, branches, searches, relevance, k } = options as ContextOptions;
  if (hops !== undefined && !(Number.isInteger(hops) && hops >= 1 && hops <= MOST_HOPS)) {
    throw new InvalidArgumentError(`A question of ${hops} hops.`, `Give a whole number from 1 to ${MOST_HOPS}.`);
  }
  for (const [name, value] of Object.entries({ branches, searches, k })) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) {
      throw new InvalidArgumentError(`${name} is ${value}.`, 'Give a whole number, at least 1.');
    }
  }
  if (relevance !== undefined && !(relevance >= 0 && relevance <= 1)) {
    throw new InvalidArgumentError(`A relevance of ${relevance}.`, 'Give a probability, from 0 to 1.');
  }
}
