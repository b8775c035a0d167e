import { z } from 'zod';
import {
  bulkParametersSchema,
  bulkRequestSchema,
  collectionInfoSchema,
  collectionSchema,
  collectionsSchema,
  completeParametersSchema,
  completionsSchema,
  documentContentSchema,
  documentListSchema,
  documentSchema,
  embeddingsAnswerSchema,
  embeddingsRequestSchema,
  evaluationParametersSchema,
  evaluationReportSchema,
  facetParametersSchema,
  facetsSchema,
  folderParametersSchema,
  folderSchema,
  frontierParametersSchema,
  frontierSchema,
  getParametersSchema,
  jobRequestSchema,
  jobSchema,
  jobsSchema,
  listParametersSchema,
  mapHitsRequestSchema,
  mapHitsSchema,
  mapParametersSchema,
  mapSchema,
  modelsSchema,
  multiGetAnswerSchema,
  multiGetRequestSchema,
  removeAnswerSchema,
  removeRequestSchema,
  rerankAnswerSchema,
  rerankRequestSchema,
  type SearchRequest,
  searchAnswerSchema,
  searchBatchAnswerSchema,
  searchBatchSchema,
  searchRequestSchema,
  suggestAnswerSchema,
  suggestRequestSchema,
  writeAnswerSchema,
} from '../../api/index.ts';
import { jobEvents } from '../jobs.ts';
import { baseCapabilities, type Engine, type ServedCollection } from '../operations/types.ts';
import { toProblem } from '../problem.ts';
import { ANSWER_ROUTES } from './answer-routes.ts';
import { FILE_ROUTES } from './file-routes.ts';
import { JUDGEMENT_ROUTES } from './judgement-routes.ts';
import { JSON_TYPES, type Route, type RouteAnswer, type RouteContext, resolveName, route } from './route.ts';

const DOCUMENT_TYPES = ['application/json', 'application/x-ndjson'];

const named = z.strictObject({ collection: collectionSchema });

