import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { LIMITS } from '../../api/common.ts';
import type { Facets, Folder } from '../../api/index.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { label, mostTokens } from '../../text/index.ts';
import type { Engine } from '../operations/types.ts';
import { toProblem } from '../problem.ts';
import { argumentsOf, BUDGET, guarded, READ_ONLY, SHARED, tokens } from './tools.ts';

/** Documents that one answer may list, if the budget has room for them. */
const PAGE = 200;
/** Values of a field that are shown. */
const VALUES = 6;

/** The tools `list` and `status`. */
export function addListTools(server: McpServer, engine: Engine): void {
  server.registerTool(
    'list',
    {
      title: 'Browse folders and fields',
      description:
        'What there is, without searching: folders as a tree with how many documents they hold and what they are about, the documents of one folder, ' +
        'and with `fields: true` the metadata fields and their values, for filters.',
      inputSchema: argumentsOf({
        collection: SHARED.collection,
        folder: z.string().max(LIMITS.id).default('').describe('A folder of ids, such as `guides/api/`. Default: all.'),
        depth: z.int().min(1).max(10).default(2).describe('Levels of folders shown. Default 2.'),
        filter: SHARED.filter,
        fields: z.boolean().default(false).describe('Also count the values of fields.'),
        cursor: SHARED.cursor,
        tokens: tokens(BUDGET.list),
      }),
      annotations: READ_ONLY,
    },
    ({ folder: name, cursor, fields, tokens: budget, ...request }, { signal }) =>
      guarded(async () => {
        const folder = name === '' || name.endsWith('/') ? name : `${name}/`;
        const after = cursor === undefined ? undefined : idOf(cursor);
        const found = await engine.call('folder', { ...request, folder, limit: PAGE, after }, { signal });
        const { collection, filter } = request;
        const inFolder =
          folder === '' ? filter : `id ^= ${JSON.stringify(folder)}${filter === undefined ? '' : ` and (${filter})`}`;
        const facets = fields
          ? await engine.call(
              'facets',
              { collection, filter: inFolder, values: VALUES, disjunctive: 'false' },
              { signal },
            )
          : undefined;
        return renderFolder(found, facets, after, budget);
      }, budget),
  );

  server.registerTool(
    'status',
    {
      title: 'Name the collections',
      description:
        'Which collections there are, what they are about, how large they are, their languages and encoders.',
      inputSchema: argumentsOf({}),
      annotations: READ_ONLY,
    },
    (_, { signal }) =>
      guarded(async () => {
        const collections = await Promise.all(engine.collections.map((name) => describe(engine, name, signal)));
        return collections.join('\n');
      }),
  );
}

async function describe(engine: Engine, name: string, signal: AbortSignal): Promise<string> {
  try {
    const info = await engine.call('info', { collection: name }, { signal });
    const { context, documents = 0, passages = 0, encoder, languages = {}, capabilities } = info;
    const about = context === undefined ? '' : ` ${context}`;
    const most = Object.entries(languages).sort(([, a], [, b]) => b - a);
    const judged = capabilities.relevance ? 'says what is relevant' : 'cannot say what is relevant';
    return `${name}:${about} ${documents} documents, ${passages} passages, encoder ${encoder}, languages ${most.map(([language]) => language).join(' ')}; ${judged}`;
  } catch (error) {
    return `${name}: unavailable. ${toProblem(error).message}`;
  }
}

/** Folder, documents and fields, as many lines as fit. */
function renderFolder(found: Folder, facets: Facets | undefined, after: string | undefined, budget: number): string {
  const { folder, documents, context, folders, listed, next } = found;
  const name = folder === '' ? 'all' : label(folder);
  if (documents === 0) return `${name}: no document. \`list\` without a folder and a filter shows what there is.`;
  const lines = [`${name}: ${counted(documents)}${context === undefined ? '' : `. ${context}`}`];
  let room = budget - mostTokens(lines[0]!) - RESERVED;
  /** @returns how many of the lines fit. */
  const add = (more: readonly string[], share: number): number => {
    let left = Math.floor(room * share);
    const fitting = more.findIndex((line) => {
      left -= mostTokens(line) + 1;
      return left < 0;
    });
    const count = fitting < 0 ? more.length : fitting;
    lines.push(...more.slice(0, count));
    room -= more.slice(0, count).reduce((sum, line) => sum + mostTokens(line) + 1, 0);
    return count;
  };
  if (facets !== undefined) {
    const shown = facets.facets.map(fieldLine);
    const count = add(['fields:', ...shown], 0.5);
    if (count <= shown.length) lines.push(`(${shown.length - Math.max(0, count - 1)} more fields)`);
  }
  if (after === undefined && folders.length > 0) {
    const shown = folders.map(
      (one) =>
        `${indent(one.folder, folder)}${label(one.folder)} ${counted(one.documents)}${one.context === undefined ? '' : `: ${one.context}`}`,
    );
    const count = add(['folders:', ...shown], listed.length === 0 ? 1 : 0.6);
    if (count <= shown.length) {
      lines.push(
        `(${shown.length - Math.max(0, count - 1)} more folders: name one, take a smaller depth, or more tokens)`,
      );
    }
  }
  if (listed.length > 0) {
    const shown = listed.map(({ id, title, format, language }) =>
      [label(id), ...(title === '' || title === id ? [] : [label(title)]), format, language].join(' | '),
    );
    const count = Math.max(0, add([after === undefined ? 'documents here:' : 'more documents:', ...shown], 1) - 1);
    const last = listed[count - 1];
    const goesOn = count < listed.length || next !== undefined;
    if (goesOn)
      lines.push(
        last === undefined
          ? '(documents: more tokens are needed)'
          : `[more: cursor = ${CURSOR}${encodeURIComponent(last.id)}]`,
      );
  }
  return lines.join('\n');
}

/** Tokens for what is said of that which did not fit. */
const RESERVED = 60;

function counted(documents: number): string {
  return documents === 1 ? '1 document' : `${documents} documents`;
}

function indent(folder: string, above: string): string {
  return '  '.repeat(folder.slice(above.length).split('/').length - 2);
}

function fieldLine({ field, distinct, range, values }: Facets['facets'][number]): string {
  const shown = values.map(({ value, documents }) => `${label(String(value))} (${documents})`).join(', ');
  const rest = distinct > values.length ? `, ${distinct - values.length} more` : '';
  const span = range === undefined || distinct <= values.length ? '' : `${range.least} to ${range.greatest}; `;
  return `${label(field)}: ${span}${shown}${rest}`;
}

/** What cursors of this list begin with: those of other lists are told apart. */
const CURSOR = 'after:';

function idOf(cursor: string): string {
  try {
    if (cursor.startsWith(CURSOR)) return decodeURIComponent(cursor.slice(CURSOR.length));
  } catch {
    // Told below.
  }
  throw new InvalidArgumentError('The cursor is none of this list.', 'Begin again without one.');
}
