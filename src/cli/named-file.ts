import { readFile } from 'node:fs/promises';
import { InvalidArgumentError, NotFoundError } from '../base/errors.ts';
import { asStorageError, systemCode } from '../store/local/filesystem.ts';

/**
 * Reads a file that somebody named on the command line.
 * @param remedy what to name instead. @throws NotFoundError where there is none; InvalidArgumentError for a folder; StorageError where it cannot be read.
 */
export async function readNamed(path: string, remedy: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'ENOENT') throw new NotFoundError(`There is no file ${path}.`, remedy, { cause });
    if (code === 'EISDIR') throw new InvalidArgumentError(`${path} is a folder.`, remedy, { cause });
    throw asStorageError(path, cause, 'read');
  }
}
