import { RemoteError } from '../base/errors.ts';
import type { LanguageModel } from '../generate/index.ts';
import type { Answer } from './ask.ts';
import { type GroundedOptions, type GroundedSentence, groundedAnswer } from './grounded.ts';
import type { Citation, ContextPassage } from './types.ts';

/** What there is of an answer before a model is asked. */
type Asked = Pick<Answer, 'question' | 'answer' | 'citations' | 'answered' | 'notes' | 'tookMs'> & {
  readonly context: { readonly passages: readonly ContextPassage[] };
};

/**
 * Has a model put an answer in words, from the context that it has already: sentences come as they are done. A model that cannot be asked leaves the answer as it
 * was, sentences of the documents, with a note that says why.
 * @param asked what `ask` found without a model.
 * @returns the answer in the model's words, when the last sentence is taken.
 */
export async function* answerWith<A extends Asked>(
  model: LanguageModel,
  asked: A,
  options: GroundedOptions = {},
): AsyncGenerator<GroundedSentence, A> {
  const start = performance.now();
  const { passages } = asked.context;
  try {
    const written = yield* groundedAnswer(asked.question, passages, model, options);
    if (written.end === 'none') return asked;
    const cited = [...new Set(written.sentences.flatMap(({ cites }) => cites))];
    return {
      ...asked,
      answer: written.text,
      citations: passages.filter(({ number }) => cited.includes(number)).flatMap(citationsOf),
      model: model.id,
      answered: written.answered,
      notes: [...asked.notes, ...written.notes],
      tookMs: asked.tookMs + performance.now() - start,
    };
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    return {
      ...asked,
      notes: [...asked.notes, `The model was not heard, so these are sentences of the documents: ${error.message}`],
    };
  }
}

function citationsOf({ id, number, parts }: ContextPassage): Citation[] {
  return parts.map((part) => ({ id, number, ...part }));
}
