import { InvalidArgumentError } from '../base/errors.ts';
import type { LanguageModel } from '../generate/index.ts';
import type { NextQuestionName } from './choices.ts';
import { modelHop, type NextQuestion } from './model-hops.ts';

/** Whether making the next question takes a language model. */
export function asksModel(how: NextQuestionName | undefined): how is 'gap' | 'draft' {
  return how === 'gap' || how === 'draft';
}

/**
 * What makes the next question between hops, by its name.
 * @param hops searches in all; default 1. @returns undefined for `bridge`, which is what hops do unless they are told otherwise.
 * @throws InvalidArgumentError where there is no further hop, and where a model is needed and there is none.
 */
export function nextQuestion(
  how: NextQuestionName | undefined,
  hops: number | undefined,
  model: LanguageModel | undefined,
): NextQuestion | undefined {
  if (how !== undefined && (hops ?? 1) < 2) {
    throw new InvalidArgumentError(
      '`next` says what further searches are for, and there are none.',
      'Allow 2 hops or more.',
    );
  }
  if (!asksModel(how)) return undefined;
  if (model !== undefined) return modelHop(model, { how });
  throw new InvalidArgumentError(
    `\`next\` is "${how}", which asks a language model, and there is none.`,
    'Name a model, or leave `next` out.',
  );
}
