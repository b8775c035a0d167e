// What `npm run bench -- answers` learns: weights of sentences from which of them hold an answer, and of what tells that a question is answered.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nativeRuntime } from '../src/encode/runtime.ts';
import { holdsAnswer, type KeyedQuestion } from '../src/eval/index.ts';
import {
  type Batch,
  constantly,
  drawn,
  fit,
  logSumExp,
  matmul,
  mean,
  multiply,
  Parameters,
  reshape,
  scale,
  softplus,
  square,
  subtract,
  sum,
  add as together,
} from '../src/tensor/index.ts';
import type { TestCollection } from './lib-beir.ts';

/** Sentences of a question's passages as features, and which of them answer. */
export interface JudgedSentences {
  readonly features: readonly (readonly number[])[];
  readonly answers: readonly boolean[];
}

/** A list of features, and whether it is of a question that is answered; `weight` balances groups. */
export interface JudgedEvidence {
  readonly features: readonly number[];
  readonly answered: boolean;
  readonly weight: number;
}

const STEPS = 400;
const RATE = 0.1;
/** How far weights are drawn to nothing. */
const SHRINK = 2e-3;
/** Off places that no sentence is in: below any score. */
const ABSENT = -50;

/** Weights under which sentences that answer come before the others of their question: the likelihood that one of them is drawn (ListNet's top one). */
export async function learnSentences(questions: readonly JudgedSentences[]): Promise<number[]> {
  const useful = questions.filter(({ answers }) => answers.includes(true));
  const width = useful[0]!.features[0]!.length;
  const most = Math.max(...useful.map(({ features }) => features.length));
  const x = new Float32Array(useful.length * most * width);
  const absent = new Float32Array(useful.length * most).fill(ABSENT);
  const wrong = new Float32Array(useful.length * most).fill(ABSENT);
  for (const [q, { features, answers }] of useful.entries()) {
    for (const [i, row] of features.entries()) {
      x.set(row, (q * most + i) * width);
      absent[q * most + i] = 0;
      if (answers[i]) wrong[q * most + i] = 0;
    }
  }
  const shape = [useful.length, most];
  const batch: Batch = {
    x: { data: x, shape: [useful.length * most, width] },
    absent: { data: absent, shape },
    wrong: { data: wrong, shape },
  };
  const parameters = new Parameters(1);
  await fit(
    {
      parameters,
      forward: (scope, { x }) => reshape(matmul(x!, scope.parameter('weights', [width, 1], constantly(0.5))), shape),
    },
    drawn(STEPS, () => batch),
    (forward, { x, absent, wrong }, scope) => {
      const scores = forward({ x: x! });
      const all = logSumExp(together(scores, absent!), 1);
      const right = logSumExp(together(scores, wrong!), 1);
      const weights = scope.parameter('weights', [width, 1], constantly(0.5));
      return together(mean(subtract(all, right)), scale(sum(square(weights)), SHRINK));
    },
    { runtime: await nativeRuntime(), threads: 1, learningRate: RATE },
  );
  return Array.from(parameters.get('weights').data);
}

/** Weights of a logistic regression, the constant last. */
export async function learnAnswerable(examples: readonly JudgedEvidence[]): Promise<number[]> {
  const width = examples[0]!.features.length + 1;
  const count = examples.length;
  const batch: Batch = {
    x: { data: Float32Array.from(examples.flatMap(({ features }) => [...features, 1])), shape: [count, width] },
    y: { data: Float32Array.from(examples, ({ answered }) => (answered ? 1 : 0)), shape: [count, 1] },
    weight: { data: Float32Array.from(examples, ({ weight }) => weight), shape: [count, 1] },
  };
  const parameters = new Parameters(1);
  await fit(
    {
      parameters,
      forward: (scope, { x }) => matmul(x!, scope.parameter('weights', [width, 1], constantly(0))),
    },
    drawn(4 * STEPS, () => batch),
    (forward, { x, y, weight }, scope) => {
      const logits = forward({ x: x! });
      const entropy = multiply(subtract(softplus(logits), multiply(y!, logits)), weight!);
      const weights = scope.parameter('weights', [width, 1], constantly(0));
      return together(sum(entropy), scale(sum(square(weights)), SHRINK / 4));
    },
    { runtime: await nativeRuntime(), threads: 1, learningRate: RATE },
  );
  return Array.from(parameters.get('weights').data);
}

/** Whether a sentence answers: a right answer stands in it, or most of its words are one's. */
export function answersIt(sentence: string, answers: readonly string[]): boolean {
  if (holdsAnswer(sentence, answers)) return true;
  const own = words(sentence);
  return (
    own.length > 3 &&
    answers.some((answer) => {
      const right = new Set(words(answer));
      return own.filter((word) => right.has(word)).length >= 0.7 * own.length;
    })
  );
}

function words(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

const root = fileURLToPath(new URL('..', import.meta.url));

/** Questions about this project's own documentation: half of what people ask of a folder is of this kind. */
export function documentationQuestions(): {
  readonly questions: readonly KeyedQuestion[];
  readonly judgements: TestCollection['judgements'];
} {
  const lines = readFileSync(`${root}/bench/answers-questions.jsonl`, 'utf8').trim().split('\n');
  const told = lines.map((line) => JSON.parse(line) as { text: string; document?: string; answer?: string });
  return {
    questions: told.map(({ text, answer }, i) => ({
      id: String(i),
      text,
      answers: answer === undefined ? [] : [answer],
      answerable: answer !== undefined,
    })),
    judgements: new Map(
      told.flatMap(({ document }, i) => (document === undefined ? [] : [[String(i), new Map([[document, 1]])]])),
    ),
  };
}

/** The files that they are about. */
export function documentation(): { readonly id: string; readonly format: 'markdown'; readonly text: string }[] {
  const ids = [...new Set([...documentationQuestions().judgements.values()].flatMap((one) => [...one.keys()]))];
  return ids.sort().map((id) => ({ id, format: 'markdown', text: readFileSync(`${root}/docs/${id}`, 'utf8') }));
}
