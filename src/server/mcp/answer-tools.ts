import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { NEXT_QUESTIONS } from '../../answer/choices.ts';
import { LIMITS } from '../../api/common.ts';
import type { AskAnswer } from '../../api/index.ts';
import { label, mostTokens } from '../../text/index.ts';
import type { Engine } from '../operations/types.ts';
import { argumentsOf, BUDGET, guarded, READ_ONLY, SHARED, tokens } from './tools.ts';

const SHAPE = {
  question: z
    .string()
    .min(1)
    .max(LIMITS.query)
    .describe('A whole question, in the words of the documents where you know them.'),
  collection: SHARED.collection,
  filter: SHARED.filter,
  hops: z
    .int()
    .min(1)
    .max(5)
    .optional()
    .describe('2 for questions that need what one document says of another. Default 1.'),
  tokens: tokens(BUDGET.context),
};
const INPUT = argumentsOf(SHAPE);
const WITH_MODEL = argumentsOf({
  ...SHAPE,
  next: z
    .enum(NEXT_QUESTIONS)
    .optional()
    .describe(
      'With `hops`: what the next search is for: names in what was found (`bridge`, the default), what a language model says is missing (`gap`), or its draft of an answer (`draft`).',
    ),
});

/** The tool `context`. @param model whether there is a language model that may lead its hops. */
export function addAnswerTools(server: McpServer, engine: Engine, model: boolean): void {
  server.registerTool(
    'context',
    {
      title: 'Get what answers a question',
      description:
        'The sentences of all documents that bear on a question, within a budget of tokens, by passage: more documents for fewer tokens than `search`. Says how probably they answer it. ' +
        'Each passage names its document, from which `get` reads on.',
      inputSchema: model ? WITH_MODEL : INPUT,
      annotations: READ_ONLY,
    },
    (input, { signal }) => guarded(() => contextFor(engine, input, signal), input.tokens),
  );
}

/** Tokens of the ids and sentences around the passages, of each and of all. */
const EACH = 12;
const AROUND = 40;

async function contextFor(engine: Engine, input: z.output<typeof WITH_MODEL>, signal: AbortSignal): Promise<string> {
  const { tokens: budget, ...request } = input;
  const found = await engine.call(
    'ask',
    { ...request, tokens: Math.max(1, budget - AROUND), stream: false, model: false },
    { signal },
  );
  let { passages } = found.context;
  if (passages.length === 0) {
    return `${found.notes.join(' ') || 'Nothing relevant was found.'} Try other words, or a wider filter.`;
  }
  const end = `\n\nAnswered by these passages with ${Math.round(100 * found.confidence)} %.`;
  // Ids take more room than the titles that were counted: the last passages go.
  while (passages.length > 1 && mostTokens(rendered(passages) + end) > budget) {
    const over = mostTokens(rendered(passages) + end) - budget;
    passages = passages.slice(0, -Math.max(1, Math.min(passages.length - 1, Math.floor(over / (10 * EACH)))));
  }
  return rendered(passages) + end;
}

function rendered(passages: AskAnswer['context']['passages']): string {
  return passages
    .map(({ number, id, title, headings, parts }) => {
      const section = [...new Set([title, ...headings])]
        .filter((name) => name !== '' && name !== id)
        .map((name) => label(name));
      const place = [label(id), section.join(' > '), `start ${parts[0]!.start}`]
        .filter((part) => part !== '')
        .join(' | ');
      return `[${number}] ${place}\n${parts.map(({ text }) => text).join(' … ')}`;
    })
    .join('\n\n');
}
