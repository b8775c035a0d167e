import { CorruptFileError, StorageError } from '../../base/errors.ts';
import { dirname } from './platform.ts';

/**
 * What a collection is read through: a folder (`nodeFiles`), a web server, or the storage of a browser. Reads do not wait for others: who
 * has to fetch something does so before, or blocks its thread. Every call throws errors like those of Node (`code`, `syscall`), which
 * {@link asStorageError} and {@link unreadable} put in words, or ones that are for people already.
 */
export interface Files {
  /** Opens a file; it can be read until it is closed, also when it has lost its name by then. */
  open(path: string): number;
  /** Bytes of an open file. */
  size(file: number): number;
  /** Reads from `position` on, as many bytes as there are and `target` holds. @returns how many; 0 at the end. */
  read(file: number, target: Uint8Array, position: number): number;
  close(file: number): void;
  /** Names of what is in a folder. */
  list(path: string): string[];
  /** What tells a file from one that replaces it, without reading it; undefined where that is not known. */
  stamp(path: string): string | undefined;
}

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
  rename(from: string, to: string): void | Promise<void>;
  /** Removes a file; nothing happens when it does not exist. */
  remove(path: string): void;
  /** Returns when the names in the directory are on stable storage. */
  syncDirectory(path: string): Promise<void>;
}

/** What keeps other writers out. */
export interface Lock {
  /** @throws CollectionLockedError when the lock file was removed or taken by somebody else, so that this lock protects nothing. */
  check(): void;
  /** Gives the lock back; does nothing when it is no longer ours. */
  release(): void;
}

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
      await fileSystem.rename(temporary, path);
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
  EISDIR: ['It is a folder, and a file is needed.', 'Name a file.'],
  ENOTDIR: ['A part of the path is not a directory.', 'Choose another directory with --in.'],
  ENAMETOOLONG: ['The path is too long.', 'Choose a directory with a shorter path.'],
};

/** Reads a whole file. @param most bytes. @throws CorruptFileError when it is larger, or the plain error of {@link Files}. */
export function readWhole(files: Files, path: string, most = Number.POSITIVE_INFINITY): Uint8Array {
  const file = files.open(path);
  try {
    const size = files.size(file);
    if (size > most) throw new CorruptFileError(path, `its ${size} bytes are too many`);
    const bytes = new Uint8Array(size);
    readFully(files, file, path, bytes, 0);
    return bytes;
  } finally {
    files.close(file);
  }
}

/** Fills `target` from `position` on. @throws CorruptFileError when the file ends before, or the disk cannot read it. */
export function readFully(files: Files, file: number, path: string, target: Uint8Array, position: number): void {
  try {
    let done = files.read(file, target, position);
    while (done < target.byteLength) {
      const read = files.read(file, target.subarray(done), position + done);
      if (read === 0) {
        throw new CorruptFileError(
          path,
          `it ends at byte ${position + done}, before byte ${position + target.byteLength}`,
        );
      }
      done += read;
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new CorruptFileError(path, `the disk cannot read it (${code})`, undefined, { cause: error });
  }
}

/** Why a file that a collection consists of cannot be opened: one that is missing is damage. */
export function unreadable(path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === 'ENOENT') return new CorruptFileError(path, 'it is missing', undefined, { cause: error });
  return asStorageError(path, error, 'read');
}
