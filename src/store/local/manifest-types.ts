import { MEANING } from '../../corpus/index.ts';
import type { BesideEntry, CollectionSettings, VectorFieldSettings, VectorIndexSettings } from '../types.ts';
import type { FileStamp } from './container.ts';

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

/** Name of a segment. */
export const SEGMENT = /^s(\d{6,})$/;
const FIELD_NAME = /^[a-z][\w-]{0,63}$/i;

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
