import '../shims/buffer.ts';
import { UserError } from '../../../src/base/errors.ts';
import type { InputDocument } from '../../../src/content/index.ts';
import { decode } from '../../../src/ingest/decode.ts';
import { documentId } from '../../../src/ingest/metadata.ts';
import { extensionOf } from '../../../src/ingest/paths.ts';
import { BinaryFileError, isFailure, isNote, type ReadContext } from '../../../src/ingest/reader.ts';
import type { SourceFile } from '../../../src/ingest/types.ts';
import { readerOf } from './readers.ts';

/** A file to be read. */
export interface ReadRequest {
  readonly name: string;
  readonly file: File;
}

/** What came of it. */
export interface ReadAnswer {
  /** The id of the file's document, and the beginning of those of its records. */
  readonly id: string;
  readonly documents: readonly InputDocument[];
  /** What was left out or repaired, and records that could not be read. */
  readonly notes: readonly string[];
  /** Why there is nothing. */
  readonly failure?: string;
}

/** Largest file, in bytes. */
const MOST_BYTES = 64 * 1024 * 1024;

addEventListener('message', ({ data }: MessageEvent<ReadRequest>) => {
  // What takes PDF apart talks on the same line.
  if (!(data.file instanceof File)) return;
  void read(data).then((answer) => postMessage(answer));
});

async function read({ name, file }: ReadRequest): Promise<ReadAnswer> {
  const documents: InputDocument[] = [];
  const notes: string[] = [];
  const id = documentId(name);
  const nothing = (failure: string): ReadAnswer => ({ id, documents: [], notes, failure });
  if (file.size === 0) return nothing('It is empty.');
  if (file.size > MOST_BYTES) return nothing('It has more than 64 MiB. Split it, or index it on a machine.');
  try {
    const reader = await readerOf(extensionOf(name));
    if (reader === undefined) return nothing('A page does not read such files. `sagitta index` reads more kinds.');
    const source: SourceFile = {
      path: name,
      absolute: name,
      size: file.size,
      modified: file.lastModified,
      explicit: true,
    };
    for await (const item of reader.read(source, contextOf(file))) {
      if (isFailure(item)) notes.push(`${item.where ?? 'A part'}: ${item.reason}`);
      else if (isNote(item)) notes.push(item.where === undefined ? item.note : `${item.where}: ${item.note}`);
      else documents.push(item);
    }
  } catch (error) {
    if (error instanceof BinaryFileError) return nothing('It is no text.');
    return nothing(
      error instanceof UserError
        ? error.message
        : 'It could not be read: it is damaged, or of another kind than its name says.',
    );
  }
  if (documents.length === 0) return nothing(notes.shift() ?? 'There is no text in it.');
  return { id, documents, notes };
}

function contextOf(file: File): ReadContext {
  const bytes = async (): Promise<Uint8Array> => new Uint8Array(await file.arrayBuffer());
  return {
    bytes,
    async text(options) {
      const decoded = decode(await bytes(), options);
      if (decoded === undefined) throw new BinaryFileError();
      return decoded;
    },
    async *stream() {
      yield await bytes();
    },
    async *inside() {
      // Files within files are read on a machine alone.
    },
    maxBytes: MOST_BYTES,
  };
}
