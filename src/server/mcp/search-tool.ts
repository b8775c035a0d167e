import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { LIMITS, RETRIEVERS } from '../../api/common.ts';
import type { SearchAnswer } from '../../api/index.ts';
import { presentPassages, renderPassages } from '../../api/present.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { label, mostTokens } from '../../text/index.ts';
import type { Engine, RequestOf } from '../operations/types.ts';
import { argumentsOf, BUDGET, guarded, READ_ONLY, SHARED, tokens } from './tools.ts';

const INPUT = argumentsOf({
  query: z
    .string()
    .max(LIMITS.query)
    .default('')
    .describe(
      'A question or keywords; `"exact phrase"`, `+must`, `-not`, `begin*`, `field:value`, `year:>=2023`, `year:2020..2023` and `OR` mean what they say. Left out with `filter`: what satisfies it.',
    ),
  collection: SHARED.collection,
  k: z.int().min(1).max(50).default(8).describe('At most this many passages. Default 8.'),
  filter: SHARED.filter,
  turns: z
    .array(z.string().max(LIMITS.query))
    .max(100)
    .optional()
    .describe(
      'What the user said before, oldest first, where the query alone does not tell what it is about. What is relevant is not judged then, unless `relevant` is true.',
    ),
  retriever: z
    .enum(RETRIEVERS)
    .optional()
    .describe('`bm25` for exact words, `dense` for meaning alone. Default: both.'),
  pipeline: z
    .string()
    .min(1)
    .max(LIMITS.pipeline)
    .optional()
    .describe('How to search, in place of `retriever`: `fuse(words, meaning) > group(1)`, or the name of a pipeline.'),
  relevant: z
    .boolean()
    .optional()
    .describe(
      'Only what is probably relevant, which may be nothing; `false` for everything. Default: true where the collection can tell.',
    ),
  per_document: z.int().min(1).max(50).optional().describe('At most this many passages of one document.'),
  sort: z
    .string()
    .min(1)
    .max(LIMITS.sort)
    .optional()
    .describe('Order by fields instead of relevance: `year desc, title`.'),
  cursor: SHARED.cursor,
  tokens: tokens(BUDGET.search),
});

/** The tool `search`. */
export function addSearchTool(server: McpServer, engine: Engine): void {
  server.registerTool(
    'search',
    {
      title: 'Search documents',
      description:
        'Finds the passages that answer a question best, by meaning and by words. Begin here. Each passage comes with the id of its document, the ' +
        'probability that it is relevant, and `start`, from which `get` reads on. Says so when nothing relevant was found.',
      inputSchema: INPUT,
      annotations: READ_ONLY,
    },
    (input, { signal }) => guarded(() => search(engine, input, signal), input.tokens),
  );
}

async function search(engine: Engine, input: z.output<typeof INPUT>, signal: AbortSignal): Promise<string> {
  const { per_document: perDocument, tokens: budget, retriever, pipeline, relevant, turns = [], ...request } = input;
  if (pipeline !== undefined && retriever !== undefined) {
    throw new InvalidArgumentError('The search has a `pipeline` and also a `retriever`.', 'Give one of them.');
  }
  const { capabilities } = await engine.call('info', { collection: request.collection }, { signal });
  const isOwn = pipeline !== undefined || (retriever !== undefined && retriever !== 'hybrid');
  let judging: Partial<RequestOf<'search'>>;
  if (turns.length > 0) {
    const said = turns.map((text) => ({ role: 'user' as const, text }));
    // What is relevant would be judged by the query alone, which does not tell what it is about.
    judging = {
      turns: said,
      pipeline: pipeline ?? retriever,
      ...(relevant === true ? { relevant } : {}),
    };
  } else if (capabilities.relevance) {
    judging = {
      pipeline: pipeline ?? (isOwn ? retriever : undefined),
      ...((relevant ?? !isOwn) ? { relevant: true } : { judged: true }),
    };
  } else judging = { pipeline, retriever, ...(relevant === undefined ? {} : { relevant }) };
  const answer = await engine.call(
    'search',
    { ...request, ...judging, perDocument, collapse: true, explain: false },
    { signal },
  );
  const more = answer.next === undefined ? '' : `\n\n[more: cursor = ${answer.next}]`;
  const about = await aboutFolders(engine, input.collection, answer, signal);
  const unjudged =
    turns.length > 0 && capabilities.relevance && relevant === undefined && answer.hits.length > 0 ? UNJUDGED : '';
  const ends = [unjudged, about, more].filter((part) => part !== '' && mostTokens(part) < budget / 5).join('');
  const { passages, note } = presentPassages(answer, budget - mostTokens(ends) - 1);
  return renderPassages(passages, note) + ends;
}

const UNJUDGED =
  '\n\n[not judged by relevance: with `turns` the query alone does not tell what is asked; `relevant: true` judges by it all the same]';

/** Folders of hits that are described. */
const MOST_FOLDERS = 3;

/** What is said of the folders that the hits stand in, innermost first. */
async function aboutFolders(
  engine: Engine,
  collection: string | undefined,
  { hits }: SearchAnswer,
  signal: AbortSignal,
): Promise<string> {
  if (hits.length === 0) return '';
  const { folders } = await engine.call('contexts', { collection }, { signal });
  const found = Object.entries(folders)
    .filter(([folder]) => hits.some(({ id }) => id.startsWith(folder)))
    .sort(([a], [b]) => b.length - a.length)
    .slice(0, MOST_FOLDERS);
  return found.map(([folder, sentence]) => `\n\n${label(folder)}: ${sentence}`).join('');
}
