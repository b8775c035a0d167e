import { z } from 'zod';
import {
  judgedQuerySchema,
  judgementsParametersSchema,
  judgementsSchema,
  judgeRequestSchema,
  measureAnswerSchema,
  measureRequestSchema,
  qrelsText,
  queriesText,
} from '../../api/index.ts';
import { JSON_TYPES, type Route, resolveName, route } from './route.ts';

const fileParametersSchema = judgementsParametersSchema.extend({
  part: z.enum(['qrels', 'queries']).describe('`qrels`: judgements, tab-separated (BEIR). `queries`: JSONL.'),
});

/** Judgements of a collection: kept, given out as files, and pipelines measured by them. */
export const JUDGEMENT_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/judgements',
    scope: 'read',
    title: 'List judgements',
    parameters: judgementsParametersSchema,
    answers: {
      200: { schema: judgementsSchema, description: 'Queries, in the order in which they were first judged.' },
    },
    handle: async (context, { collection }) => {
      const { engine, signal } = context;
      return {
        bytes: await engine.callJson('judgements', { collection: resolveName(context, collection) }, { signal }),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/judgements/file',
    scope: 'read',
    title: 'Get judgements as a file',
    description: 'As `--qrels` and `--queries` of `sagitta eval`, `tune` and `learn-relevance` read them.',
    parameters: fileParametersSchema,
    answers: { 200: { type: 'text/plain', description: 'The file.' } },
    handle: async (context, { collection, part }) => {
      const { engine, signal } = context;
      const request = { collection: resolveName(context, collection) };
      const { queries } = await engine.call('judgements', request, { signal });
      const text = part === 'qrels' ? qrelsText(queries) : queriesText(queries);
      const name = part === 'qrels' ? 'qrels.tsv' : 'queries.jsonl';
      return {
        bytes: new TextEncoder().encode(text),
        headers: {
          'content-type': 'text/plain; charset=utf-8',
          'content-disposition': `attachment; filename="${name}"`,
        },
      };
    },
  }),
  route({
    method: 'PUT',
    path: '/v1/judgements',
    scope: 'write',
    title: 'Judge a document',
    description:
      'Says how well a document answers a query. Kept beside the collection, in `judgements/queries.jsonl` and `judgements/qrels.tsv`.',
    body: { schema: judgeRequestSchema, types: JSON_TYPES, size: 'small' },
    answers: { 200: { schema: judgedQuerySchema, description: 'The query with all its judgements, durable.' } },
    handle: async (context, _, request) => {
      const { engine, signal } = context;
      const collection = resolveName(context, request.collection);
      return { bytes: await engine.callJson('judge', { ...request, collection }, { signal }) };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/judgements/measure',
    scope: 'read',
    title: 'Measure pipelines by judgements',
    description: 'nDCG@10 with bootstrap intervals over queries, and paired comparisons with the first pipeline.',
    body: { schema: measureRequestSchema, types: JSON_TYPES, size: 'small' },
    answers: { 200: { schema: measureAnswerSchema, description: 'What was measured.' } },
    handle: async (context, _, request) => {
      const { engine, signal } = context;
      const collection = resolveName(context, request.collection);
      return { bytes: await engine.callJson('measure', { ...request, collection }, { signal }) };
    },
  }),
];
