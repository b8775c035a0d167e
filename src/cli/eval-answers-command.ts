import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { given } from '../base/given.ts';
import {
  type AnswerEvaluation,
  evaluateAnswers,
  type Measured,
  openTestCollection,
  readAnswerKey,
} from '../eval/index.ts';
import { not, oneOf } from '../search/index.ts';
import { type EvalCommandOptions, fillCollection } from './eval-command.ts';
import { printFindings } from './eval-output.ts';
import { openHere } from './opening.ts';
import { duration, number, print, printable, printJson, table } from './output.ts';
import { Progress } from './progress.ts';

/** What `eval --answers` takes besides. */
export interface EvalAnswersOptions extends EvalCommandOptions {
  readonly tokens?: number;
  readonly hops?: number;
  /** Only so many questions, spread over the file. */
  readonly most?: number;
}

/** `sagitta eval DIR --answers`: asks questions whose answers are known, without a model. */
export async function evalAnswersCommand(
  directory: string,
  options: EvalAnswersOptions,
  signal: AbortSignal,
): Promise<void> {
  const { corpus, queries, qrels, split, seed, tokens, hops, language, most } = options;
  const test = await openTestCollection(directory, given({ corpus, queries, qrels, split }));
  const all = await readAnswerKey(test.files.queries.path);
  const step = most === undefined ? 1 : Math.max(1, Math.ceil(all.length / most));
  const questions = all.filter((_, i) => i % step === 0);
  const temporary = options.in === undefined ? mkdtempSync(join(tmpdir(), 'sagitta-eval-')) : undefined;
  const progress = new Progress(options.quiet || options.json);
  try {
    await using collection = await openHere(temporary ?? options.in!, {
      create: true,
      ...given({ encoder: options.encoder }),
    });
    await fillCollection(collection, test, progress, signal);
    const evaluation = await evaluateAnswers(
      questions,
      test.judgements,
      (question, without) =>
        collection.ask(question, {
          ...given({ tokens, hops, language }),
          syntax: false,
          ...(without.length === 0 ? {} : { filter: not(oneOf('id', without)) }),
          signal,
        }),
      {
        seed,
        signal,
        onProgress: (done, total) => progress.show(() => `${number(done)} of ${number(total)} questions`),
      },
    );
    progress.done();
    const { settings } = await collection.inspect();
    const software = `sagitta ${options.version}`;
    if (options.json) {
      return printJson({
        collection: test.name,
        encoder: settings.encoder,
        software,
        fingerprint: test.fingerprint,
        findings: test.findings,
        ...evaluation,
      });
    }
    print(`${printable(test.name)}: ${number(questions.length)} questions, encoder ${settings.encoder}`);
    print(table(['', 'mean', '95 %', 'questions'], rowsOf(evaluation)));
    const { p50, p95 } = evaluation.latency;
    print(`a question takes ${duration(p50)}, 95 % of them at most ${duration(p95)}`);
    printFindings(test.findings);
  } finally {
    progress.done();
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  }
}

const WORDS = {
  f1: 'token F1 (not answered: 0)',
  f1Answered: 'token F1 where answered',
  exact: 'exact match',
  held: 'right answer stands in the context',
  recall: 'relevant documents in the context',
  complete: 'all of them in the context',
  tokens: 'tokens of the context',
  answered: 'answerable questions answered',
  falselyAnswered: 'others answered',
} as const satisfies Partial<Record<keyof AnswerEvaluation, string>>;

function rowsOf(evaluation: AnswerEvaluation): (string | number)[][] {
  const { answerability } = evaluation;
  const against = answerability.against === 'removed' ? 'the same without their documents' : 'unanswerable ones';
  const rows = Object.entries(WORDS).map(([name, what]) => row(what, evaluation[name as keyof typeof WORDS]));
  return [...rows, row(`AUC of answerable against ${against}`, answerability)];
}

function row(what: string, { value, interval, questions }: Measured): (string | number)[] {
  const written = (one: number): string => (Math.abs(one) >= 10 ? one.toFixed(0) : one.toFixed(3));
  return [what, written(value), `${written(interval.low)} to ${written(interval.high)}`, questions];
}
