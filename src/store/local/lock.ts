import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CollectionLockedError } from '../../base/errors.ts';
import { asStorageError, type Lock, onDisk, systemCode } from './filesystem.ts';

/**
 * Who writes is decided by the operating system: a writer keeps the lock file open and locked (an open file description
 * lock on Linux, `flock` on macOS, `LockFileEx` on Windows). Such a lock ends with its process, however that ends, and
 * nobody has to judge from a table of processes whether a holder still lives: containers that share a folder see process
 * numbers of their own. NFS 4 and SMB carry the lock to other machines. The file stays when nobody writes, and is empty
 * then; removing it would let two writers lock two files of one name.
 *
 * Where there is no such lock (no library for the platform, as under Deno, a file system that refuses), a second file beside the first,
 * created exclusively, is the lock. It outlives a killed holder, and is never taken over: nothing tells a killed holder
 * from a slow one. Each kind leaves its own sign before it looks for the other's, so they exclude each other.
 *
 * A mount that only pretends to lock (NFS with `nolock`) still lets two writers in. So a writer asks {@link Lock.check}
 * before it publishes, and finds that the file names another.
 */
export const LOCK = 'writer.lock';
/** Held for as long as a field is being made, which holds {@link LOCK} only while it publishes. */
export const FIELD_LOCK = 'field.lock';

/** Behind the name of the lock file: the lock where the system has none. */
const EXCLUSIVE = '.held';

/** Who holds a lock: for people, and to tell one acquisition from another. */
interface Holder {
  /** Unique to one acquisition. */
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
}

/** Options of {@link acquireLock}. */
export interface LockOptions {
  /** What the lock protects, for messages. Default: the folder of the lock file. */
  readonly subject?: string;
  /** What is done to it by who holds the lock, for messages. Default `being written`. */
  readonly doing?: string;
  /** Milliseconds to wait for another holder. Default 0. */
  readonly patience?: number;
  /** The operating system's lock; undefined does without. Default: that of this platform. */
  readonly system?: SystemLock | undefined;
}

type SystemLock = Pick<typeof import('fs-native-extensions'), 'tryLock'>;

/**
 * @param path of the lock file. It is made if need be.
 * @throws CollectionLockedError when another process, or another writer of this process, holds the lock.
 * @throws StorageError when the lock file cannot be written.
 */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<Lock> {
  const { subject = dirname(path), doing = 'being written', patience = 0 } = options;
  const said = `${subject} is ${doing}`;
  const system = 'system' in options ? options.system : await systemLock();
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await onDisk(path, () => acquire(path, said, system));
    } catch (error) {
      if (!(error instanceof CollectionLockedError) || performance.now() >= deadline) throw error;
      await sleep(Math.min(20 + 30 * Math.random(), Math.max(0, deadline - performance.now())));
    }
  }
}

/** Removes what earlier versions, whose processes were killed, have left beside the lock. */
export function removeLockLeftovers(directory: string): void {
  for (const name of fs.readdirSync(directory)) {
    if (name.startsWith(`${LOCK}.`) && name !== LOCK + EXCLUSIVE) fs.rmSync(join(directory, name), { force: true });
  }
}

function acquire(path: string, said: string, system: SystemLock | undefined): Lock {
  const holder = { token: randomUUID(), pid: process.pid, host: os.hostname(), since: new Date().toISOString() };
  const lock = system === undefined ? undefined : acquireSystem(path, said, holder, system);
  return lock ?? acquireExclusive(path, said, holder);
}

/** @returns undefined when the file system has no such locks. */
function acquireSystem(path: string, said: string, holder: Holder, system: SystemLock): Lock | undefined {
  const file = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o666);
  try {
    const held = tryLock(file, system);
    if (held === undefined) {
      fs.closeSync(file);
      return undefined;
    }
    if (!held) throw heldBy(path, said, 'Wait until it is done, or stop it, and repeat the command.');
    describe(file, holder);
    if (readHolder(path + EXCLUSIVE) !== 'none') {
      fs.ftruncateSync(file);
      throw heldBy(path + EXCLUSIVE, said, deletable(path + EXCLUSIVE));
    }
  } catch (error) {
    // Closing the descriptor gives the lock back.
    fs.closeSync(file);
    throw error;
  }
  acquired.add(holder.token);
  let released = false;
  return {
    check: () => checkHeld(path, said, holder),
    release() {
      if (released) return;
      released = true;
      acquired.delete(holder.token);
      try {
        if (isOurs(path, holder)) fs.ftruncateSync(file);
      } finally {
        fs.closeSync(file);
      }
    },
  };
}

