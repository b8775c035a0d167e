import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { LIMITS } from '../../api/common.ts';
import { nameHint } from '../../api/names.ts';
import { charactersFor } from '../../text/index.ts';
import { toProblem } from '../problem.ts';

/** The tools that every server has, and those of one that may write. */
export const TOOLS: readonly string[] = ['search', 'context', 'get', 'multi_get', 'list', 'status'];
export const WRITE_TOOLS: readonly string[] = ['add', 'remove', 'index'];

/** Tokens that a result takes when the agent does not say. */
export const BUDGET = { search: 2000, context: 1500, get: 6000, multiGet: 8000, list: 1500, status: 2000 } as const;
const MOST_TOKENS = 50_000;

export const READ_ONLY = { readOnlyHint: true, idempotentHint: true, openWorldHint: false } as const;

/** Arguments that several tools have. */
export const SHARED = {
  collection: z.string().max(200).optional().describe('Which collection; `status` names them. Default: the only one.'),
  filter: z
    .string()
    .max(LIMITS.filter)
    .optional()
    .describe(
      'Only documents that satisfy it: `year >= 2020 and tags in [api, guide]`, `format = markdown`, `title contains report`, ' +
        '`path matches "docs/**/*.md"`, `not (draft = true)`. `list` with `fields: true` shows fields and values.',
    ),
  cursor: z
    .string()
    .max(LIMITS.cursor)
    .optional()
    .describe('Goes on after the answer that named this cursor, all else the same.'),
  lines: z
    .string()
    .regex(/^[1-9]\d{0,8}(-([1-9]\d{0,8})?)?$/, 'expected lines such as 10-20, 10- or 10')
    .optional()
    .describe('Only these lines, from 1: `10-20`, `10-` or `10`.'),
} as const;

/** @param standard what the tool takes unless it is told. */
export function tokens(standard: number) {
  return z
    .int()
    .min(100)
    .max(MOST_TOKENS)
    .default(standard)
    .describe(`Most tokens of the whole result. Default ${standard}.`);
}

/** Arguments of a tool: an unknown one is an error that names the nearest known one, since what is passed over misleads. */
export function argumentsOf<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const hints = (issue['keys'] as string[]).map((key) =>
        known.length === 0 ? `"${key}" (it takes none)` : `"${key}" (${nameHint(key, known)})`,
      );
      return `unknown argument ${hints.join(', ')}`;
    },
  });
}

/**
 * A tool's result as text, within its budget; what goes wrong is told to the model, which can mend it, and never as a stack trace. There is no
 * structured content: some clients show a model both forms, which costs twice, and others the structured one alone.
 */
export async function guarded(work: () => Promise<string>, budget: number = BUDGET.status): Promise<CallToolResult> {
  try {
    return { content: [{ type: 'text', text: withinBudget(await work(), budget) }] };
  } catch (error) {
    return { content: [{ type: 'text', text: withinBudget(toProblem(error).message, BUDGET.status) }], isError: true };
  }
}

/** What no care with the parts could keep small enough (names of thousands of characters) is cut. */
function withinBudget(text: string, budget: number): string {
  const fits = charactersFor(text, budget);
  return fits === text.length ? text : `${text.slice(0, charactersFor(text, budget - 3))} …`;
}
