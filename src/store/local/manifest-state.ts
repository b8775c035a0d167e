import { MEANING, WORDS } from '../../corpus/index.ts';
import type { AddedField, BesideEntry, VectorFieldSettings, VectorSearchDefaults } from '../types.ts';
import type { FileStamp } from './container.ts';
import { FIELD_KINDS } from './field-kinds.ts';
import {
  type DeadEntry,
  type FieldFiles,
  type FileEntry,
  isFieldName,
  isOurs,
  type Manifest,
  NO_FILES,
  SEGMENT,
  type SegmentEntry,
  type VectorIndexEntry,
  vectorFields,
} from './manifest-types.ts';

const TAG = /^[\da-f]{8}$/;
const BESIDE = /^(?!.*\.\.)[\w-][\w.-]*(\/[\w-][\w.-]*)*$/;
const SOURCE = /^(passage|text|title|headings|metadata\..+)$/s;
/** Segments that a manifest may name: writers merge long before, and each is an open file. */
const MOST_SEGMENTS = 4096;
const LARGEST_DIM = 65_536;
/** Bytes that a segment has at least for each document and each passage (segment.ts). */
const DOCUMENT_BYTES = 8;
const PASSAGE_BYTES = 16;
/** Generations, and numbers of segments, that there may be: one a millisecond for 8,000 years. */
export const HIGHEST = 2 ** 48;

/** What a manifest says, as JSON. */
export function encodeState(manifest: Manifest): Record<string, unknown> {
  const { generation, nextSegment, settings, indexes, beside, segments } = manifest;
  const { bm25, options } = settings;
  const words = { name: WORDS, kind: 'terms', of: 'passage' };
  const vectors = vectorFields(settings).map((one) => {
    const index = indexes.get(one.name);
    return { ...one, ...(index === undefined ? {} : { index: { ...index, model: encodeFile(index.model) } }) };
  });
  return {
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
  };
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

/**
 * Reads what {@link encodeState} made.
 * @throws TypeError that names what is missing or impossible: a foreign or defective writer.
 */
export function decodeState(root: Record<string, unknown>): Manifest {
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
      kind: field(entry, 'kind', 'a kind of field', (value) => Object.hasOwn(FIELD_KINDS, value as string)),
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
