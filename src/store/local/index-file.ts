import fs from 'node:fs';
import { dirname } from 'node:path';
import { InvalidArgumentError, NotFoundError } from '../../base/errors.ts';
import type { Vectors } from '../../base/vectors.ts';
import { formatOfName, IvfIndex, parseVectors, type VectorIndex } from '../../index/index.ts';
import { ContainerReader, ContainerWriter } from './container.ts';
import { asStorageError, onDisk, readWhole, systemCode } from './filesystem.ts';
import { nodeFileSystem, nodeFiles } from './node-files.ts';

/**
 * Writes an index to a file of its own: in a container with checksums over every byte, like a collection's segments. The file appears
 * whole or not at all, and replaces one that is there.
 *
 * @throws StorageError when the disk refuses.
 */
export async function writeIndexFile(path: string, index: VectorIndex): Promise<void> {
  const temporary = `${path}.new`;
  await onDisk(path, async () => {
    nodeFileSystem.remove(temporary);
    const container = new ContainerWriter(temporary, nodeFileSystem);
    try {
      for (const [name, bytes] of index.save()) container.section(name, bytes);
      await container.finish();
    } catch (error) {
      container.abandon();
      throw error;
    }
    nodeFileSystem.rename(temporary, path);
    await nodeFileSystem.syncDirectory(dirname(path));
  });
}

/** An index in a file; the file stays open until `close`. */
export interface OpenIndexFile {
  readonly index: IvfIndex;
  close(): void;
}

/**
 * Opens what {@link writeIndexFile} wrote. Lists are read when they are first probed, full-precision vectors one by one, so that a
 * large index answers its first query at once.
 *
 * @param options.lazy false reads and checks everything at once. Default true.
 * @throws NotFoundError when there is no such file; CorruptFileError, also in later searches; IncompatibleError.
 */
export function openIndexFile(path: string, options: { readonly lazy?: boolean } = {}): OpenIndexFile {
  if (!fs.existsSync(path)) {
    throw new NotFoundError(`There is no file ${path}.`, 'Make one with `sagitta vectors build`.');
  }
  const container = new ContainerReader(path, nodeFiles);
  try {
    const index = IvfIndex.open(container, { lazy: options.lazy ?? true });
    return { index, close: () => container.close() };
  } catch (error) {
    container.close();
    throw error;
  }
}

/**
 * The vectors of a `.npy`, `.fvecs`, `.bvecs` or `.ivecs` file.
 *
 * @throws NotFoundError when there is no such file; InvalidArgumentError when it is of another format or damaged.
 */
export function readVectorFile(path: string): Vectors {
  const format = formatOfName(path);
  if (format === undefined) {
    throw new InvalidArgumentError(
      `The name ${path} does not say what format its vectors have.`,
      'Name a file that ends in .npy, .fvecs, .bvecs or .ivecs; numpy.save() writes .npy.',
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = readWhole(nodeFiles, path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw asStorageError(path, error, 'read');
    throw new NotFoundError(`There is no file ${path}.`, 'Name a file of vectors.', { cause: error });
  }
  return parseVectors(bytes, format);
}