/** Without help from the operating system: whoever creates the second file has the lock. */
function acquireExclusive(path: string, said: string, holder: Holder): Lock {
  const own = path + EXCLUSIVE;
  let file: number;
  try {
    file = fs.openSync(own, 'wx');
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw heldBy(own, said, deletable(own));
  }
  try {
    describe(file, holder);
    if (readHolder(path) !== 'none') throw heldBy(path, said, deletable(path));
  } catch (error) {
    fs.rmSync(own, { force: true });
    throw error;
  } finally {
    fs.closeSync(file);
  }
  acquired.add(holder.token);
  return {
    check: () => checkHeld(own, said, holder),
    release() {
      acquired.delete(holder.token);
      if (isOurs(own, holder)) fs.rmSync(own, { force: true });
    },
  };
}

/** Whether the lock was free; undefined when there are no locks here. */
function tryLock(file: number, { tryLock }: SystemLock): boolean | undefined {
  try {
    return tryLock(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['EACCES', 'EBUSY'].includes(code)) return false;
    if (['ENOLCK', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL'].includes(code)) return undefined;
    throw Object.assign(error as Error, { syscall: 'lock' });
  }
}

let loaded: Promise<SystemLock | undefined> | undefined;

/** The lock of this platform, loaded when first needed; undefined where the package has no library for it. */
function systemLock(): Promise<SystemLock | undefined> {
  // Deno ends where a library asks for what libuv has and it lacks.
  const lacks = process.versions['deno'] !== undefined;
  loaded ??= lacks ? Promise.resolve(undefined) : import('fs-native-extensions').catch(() => undefined);
  return loaded;
}

/** Locks that this thread holds, by token. */
const acquired = new Set<string>();

function describe(file: number, holder: Holder): void {
  fs.ftruncateSync(file);
  fs.writeSync(file, `${JSON.stringify(holder)}\n`, 0);
}

function isOurs(path: string, { token }: Holder): boolean {
  const holder = readHolder(path);
  // Windows lets nobody read what is locked; there, nobody can have written to it either.
  return holder === 'locked' || (typeof holder === 'object' && holder.token === token);
}

function checkHeld(path: string, said: string, holder: Holder): void {
  if (isOurs(path, holder)) return;
  throw heldBy(
    path,
    said,
    'Nothing was published. Do not delete the lock file of a running writer, and mount network file systems with locks.',
  );
}

function readHolder(path: string): Holder | 'none' | 'unknown' | 'locked' {
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return 'none';
    if (code === 'EBUSY' || (process.platform === 'win32' && code === 'EPERM')) return 'locked';
    throw asStorageError(path, error, 'read');
  }
  if (text === '') return 'none';
  try {
    const value: unknown = JSON.parse(text);
    if (isHolder(value)) return value;
  } catch {
    // Falls through: being written just now, damaged, or not ours.
  }
  return 'unknown';
}

function isHolder(value: unknown): value is Holder {
  const holder = value as Partial<Record<keyof Holder, unknown>> | null;
  return (
    typeof holder === 'object' &&
    typeof holder?.token === 'string' &&
    Number.isInteger(holder.pid) &&
    typeof holder.host === 'string' &&
    typeof holder.since === 'string'
  );
}

/** Says who has the lock, as far as the file tells: what cannot be read is held all the same. */
function heldBy(path: string, said: string, remedy: string): CollectionLockedError {
  let holder: ReturnType<typeof readHolder> = 'unknown';
  try {
    holder = readHolder(path);
  } catch {
    // The lock is what counts.
  }
  if (typeof holder !== 'object') return new CollectionLockedError(`${said}.`, remedy);
  const { token, pid, host, since } = holder;
  const who = acquired.has(token)
    ? 'another writer of this very process'
    : `process ${pid}${host === os.hostname() ? '' : ` on ${host}`}`;
  return new CollectionLockedError(`${said} by ${who} (since ${since}).`, remedy);
}

function deletable(path: string): string {
  return `Wait until it is done; if that process is gone, delete ${path}.`;
}
