import fs from 'node:fs';
import { join } from 'node:path';
import { CorruptFileError, IncompatibleError, NotFoundError } from '../../base/errors.ts';
import type { CollectionSettings, VectorIndexSettings, VectorSearchDefaults } from '../types.ts';
import type { FileStamp } from './container.ts';
import { asStorageError, type FileSystem, replaceThrough, systemCode } from './filesystem.ts';
import { isIntact, sealJson } from './sealed-json.ts';

/**
 * A collection is a directory of immutable files and one file that names those that count:
 *
 * ```
 * manifest.json             generation, settings, segments with the checksum of each; replaced atomically
 * segments/s000001.seg      documents, texts, passages, vectors and postings (container.ts, segment.ts)
 * segments/s000001.4.dead   which documents of s000001 are dead since generation 4 (tombstones.ts)
 * segments/s000001.v3fa94c21.vectors  its vectors, where they were made after it (vectors-file.ts)
 * segments/m000003.model    what a compressed index of the vectors learned (vector-files.ts)
 * segments/s000001.m000003.lists  the vectors of s000001 coded with that model
 * writer.lock               who writes (lock.ts); empty when nobody does
 * reencode.json, reencode.lock  the change to another encoder that is under way, and who works at it (reencode-state.ts)
 * ```
 *
 * Replacing the manifest is the only commit point (Lucene's model). There is no embedded database beside it: a second
 * commit point would have to be kept in step with the first, and pages without checksums could answer wrongly after a
 * flipped bit, or crash the process that maps them. A file that the manifest does not name does not count; the next
 * writer removes it. When the manifest itself is damaged, that is said: an older state is never served in its place.
 *
 * The file is JSON and ends with a CRC-32 of everything before it, so that every byte is covered.
 */
export const FORMAT_VERSION = 1;
/** Recorded in the manifest, for the message that a future or past version shows. A test keeps it equal to package.json. */
export const MADE_BY = 'Sagitta 0.1.0';

export const MANIFEST = 'manifest.json';
export const SEGMENTS = 'segments';
const FORMAT = 'sagitta-collection';

export interface DeadEntry extends FileStamp {
  /** Name of the tombstone file in `segments/`. */
  readonly file: string;
  /** Dead documents, and the passages of those. */
  readonly documents: number;
  readonly passages: number;
}

export interface SegmentEntry extends FileStamp {
  /** `s000001`; the file is `segments/s000001.seg`. */
  readonly name: string;
  /** Dead ones included. */
  readonly documents: number;
  readonly passages: number;
  readonly dead?: DeadEntry;
  /** Its vectors, if they were made after it, by another encoder: they stand in for its own. */
  readonly vectors?: FileEntry;
  /** Its vectors in lists, if they were coded. */
  readonly lists?: FileEntry;
}

/** A file in `segments/`. */
export interface FileEntry extends FileStamp {
  readonly file: string;
}

export interface VectorIndexEntry extends VectorIndexSettings {
  readonly model: FileEntry;
}

export interface Manifest {
  readonly generation: number;
  /** Number of the next segment; never used twice. */
  readonly nextSegment: number;
  readonly settings: CollectionSettings;
  readonly vectorIndex?: VectorIndexEntry;
  readonly segments: readonly SegmentEntry[];
}

const SEGMENT = /^s(\d{6,})$/;
/** Segments that a manifest may name: writers merge long before, and each is an open file. */
const MOST_SEGMENTS = 4096;
/** Generations, and numbers of segments, that there may be: one a millisecond for 8,000 years. */
const HIGHEST = 2 ** 48;
const LARGEST_DIM = 65_536;
/** Bytes that a segment has at least for each document and each passage (segment.ts). */
const DOCUMENT_BYTES = 8;
const PASSAGE_BYTES = 16;
/** A manifest that names every segment that it may is smaller. */
const LARGEST_MANIFEST = 16 * 1024 * 1024;

