import { nextQuestion } from '../../answer/index.ts';
import type { AskAnswer, AskRequest, ContextAnswer, ContextRequest } from '../../api/index.ts';
import { given } from '../../base/given.ts';
import type { Collection } from '../../collection/index.ts';
import type { LanguageModel } from '../../generate/index.ts';
import type { PipelineInput } from '../../search/index.ts';
import type { CallOptions } from './types.ts';

/** What to read for a question. */
export async function context(
  collection: Collection,
  { question, collection: _, stream: __, ...request }: ContextRequest,
  { signal }: CallOptions,
  model: LanguageModel | undefined,
): Promise<ContextAnswer> {
  return collection.context(question, { ...looking(request, model), ...given({ signal }) });
}

/** An answer in sentences of the documents; a model writes where the server has one, not here. */
export async function ask(
  collection: Collection,
  { question, collection: _, stream: __, model: ___, maxTokens: ____, ...request }: AskRequest,
  { signal }: CallOptions,
  model: LanguageModel | undefined,
): Promise<AskAnswer> {
  const answer = await collection.ask(question, { ...looking(request, model), ...given({ signal }) });
  const { tokens, passages } = answer.context;
  return { ...answer, context: { tokens, passages } };
}

/** The engine checks every part of filters and pipelines. */
function looking<T extends Pick<AskRequest, 'filter' | 'pipeline' | 'next' | 'hops'>>(
  { filter, pipeline, next, ...rest }: T,
  model: LanguageModel | undefined,
) {
  return {
    ...given(rest),
    ...given({ next: nextQuestion(next, rest.hops, model) }),
    ...given({ filter: filter as string | undefined, pipeline: pipeline as PipelineInput | undefined }),
  };
}
