import { describe, expect, it } from 'vitest';
import { CorruptFileError, InvalidArgumentError, RemoteNotAllowedError, UserError } from './errors.ts';
import { errorOf, failureOf } from './failures.ts';

/** As it comes out at the other end. */
const carried = (error: unknown): Error => errorOf(structuredClone(failureOf(error)));

describe('an error that crosses threads', () => {
  it.each([
    new InvalidArgumentError('k is 0.', 'Ask for one.'),
    new CorruptFileError('a.seg', 'its end is missing'),
    new RemoteNotAllowedError('http://far#m'),
  ])('is of the class that it was of, with its members: $name', (error) => {
    const { file, ...members } = error as UserError & { file?: string };
    const again = carried(error) as UserError & { file?: string };
    expect(again).toBeInstanceOf(error.constructor);
    expect(again).toBeInstanceOf(UserError);
    expect({ ...again }).toEqual({ ...members, ...(file === undefined ? {} : { file }) });
    expect([again.name, again.message, again.stack]).toEqual([error.name, error.message, error.stack]);
  });

  it('keeps its name and message where its class is none of ours', () => {
    class OwnError extends RangeError {
      override readonly name = 'OwnError';
    }
    expect(carried(new OwnError('too far'))).toMatchObject({ name: 'OwnError', message: 'too far' });
    expect(carried('a text')).toMatchObject({ name: 'Error', message: 'a text' });
    expect(carried(new DOMException('given up', 'AbortError'))).toBeInstanceOf(DOMException);
  });
});
