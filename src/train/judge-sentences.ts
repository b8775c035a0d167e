import { type Evidence, sentenceInputs } from '../answer/index.ts';
import { given } from '../base/given.ts';
import type { Query } from '../content/index.ts';
import type { Corpus } from '../corpus/index.ts';
import type { JudgedSentences } from './learn-sentences.ts';

/**
 * What a reader makes of a question when it has read a text: the log-probability of the right answer, or 1 where its answer is right and 0 where it is not. The empty text: what it knows by itself.
 * @param passage that the text is a sentence of; none for the empty one.
 */
export type ReaderScore = (question: string, text: string, passage?: Evidence) => number | Promise<number>;

/** Options of {@link judgeSentences}. */
export interface JudgeSentencesOptions {
  readonly corpus: Corpus;
  readonly score: ReaderScore;
  /** By how much a sentence must be better than none, and others worse than the best to be negatives. Default 0.01. */
  readonly least?: number;
  readonly signal?: AbortSignal;
}

/**
 * Labels the sentences of passages by what a reader makes of each alone: those that help it most help, if it does better with them than with nothing; else nothing is to be chosen (RECOMP, Xu et al.
 * 2023, section 3; a reader that is right with several sentences makes several of them labels, where the paper takes one).
 * Costs a score for each sentence and one for none.
 */
export async function judgeSentences(
  query: Query,
  passages: readonly Evidence[],
  { corpus, score, least = 0.01, signal }: JudgeSentencesOptions,
): Promise<JudgedSentences> {
  const inputs = await sentenceInputs(query, passages, { corpus, ...given({ signal }) });
  const alone = await score(query.content, '');
  const scores: number[] = [];
  for (const { text, passage } of inputs.scored.sentences) {
    signal?.throwIfAborted();
    scores.push(await score(query.content, text, passages[passage]));
  }
  const best = Math.max(Number.NEGATIVE_INFINITY, ...scores);
  const helps = best >= alone + least;
  return { ...inputs, helps: scores.map((one) => helps && one > best - least) };
}
