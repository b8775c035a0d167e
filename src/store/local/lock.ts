import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { CollectionLockedError } from '../../base/errors.ts';
import { asStorageError, systemCode } from './filesystem.ts';

/**
 * The write lock is a file that names its holder. It is created complete (written under another name, then linked), so
 * nobody ever sees half of it, and it outlives a killed holder; the next writer then finds that the holder is gone and
 * takes over.
 *
 * Two processes may find that at once. The right to replace a stale lock is therefore itself a lock, named after the
 * stale one's token: whoever gets it looks again, and replaces the lock only if it is still the stale one. Should that
 * process be killed as well, its claim is taken over by the same rule.
 */
export const LOCK = 'writer.lock';

/** Who holds a lock. */
interface Holder {
  /** Unique to one acquisition. */
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** Changes when the machine starts anew; empty where the system does not tell. */
  readonly boot: string;
  /** When the process started, in the system's own unit; empty where the system does not tell. */
  readonly started: string;
  /** For people: ISO 8601. */
  readonly since: string;
}

export interface Lock {
  /** Gives the lock back; does nothing when it is no longer ours. */
  release(): void;
}

/**
 * @throws CollectionLockedError when another process, or another writer of this process, holds the lock.
 * @throws StorageError when the lock cannot be written.
 */
export function acquireLock(directory: string): Lock {
  const path = join(directory, LOCK);
  try {
    return acquire(path, directory);
  } catch (error) {
    throw asStorageError(path, error);
  }
}

/** Removes the proposals and claims that killed processes have left beside the lock. */
export function removeLockLeftovers(directory: string): void {
  for (const name of fs.readdirSync(directory)) {
    if (!name.startsWith(`${LOCK}.`)) continue;
    const holder = readHolder(join(directory, name));
    if (holder === 'unreadable' || (holder !== 'none' && !isAlive(holder))) {
      fs.rmSync(join(directory, name), { force: true });
    }
  }
}

function acquire(path: string, directory: string): Lock {
  const token = randomUUID();
  const proposal = `${path}.${token}.new`;
  const holder: Holder = { token, pid: process.pid, host: os.hostname(), ...identity(process.pid), since: now() };
  fs.writeFileSync(proposal, `${JSON.stringify(holder)}\n`, { flag: 'wx', flush: true });
  const lock: Lock = {
    release() {
      if (isHeldBy(path, token)) fs.rmSync(path, { force: true });
    },
  };
  try {
    for (;;) {
      if (linkExclusively(proposal, path)) return lock;
      const current = readHolder(path);
      if (current === 'none') continue;
      if (current === 'unreadable') throw unreadableLock(path, directory);
      if (isAlive(current)) throw heldLock(current, path, directory);
      const claim = acquire(`${path}.${current.token}`, directory);
      try {
        if (!isHeldBy(path, current.token)) continue;
        fs.renameSync(proposal, path);
        return lock;
      } finally {
        claim.release();
      }
    }
  } finally {
    fs.rmSync(proposal, { force: true });
  }
}

/** Gives the file a second name unless that exists. File systems without links get a copy that fails the same way. */
function linkExclusively(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code ?? '')) throw error;
  }
  try {
    fs.copyFileSync(from, to, fs.constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function isHeldBy(path: string, token: string): boolean {
  const holder = readHolder(path);
  return typeof holder === 'object' && holder.token === token;
}

function readHolder(path: string): Holder | 'none' | 'unreadable' {
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'none';
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isHolder(value)) return value;
  } catch {
    // Falls through: not written by a lock of ours, or damaged.
  }
  return 'unreadable';
}

function isHolder(value: unknown): value is Holder {
  const holder = value as Partial<Record<keyof Holder, unknown>> | null;
  return (
    typeof holder === 'object' &&
    typeof holder?.token === 'string' &&
    /^[\w-]+$/.test(holder.token) &&
    Number.isInteger(holder.pid) &&
    (['host', 'boot', 'started', 'since'] as const).every((name) => typeof holder[name] === 'string')
  );
}

/** Whether the holder may still be at work. In doubt it is: taking a lock from a living writer destroys data. */
function isAlive(holder: Holder): boolean {
  if (holder.host !== os.hostname()) return true;
  const self = identity(process.pid);
  if (holder.boot !== self.boot) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it exists but belongs to another user.
    if (systemCode(error) === 'ESRCH') return false;
  }
  const { started } = identity(holder.pid);
  return started === '' || holder.started === '' || started === holder.started;
}

/** Tells a process from a later one with the same number; both empty where there is no `/proc`. */
function identity(pid: number): { boot: string; started: string } {
  try {
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may contain anything; the 20th field behind it is the start time (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; it only waits for its parent to notice.
    return { boot, started: fields[0] === 'Z' ? 'ended' : (fields[19] ?? '') };
  } catch {
    return { boot: '', started: '' };
  }
}

function heldLock(holder: Holder, path: string, directory: string): CollectionLockedError {
  const here = holder.host === os.hostname();
  const who =
    here && holder.pid === process.pid
      ? 'another writer of this very process'
      : `process ${holder.pid}${here ? '' : ` on ${holder.host}`}`;
  return new CollectionLockedError(
    `${directory} is being written by ${who} (since ${holder.since}).`,
    here
      ? 'Wait until it is done, or stop it, and repeat the command.'
      : `Wait until it is done; if that process is gone, delete ${path}.`,
  );
}

function unreadableLock(path: string, directory: string): CollectionLockedError {
  return new CollectionLockedError(
    `${directory} is locked, but ${path} does not say by whom.`,
    `Make sure that nothing writes to the collection, then delete ${path}.`,
  );
}

function now(): string {
  return new Date().toISOString();
}
