import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { nearest } from '../base/nearest.ts';
import type { Query } from '../content/index.ts';
import { type Corpus, MEANING } from '../corpus/index.ts';
import { dense } from './dense.ts';
import { exists, type Filter, type Scalar } from './filter.ts';
import { fieldValues } from './filter-match.ts';
import type { SearchOptions } from './options.ts';
import { BUILT_IN, type PipelineInput, pipeline, shippedRelevance } from './pipeline/index.ts';
import { retrieve, type SearchEnvironment, silent } from './searching.ts';
import { checkedFilter } from './selection.ts';
import type { RankedPassage } from './types.ts';

/** Options of {@link suggestValues}. */
export interface SuggestOptions extends Pick<SearchOptions, 'pipeline' | 'filter' | 'language' | 'signal'> {
  /** The field whose values are suggested, as filters name it: `tags`, `metadata.owner`, `language`. */
  readonly field: string;
  /** At most this many values: a whole number, at least 1. Default 5. */
  readonly k?: number;
  /** Documents that vote, the nearest of those that have the field: a whole number, at least 1. Default 10. */
  readonly examples?: number;
  /**
   * Least probability of being relevant that a document needs to vote, 0 to 1; 0 lets all vote. Default, where relevance can be judged: all vote
   * when one of them is probably relevant, else none.
   */
  readonly relevance?: number;
}

/** A value that documents near a text have. */
export interface Suggestion {
  readonly value: Scalar;
  /**
   * Share of the votes, above 0 to 1: what the documents with this value weigh of all that voted. Values of a list are voted for each by itself, so that
   * shares may add up to more than 1.
   */
  readonly score: number;
  /** Documents that voted for it. */
  readonly support: number;
  /** Their ids, nearest first. */
  readonly examples: readonly string[];
}

/** What {@link suggestValues} found. */
export interface Suggestions {
  readonly field: string;
  /** Best first; of equal scores what more documents have, then what the nearer one has. */
  readonly suggestions: readonly Suggestion[];
  /** Documents that voted. */
  readonly examples: number;
  /** Where relevance is judged: the probability of the nearest document, and the least that was asked for. */
  readonly relevance?: { readonly best: number; readonly least: number };
  /** Why nothing is suggested. */
  readonly note?: string;
  /** How documents were found: the pipeline, as it was named or written. */
  readonly retriever: string;
  readonly tookMs: number;
}

const OPTIONS: Readonly<Record<keyof SuggestOptions, true>> = {
  field: true,
  k: true,
  examples: true,
  pipeline: true,
  filter: true,
  language: true,
  relevance: true,
  signal: true,
};

/**
 * Suggests values of a field for a text that has none yet, such as tags, a category or who is responsible: documents near it that have the field vote for
 * theirs, each with its similarity. That is the cosine of its best passage with the text where the collection has an encoder that knows the
 * text's language, else the score of the ranking; below 0 it counts 0, and where all do each counts the same (in place of a language model that answers from
 * examples, as in APIGen, SANER 2024).
 *
 * @param text plain; signs have no meaning in it.
 * @throws InvalidArgumentError for an empty text, options that are not known or out of range, and a field that no document has.
 */
export async function suggestValues(
  corpus: Corpus,
  text: string,
  options: SuggestOptions,
  environment: SearchEnvironment = {},
): Promise<Suggestions> {
  const start = performance.now();
  check(text, options);
  const { field, k = 5, examples = 10, relevance: asked, filter, pipeline: own, ...rest } = options;
  const steps = own ?? environment.standard ?? (corpus.fields.some(({ name }) => name === MEANING) ? 'hybrid' : 'bm25');
  const judging = await (environment.relevance?.() ?? shippedRelevance(corpus));
  // How relevant documents are was learned of lists that have one passage of each.
  const grouped = pipeline(resolved(steps), environment.extensions).group(1);
  const retrieved = await retrieve(
    corpus,
    text,
    {
      ...given(rest),
      filter: having(field, filter),
      pipeline: judging === undefined ? grouped : grouped.cut({ least: 0 }),
      k: examples,
      perDocument: 1,
      syntax: false,
      variants: false,
    },
    environment,
    false,
  );
  const { ranking, chosen, query } = retrieved;
  if (ranking.abstained === true) throw await silent(retrieved);
  const least = asked ?? ranking.relevance?.usual ?? 0;
  const best = Math.max(0, ...chosen.map(({ relevance = 1 }) => relevance));
  const voting =
    asked === undefined && best >= least ? chosen : chosen.filter(({ relevance = 1 }) => relevance >= least);
  const suggestions = await votes(corpus, query, voting, field);
  return {
    field,
    suggestions: suggestions.slice(0, k),
    examples: voting.length,
    ...(ranking.relevance === undefined ? {} : { relevance: { best, least } }),
    ...(suggestions.length > 0 ? {} : { note: noteOf(field, chosen.length, best, least) }),
    retriever: typeof steps === 'string' ? steps : String(pipeline(steps, environment.extensions)),
    tookMs: performance.now() - start,
  };
}

