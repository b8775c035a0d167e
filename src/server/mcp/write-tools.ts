import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { LIMITS } from '../../api/common.ts';
import { documentInputSchema } from '../../api/document-input.ts';
import type { Engine } from '../operations/types.ts';
import { argumentsOf, guarded, SHARED } from './tools.ts';

const { id, text, title, metadata } = documentInputSchema.shape;

/** The tools `add`, `remove` and `index`: only where whoever started the server allowed them. */
export function addWriteTools(server: McpServer, engine: Engine): void {
  server.registerTool(
    'add',
    {
      title: 'Keep documents',
      description:
        'Adds documents, replacing those with the same id. When it answers they are kept, and `search` finds them.',
      inputSchema: argumentsOf({
        documents: z
          .array(argumentsOf({ id, text, title, metadata }))
          .min(1)
          .max(50)
          .describe(
            '`id` (such as `notes/2024-05-01`), `text`, and optionally `title` and `metadata`, an object of texts, numbers and lists.',
          ),
        collection: SHARED.collection,
      }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    ({ documents, collection }, { signal }) =>
      guarded(async () => {
        const report = await engine.call('add', { collection, documents }, { signal });
        const { added, updated, unchanged, unsearchable } = report;
        const silent =
          unsearchable === 0
            ? ''
            : ` No search finds ${unsearchable} of them, which ${unsearchable === 1 ? 'holds' : 'hold'} no word.`;
        return `${added} added, ${updated} replaced, ${unchanged} were there already.${silent}`;
      }),
  );
  server.registerTool(
    'remove',
    {
      title: 'Remove documents',
      description: 'Removes documents by id, for good.',
      inputSchema: argumentsOf({
        ids: z.array(z.string().min(1).max(LIMITS.id)).min(1).max(50),
        collection: SHARED.collection,
      }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    ({ ids, collection }, { signal }) =>
      guarded(async () => {
        const { removed } = await engine.call('remove', { collection, ids }, { signal });
        const missing = ids.length - removed;
        return `${removed} of ${ids.length} removed.${missing === 0 ? '' : ` ${missing === 1 ? 'One is' : `${missing} are`} not there, or named twice: \`list\` shows ids.`}`;
      }),
  );
  server.registerTool(
    'index',
    {
      title: 'Read folders again',
      description:
        'Reads the folders again that were named when the server was started: what is new, changed or gone there.',
      inputSchema: argumentsOf({ collection: SHARED.collection }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    ({ collection }, { signal }) =>
      guarded(async () => {
        const report = await engine.call('sync', { collection }, { signal });
        const failures = report['failures'] as readonly { readonly path: string; readonly message: string }[];
        const failed = failures.slice(0, 10).map(({ path, message }) => `${path}: ${message}`);
        const counts = ['added', 'updated', 'moved', 'removed', 'unchanged'].map((name) => `${report[name]} ${name}`);
        return [
          `${counts.join(', ')}.`,
          ...(failures.length === 0 ? [] : [`${failures.length} could not be read:`, ...failed]),
        ].join('\n');
      }),
  );
}
