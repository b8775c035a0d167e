import type { ReadOptions } from '../../src/ingest/read.ts';
import { readFile } from '../../src/ingest/read.ts';
import type { IngestFailure, IngestNote, SourceDocument, SourceFile } from '../../src/ingest/types.ts';
import { testFolder } from './files.ts';

/** What reading a file with this name and content yields. */
export async function readContent(
  name: string,
  content: string | Uint8Array,
  options: ReadOptions = {},
): Promise<{ documents: SourceDocument[]; failures: IngestFailure[]; notes: IngestNote[]; skipped: string[] }> {
  using folder = testFolder({ [name]: content });
  const size = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  const file: SourceFile = { path: name, absolute: folder.at(name), size, modified: 0, explicit: false };
  const documents: SourceDocument[] = [];
  const failures: IngestFailure[] = [];
  const notes: IngestNote[] = [];
  const skipped: string[] = [];
  for await (const event of readFile(file, options)) {
    if (event.kind === 'document') documents.push(event.document);
    if (event.kind === 'failure') failures.push(event.failure);
    if (event.kind === 'note') notes.push(event.note);
    if (event.kind === 'skipped') skipped.push(event.skipped.reason);
  }
  return { documents, failures, notes, skipped };
}

/** The documents of a file; throws when any part of it failed. */
export async function readBytes(name: string, content: string | Uint8Array): Promise<SourceDocument[]> {
  const { documents, failures } = await readContent(name, content);
  if (failures.length > 0) throw new Error(failures[0]!.reason);
  return documents;
}

/** The one document of a file. */
export async function readOne(name: string, content: string | Uint8Array): Promise<SourceDocument> {
  const [document, ...others] = await readBytes(name, content);
  if (document === undefined || others.length > 0) throw new Error(`${name}: not one document`);
  return document;
}

/** Why a file could not be read. */
export async function reasonFor(name: string, content: string | Uint8Array, options?: ReadOptions): Promise<string> {
  const { failures } = await readContent(name, content, options);
  if (failures.length !== 1) throw new Error(`${name}: ${failures.length} failures`);
  return failures[0]!.reason;
}
