import { answerWith, asksModel } from '../../answer/index.ts';
import {
  type AskAnswer,
  type AskRequest,
  askAnswerSchema,
  askRequestSchema,
  contextAnswerSchema,
  contextRequestSchema,
} from '../../api/index.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { eventStream } from './event-stream.ts';
import { JSON_TYPES, type Route, type RouteContext, route } from './route.ts';

/** What to read for a question, and what answers it. */
export const ANSWER_ROUTES: readonly Route[] = [
  route({
    method: 'POST',
    path: '/v1/context',
    scope: 'read',
    title: 'Get a context',
    description:
      'What to read for a question, within a budget of tokens: sentences of passages with their places, ready for a prompt. With `stream`, events: a `passage` for each, ' +
      'then `done` with the whole, or `failed` with a problem.',
    body: { schema: contextRequestSchema, types: JSON_TYPES, size: 'small' },
    answers: { 200: { schema: contextAnswerSchema, description: 'The context, empty where nothing is relevant.' } },
    handle: async (context, _, request) => {
      const { engine, signal } = context;
      if (asksModel(request.next)) modelOf(context, 'next');
      if (!request.stream) return { bytes: await engine.callJson('context', request, { signal }) };
      return {
        events: eventStream(signal, async function* (stopped) {
          const found = await engine.call('context', request, { signal: stopped });
          for (const passage of found.passages) yield { event: 'passage', data: passage };
          yield { event: 'done', data: found };
        }),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/ask',
    scope: 'read',
    title: 'Answer a question',
    description:
      'Sentences of the documents that answer, word for word and with their places, or that they do not. With `model`, the language model of the server puts it in words, every ' +
      'sentence with the numbers of the passages that it rests on. With `stream`, events: `context` with what will be answered from, a `sentence` for each as it is done, then `done` ' +
      'with the whole, or `failed` with a problem.',
    body: { schema: askRequestSchema, types: JSON_TYPES, size: 'small' },
    answers: { 200: { schema: askAnswerSchema, description: 'The answer, and what it stands on.' } },
    handle: async (context, _, request) => {
      const { engine, signal } = context;
      if (request.model) modelOf(context, 'model');
      if (asksModel(request.next)) modelOf(context, 'next');
      if (request.stream) return { events: eventStream(signal, (stopped) => asked(context, request, stopped)) };
      if (!request.model) return { bytes: await engine.callJson('ask', request, { signal }) };
      let answer: AskAnswer | undefined;
      for await (const { event, data } of asked(context, request, signal)) {
        if (event === 'done') answer = data as AskAnswer;
      }
      return { json: answer };
    },
  }),
];

/** @param wanting the field of the request that wants it. */
function modelOf({ model }: RouteContext, wanting: 'model' | 'next'): NonNullable<RouteContext['model']> {
  if (model !== undefined) return model;
  throw new InvalidArgumentError(
    'This server has no language model.',
    `Start it with --model, or leave \`${wanting}\` out.`,
  );
}

interface AnswerEvent {
  readonly event: 'context' | 'sentence' | 'done';
  readonly data: unknown;
}

async function* asked(context: RouteContext, request: AskRequest, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  const found = await context.engine.call('ask', request, { signal });
  yield { event: 'context', data: found.context };
  if (!request.model) {
    for (const { text, number } of found.citations) {
      yield { event: 'sentence', data: { text, cites: number === 0 ? [] : [number], supported: true } };
    }
    yield { event: 'done', data: found };
    return;
  }
  const { maxTokens } = request;
  const writing = answerWith(modelOf(context, 'model'), found, { signal, ...given({ maxTokens }) });
  for (let next = await writing.next(); ; next = await writing.next()) {
    if (next.done) return yield { event: 'done', data: next.value };
    const { text, cites, supported } = next.value;
    yield { event: 'sentence', data: { text, cites, supported } };
  }
}
