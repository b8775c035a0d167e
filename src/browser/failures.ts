import * as errors from '../base/errors.ts';
import type { Failure } from './protocol.ts';

/** What a message says of an error. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), facts: {} };
  const { name, message } = error;
  const facts: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(error)) {
    if (['string', 'number', 'boolean'].includes(typeof value)) facts[key] = value;
  }
  return { name: NAMES.find((one) => error.constructor === CLASSES[one]) ?? name, message, facts };
}

/** The classes of mistakes by their names, which a bundler may have changed. */
const CLASSES: Readonly<Record<string, { readonly prototype: object }>> = {
  InvalidArgumentError: errors.InvalidArgumentError,
  NotFoundError: errors.NotFoundError,
  CollectionLockedError: errors.CollectionLockedError,
  CorruptFileError: errors.CorruptFileError,
  IncompatibleError: errors.IncompatibleError,
  StorageError: errors.StorageError,
  UnsupportedError: errors.UnsupportedError,
  RemoteError: errors.RemoteError,
  RemoteNotAllowedError: errors.RemoteNotAllowedError,
  InvariantError: errors.InvariantError,
};
const NAMES = Object.keys(CLASSES);

/** The error again, of the class that it was of. */
export function errorOf({ name, message, facts }: Failure): Error {
  if (name === 'AbortError') return new DOMException(message, name);
  const error = Object.assign(new Error(message), facts);
  const like = CLASSES[name];
  if (like !== undefined) Object.setPrototypeOf(error, like.prototype);
  return error;
}
