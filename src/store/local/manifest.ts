import { CorruptFileError, IncompatibleError, NotFoundError } from '../../base/errors.ts';
import { shellWord } from '../../base/shell.ts';
import { asStorageError, type FileSystem, type Files, readWhole, replaceThrough, systemCode } from './filesystem.ts';
import { decodeState, encodeState, HIGHEST } from './manifest-state.ts';
import type { Manifest } from './manifest-types.ts';
import { join } from './platform.ts';
import { isIntact, sealJson } from './sealed-json.ts';

/**
 * A collection is a directory of immutable files and one file that names those that count:
 *
 * ```
 * manifest.json             generation, settings, fields, segments with the checksum of each; replaced atomically
 * segments/s000001.seg      documents, texts, passages, vectors of `meaning` and postings (container.ts, segment.ts)
 * segments/s000001.4.dead   which documents of s000001 are dead since generation 4 (tombstones.ts)
 * segments/s000001.v3fa94c21.vectors  what a field holds of it: one that was added, or `meaning` made after it (field-file.ts)
 * segments/m000003.model    what a compressed index of the vectors learned (vector-files.ts)
 * segments/s000001.m000003.lists  the vectors of s000001 coded with that model
 * relevance-9c1185a5.json   what was learned of relevance; which one counts the manifest says (beside.ts); likewise reranker-*.bin and feedback-*.bin
 * encoders/                 encoders trained for the collection; the manifest names every file of those in use
 * writer.lock               who writes (lock.ts); empty when nobody does
 * field.json, field.lock    the field that is being made, and who works at it (field-state.ts)
 * ```
 *
 * Replacing the manifest is the only commit point (Lucene's model). There is no embedded database beside it: a second
 * commit point would have to be kept in step with the first, and pages without checksums could answer wrongly after a
 * flipped bit, or crash the process that maps them. A file that the manifest does not name does not count; the next
 * writer removes it. When the manifest itself is damaged, that is said: an older state is never served in its place.
 *
 * The file is JSON and ends with a CRC-32 of everything before it, so that every byte is covered.
 */
export const FORMAT_VERSION = 2;
/** Recorded in the manifest, for the message that a future or past version shows. A test keeps it equal to package.json. */
export const MADE_BY = 'Sagitta 0.1.0';

export const MANIFEST = 'manifest.json';
export const SEGMENTS = 'segments';
const FORMAT = 'sagitta-collection';

/** A manifest that names every segment that it may is smaller. */
export const LARGEST_MANIFEST = 16 * 1024 * 1024;
export function manifestPath(directory: string): string {
  return join(directory, MANIFEST);
}

export function segmentPath(directory: string, name: string): string {
  return join(directory, SEGMENTS, `${name}.seg`);
}

/** Path of any other file in `segments/`. */
export function entryPath(directory: string, { file }: { readonly file: string }): string {
  return join(directory, SEGMENTS, file);
}

/** Names of the files in `segments/` that the manifest refers to. */
export function referencedFiles(manifest: Manifest): Set<string> {
  const files = manifest.segments.flatMap(({ name, dead, vectors, lists }) => [
    `${name}.seg`,
    dead?.file,
    ...[...vectors.values(), ...lists.values()].map(({ file }) => file),
  ]);
  const models = Array.from(manifest.indexes.values(), ({ model }) => model.file);
  return new Set([...files, ...models].filter((file) => file !== undefined));
}

/**
 * @throws NotFoundError when there is no collection in the directory.
 * @throws CorruptFileError when the manifest is damaged, or missing although segments exist.
 * @throws IncompatibleError when it is not a manifest of Sagitta, or one of another format version.
 */
export function readManifest(directory: string, files: Files): Manifest {
  const path = manifestPath(directory);
  let bytes: Uint8Array;
  try {
    bytes = readWhole(files, path, LARGEST_MANIFEST);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      if (hasSegments(directory, files))
        throw new CorruptFileError(path, 'it is missing, although there are segments beside it');
      throw new NotFoundError(
        `There is no collection in ${directory}.`,
        `Make one with \`sagitta index PATH --in ${shellWord(directory)}\`, or name another folder.`,
        {
          cause: error,
        },
      );
    }
    if (code === 'EIO' || code === 'EISDIR') {
      throw new CorruptFileError(path, `it cannot be read (${code})`, undefined, { cause: error });
    }
    throw asStorageError(path, error, 'read');
  }
  return parseManifest(bytes, path);
}

export function parseManifest(bytes: Uint8Array, path: string): Manifest {
  const intact = isIntact(bytes);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new CorruptFileError(path, 'it is not JSON', undefined, { cause: error });
  }
  const root = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  // Whether the file is ours and of our version comes first: another version may place its checksum elsewhere.
  if (!intact && root['format'] !== FORMAT && root['checksum'] === undefined) {
    throw new IncompatibleError(
      `${path} is not the manifest of a Sagitta collection.`,
      'Choose another directory with --in.',
    );
  }
  if (
    root['format'] === FORMAT &&
    Number.isInteger(root['formatVersion']) &&
    root['formatVersion'] !== FORMAT_VERSION
  ) {
    throw new IncompatibleError(
      `${path} has format ${root['formatVersion']}, made by ${root['madeBy'] ?? 'an unknown version'}; ` +
        `${MADE_BY} reads format ${FORMAT_VERSION}.`,
      (root['formatVersion'] as number) > FORMAT_VERSION
        ? 'Upgrade Sagitta, or index its documents again into a new folder (`sagitta index PATH --in DIR`).'
        : 'Index its documents again into a new folder (`sagitta index PATH --in DIR`).',
    );
  }
  if (!intact) throw new CorruptFileError(path, 'its checksum does not match');
  try {
    if (root['format'] !== FORMAT) throw new TypeError('it is not the manifest of a Sagitta collection');
    if (root['formatVersion'] !== FORMAT_VERSION) throw new TypeError('it has no format version');
    return decodeState(root);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CorruptFileError(path, error.message, undefined, { cause: error });
  }
}

/** Makes `manifest` the current one. The files that it names must already be on stable storage. */
export class ManifestWriter {
  constructor(
    readonly directory: string,
    readonly fileSystem: FileSystem,
  ) {}

  /**
   * @param onReplaced called when the new manifest is in place, visible to readers. An error before that leaves the old
   * one; an error after it means that the new one may not survive a power failure.
   */
  async publish(manifest: Manifest, onReplaced: () => void): Promise<void> {
    const path = manifestPath(this.directory);
    if (manifest.generation >= HIGHEST || manifest.nextSegment >= HIGHEST) {
      throw new IncompatibleError(`${path} has come to the last of its numbers.`, 'Index again into a new collection.');
    }
    await replaceThrough(this.fileSystem, path, encodeManifest(manifest), onReplaced);
  }
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  return sealJson({ format: FORMAT, formatVersion: FORMAT_VERSION, madeBy: MADE_BY, ...encodeState(manifest) });
}

function hasSegments(directory: string, files: Files): boolean {
  try {
    return files.list(join(directory, SEGMENTS)).some((name) => name.endsWith('.seg'));
  } catch {
    return false;
  }
}
