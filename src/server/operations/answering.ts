import type { AskAnswer, AskRequest, ContextAnswer, ContextRequest } from '../../api/index.ts';
import { given } from '../../base/given.ts';
import type { Collection } from '../../collection/index.ts';
import type { PipelineInput } from '../../search/index.ts';
import type { CallOptions } from './types.ts';

/** What to read for a question. */
export async function context(
  collection: Collection,
  { question, collection: _, stream: __, ...request }: ContextRequest,
  { signal }: CallOptions,
): Promise<ContextAnswer> {
  return collection.context(question, { ...looking(request), ...given({ signal }) });
}

/** An answer in sentences of the documents; a model writes where the server has one, not here. */
export async function ask(
  collection: Collection,
  { question, collection: _, stream: __, model: ___, maxTokens: ____, ...request }: AskRequest,
  { signal }: CallOptions,
): Promise<AskAnswer> {
  const answer = await collection.ask(question, { ...looking(request), ...given({ signal }) });
  const { tokens, passages } = answer.context;
  return { ...answer, context: { tokens, passages } };
}

/** The engine checks every part of filters and pipelines. */
function looking<T extends { readonly filter?: unknown; readonly pipeline?: unknown }>({
  filter,
  pipeline,
  ...rest
}: T) {
  return {
    ...given(rest),
    ...given({ filter: filter as string | undefined, pipeline: pipeline as PipelineInput | undefined }),
  };
}
