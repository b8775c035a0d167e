import * as errors from './errors.ts';

/** An error as a message between threads carries it: classes do not survive the trip. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Further members: `code`, `remedy`, `file`, ... */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What a message says of an error. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), facts: {} };
  const { name, message, stack } = error;
  const facts: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(error)) {
    if (['string', 'number', 'boolean'].includes(typeof value)) facts[key] = value;
  }
  const known = NAMES.find((one) => error.constructor === CLASSES[one]) ?? name;
  return { name: known, message, ...(stack === undefined ? {} : { stack }), facts };
}

/** The classes of mistakes by their names, which a bundler may have changed. */
const CLASSES: Readonly<Record<string, { readonly prototype: object }>> = {
  InvalidArgumentError: errors.InvalidArgumentError,
  NotFoundError: errors.NotFoundError,
  CollectionLockedError: errors.CollectionLockedError,
  CorruptFileError: errors.CorruptFileError,
  IncompatibleError: errors.IncompatibleError,
  StorageError: errors.StorageError,
  UnreadableDocumentError: errors.UnreadableDocumentError,
  DataFormatError: errors.DataFormatError,
  MissingPackageError: errors.MissingPackageError,
  UnsupportedError: errors.UnsupportedError,
  ThreadError: errors.ThreadError,
  RemoteError: errors.RemoteError,
  RemoteNotAllowedError: errors.RemoteNotAllowedError,
  InvariantError: errors.InvariantError,
};
const NAMES = Object.keys(CLASSES);

/** The error again: of the class that it was of where that is one of ours, else a plain one of its name. */
export function errorOf({ name, message, stack, facts }: Failure): Error {
  if (name === 'AbortError') return new DOMException(message, name);
  const error = Object.assign(new Error(message), facts);
  const like = CLASSES[name];
  if (like !== undefined) Object.setPrototypeOf(error, like.prototype);
  else error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
