import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { LIMITS } from '../../api/common.ts';
import type { DocumentAnswer } from '../../api/index.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { charactersFor, label, mostTokens, share } from '../../text/index.ts';
import type { Engine } from '../operations/types.ts';
import { argumentsOf, BUDGET, guarded, READ_ONLY, SHARED, tokens } from './tools.ts';

/** The tools `get` and `multi_get`. */
export function addReadTools(server: McpServer, engine: Engine): void {
  server.registerTool(
    'get',
    {
      title: 'Read a document',
      description:
        "The text of one document: from its beginning, from a character (`from`: a hit's `start`, or where the call before was cut), or some lines of it.",
      inputSchema: argumentsOf({
        id: z.string().min(1).max(LIMITS.id).describe('As `search` and `list` name it.'),
        collection: SHARED.collection,
        lines: SHARED.lines,
        from: z
          .int()
          .min(0)
          .optional()
          .describe("Character to begin at: a hit's `start`, or what the call before said."),
        tokens: tokens(BUDGET.get),
      }),
      annotations: READ_ONLY,
    },
    ({ id, collection, lines, from = 0, tokens: budget }, { signal }) =>
      guarded(async () => {
        const document = await engine.call('get', { id, collection, lines }, { signal });
        checkFrom(document, from);
        return renderDocument(document, from, budget);
      }, budget),
  );

  server.registerTool(
    'multi_get',
    {
      title: 'Read several documents',
      description: 'The texts of several documents, which share one token budget. Ids that no document has are named.',
      inputSchema: argumentsOf({
        ids: z.array(z.string().min(1).max(LIMITS.id)).min(1).max(50).describe('As `search` and `list` name them.'),
        collection: SHARED.collection,
        lines: SHARED.lines,
        tokens: tokens(BUDGET.multiGet),
      }),
      annotations: READ_ONLY,
    },
    ({ ids, collection, lines, tokens: budget }, { signal }) =>
      guarded(async () => {
        const request = { ids, collection, lines, passages: false };
        const { documents, missing } = await engine.call('multiGet', request, { signal });
        const lost = missing.length === 0 ? '' : `Not found: ${missing.map((id) => label(id)).join(', ')}`;
        const room = Math.max(0, budget - mostTokens(lost) - BETWEEN * documents.length);
        const shares = share(
          documents.map((document) => mostTokens(renderDocument(document, 0, budget))),
          room,
        );
        // Too little for a document is nothing of it: its id says what to ask for.
        const shown = documents.map((document, i) => renderDocument(document, 0, shares[i]!));
        return [...shown, ...(lost === '' ? [] : [lost])].join(SEPARATOR);
      }, budget),
  );
}

const SEPARATOR = '\n\n---\n\n';
/** Tokens of a separator. */
const BETWEEN = 5;
/** Share of the budget that metadata may take. */
const METADATA = 0.15;

function checkFrom({ text }: DocumentAnswer, from: number): void {
  if (from <= text.length) return;
  throw new InvalidArgumentError(
    `The text has ${text.length} characters, and \`from\` is ${from}.`,
    'Begin at `start` of a hit or where the call before was cut; with `lines`, characters count from the first of them.',
  );
}

/** A document as a model reads it, at most so many tokens: what it is, which lines follow, the text, and where to go on. */
function renderDocument(document: DocumentAnswer, from: number, budget: number): string {
  const { id, title, metadata, text, lines } = document;
  const name = title === '' || title === id ? label(id) : `${label(id)} | ${label(title)}`;
  const facts = Object.keys(metadata).length === 0 ? '' : `\n${JSON.stringify(metadata)}`;
  const kept = mostTokens(facts) <= budget * METADATA ? facts : '';
  const first = lines.from + linesIn(text, from);
  const frame = (last: number, next: string): string =>
    `${name} | lines ${first}-${last} of ${lines.of}${kept}\n\n${next}`;
  const goOn = (place: number): string => `\n\n[cut; go on with from = ${place}]`;
  const rest = text.slice(from);
  const whole = budget - mostTokens(frame(lines.to, ''));
  const length = mostTokens(rest) <= whole ? rest.length : lengthFor(rest, whole - mostTokens(goOn(text.length)) - 2);
  const shown = rest.slice(0, length);
  const last = first + linesIn(shown, shown.endsWith('\n') ? shown.length - 1 : shown.length);
  return frame(last, shown + (length < rest.length ? goOn(from + length) : ''));
}

/** How much of a text is shown: to the end of a line where that is not far. */
function lengthFor(text: string, room: number): number {
  const length = Math.max(1, charactersFor(text, Math.max(0, room)));
  const broken = text.lastIndexOf('\n', length);
  if (broken > length / 2) return broken + 1;
  return isHighSurrogate(text.charCodeAt(length - 1)) ? length + 1 : length;
}

/** Line breaks before a place. */
function linesIn(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
