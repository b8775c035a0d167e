import fs from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { StorageError } from '../../base/errors.ts';

/**
 * The system calls through which a collection is changed, and nothing else: the seam where tests inject a full disk.
 * Every call throws the plain error of Node; {@link onDisk} turns it into a `StorageError`.
 */
export interface FileSystem {
  /** Creates a new file for writing. Fails when it exists. */
  create(path: string): number;
  /** Appends all of `bytes`. */
  write(file: number, bytes: Uint8Array): void;
  /** Returns when the file's bytes are on stable storage. */
  sync(file: number): Promise<void>;
  close(file: number): void;
  /** Atomically replaces `to`. */
  rename(from: string, to: string): void;
  /** Removes a file; nothing happens when it does not exist. */
  remove(path: string): void;
  /** Returns when the names in the directory are on stable storage. */
  syncDirectory(path: string): Promise<void>;
}

/** Node takes at most 2 GiB - 1 in one call. */
const MOST_AT_ONCE = 1 << 30;
const fsync = promisify(fs.fsync);

export const nodeFileSystem: FileSystem = {
  create: (path) => fs.openSync(path, 'wx'),
  write(file, bytes) {
    for (let done = 0; done < bytes.byteLength; ) {
      done += fs.writeSync(file, bytes, done, Math.min(bytes.byteLength - done, MOST_AT_ONCE));
    }
  },
  sync: (file) => fsync(file),
  close: (file) => fs.closeSync(file),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.rmSync(path, { force: true }),
  async syncDirectory(path) {
    // Windows cannot open a directory; its file systems journal names by themselves.
    if (process.platform === 'win32') return;
    const directory = fs.openSync(path, 'r');
    try {
      await fsync(directory);
    } finally {
      fs.closeSync(directory);
    }
  },
};

/** Runs a step that changes the disk; a refusal of the operating system becomes a `StorageError`. */
export async function onDisk<T>(path: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw asStorageError(path, error);
  }
}

/**
 * Replaces a file in an existing folder: whole and on stable storage, or not at all.
 *
 * @param onReplaced called when the new file is in place, visible to readers. An error before that leaves the old one; an
 * error after it means that the new one may not survive a power failure.
 */
export async function replaceThrough(
  fileSystem: FileSystem,
  path: string,
  bytes: Uint8Array,
  onReplaced: () => void = () => undefined,
): Promise<void> {
  const temporary = `${path}.new`;
  await onDisk(path, async () => {
    fileSystem.remove(temporary);
    try {
      const file = fileSystem.create(temporary);
      try {
        fileSystem.write(file, bytes);
        await fileSystem.sync(file);
      } finally {
        fileSystem.close(file);
      }
      fileSystem.rename(temporary, path);
    } catch (error) {
      try {
        fileSystem.remove(temporary);
      } catch {
        // The next attempt removes it; the error that led here is the one to report.
      }
      throw error;
    }
    onReplaced();
    await fileSystem.syncDirectory(dirname(path));
  });
}

/**
 * Puts a file in place, with the folders above it: whole and on stable storage, or not at all.
 * @param mode of the file. Default: read and write for all, less the umask.
 * @throws StorageError when the disk refuses; what was there before stays, unless only its last step failed, which makes names last.
 */
export async function replaceFile(path: string, parts: readonly (Uint8Array | string)[], mode = 0o666): Promise<void> {
  const temporary = `${path}.new`;
  await onDisk(path, async () => {
    const folder = dirname(resolve(path));
    const made = await mkdir(folder, { recursive: true });
    try {
      const file = await open(temporary, 'w', mode);
      try {
        for (const part of parts) await file.writeFile(part);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    // Its own folder, and those that hold the names of new folders.
    const last = made === undefined ? folder : dirname(made);
    for (let next = folder; ; next = dirname(next)) {
      await nodeFileSystem.syncDirectory(next);
      if (next === last) break;
    }
  });
}

/** A refusal of the operating system as a `StorageError` with a remedy; any other error as it is. */
export function asStorageError(path: string, error: unknown, wanted: 'read' | 'write' = 'write'): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const [problem, remedy] = REFUSALS[code] ?? [
    `The disk refused (${code}).`,
    'Check the disk and the path, then repeat the command; what was published before is intact.',
  ];
  const mend = wanted === 'read' && remedy === PERMISSION ? 'Give this user the right to read it.' : remedy;
  return new StorageError(`Cannot ${wanted} ${path}. ${problem}`, mend, { cause: error });
}

/** The name of a system error (`ENOSPC`), or undefined when the error is none. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && typeof syscall === 'string' ? code : undefined;
}

const FREE_SPACE = 'Free some space and repeat the command; what was published before is intact.';
const PERMISSION = 'Give this user the right to write there, or choose another directory with --in.';
const REFUSALS: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  ENOSPC: ['The disk is full.', FREE_SPACE],
  EDQUOT: ["The user's quota is used up.", FREE_SPACE],
  EFBIG: ['The file system takes no file of this size.', 'Move the collection to another file system.'],
  EROFS: ['The file system is read-only.', 'Mount it writable, or choose another directory with --in.'],
  EACCES: ['Permission is denied.', PERMISSION],
  EPERM: ['Permission is denied.', PERMISSION],
  EIO: ['The disk reports an input/output error.', 'Check the disk, then run `sagitta verify`.'],
  EMFILE: ['This process has too many open files.', 'Raise the limit (ulimit -n), or run `sagitta compact`.'],
  ENFILE: ['The system has too many open files.', 'Close other programs and repeat the command.'],
  EEXIST: ['Another file is in the way.', 'Choose another directory with --in.'],
  ENOTDIR: ['A part of the path is not a directory.', 'Choose another directory with --in.'],
  ENAMETOOLONG: ['The path is too long.', 'Choose a directory with a shorter path.'],
};
