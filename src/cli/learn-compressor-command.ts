import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import pc from 'picocolors';
import { type CompressorModel, gatherEvidence, writeCompressor } from '../answer/index.ts';
import { given } from '../base/given.ts';
import { shellWord } from '../base/shell.ts';
import type { Collection } from '../collection/index.ts';
import { nativeRuntime } from '../encode/runtime.ts';
import { holdsAnswer, readAnswerKey, readJudgements } from '../eval/index.ts';
import { not, oneOf } from '../search/index.ts';
import { type JudgedSentences, judgeSentences, learnSentences } from '../train/index.ts';
import { checkJudged } from './judged.ts';
import { openHere } from './opening.ts';
import { number, print, printJson } from './output.ts';
import { checkOutputs } from './outputs.ts';
import { Progress } from './progress.ts';

export interface LearnCompressorCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly queries: string;
  readonly qrels: string;
  /** Default: the collection itself keeps what was learned. */
  readonly out?: string;
  readonly k: number;
  readonly by: 'signals' | 'vectors' | 'both' | 'preferences';
  readonly seed: number;
  readonly quiet: boolean;
}

/** `sagitta learn-compressor`: learns from questions with answers which sentences `context --compressor learned` keeps. */
export async function learnCompressorCommand(
  { in: directory, json, queries, qrels, out, k, by, seed, quiet }: LearnCompressorCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  await checkOutputs([out, '--out']);
  const questions = by === 'preferences' ? [] : await readAnswerKey(queries);
  const { judgements } = await readJudgements(qrels);
  await using collection = await openHere(directory);
  await checkJudged(collection, judgements, qrels);
  const progress = new Progress(quiet || json);
  const name = out === undefined ? 'learned' : shellWord(`learned:${out}`);
  const use = `\`sagitta context QUESTION --compressor ${name}\``;
  if (by === 'preferences') {
    const { learnExtractsOf } = await import('./learn-extracts.ts');
    const { model, ...told } = await learnExtractsOf(collection, queries, judgements, { seed, progress, signal });
    progress.done();
    await keep(collection, model, out);
    if (json) printJson({ ...given({ file: out }), ...told });
    else print(`${pc.green('learned')} from ${number(told.pairs)} pairs of extracts: ${use}`);
    return;
  }
  const judged: JudgedSentences[] = [];
  for (const { id, text, answers } of questions) {
    const relevant = [...(judgements.get(id) ?? [])].flatMap(([document, grade]) => (grade > 0 ? [document] : []));
    if (relevant.length === 0 || text.trim() === '') continue;
    // With the documents that answer, and without: then nothing is to be chosen.
    for (const filter of [{}, { filter: not(oneOf('id', relevant)) }]) {
      signal.throwIfAborted();
      const one = await collection.read(async (corpus) => {
        const { query, evidence } = await gatherEvidence(corpus, text, { k, syntax: false, signal, ...filter }, {});
        return judgeSentences(query, evidence, {
          corpus,
          signal,
          score: (_, sentence, passage) =>
            passage !== undefined && relevant.includes(passage.id) && holdsAnswer(sentence, answers) ? 1 : 0,
        });
      });
      judged.push(one);
    }
    progress.show(() => `${number(judged.length / 2)} of ${number(questions.length)} questions`);
  }
  const model = await learnSentences(judged, {
    runtime: await nativeRuntime(),
    encoder: judged[0]?.scored.encoder ?? 'none',
    by,
    seed,
    signal,
    onProgress: (step, steps) => progress.show(() => `step ${number(step)} of ${number(steps)}`),
  });
  progress.done();
  await keep(collection, model, out);
  const helped = judged.filter(({ helps }) => helps.includes(true)).length;
  if (json) printJson({ ...given({ file: out }), questions: judged.length / 2, helped, encoder: model.encoder });
  else print(`${pc.green('learned')} from ${number(helped)} questions that a sentence answers: ${use}`);
}

/** Gives what was learned to the collection, or writes it to a file. */
async function keep(
  collection: Pick<Collection, 'setCompressor'>,
  model: CompressorModel,
  out: string | undefined,
): Promise<void> {
  if (out === undefined) await collection.setCompressor(model);
  else {
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, writeCompressor(model));
  }
}
