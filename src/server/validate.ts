import { z } from 'zod';
import { LIMITS } from '../api/common.ts';
import { nameHint } from '../api/names.ts';
import { problem } from './problem.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses JSON that came from outside.
 * @throws ProblemError for bytes that are not UTF-8, text that is not JSON, and nesting deeper than {@link LIMITS}.depth,
 * which is found before anything recursive looks at the value; for a member called `__proto__`.
 */
export function parseJson(bytes: Uint8Array, where = 'the body'): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw problem(400, 'invalid-encoding', `In ${where} are bytes that are not UTF-8.`, 'Send JSON in UTF-8.');
  }
  if (text.trim() === '') {
    throw problem(400, 'invalid-json', `There is nothing in ${where}.`, 'Send a JSON object.');
  }
  const depth = depthOf(text);
  if (depth > LIMITS.depth + 8) {
    throw problem(
      400,
      'too-deep',
      `The JSON in ${where} is nested ${depth} levels deep.`,
      `Nest at most ${LIMITS.depth} levels.`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw problem(
      400,
      'invalid-json',
      `JSON in ${where}: ${(error as Error).message}.`,
      'Send one JSON object, with double quotes around names and texts.',
    );
  }
  if (/__proto__|\\u005f/i.test(text)) refusePrototype(value, where);
  return value;
}

/** Schemas pass over a member called `__proto__` in silence, and it would be lost. */
export function refusePrototype(value: unknown, where: string, path = ''): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__') {
      throw problem(
        400,
        'invalid-request',
        `${path}/__proto__ in ${where}: a name that objects cannot hold safely.`,
        'Call it something else.',
      );
    }
    refusePrototype(member, where, `${path}/${name}`);
  }
}

/** Deepest nesting of brackets outside of strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      do i = text.indexOf('"', i + 1);
      while (i > 0 && isEscaped(text, i));
      if (i < 0) break;
    } else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x5d || code === 0x7d) depth--;
  }
  return deepest;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
  return slashes % 2 === 1;
}

/** @throws ProblemError that names every value that is wrong. @param base pointer to the value within the request. */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown, base = ''): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues
    .slice(0, 20)
    .map(likeliest)
    .flatMap((issue) => {
      const path =
        base + issue.path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
      if (issue.code !== 'unrecognized_keys') return [{ field: path || '/', message: complaint(issue.message) }];
      return issue.keys.map((key) => ({ field: `${path}/${key}`, message: unknownField(key, schema, issue.path) }));
    });
  const [first] = errors;
  throw problem(
    400,
    'invalid-request',
    `${first!.field}: ${first!.message}.`,
    errors.length > 1
      ? `Mend all ${errors.length} values that \`errors\` lists.`
      : 'Mend this value; /openapi.json has the schema.',
    { errors },
  );
}

type Issue = z.core.$ZodIssue;

/** Where a value may have one of several forms, what is wrong with the form that it comes nearest to: the one whose fault lies deepest. */
function likeliest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const faults = issue.errors.flatMap(([first]) => (first === undefined ? [] : [likeliest(first)]));
  const isOfForm = (fault: Issue): boolean => fault.path.length > 0 || fault.code !== 'invalid_type';
  const [nearest] = faults.filter(isOfForm).sort((a, b) => b.path.length - a.path.length);
  if (nearest !== undefined) return { ...nearest, path: [...issue.path, ...nearest.path] };
  if (faults.length === 0)
    return { ...issue, message: `expected ${'options' in issue ? issue.options.join(' or ') : 'another value'}` };
  const expected = faults.flatMap((fault) => (fault.code === 'invalid_type' ? [fault.expected] : []));
  return { ...issue, message: `expected ${[...new Set(expected)].join(' or ')}` };
}

function unknownField(key: string, schema: z.ZodType, path: readonly PropertyKey[]): string {
  const names = path.length === 0 && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return names.length === 0 ? 'unknown field' : `unknown field; ${nameHint(key, names)}`;
}

/** What a schema complains of, as it is told to people. */
export function complaint(message: string): string {
  const text = message
    .replace(/^Invalid input: /, '')
    .replace(/^expected (\w+), received undefined$/, 'it is missing (expected $1)')
    .replace(/, received NaN$/, '')
    .replace(/^Invalid input$/, 'another kind of value is expected');
  return text.charAt(0).toLowerCase() + text.slice(1);
}