function noteOf(field: string, found: number, best: number, least: number): string {
  if (found === 0) return `No document with "${field}" shares anything with the text, or the filter lets none through.`;
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  return `Nothing is near enough: the nearest document with "${field}" is relevant with ${percent(best)}, and ${percent(least)} is asked for.`;
}

/** Values of the documents of these passages, nearest first. */
async function votes(
  corpus: Corpus,
  query: Query,
  voting: readonly RankedPassage[],
  field: string,
): Promise<Suggestion[]> {
  const weights = await weightsOf(corpus, query, voting);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const documents = await corpus.documents(await corpus.documentsOf(voting.map(({ passage }) => passage)));
  const tally = new Map<Scalar, { weight: number; readonly examples: string[] }>();
  documents.forEach((document, i) => {
    for (const value of new Set(fieldValues(document, field))) {
      const vote = tally.get(value) ?? { weight: 0, examples: [] };
      vote.weight += weights[i]!;
      vote.examples.push(document.id);
      tally.set(value, vote);
    }
  });
  // Sorting keeps what is equal in order, and values were met nearest first.
  return Array.from(tally, ([value, { weight, examples }]) => ({
    value,
    score: Math.min(1, weight / total),
    support: examples.length,
    examples,
  }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || b.support - a.support);
}

/** What each passage's vote weighs. */
async function weightsOf(corpus: Corpus, query: Query, voting: readonly RankedPassage[]): Promise<number[]> {
  const similar = (await cosines(corpus, query, voting)) ?? voting.map(({ score }) => score);
  const weights = similar.map((similarity) => Math.max(0, similarity));
  return weights.some((weight) => weight > 0) ? weights : weights.map(() => 1);
}

/** Cosines of passages with the query; undefined where the collection cannot tell them of all. */
async function cosines(
  corpus: Corpus,
  query: Query,
  voting: readonly RankedPassage[],
): Promise<readonly number[] | undefined> {
  if (corpus.fields.find(({ name }) => name === MEANING)?.kind !== 'vector') return undefined;
  const passages = Uint32Array.from(voting, ({ passage }) => passage).sort();
  const scores = await dense(corpus).score!(query, passages);
  const known = new Map(Array.from(passages, (passage, i) => [passage, scores[i]!]));
  const similar = voting.map(({ passage }) => known.get(passage)!);
  return similar.every((cosine) => Number.isFinite(cosine)) ? similar : undefined;
}

/** The filter, and that a document has the field. */
function having(field: string, filter: Filter | string | undefined): Filter {
  return filter === undefined ? exists(field) : { and: [checkedFilter(filter), exists(field)] };
}

/** `hybrid` and `bm25` as steps, since what is named cannot be gone on with. */
function resolved(steps: PipelineInput): PipelineInput {
  return typeof steps === 'string' && Object.hasOwn(BUILT_IN, steps) ? BUILT_IN[steps as keyof typeof BUILT_IN] : steps;
}

function check(text: string, options: SuggestOptions): void {
  const { field, k = 1, examples = 1, relevance = 0 } = options;
  for (const unknown of Object.keys(options)) {
    if (Object.hasOwn(OPTIONS, unknown)) continue;
    const guess = nearest(unknown, Object.keys(OPTIONS));
    throw new InvalidArgumentError(
      `A suggestion has no option "${unknown}".`,
      guess === undefined ? `Known: ${Object.keys(OPTIONS).join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
  if (typeof text !== 'string' || text.trim() === '')
    throw new InvalidArgumentError('The text is empty.', 'Give the text that values are wanted for.');
  if (typeof field !== 'string' || field === '')
    throw new InvalidArgumentError('No field is named.', 'Name one that documents have, such as tags.');
  for (const [name, count] of Object.entries({ k, examples })) {
    if (!Number.isInteger(count) || count < 1)
      throw new InvalidArgumentError(`${name} is ${count}.`, 'Give a whole number, at least 1.');
  }
  if (!(relevance >= 0 && relevance <= 1))
    throw new InvalidArgumentError(`A relevance of ${relevance}.`, 'Give a probability, from 0 to 1.');
}