export const ROUTES: readonly Route[] = [
  route({
    method: 'POST',
    path: '/v1/search',
    scope: 'read',
    title: 'Search',
    description:
      'The passages that answer best: to a query in words, to a vector, or to a passage of the collection (`like`). A filtered ' +
      'search returns k hits whenever k allowed passages match; otherwise `shortfall` says why fewer came.',
    body: { schema: searchRequestSchema, types: JSON_TYPES, size: 'small' },
    answers: { 200: { schema: searchAnswerSchema, description: 'Up to k passages, best first.' } },
    handle: async ({ engine, signal }, _, request) => ({ bytes: await engine.callJson('search', request, { signal }) }),
  }),
  route({
    method: 'POST',
    path: '/v1/search/batch',
    scope: 'read',
    title: 'Search several times',
    description:
      'Searches that may name different collections, in one request. One that fails does not keep the others from their answers.',
    body: { schema: searchBatchSchema, types: JSON_TYPES, size: 'small' },
    answers: {
      200: { schema: searchBatchAnswerSchema, description: 'Answers and problems, in the order of the searches.' },
    },
    handle: async ({ engine, signal }, _, { searches }) => ({ bytes: await searchAll(engine, searches, signal) }),
  }),
  ...ANSWER_ROUTES,
  route({
    method: 'GET',
    path: '/v1/documents',
    scope: 'read',
    title: 'List documents',
    description: 'In ascending order of their ids or as `sort` says, a page at a time, without their texts.',
    parameters: listParametersSchema,
    answers: { 200: { schema: documentListSchema, description: 'A page of documents.' } },
    handle: async ({ engine, signal }, parameters) => ({
      bytes: await engine.callJson('list', parameters, { signal }),
    }),
  }),
  route({
    method: 'POST',
    path: '/v1/documents',
    scope: 'write',
    title: 'Add documents',
    description:
      'Adds documents, replacing those with the same id. When the answer comes they survive a crash and searches find them. ' +
      'Sending a document again that has not changed costs nothing, so a request may be repeated. One JSON object, or one ' +
      'document a line (`application/x-ndjson`). All or none: an invalid document refuses the request.',
    parameters: bulkParametersSchema,
    body: { schema: bulkRequestSchema, types: DOCUMENT_TYPES, size: 'documents', raw: true },
    answers: {
      200: { schema: writeAnswerSchema, description: 'The documents are durable.' },
      202: { schema: jobSchema, description: 'With `wait=false`: a job that does it.' },
    },
    handle: async (context, { collection, wait }) => {
      const { engine, jobs, signal, bytes, contentType } = context;
      const name = resolveName(context, collection);
      const format = contentType.startsWith('application/x-ndjson') ? 'ndjson' : 'json';
      const request = { collection: name, format, bytes } as const;
      if (wait === 'true') return { bytes: await engine.callJson('addRaw', request, { signal }) };
      return accepted(jobs.start('add', name, request));
    },
  }),
  route({
    method: 'POST',
    path: '/v1/documents/get',
    scope: 'read',
    title: 'Get several documents',
    body: { schema: multiGetRequestSchema, types: JSON_TYPES, size: 'small' },
    answers: {
      200: { schema: multiGetAnswerSchema, description: 'Those that exist, and the ids of those that do not.' },
    },
    handle: async ({ engine, signal }, _, request) => ({
      bytes: await engine.callJson('multiGet', request, { signal }),
    }),
  }),
  route({
    method: 'POST',
    path: '/v1/documents/remove',
    scope: 'write',
    title: 'Remove several documents',
    description:
      'By id, all whose id starts with a prefix, or all that satisfy a filter. Ids that no document has are passed over.',
    body: { schema: removeRequestSchema, types: JSON_TYPES, size: 'small' },
    answers: { 200: { schema: removeAnswerSchema, description: 'How many were removed, durably.' } },
    handle: async ({ engine, signal }, _, request) => ({ bytes: await engine.callJson('remove', request, { signal }) }),
  }),
  route({
    method: 'GET',
    path: '/v1/documents/{name}',
    name: 'id',
    scope: 'read',
    title: 'Get a document',
    description:
      'The id is percent-encoded; slashes may stand as they are. An id with `.` or `..` between slashes cannot stand in an address: ' +
      'name it in a body, here and elsewhere (`/v1/documents/get`, `/v1/documents`, `/v1/documents/remove`).',
    parameters: getParametersSchema,
    answers: { 200: { schema: documentSchema, description: 'The document, or some lines of it.' } },
    handle: async ({ engine, signal, name }, { passages, ...rest }) => ({
      bytes: await engine.callJson('get', { ...rest, id: name, passages: passages === 'true' }, { signal }),
    }),
  }),
  route({
    method: 'PUT',
    path: '/v1/documents/{name}',
    name: 'id',
    scope: 'write',
    title: 'Put a document',
    description: 'Adds the document or replaces the one with this id; durable when the answer comes.',
    parameters: named,
    body: { schema: documentContentSchema, types: JSON_TYPES, size: 'documents' },
    answers: { 200: { schema: writeAnswerSchema, description: 'The document is durable.' } },
    handle: async ({ engine, signal, name }, { collection }, content) => ({
      bytes: await engine.callJson('add', { collection, documents: [{ ...content, id: name }] }, { signal }),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/v1/documents/{name}',
    name: 'id',
    scope: 'write',
    title: 'Remove a document',
    description: 'Removing a document that does not exist is no mistake, so that the request may be repeated.',
    parameters: named,
    answers: { 200: { schema: removeAnswerSchema, description: 'How many were removed: 1 or 0.' } },
    handle: async ({ engine, signal, name }, { collection }) => ({
      bytes: await engine.callJson('remove', { collection, ids: [name] }, { signal }),
    }),
  }),
  route({
    method: 'GET',
    path: '/v1/collections',
    scope: 'read',
    title: 'List collections',
    answers: { 200: { schema: collectionsSchema, description: 'What is served, and what it can do.' } },
    handle: async (context) => ({
      json: {
        collections: await each(context.collections, (collection) => infoOrWhyNot(context, collection)),
      },
    }),
  }),
  route({
    method: 'GET',
    path: '/v1/collections/{name}',
    name: 'collection',
    scope: 'read',
    title: 'Describe a collection',
    answers: { 200: { schema: collectionInfoSchema, description: 'Counts, settings, capabilities.' } },
    handle: async ({ engine, signal, name }) => ({
      bytes: await engine.callJson('info', { collection: name }, { signal }),
    }),
  }),
  route({
    method: 'GET',
    path: '/v1/folders',
    scope: 'read',
    title: 'Read a folder',
    description:
      'Ids as a tree: the documents of a folder, the folders below it with their counts, and what somebody said that they are about.',
    parameters: folderParametersSchema,
    answers: { 200: { schema: folderSchema, description: 'The folder; without documents where no id begins so.' } },
    handle: async ({ engine, signal }, parameters) => ({
      bytes: await engine.callJson('folder', parameters, { signal }),
    }),
  }),
  route({
    method: 'GET',
    path: '/v1/facets',
    scope: 'read',
    title: 'Count metadata',
    description:
      'Which values the metadata fields have, over the documents that a query finds and a filter lets through.',
    parameters: facetParametersSchema,
    answers: { 200: { schema: facetsSchema, description: 'Fields, those that most documents have first.' } },
    handle: async ({ engine, signal }, parameters) => ({
      bytes: await engine.callJson('facets', parameters, { signal }),
    }),
  }),
  route({
    method: 'GET',
    path: '/v1/complete',
    scope: 'read',
    title: 'Complete a query',
    description: 'What the last word of a query may become, of the words that passages have.',
    parameters: completeParametersSchema,
    answers: { 200: { schema: completionsSchema, description: 'Completions, which may be none.' } },
    handle: async ({ engine, signal }, parameters) => ({
      bytes: await engine.callJson('complete', parameters, { signal }),
    }),
  }),
  route({
    method: 'POST',
    path: '/v1/suggest',
    scope: 'read',
    title: 'Suggest values of a field',
    description:
      'Values of a field for a text that has none yet, such as tags, a category or who is responsible: the nearest documents that have the field vote for theirs.',
    body: { schema: suggestRequestSchema, types: JSON_TYPES, size: 'small' },
    answers: { 200: { schema: suggestAnswerSchema, description: 'Values, which may be none.' } },
    handle: async ({ engine, signal }, _, request) => ({
      bytes: await engine.callJson('suggest', request, { signal }),
    }),
  }),
  ...FILE_ROUTES,
  ...JUDGEMENT_ROUTES,
  route({
    method: 'POST',
    path: '/v1/map/hits',
    scope: 'read',
    title: 'Place hits on a map',
    description: 'The same components as those of GET /v1/map, of passages that need not be among its points.',
    body: { schema: mapHitsRequestSchema, types: JSON_TYPES, size: 'small' },
    answers: { 200: { schema: mapHitsSchema, description: 'Vectors of the passages that have one.' } },
    handle: async ({ engine, signal }, _, request) => ({
      bytes: await engine.callJson('mapHits', request, { signal }),
    }),
  }),
  route({
    method: 'GET',
    path: '/v1/map',
    scope: 'read',
    title: 'Sample embeddings for a map',
    description: 'Principal components of a sample of the embeddings, from which a map of the collection is drawn.',
    parameters: mapParametersSchema,
    answers: { 200: { schema: mapSchema, description: 'Points and what they stand for.' } },
    handle: async ({ engine, signal }, parameters) => ({ bytes: await engine.callJson('map', parameters, { signal }) }),
  }),
  route({
    method: 'GET',
    path: '/v1/frontier',
    scope: 'read',
    title: 'Get what was measured of indexes',
    description: 'What `sagitta plan` found: bytes, recall and time of indexes of the vectors.',
    parameters: frontierParametersSchema,
    answers: { 200: { schema: frontierSchema, description: 'The frontier, by ascending bytes.' } },
    handle: async ({ engine, signal }, parameters) => ({
      bytes: await engine.callJson('frontier', parameters, { signal }),
    }),
  }),
  route({
    method: 'GET',
    path: '/v1/evaluation',
    scope: 'read',
    title: 'Get how well retrievers rank',
    description: 'What `sagitta eval --in` found on a test collection.',
    parameters: evaluationParametersSchema,
    answers: { 200: { schema: evaluationReportSchema, description: 'Metrics of each retriever.' } },
    handle: async ({ engine, signal }, parameters) => ({
      bytes: await engine.callJson('evaluation', parameters, { signal }),
    }),
  }),
  route({
    method: 'POST',
    path: '/v1/embeddings',
    scope: 'read',
    title: 'Embed texts',
    description: "Vectors of texts in OpenAI's shape, by the encoder that a collection has now (a tuned one too).",
    body: { schema: embeddingsRequestSchema, types: JSON_TYPES, size: 'documents' },
    answers: { 200: { schema: embeddingsAnswerSchema, description: 'One for each text, in order.' } },
    handle: async ({ engine, signal }, _, request) => ({ bytes: await engine.callJson('embed', request, { signal }) }),
  }),
  rerankAt('/v1/rerank', 'Rerank texts'),
  rerankAt('/v2/rerank', 'Rerank texts, at the address of a later version'),
  route({
    method: 'GET',
    path: '/v1/models',
    scope: 'read',
    title: 'List models',
    description: "Collections with an encoder, in OpenAI's shape: what `model` may name.",
    answers: { 200: { schema: modelsSchema, description: 'In the order in which they are served.' } },
    handle: async (context) => {
      const infos = await each(context.collections, (collection) => infoOrWhyNot(context, collection));
      const data = infos.flatMap(({ name, encoder = 'none' }) =>
        encoder === 'none' ? [] : [{ id: name, object: 'model', created: 0, owned_by: encoder }],
      );
      return { json: { object: 'list', data } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/jobs',
    scope: 'read',
    title: 'List jobs',
    answers: { 200: { schema: jobsSchema, description: 'Newest first.' } },
    handle: async ({ jobs }) => ({ json: { jobs: jobs.list() } }),
  }),
  route({
    method: 'POST',
    path: '/v1/jobs',
    scope: 'write',
    title: 'Start a job',
    body: { schema: jobRequestSchema, types: JSON_TYPES, size: 'small' },
    answers: { 202: { schema: jobSchema, description: 'The job, accepted.' } },
    handle: async (context, _, { kind, ...request }) => {
      const name = resolveName(context, request.collection);
      return accepted(context.jobs.start(kind, name, { ...request, collection: name } as never));
    },
  }),
  route({
    method: 'GET',
    path: '/v1/jobs/{name}/events',
    name: 'job',
    scope: 'read',
    title: 'Watch a job',
    description:
      'Server-sent events: `progress` at every change, then one of `done`, `failed` and `cancelled`; each carries the job. ' +
      'The stream starts with the present state, so it can be opened again at any time.',
    answers: { 200: { type: 'text/event-stream', description: 'Events.' } },
    handle: async ({ jobs, name, signal }) => {
      jobs.get(name);
      return { events: jobEvents(jobs, name, signal) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/jobs/{name}',
    name: 'job',
    scope: 'read',
    title: 'Get a job',
    answers: { 200: { schema: jobSchema, description: 'The job.' } },
    handle: async ({ jobs, name }) => ({ json: jobs.get(name) }),
  }),
  route({
    method: 'DELETE',
    path: '/v1/jobs/{name}',
    name: 'job',
    scope: 'write',
    title: 'Cancel a job',
    description: 'What it made durable stays. It is `cancelled` once nothing of it goes on.',
    answers: { 202: { schema: jobSchema, description: 'The job, which ends soon.' } },
    handle: async ({ jobs, name }) => accepted(jobs.cancel(name)),
  }),
];

/** Calls of one request that are under way at a time: others wait for the same threads, in a queue that has an end. */
const AT_ONCE = 8;

/** What becomes of all items, in their order. */
async function each<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      results[i] = await work(items[i]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
  return results;
}

/** The answers as JSON, each as it comes from its thread. */
async function searchAll(
  engine: Engine,
  searches: readonly SearchRequest[],
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const answers = await each(searches, async (search): Promise<Uint8Array> => {
    try {
      return await engine.callJson('search', search, { signal });
    } catch (error) {
      signal.throwIfAborted();
      const { problem, cause } = toProblem(error);
      if (problem.status >= 500) throw cause ?? error;
      return Buffer.from(JSON.stringify(problem));
    }
  });
  const parts = answers.flatMap((answer, i) => (i === 0 ? [answer] : [COMMA, answer]));
  return new Uint8Array(Buffer.concat([Buffer.from('{"answers":['), ...parts, Buffer.from(']}')]));
}
const COMMA = Buffer.from(',');

function rerankAt(path: string, title: string): Route {
  return route({
    method: 'POST',
    path,
    scope: 'read',
    title,
    description:
      "An order of texts for a query, in Cohere's and Jina's shape, by the encoder that a collection has now (a tuned one too).",
    body: { schema: rerankRequestSchema, types: JSON_TYPES, size: 'documents' },
    answers: { 200: { schema: rerankAnswerSchema, description: 'Best first.' } },
    handle: async ({ engine, signal }, _, request) => ({ bytes: await engine.callJson('rerank', request, { signal }) }),
  });
}

function accepted(job: z.infer<typeof jobSchema>): RouteAnswer {
  return { status: 202, json: job, headers: { location: `/v1/jobs/${job.id}` } };
}

async function infoOrWhyNot(
  { engine, signal, readOnly }: RouteContext,
  collection: ServedCollection,
): Promise<z.infer<typeof collectionInfoSchema>> {
  try {
    return await engine.call('info', { collection: collection.name }, { signal });
  } catch (error) {
    return {
      name: collection.name,
      state: 'unavailable',
      problem: toProblem(error).message,
      capabilities: baseCapabilities(collection, readOnly),
    };
  }
}
