import { RemoteError } from '../../base/errors.ts';
import { answerOf, withoutThoughts } from '../../generate/answer-of.ts';
import type { GenerateOptions, LanguageModel } from '../../generate/language-model.ts';
import type { WriteOptions } from './types.ts';

/** Characters of an answer that count. */
const LONGEST = 4000;

/** A prompt with its options. */
export interface Asked {
  readonly prompt: string;
  readonly options?: Omit<GenerateOptions, 'signal' | 'onEnd'>;
}

/**
 * What a model answers to each prompt, asked at the same time, without its thoughts; empty answers are left out.
 * @throws RemoteError where every one of them failed or is empty. What some gave counts when the time is over.
 */
export async function answersOf(
  model: LanguageModel,
  asked: readonly Asked[],
  { signal, note }: WriteOptions,
): Promise<(string | undefined)[]> {
  let failure: unknown;
  const answers = await Promise.all(
    asked.map(async ({ prompt, options = {} }) => {
      try {
        const answer = await answerOf(model, prompt, { ...options, signal });
        return withoutThoughts(answer).trim().slice(0, LONGEST) || undefined;
      } catch (error) {
        if (!(error instanceof RemoteError) && signal?.aborted !== true) throw error;
        failure = error;
        return undefined;
      }
    }),
  );
  const some = answers.filter((answer) => answer !== undefined).length;
  if (some === 0) throw failure ?? new RemoteError(`The model ${model.id} answered nothing.`, 'Ask another one.');
  note?.(`${model.id} wrote ${some} of ${asked.length}`);
  return answers;
}

/** The words of an answer that lists some: without its label, its marks, and the query where it repeats that. */
export function wordsIn(answer: string, query: string): string {
  return answer
    .replace(/^[^\n:]{0,40}:\s*/, '')
    .replaceAll(query, ' ')
    .replace(/^\s*(?:[-*•]|\d+[.)])\s*/gm, '')
    .replace(/[,;\n*"]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The lines of an answer that lists some, without their marks. */
export function linesIn(answer: string): string[] {
  const lines = answer.split('\n').map((line) => line.replace(/^\s*(?:[-*•]|\d+[.)])\s*/, '').trim());
  return [...new Set(lines.filter((line) => line !== '' && !line.endsWith(':')))];
}

/** The one question of an answer. */
export function questionIn(answer: string): string {
  const [line = ''] = linesIn(answer);
  return line
    .replace(/^(?:last |standalone |rewritten )?(?:question|query)\s*:\s*/i, '')
    .replace(/^["“](.*)["”]$/, '$1')
    .trim();
}
