import { InvariantError, SagittaError } from '../base/errors.ts';
import { errorOf, type Failure } from '../base/failures.ts';
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
  | { readonly type: 'failed'; readonly call: number; readonly failure: Failure };

/** The same error where it is one of ours, or an `InvariantError` that was caused by what happened. */
export function errorOfPiece(failure: Failure): Error {
  const error = errorOf(failure);
  if (error instanceof SagittaError) return error;
  const { name, message } = failure;
  if (name === LoanExhaustedError.name) return new LoanExhaustedError('a thread has too little room', { cause: error });
  return new InvariantError(`a thread failed with ${name}: ${message}`, { cause: error });
}
