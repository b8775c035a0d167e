import type { AskOptions, ContextOptions } from '../../answer/index.ts';
import {
  countFacets,
  type FacetOptions,
  type PassageReference,
  rankCorpus,
  type SearchEnvironment,
  type SearchOptions,
  type SimilarOptions,
  type SuggestOptions,
  searchCorpus,
  similarInCorpus,
  suggestValues,
} from '../../search/index.ts';
import type { StoredCorpus } from '../../store/types.ts';
import { answering } from '../answering.ts';
import type { WithOwnCompressor } from '../learned-compressor.ts';
import { searchRelevant } from '../relevant.ts';
import type { RelevantOptions } from '../types.ts';

/** One state of a collection, and what its searches run with. */
export interface State {
  readonly corpus: StoredCorpus;
  readonly environment: SearchEnvironment;
}

/** What any thread can answer that has a state of the collection: the answers are values that a message can carry. */
export const QUESTIONS = {
  search: ({ corpus, environment }: State, query: string, options: SearchOptions) =>
    searchCorpus(corpus, query, options, environment),
  rank: ({ corpus, environment }: State, query: string, options: SearchOptions) =>
    rankCorpus(corpus, query, options, environment),
  similar: (
    { corpus, environment }: State,
    passages: PassageReference | readonly PassageReference[],
    options: SimilarOptions,
  ) => similarInCorpus(corpus, passages, options, environment),
  searchRelevant: ({ corpus, environment }: State, query: string, options: RelevantOptions) =>
    searchRelevant((words, wanted) => searchCorpus(corpus, words, wanted, environment), corpus, query, options),
  facets: ({ corpus, environment }: State, options: FacetOptions) => countFacets(corpus, options, environment),
  suggestValues: ({ corpus, environment }: State, text: string, options: SuggestOptions) =>
    suggestValues(corpus, text, options, environment),
  context: async ({ corpus, environment }: State, question: string, options: WithOwnCompressor<ContextOptions>) => {
    const { contextOf } = await answering();
    return contextOf(corpus, question, await withCompressor(options, corpus), environment);
  },
  ask: async ({ corpus, environment }: State, question: string, options: WithOwnCompressor<AskOptions>) => {
    const { askCorpus } = await answering();
    return askCorpus(corpus, question, await withCompressor(options, corpus), environment);
  },
};

export type QuestionName = keyof typeof QUESTIONS;
type Handler<Name extends QuestionName> = (typeof QUESTIONS)[Name];
/** What a question is given beside a state. */
export type Given<Name extends QuestionName> = Parameters<Handler<Name>> extends [State, ...infer Rest] ? Rest : never;
export type AnswerTo<Name extends QuestionName> = { [Each in QuestionName]: Awaited<ReturnType<Handler<Each>>> }[Name];

/** Answers a question in this thread. */
export async function answerHere<Name extends QuestionName>(
  name: Name,
  state: State,
  given: Given<Name>,
): Promise<AnswerTo<Name>> {
  const handler = QUESTIONS[name] as (state: State, ...given: readonly unknown[]) => Promise<AnswerTo<Name>>;
  return handler(state, ...given);
}

/** The options with the collection's own compressor where they name it. */
async function withCompressor<T extends Pick<ContextOptions, 'compressor'>>(
  options: WithOwnCompressor<T>,
  corpus: Pick<StoredCorpus, 'beside'>,
): Promise<T> {
  const { withOwnCompressor } = await import('../learned-compressor.ts');
  return withOwnCompressor(options, corpus);
}
