import fs from 'node:fs';
import { join } from 'node:path';
import { CorruptFileError, IncompatibleError, NotFoundError } from '../../base/errors.ts';
import { MEANING, WORDS } from '../../corpus/index.ts';
import type {
  AddedField,
  BesideEntry,
  CollectionSettings,
  VectorFieldSettings,
  VectorIndexSettings,
  VectorSearchDefaults,
} from '../types.ts';
import type { FileStamp } from './container.ts';
import { asStorageError, type FileSystem, replaceThrough, systemCode } from './filesystem.ts';
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
 * relevance-9c1185a5.json   what was learned of relevance; which one counts the manifest says (beside.ts)
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
  /** By field, what the field holds of it: of every one that was added; of `meaning` where that was made after it, in place of its own. */
  readonly vectors: FieldFiles;
  /** By field, its vectors in lists, if they were coded. */
  readonly lists: FieldFiles;
}

/** Files by the name of a field. */
export type FieldFiles = ReadonlyMap<string, FileEntry>;

export const NO_FILES: FieldFiles = new Map();

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
  /** Compressed indexes, by field. */
  readonly indexes: ReadonlyMap<string, VectorIndexEntry>;
  /** Files in the collection's folder besides those of segments. */
  readonly beside: readonly BesideEntry[];
  readonly segments: readonly SegmentEntry[];
}

/** What decides how the files of a segment are read. */
export type FieldsOfManifest = Pick<Manifest, 'settings' | 'indexes'>;

/** What `meaning` is in every collection, but for its encoder. */
export const MEANING_FIELD = { name: MEANING, kind: 'vector', of: 'passage' } as const;

/** The fields of vectors: `meaning`, where there is an encoder, and those that were added. */
export function vectorFields({ encoder, dim, fields = [] }: CollectionSettings): readonly VectorFieldSettings[] {
  return dim === 0 ? fields : [{ ...MEANING_FIELD, encoder, dim }, ...fields];
}

const SEGMENT = /^s(\d{6,})$/;
const TAG = /^[\da-f]{8}$/;
const BESIDE = /^(?!.*\.\.)[\w-][\w.-]*(\/[\w-][\w.-]*)*$/;
const SOURCE = /^(passage|text|title|headings|metadata\..+)$/s;
const FIELD_NAME = /^[a-z][\w-]{0,63}$/i;
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

/** Whether a field may have the name. */
export function isFieldName(name: unknown): boolean {
  return typeof name === 'string' && FIELD_NAME.test(name);
}

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
        ? 'Upgrade Sagitta, or index its documents again into a new folder (`sagitta index PATH --in DIR`).'
        : 'Index its documents again into a new folder (`sagitta index PATH --in DIR`).',
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
  const { generation, nextSegment, settings, indexes, beside, segments } = manifest;
  const { bm25, options } = settings;
  const words = { name: WORDS, kind: 'terms', of: 'passage' };
  const vectors = vectorFields(settings).map((one) => {
    const index = indexes.get(one.name);
    return { ...one, ...(index === undefined ? {} : { index: { ...index, model: encodeFile(index.model) } }) };
  });
  return sealJson({
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    madeBy: MADE_BY,
    generation,
    nextSegment,
    settings: { bm25, options },
    fields: [words, ...vectors],
    beside: beside.map(encodeFile),
    segments: segments.map(({ checksum, dead, vectors, lists, ...rest }) => ({
      ...rest,
      checksum: hex(checksum),
      ...(dead === undefined ? {} : { dead: encodeFile(dead) }),
      ...(vectors.size === 0 ? {} : { vectors: encodeFiles(vectors) }),
      ...(lists.size === 0 ? {} : { lists: encodeFiles(lists) }),
    })),
  });
}

function encodeFiles(files: FieldFiles) {
  return Array.from(files, ([of, entry]) => ({ of, ...encodeFile(entry) }));
}

