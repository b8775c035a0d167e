import {
  CollectionLockedError,
  IncompatibleError,
  InvalidArgumentError,
  NotFoundError,
  RemoteError,
  SagittaError,
  StorageError,
  type UserError,
} from '../../base/errors.ts';

type Told = (shown: string, message: string, cause: unknown) => UserError;

const busy: Told = (shown, message, cause) =>
  new RemoteError(
    `The database ${shown} did not answer: ${message}.`,
    'Check that it runs and can be reached, and try again.',
    { cause },
  );
const slow: Told = (shown, _, cause) =>
  new RemoteError(
    `A statement took longer than the database ${shown} was given.`,
    'Allow more by `statement_timeout` (milliseconds) in the address, or try again when the database has less to do.',
    { cause },
  );
const refused: Told = (shown, message, cause) =>
  new StorageError(
    `The database ${shown} refused: ${message}.`,
    'Give the user the right to it, or use another user.',
    { cause },
  );
const readOnly: Told = (shown, _, cause) =>
  new StorageError(`The database ${shown} is read-only.`, 'Write to the primary server, not to a replica.', { cause });
const full: Told = (shown, message, cause) =>
  new StorageError(
    `The database ${shown} is out of room: ${message}.`,
    'Make room on its disk; nothing of this change was kept.',
    { cause },
  );
const crowded: Told = (shown, message, cause) =>
  new RemoteError(
    `The database ${shown} takes no more connections: ${message}.`,
    'Raise its max_connections, or use fewer threads.',
    { cause },
  );
const locked: Told = (shown, _, cause) =>
  new CollectionLockedError(
    `Another writer keeps the collection in ${shown} locked.`,
    'Wait for it to end, and try again.',
    { cause },
  );
const login: Told = (shown, message, cause) =>
  new InvalidArgumentError(
    `The database ${shown} does not let this user in: ${message}.`,
    'Check user and password in the address, PGPASSWORD or ~/.pgpass.',
    { cause },
  );
const missing: Told = (shown, message, cause) =>
  new NotFoundError(`There is no such database (${shown}): ${message}.`, 'Create it with createdb, or name another.', {
    cause,
  });
const changed: Told = (shown, message, cause) =>
  new IncompatibleError(
    `The tables in ${shown} are not as this version of Sagitta makes them: ${message}.`,
    'Restore them, or index into another schema (`schema=NAME` in the address).',
    { cause },
  );

/** By SQLSTATE, the longest beginning counts; and by codes of the network. */
const BY_CODE: Readonly<Record<string, Told>> = {
  '08': busy,
  '57P': busy,
  '57014': slow,
  '25006': readOnly,
  '42501': refused,
  '53': full,
  '53300': crowded,
  '55P03': locked,
  '40': locked,
  '28': login,
  '3D000': missing,
  '42P01': changed,
  '42703': changed,
  '58': full,
  HV: busy,
};

/** An error of the database as one that says what to do about it; errors that are no database's are given back as they are. */
export function told(error: unknown, shown: string): unknown {
  if (error instanceof SagittaError || !(error instanceof Error)) return error;
  const { code, message } = error as Error & { code?: unknown };
  const text = message.replace(/[.\s]+$/, '');
  if (typeof code === 'string') {
    if (/^E[A-Z]+$/.test(code)) return busy(shown, code, error);
    const known = Object.keys(BY_CODE)
      .filter((beginning) => code.startsWith(beginning))
      .sort((a, b) => b.length - a.length)[0];
    if (known !== undefined && /^[0-9A-Z]{5}$/.test(code)) return BY_CODE[known]!(shown, text, error);
  }
  // The driver's own, which have no code.
  if (/timeout (exceeded|expired)|connection timeout/i.test(message)) return busy(shown, text, error);
  if (/connection terminated|server closed the connection|client has encountered a connection error/i.test(message))
    return busy(shown, text, error);
  if (/password must be a string|SASL/.test(message)) return login(shown, 'it asks for a password', error);
  return error;
}
