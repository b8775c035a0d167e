import type { KeyedQuestion } from './answer-key.ts';
import { areaUnderCurve, curveInterval, exactMatch, holdsAnswer, tokenF1 } from './answer-metrics.ts';
import { type Latency, latencyOf } from './run.ts';
import { bootstrapInterval, type Interval } from './significance.ts';
import type { Judgements } from './types.ts';

/** What is asked: the answer to a question, and with what it was answered. */
export interface AnsweredQuestion {
  readonly answer: string;
  readonly answered: boolean;
  /** How probably it is answered, 0 to 1. */
  readonly confidence: number;
  readonly context: {
    readonly text: string;
    readonly tokens: number;
    readonly passages: readonly { readonly id: string }[];
  };
}

/** A mean with its interval, over as many questions. */
export interface Measured {
  readonly value: number;
  readonly interval: Interval;
  readonly questions: number;
}

/** How well questions were answered. */
export interface AnswerEvaluation {
  /** Overlap of words with the right answer, of answerable questions; what was not answered counts 0. */
  readonly f1: Measured;
  /** The same, over those that were answered. */
  readonly f1Answered: Measured;
  readonly exact: Measured;
  /** Share of right answers that stand in the context, word for word. */
  readonly held: Measured;
  /** Share of the relevant documents of which something is in the context; and of questions of which all are. */
  readonly recall: Measured;
  readonly complete: Measured;
  /** Tokens of contexts of answerable questions. */
  readonly tokens: Measured;
  /** Chance that an answerable question is told with more confidence than one that is not. */
  readonly answerability: Measured & {
    /** Whether the others are questions that the collection does not answer, or the same with their answers taken away. */
    readonly against: 'unanswerable' | 'removed';
  };
  /** Share of answerable questions that were answered, and of the others. */
  readonly answered: Measured;
  readonly falselyAnswered: Measured;
  readonly latency: Latency;
}

/** Options of {@link evaluateAnswers}. */
export interface EvaluateAnswersOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  readonly seed?: number;
}

/**
 * Asks questions whose answers are known, and measures what comes. Where all questions can be answered, each is asked again without the documents that are relevant to it, which then
 * stand for those that cannot.
 * @param ask without the documents named.
 */
export async function evaluateAnswers(
  questions: readonly KeyedQuestion[],
  judgements: Judgements,
  ask: (question: string, without: readonly string[]) => Promise<AnsweredQuestion>,
  { signal, onProgress, seed = 1234 }: EvaluateAnswersOptions = {},
): Promise<AnswerEvaluation> {
  const right = questions.filter(({ answerable }) => answerable);
  const wrong = questions.filter(({ answerable }) => !answerable);
  const against = wrong.length > 0 ? 'unanswerable' : 'removed';
  const total = right.length + (wrong.length > 0 ? wrong.length : right.length);
  const milliseconds: number[] = [];
  let done = 0;
  const timed = async (question: string, without: readonly string[]): Promise<AnsweredQuestion> => {
    signal?.throwIfAborted();
    const start = performance.now();
    const answer = await ask(question, without);
    milliseconds.push(performance.now() - start);
    onProgress?.(++done, total);
    return answer;
  };
  const answers: AnsweredQuestion[] = [];
  for (const { text } of right) answers.push(await timed(text, []));
  const others: AnsweredQuestion[] = [];
  if (wrong.length > 0) for (const { text } of wrong) others.push(await timed(text, []));
  else for (const { id, text } of right) others.push(await timed(text, relevantOf(judgements, id)));
  const measured = (values: readonly number[]): Measured => ({
    value: values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length,
    interval: bootstrapInterval(values, { seed }),
    questions: values.length,
  });
  const f1 = answers.map(({ answered, answer }, i) => (answered ? tokenF1(answer, right[i]!.answers) : 0));
  const found = answers.map(({ context }, i) => {
    const wanted = relevantOf(judgements, right[i]!.id);
    const there = new Set(context.passages.map(({ id }) => id));
    return wanted.length === 0 ? 1 : wanted.filter((id) => there.has(id)).length / wanted.length;
  });
  const [above, below] = [answers, others].map((all) => all.map(({ confidence }) => confidence)) as [
    number[],
    number[],
  ];
  const value = areaUnderCurve(above, below);
  return {
    f1: measured(f1),
    f1Answered: measured(f1.filter((_, i) => answers[i]!.answered)),
    exact: measured(
      answers.map(({ answered, answer }, i) => (answered && exactMatch(answer, right[i]!.answers) ? 1 : 0)),
    ),
    held: measured(answers.map(({ context }, i) => (holdsAnswer(context.text, right[i]!.answers) ? 1 : 0))),
    recall: measured(found),
    complete: measured(found.map((share) => (share === 1 ? 1 : 0))),
    tokens: measured(answers.map(({ context }) => context.tokens)),
    answerability: {
      value,
      interval: curveInterval(above, below, { seed }),
      questions: above.length + below.length,
      against,
    },
    answered: measured(answers.map(({ answered }) => (answered ? 1 : 0))),
    falselyAnswered: measured(others.map(({ answered }) => (answered ? 1 : 0))),
    latency: latencyOf(milliseconds),
  };
}

function relevantOf(judgements: Judgements, id: string): string[] {
  return [...(judgements.get(id) ?? [])].flatMap(([document, grade]) => (grade > 0 ? [document] : []));
}
