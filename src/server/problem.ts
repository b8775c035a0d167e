import type { Problem } from '../api/index.ts';
import {
  CollectionLockedError,
  CorruptFileError,
  IncompatibleError,
  InvalidArgumentError,
  MissingPackageError,
  NotFoundError,
  RemoteError,
  RemoteNotAllowedError,
  SagittaError,
  StorageError,
  UnreadableDocumentError,
  UnsupportedError,
  UserError,
} from '../base/errors.ts';

/** Titles by code: the same for every occurrence of a problem (RFC 9457, 3.1.3). */
const TITLES = {
  'invalid-request': 'The request is not valid',
  'invalid-argument': 'The request asks for something impossible',
  'invalid-json': 'The body is not JSON',
  'invalid-encoding': 'The body is not UTF-8',
  'too-deep': 'The JSON is nested too deeply',
  'unsupported-media-type': 'The body has another format than expected',
  'body-too-large': 'The body is too large',
  unauthorized: 'An API key is needed',
  forbidden: 'Not allowed',
  'wrong-host': 'The request was meant for another host',
  'wrong-origin': 'The request comes from another website',
  'not-found': 'Not found',
  'method-not-allowed': 'The address has no such method',
  'too-slow': 'The request took too long to arrive',
  'collection-locked': 'Another process is writing to the collection',
  incompatible: 'The collection does not fit',
  'too-many-requests': 'Too many requests at once',
  overloaded: 'The server has too much to do',
  stopping: 'The server is stopping',
  'timed-out': 'The work took too long',
  'corrupt-file': 'The collection is damaged',
  storage: 'The disk refused',
  'unreadable-document': 'Nothing could be read of the file',
  'data-format': 'A file of the collection has another form than expected',
  unsupported: 'The collection lies where this is not possible',
  thread: 'A thread ended',
  'training-diverged': 'The training came to nothing',
  remote: 'The endpoint of the encoder failed',
  'remote-not-allowed': 'The collection asks for an endpoint that nobody agreed to',
  'missing-package': 'A package is not installed',
  cancelled: 'The request was given up',
  internal: 'A defect of the server',
} as const;
export type ProblemCode = keyof typeof TITLES;

/** An error that is answered as a problem document (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(
    readonly problem: Problem,
    readonly headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(problem.remedy === undefined ? problem.detail : `${problem.detail} ${problem.remedy}`, options);
  }
}

/** @param retryAfter seconds until trying again may help. */
export function problem(
  status: number,
  code: ProblemCode,
  detail: string,
  remedy?: string,
  extra: {
    readonly errors?: Problem['errors'];
    readonly retryAfter?: number;
    readonly headers?: Record<string, string>;
  } = {},
): ProblemError {
  const { errors, retryAfter, headers } = extra;
  return new ProblemError(
    {
      type: `urn:sagitta:problem:${code}`,
      title: TITLES[code],
      status,
      detail,
      code,
      ...(remedy === undefined ? {} : { remedy }),
      ...(errors === undefined ? {} : { errors }),
    },
    { ...headers, ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }) },
  );
}

/** Any error as a problem. What is not a mistake of the caller or the surroundings says nothing about the inside. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof UserError) {
    const detail = error.message.endsWith(error.remedy)
      ? error.message.slice(0, -error.remedy.length).trim()
      : error.message;
    const { status, retryAfter } = statusOf(error);
    return new ProblemError(
      problem(status, error.code as ProblemCode, detail, error.remedy).problem,
      retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
      { cause: error },
    );
  }
  if ((error as Error | null)?.name === 'AbortError') {
    return problem(499, 'cancelled', 'The client closed the connection before the answer was there.');
  }
  const what = error instanceof SagittaError ? error.code : 'unexpected error';
  return new ProblemError(
    problem(
      500,
      'internal',
      `Something went wrong inside (${what}).`,
      'Report it with the request id; the log says more.',
    ).problem,
    {},
    { cause: error },
  );
}

function statusOf(error: UserError): { status: number; retryAfter?: number } {
  if (error instanceof InvalidArgumentError) return { status: 400 };
  if (error instanceof NotFoundError) return { status: 404 };
  if (error instanceof CollectionLockedError) return { status: 409, retryAfter: 1 };
  if (error instanceof IncompatibleError) return { status: 409 };
  if (error instanceof UnreadableDocumentError) return { status: 422 };
  if (error instanceof UnsupportedError) return { status: 501 };
  if (error instanceof StorageError) return { status: 507 };
  if (error instanceof RemoteNotAllowedError) return { status: 403 };
  if (error instanceof RemoteError) return { status: 502, retryAfter: 5 };
  if (error instanceof MissingPackageError) return { status: 501 };
  if (error instanceof CorruptFileError) return { status: 500 };
  return { status: 500 };
}
