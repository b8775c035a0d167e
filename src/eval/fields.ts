import { DataFormatError } from '../base/errors.ts';
import type { DataLine } from './lines.ts';

/** A JSON object of a line. @throws DataFormatError when it is none. */
export function parseObject(path: string, { text, number }: DataLine): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const problem = `it is not JSON (${(cause as Error).message})`;
    throw new DataFormatError(`${path}:${number}`, problem, 'Write one JSON object a line.', { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new DataFormatError(`${path}:${number}`, 'it is no JSON object', 'Write one JSON object a line.');
}

/**
 * The first of the named fields that is there, as an id. Numbers are ids too, unless they are so large that JSON's readers round them.
 * @throws DataFormatError for none, and for such a number.
 */
export function idField(place: string, object: Record<string, unknown>, names: readonly string[]): string {
  for (const name of names) {
    const value = object[name];
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value !== 'number') continue;
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw new DataFormatError(
        place,
        `the ${name} ${value} has more digits than a number keeps`,
        'Write it in quotes.',
      );
    }
    return String(value);
  }
  throw new DataFormatError(place, `there is no ${names[0]}`, `Give every record one of: ${names.join(', ')}.`);
}

/**
 * The first of the named fields that is there, as text; undefined for none. Numbers are texts too.
 * @throws DataFormatError for anything else in such a field, rather than passing it over.
 */
export function textField(
  place: string,
  object: Record<string, unknown>,
  names: readonly string[],
): string | undefined {
  for (const name of names) {
    const value = object[name];
    if (value === undefined || value === null) continue;
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    const problem = `the ${name} is ${Array.isArray(value) ? 'a list' : `of the type ${typeof value}`}`;
    throw new DataFormatError(place, problem, 'Give a text.');
  }
  return undefined;
}

const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i;

/** A finite number, or an infinity where it is allowed. @throws DataFormatError for anything else, NaN included. */
export function parseNumber(place: string, what: string, text: unknown, infinities = false): number {
  const spelled = String(text).trim();
  if (NUMBER.test(spelled)) return Number(spelled);
  if (infinities && /^[+-]?inf(inity)?$/i.test(spelled)) {
    return spelled.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  throw new DataFormatError(
    place,
    `the ${what} is ${JSON.stringify(text) ?? 'missing'}`,
    `Give a number as the ${what}.`,
  );
}

export const QUERY_ID = ['query-id', 'query_id', 'qid', 'query'];
export const DOCUMENT_ID = ['corpus-id', 'doc-id', 'doc_id', 'docno', 'docid', 'document', 'doc'];
