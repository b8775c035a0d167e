import { InvalidArgumentError, InvariantError } from '../base/errors.ts';
import { LoanExhaustedError } from '../kernels/index.ts';

/** What a thread is told. Messages arrive in order. */
export type ToThread =
  | { readonly type: 'setup'; readonly team: number; readonly work: string; readonly setup: unknown }
  | { readonly type: 'piece'; readonly team: number; readonly call: number; readonly piece: unknown }
  | { readonly type: 'forget'; readonly team: number };

/** What a thread says: that it has started, and how each piece went. */
export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly call: number; readonly result: unknown }
  | { readonly type: 'failed'; readonly call: number; readonly error: PackedError };

/** An error as it goes from thread to thread: classes do not survive the trip. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly remedy: string | undefined;
  readonly stack: string | undefined;
}

export function packError(thrown: unknown): PackedError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return {
    name: error.name,
    message: error.message,
    remedy: error instanceof InvalidArgumentError ? error.remedy : undefined,
    stack: error.stack,
  };
}

/** The same mistake of the caller, or an `InvariantError` that was caused by what happened. */
export function unpackError({ name, message, remedy, stack }: PackedError): Error {
  if (remedy !== undefined) return new InvalidArgumentError(message.slice(0, -remedy.length - 1), remedy);
  const cause = Object.assign(new Error(message), { name, stack });
  if (name === LoanExhaustedError.name) return new LoanExhaustedError('a thread has too little room', { cause });
  return new InvariantError(`a thread failed with ${name}: ${message}`, { cause });
}
