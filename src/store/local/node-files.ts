import fs from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type FileSystem, type Files, onDisk } from './filesystem.ts';

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

/** Younger files may be replaced without a change of their time, where it counts in seconds. */
const SETTLED_MS = 5000;

/** Files of this machine. */
export const nodeFiles: Files = {
  open: (path) => fs.openSync(path, 'r'),
  size: (file) => fs.fstatSync(file).size,
  read: (file, target, position) => fs.readSync(file, target, 0, Math.min(target.byteLength, MOST_AT_ONCE), position),
  close: (file) => fs.closeSync(file),
  list: (path) => fs.readdirSync(path),
  stamp(path) {
    const found = fs.statSync(path, { throwIfNoEntry: false });
    if (found === undefined || Date.now() - found.mtimeMs < SETTLED_MS) return undefined;
    return `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
  },
};

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
