import { z } from 'zod';
import { addFileParametersSchema, fileAnswerSchema, originalParametersSchema } from '../../api/index.ts';
import { NotFoundError } from '../../base/errors.ts';
import { readOriginal } from '../originals.ts';
import { type Route, resolveName, route } from './route.ts';

/** Files as they are: those that documents came from, and those that are sent to be read. */
export const FILE_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/original',
    scope: 'read',
    title: 'Get the file of a document',
    description:
      'The file that a document came from, or a picture that its text names. Only files within the folders that the server was given as ' +
      'sources, links followed; no request can name a path of its own.',
    parameters: originalParametersSchema,
    answers: { 200: { type: 'application/octet-stream', description: 'The file, with its own type.' } },
    handle: async (context, { collection: given, id, image }) => {
      const collection = resolveName(context, given);
      const { engine, signal, collections } = context;
      const served = collections.find(({ name }) => name === collection)!;
      const { documents } = await engine.call(
        'multiGet',
        { collection, ids: [id], lines: '1', passages: false },
        { signal },
      );
      if (documents[0] === undefined) {
        throw new NotFoundError(`There is no document "${id}" in the collection.`, 'Take an id from a search hit.');
      }
      return readOriginal(served, documents[0].path, image);
    },
  }),
  route({
    method: 'POST',
    path: '/v1/files',
    scope: 'write',
    title: 'Add a file',
    description:
      'Reads a file of any known format, where it needs that in a process of its own with limits of time and memory, and adds its ' +
      'documents. The file itself is not kept.',
    parameters: addFileParametersSchema,
    body: { schema: z.string(), types: ['application/octet-stream'], size: 'documents', raw: true },
    answers: { 200: { schema: fileAnswerSchema, description: 'What was read of it, durable.' } },
    handle: async (context, { collection, name }) => {
      const { engine, signal, bytes } = context;
      const request = { collection: resolveName(context, collection), name, bytes };
      return { bytes: await engine.callJson('addFile', request, { signal }) };
    },
  }),
];
