import type { DecodedText, DecodeOptions } from './decode.ts';
import type { IngestFailure, IngestNote, SourceDocument, SourceFile } from './types.ts';

/** What a reader may ask for. Bytes are fetched when asked for, once. */
export interface ReadContext {
  /** The whole file. @throws UnreadableDocumentError when it is larger than `maxBytes`. */
  bytes(): Promise<Uint8Array>;
  /** The whole file as text. @throws BinaryFileError when it is not text. */
  text(options?: DecodeOptions): Promise<DecodedText>;
  /** The file piece by piece, however large it is. */
  stream(): AsyncIterable<Uint8Array>;
  /**
   * Reads what lies within the file (an attachment) by the reader of its name, as if it were a file of that name: ids and
   * paths begin with it. Nothing is yielded where no reader knows it, or where files lie in one another too deep.
   */
  inside(name: string, bytes: Uint8Array): AsyncIterable<ReaderItem>;
  /** Most bytes that may be held at once: a file, or one record of a streamed one. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a reader yields. */
export type ReaderItem = SourceDocument | IngestFailure | IngestNote;

/** Turns files of one format into documents. */
export interface Reader {
  readonly format: string;
  /** Lower case, without the dot. */
  readonly extensions: readonly string[];
  /** Reads record by record in bounded memory, so that `maxBytes` limits a record and not the file. */
  readonly streams?: boolean;
  /**
   * Yields the file's documents, the records that could not be read, and what was left out of the rest.
   * @throws UnreadableDocumentError when the file as a whole is of no use.
   */
  read(file: SourceFile, context: ReadContext): AsyncIterable<ReaderItem>;
}

/** The content is not text although the name promised it; the file is skipped like every binary. */
export class BinaryFileError extends Error {}

/** The content was made by a machine for machines; the file is skipped. */
export class GeneratedFileError extends Error {}

/** Noted of a file that ends before what it began is closed. */
export const CUT_OFF = 'It ends in the middle: the rest is missing. Copy it again if you have all of it.';

export function isFailure(item: ReaderItem): item is IngestFailure {
  return 'reason' in item;
}

export function isNote(item: ReaderItem): item is IngestNote {
  return 'note' in item;
}
