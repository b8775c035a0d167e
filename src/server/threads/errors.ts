import {
  InvalidArgumentError,
  MissingPackageError,
  RemoteError,
  RemoteNotAllowedError,
  SagittaError,
  UserError,
} from '../../base/errors.ts';

/** An error on its way to another thread. */
export interface DescribedError {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

export function describeError(error: unknown): DescribedError {
  if (error instanceof UserError) return { code: error.code, message: error.message, remedy: error.remedy };
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof SagittaError ? error.code : 'internal', message };
}

/** An error that crossed threads: the classes that encoders and models throw on purpose, and anything else as a plain error. */
export function reviveError({ code, message, remedy }: DescribedError): Error {
  if (remedy === undefined) return new Error(message);
  const problem = message.slice(0, -remedy.length).trim();
  if (code === 'missing-package') {
    const name = remedy.replace('Run: npm install ', '');
    return new MissingPackageError(name, problem.replace(` needs the package ${name}, which is not installed.`, ''));
  }
  if (code === 'invalid-argument') return new InvalidArgumentError(problem, remedy);
  const asked = /^The encoder "(.+)" sends texts/s.exec(problem)?.[1];
  if (code === 'remote-not-allowed' && asked !== undefined) return new RemoteNotAllowedError(asked);
  return new RemoteError(problem, remedy);
}