/** Whether the name is one that a writer gives to a file in `segments/`. */
export function isOurs(file: string): boolean {
  return /^(s\d{6,}(\.seg|\.\d+\.dead|\.m\d{6,}\.lists|\.v[\da-f]{8}\.(vectors|\d+\.part(\.new)?))|m\d{6,}\.model)$/.test(
    file,
  );
}

export function manifestPath(directory: string): string {
  return join(directory, MANIFEST);
}

/** Younger files may be replaced without a change of their time, where it counts in seconds. */
const SETTLED_MS = 5000;

/**
 * What tells a manifest from the one that replaces it, without reading it; undefined where it is too young, or cannot be looked at.
 */
export function manifestStamp(directory: string): string | undefined {
  const found = fs.statSync(manifestPath(directory), { throwIfNoEntry: false });
  if (found === undefined || Date.now() - found.mtimeMs < SETTLED_MS) return undefined;
  return `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
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
    vectors?.file,
    lists?.file,
  ]);
  return new Set([...files, manifest.vectorIndex?.model.file].filter((file) => file !== undefined));
}

/**
 * @throws NotFoundError when there is no collection in the directory.
 * @throws CorruptFileError when the manifest is damaged, or missing although segments exist.
 * @throws IncompatibleError when it is not a manifest of Sagitta, or one of another format version.
 */
export function readManifest(directory: string): Manifest {
  const path = manifestPath(directory);
  let bytes: Buffer;
  try {
    if (fs.statSync(path).size > LARGEST_MANIFEST) throw new CorruptFileError(path, 'it is too large to be a manifest');
    bytes = fs.readFileSync(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      if (hasSegments(directory))
        throw new CorruptFileError(path, 'it is missing, although there are segments beside it');
      throw new NotFoundError(`There is no collection in ${directory}.`, 'Make one with `sagitta index PATH`.', {
        cause: error,
      });
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
        ? 'Upgrade Sagitta, or index again into a new collection.'
        : 'Index again into a new collection.',
    );
  }
  if (!intact) throw new CorruptFileError(path, 'its checksum does not match');
  try {
    return decode(root);
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
  const { generation, nextSegment, settings, vectorIndex, segments } = manifest;
  return sealJson({
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    madeBy: MADE_BY,
    generation,
    nextSegment,
    settings,
    ...(vectorIndex === undefined ? {} : { vectorIndex: { ...vectorIndex, model: encodeFile(vectorIndex.model) } }),
    segments: segments.map(({ checksum, dead, vectors, lists, ...rest }) => ({
      ...rest,
      checksum: hex(checksum),
      ...(dead === undefined ? {} : { dead: encodeFile(dead) }),
      ...(vectors === undefined ? {} : { vectors: encodeFile(vectors) }),
      ...(lists === undefined ? {} : { lists: encodeFile(lists) }),
    })),
  });
}

function encodeFile(entry: FileEntry) {
  return { ...entry, checksum: hex(entry.checksum) };
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

/** Throws a TypeError that names what is missing; the checksum was right, so this means a foreign or defective writer. */
function decode(root: Record<string, unknown>): Manifest {
  if (root['format'] !== FORMAT) throw new TypeError('it is not the manifest of a Sagitta collection');
  if (root['formatVersion'] !== FORMAT_VERSION) throw new TypeError('it has no format version');
  const settings = record(root, 'settings');
  const bm25 = record(settings, 'bm25');
  const manifest: Manifest = {
    generation: count(root, 'generation', HIGHEST),
    nextSegment: count(root, 'nextSegment', HIGHEST),
    settings: {
      encoder: text(settings, 'encoder'),
      dim: count(settings, 'dim', LARGEST_DIM),
      bm25: { k1: number(bm25, 'k1'), b: number(bm25, 'b') },
      options: record(settings, 'options'),
    },
    ...(root['vectorIndex'] === undefined ? {} : { vectorIndex: decodeVectorIndex(record(root, 'vectorIndex')) }),
    segments: decodeSegments(list(root, 'segments')),
  };
  const numbers = manifest.segments.map(({ name }) => Number(SEGMENT.exec(name)![1]));
  if (numbers.some((number) => number >= manifest.nextSegment)) {
    throw new TypeError('its field nextSegment is the number of a segment that there is');
  }
  return manifest;
}

function decodeSegments(entries: readonly Record<string, unknown>[]): SegmentEntry[] {
  if (entries.length > MOST_SEGMENTS) {
    throw new TypeError(`it names ${entries.length} segments, and no writer leaves more than ${MOST_SEGMENTS}`);
  }
  const segments = entries.map((entry): SegmentEntry => {
    const bytes = count(entry, 'bytes');
    const documents = count(entry, 'documents', bytes / DOCUMENT_BYTES);
    const passages = count(entry, 'passages', bytes / PASSAGE_BYTES);
    return {
      name: segmentName(entry),
      bytes,
      checksum: checksumOf(entry),
      documents,
      passages,
      ...(entry['dead'] === undefined ? {} : { dead: decodeDead(record(entry, 'dead'), documents, passages) }),
      ...(entry['vectors'] === undefined ? {} : { vectors: decodeFile(record(entry, 'vectors')) }),
      ...(entry['lists'] === undefined ? {} : { lists: decodeFile(record(entry, 'lists')) }),
    };
  });
  if (new Set(segments.map(({ name }) => name)).size < segments.length) {
    throw new TypeError('it names a segment twice');
  }
  return segments;
}

function decodeDead(entry: Record<string, unknown>, documents: number, passages: number): DeadEntry {
  return {
    ...decodeFile(entry),
    documents: count(entry, 'documents', documents),
    passages: count(entry, 'passages', passages),
  };
}

function decodeFile(entry: Record<string, unknown>): FileEntry {
  return { file: fileName(entry, 'file'), bytes: count(entry, 'bytes'), checksum: checksumOf(entry) };
}

function decodeVectorIndex(entry: Record<string, unknown>): VectorIndexEntry {
  return {
    spec: text(entry, 'spec'),
    search: record(entry, 'search') as VectorSearchDefaults,
    model: decodeFile(record(entry, 'model')),
  };
}

function field<T>(from: Record<string, unknown>, name: string, what: string, valid: (value: unknown) => boolean): T {
  const value = from[name];
  if (!valid(value)) throw new TypeError(`its field ${name} is not ${what}`);
  return value as T;
}

const count = (from: Record<string, unknown>, name: string, most = Number.MAX_SAFE_INTEGER) =>
  field<number>(
    from,
    name,
    'a possible number',
    (value) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most,
  );
const segmentName = (from: Record<string, unknown>) =>
  field<string>(from, 'name', 'the name of a segment', (value) => typeof value === 'string' && SEGMENT.test(value));
const number = (from: Record<string, unknown>, name: string) =>
  field<number>(from, name, 'a number', (value) => typeof value === 'number');
const text = (from: Record<string, unknown>, name: string) =>
  field<string>(from, name, 'a text', (value) => typeof value === 'string');
const record = (from: Record<string, unknown>, name: string) =>
  field<Record<string, unknown>>(from, name, 'an object', (value) => typeof value === 'object' && value !== null);
const list = (from: Record<string, unknown>, name: string) =>
  field<Record<string, unknown>[]>(from, name, 'a list', Array.isArray);
// A name never leads out of `segments/`.
const fileName = (from: Record<string, unknown>, name: string) =>
  field<string>(
    from,
    name,
    'a file name',
    (value) => typeof value === 'string' && (SEGMENT.test(value) || isOurs(value)),
  );
const checksumOf = (from: Record<string, unknown>) =>
  Number.parseInt(
    field<string>(from, 'checksum', 'a checksum', (value) => typeof value === 'string' && /^[\da-f]{8}$/.test(value)),
    16,
  );

function hasSegments(directory: string): boolean {
  try {
    return fs.readdirSync(join(directory, SEGMENTS)).some((name) => name.endsWith('.seg'));
  } catch {
    return false;
  }
}
