import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { Retriever } from '../search/index.ts';
import type { MinerQuery } from './miner.ts';

/**
 * Picks passages for a query, e.g. by asking a language model with a numbered list.
 * @param answer made from the passages that are relevant; given for what is useful, where there is one.
 * @returns numbers of passages, from 0; none, when none will do.
 */
export type Judge = (
  query: string,
  passages: readonly string[],
  answer?: string,
) => readonly number[] | Promise<readonly number[]>;

/** Options of {@link annotateQueries}. */
export interface AnnotateOptions {
  /** What finds candidates, e.g. `bm25(corpus)` or `dense(corpus)`. */
  readonly retriever: Retriever;
  /** Candidates per query, beside its known positives. Default 20. */
  readonly candidates?: number;
  /** The text of a passage. */
  readonly textOf: (passage: number) => string | Promise<string>;
  /** Which candidates are about the query. */
  readonly relevant: Judge;
  /** Answers the query from what is relevant, which utility is then judged by. Default: no answer is made. */
  readonly answer?: (query: string, passages: readonly string[]) => string | Promise<string>;
  /** Which of the relevant ones help to answer. Default: all. */
  readonly useful?: Judge;
  /** What becomes of a query of which nothing is picked: its known positives stay, or it is dropped. Default `known`. */
  readonly whenNone?: 'known' | 'drop';
  /** Of the order in which passages are shown, a new one for every judge. Default 1. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** Labels of one query. */
export interface AnnotatedQuery {
  /** Number of the query, from 0. */
  readonly query: number;
  /** Ordinals of passages that were picked, the retriever's best first. */
  readonly positives: readonly number[];
  /** The other candidates. A known positive that was not picked is neither. */
  readonly negatives: readonly number[];
  /** How many were called relevant. */
  readonly relevant: number;
  /** Whether the judges picked them; else they are the known ones. */
  readonly judged: boolean;
}

/**
 * Labels made by judges in place of people (Utility-Focused Annotation 2025, arXiv 2504.05220): candidates, those that are relevant,
 * an answer from them, and those that help to give it. Learn from them by the disjunctive form of `multiPositiveNCE`, as some will be
 * wrong. Query by query: memory does not grow with their number.
 *
 * Passages are shown in random order, as judges favour what stands first.
 * @throws InvalidArgumentError when a judge picks what it was not shown.
 */
export async function* annotateQueries(
  queries: Iterable<MinerQuery> | AsyncIterable<MinerQuery>,
  options: AnnotateOptions,
): AsyncGenerator<AnnotatedQuery> {
  const {
    retriever,
    candidates = 20,
    textOf,
    relevant,
    answer,
    useful,
    whenNone = 'known',
    seed = 1,
    signal,
  } = options;
  const random = new Random(seed);
  let number = -1;
  for await (const { text, positives: known } of queries) {
    number++;
    signal?.throwIfAborted();
    const { hits } = await retriever({ content: text }, { k: candidates });
    const found = [...new Set([...hits.map(({ passage }) => passage), ...known])];
    const texts = new Map<number, string>();
    for (const passage of found) texts.set(passage, await textOf(passage));
    const pick = async (judge: Judge, among: readonly number[], reference?: string): Promise<number[]> => {
      signal?.throwIfAborted();
      const shown = random.shuffle([...among]);
      const numbers = await judge(
        text,
        shown.map((passage) => texts.get(passage)!),
        reference,
      );
      const picked = new Set(numbers.map((i) => placeOf(shown, i)));
      return among.filter((passage) => picked.has(passage));
    };
    let positives = found.length === 0 ? [] : await pick(relevant, found);
    const about = positives.length;
    if (about > 0 && useful !== undefined) {
      const reference = await answer?.(
        text,
        positives.map((passage) => texts.get(passage)!),
      );
      positives = await pick(useful, positives, reference);
    }
    const judged = positives.length > 0;
    if (!judged && (whenNone === 'drop' || known.size === 0)) continue;
    const kept = new Set(judged ? positives : known);
    yield {
      query: number,
      positives: [...kept],
      negatives: found.filter((passage) => !kept.has(passage) && !known.has(passage)),
      relevant: about,
      judged,
    };
  }
}

function placeOf(shown: readonly number[], picked: number): number {
  const passage = shown[picked];
  if (passage !== undefined) return passage;
  throw new InvalidArgumentError(
    `A judge picked passage ${picked} of ${shown.length}.`,
    'Return numbers from 0 of the passages that it was given.',
  );
}