function encodeFile<Entry extends FileStamp>(entry: Entry) {
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
  const fields = decodeFields(list(root, 'fields'));
  const meaning = fields.find(({ name }) => name === MEANING);
  const added = fields.filter(({ name }) => name !== MEANING).map(({ index: _, ...one }) => one as AddedField);
  const manifest: Manifest = {
    generation: count(root, 'generation', HIGHEST),
    nextSegment: count(root, 'nextSegment', HIGHEST),
    settings: {
      encoder: meaning?.encoder ?? 'none',
      dim: meaning?.dim ?? 0,
      ...(added.length === 0 ? {} : { fields: added }),
      bm25: { k1: number(bm25, 'k1'), b: number(bm25, 'b') },
      options: record(settings, 'options'),
    },
    indexes: new Map(fields.flatMap(({ name, index }) => (index === undefined ? [] : [[name, index]]))),
    beside: list(root, 'beside').map(decodeBeside),
    segments: decodeSegments(
      list(root, 'segments'),
      fields.map(({ name }) => name),
    ),
  };
  for (const { name, vectors } of manifest.segments) {
    const missing = added.find((one) => !vectors.has(one.name));
    if (missing !== undefined) throw new TypeError(`it names no file of the field ${missing.name} for ${name}`);
  }
  const numbers = manifest.segments.map(({ name }) => Number(SEGMENT.exec(name)![1]));
  if (numbers.some((number) => number >= manifest.nextSegment)) {
    throw new TypeError('its field nextSegment is the number of a segment that there is');
  }
  return manifest;
}

interface DecodedField extends VectorFieldSettings {
  readonly tag?: string;
  readonly index?: VectorIndexEntry;
}

/** The fields of vectors. That of words is always the first, and says nothing that could be otherwise. */
function decodeFields(entries: readonly Record<string, unknown>[]): DecodedField[] {
  const [words, ...others] = entries;
  if (words?.['name'] !== WORDS || words['kind'] !== 'terms') throw new TypeError(`its first field is not ${WORDS}`);
  const fields = others.map((entry): DecodedField => {
    const name = field<string>(entry, 'name', 'the name of a field', isFieldName);
    const one: DecodedField = {
      name,
      kind: field(entry, 'kind', 'a kind of field', (value) => value === 'vector' || value === 'vectors'),
      of: field(entry, 'of', 'a source of a field', (value) => typeof value === 'string' && SOURCE.test(value)),
      encoder: text(entry, 'encoder'),
      dim: field(entry, 'dim', 'a possible number', (value) => isCount(value, LARGEST_DIM) && value !== 0),
      ...(entry['index'] === undefined ? {} : { index: decodeVectorIndex(record(entry, 'index')) }),
    };
    if (name === MEANING) return one;
    return { ...one, tag: field(entry, 'tag', 'a tag', (value) => typeof value === 'string' && TAG.test(value)) };
  });
  const distinct = (values: readonly (string | undefined)[]): boolean => new Set(values).size === values.length;
  if (!distinct([WORDS, ...fields.map(({ name }) => name)]) || !distinct(fields.map(({ tag }) => tag))) {
    throw new TypeError('two of its fields have one name');
  }
  return fields;
}

function decodeBeside(entry: Record<string, unknown>): BesideEntry {
  return {
    role: text(entry, 'role'),
    // A name never leads out of the collection.
    file: field(entry, 'file', 'a file name', (value) => typeof value === 'string' && BESIDE.test(value)),
    bytes: count(entry, 'bytes'),
    checksum: checksumOf(entry),
  };
}

function decodeSegments(entries: readonly Record<string, unknown>[], fields: readonly string[]): SegmentEntry[] {
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
      vectors: decodeFiles(entry, 'vectors', fields),
      lists: decodeFiles(entry, 'lists', fields),
    };
  });
  if (new Set(segments.map(({ name }) => name)).size < segments.length) {
    throw new TypeError('it names a segment twice');
  }
  return segments;
}

function decodeFiles(entry: Record<string, unknown>, name: string, fields: readonly string[]): FieldFiles {
  if (entry[name] === undefined) return NO_FILES;
  return new Map(
    list(entry, name).map((one) => {
      const of = field<string>(one, 'of', 'a field of the collection', (value) => fields.includes(value as string));
      return [of, decodeFile(one)];
    }),
  );
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

const isCount = (value: unknown, most: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
const count = (from: Record<string, unknown>, name: string, most = Number.MAX_SAFE_INTEGER) =>
  field<number>(from, name, 'a possible number', (value) => isCount(value, most));
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
