import { describe, expect, it } from 'vitest';
import { searchRequestSchema } from '../api/index.ts';
import type { ProblemError } from './problem.ts';
import { parseJson, validate } from './validate.ts';

/** What is said of a request to search. */
function toldOf(request: unknown): string {
  try {
    validate(searchRequestSchema, request);
    return 'nothing';
  } catch (error) {
    return (error as ProblemError).problem.detail;
  }
}

describe('what is said of a request', () => {
  it.each([
    [{ like: [] }, '/like: too small: expected array to have >=1 items.'],
    [{ like: Array.from({ length: 101 }, () => ({ id: 'a' })) }, '/like: too big: expected array to have <=100 items.'],
    [{ like: [{ id: 'a', start: -1 }] }, '/like/0/start: too small: expected number to be >=0.'],
    [{ like: { id: '' } }, '/like/id: too small: expected string to have >=1 characters.'],
    [{ like: 5 }, '/like: expected object or array.'],
    [{ filter: '' }, '/filter: too small: expected string to have >=1 characters.'],
    [{ filter: 5 }, '/filter: expected string or record.'],
    [{ query: 5 }, '/query: expected string, received number.'],
    [{ qeury: 'x' }, '/qeury: unknown field; did you mean "query".'],
  ])('%#', (request, detail) => {
    expect(toldOf(request)).toBe(detail);
  });

  it('names that objects cannot hold are refused, however they are written', () => {
    for (const text of ['{"__proto__": 1}', '{"a": [{"\\u005f_proto__": {}}]}']) {
      expect(() => parseJson(new TextEncoder().encode(text))).toThrow(/__proto__/);
    }
    expect(parseJson(new TextEncoder().encode('{"proto": "__proto__"}'))).toEqual({ proto: '__proto__' });
  });
});
