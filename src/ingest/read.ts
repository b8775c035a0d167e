import { InvariantError, UserError } from '../base/errors.ts';
import { contentHash } from './changes.ts';
import { CONTENT_HEAD, checkContent } from './content-kind.ts';
import { fsReason, isFsError } from './fs-errors.ts';
import { ReadingProcess } from './isolated/reading-process.ts';
import { DEFAULT_LIMITS, outputSize, type ReadLimits, resolveLimits } from './limits.ts';
import { documentId, isFallbackTitle } from './metadata.ts';
import { extensionOf, isCompressed } from './paths.ts';
import {
  BinaryFileError,
  GeneratedFileError,
  isFailure,
  isNote,
  type ReadContext,
  type Reader,
  type ReaderItem,
} from './reader.ts';
import { isPicture } from './readers/image.ts';
import { readerFor } from './readers/index.ts';
import { createScope, type Scope } from './scope.ts';
import { openBytes, openSource, type Source } from './source.ts';
import { NamedOnly, StreamAllowance } from './stream-allowance.ts';
import type { FoundDocument, IngestEvent, IngestFailure, SkippedFile, SourceDocument, SourceFile } from './types.ts';
import { type WalkOptions, walk } from './walk.ts';

/** Largest file that is read whole: 64 MiB. */
export const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

export interface ReadOptions extends WalkOptions, ReadLimits {
  /** Largest file, in bytes, and largest record of a format that is read in a stream. Default 64 MiB. */
  readonly maxBytes?: number;
  /**
   * Whether the file is known to be unchanged, so that it need not be read (`ChangeTracker.isUnchanged`). Default:
   * every file is read.
   */
  readonly isUnchanged?: (file: SourceFile) => boolean;
  /** Asked first, before the built-in readers. What they read is read in this process, where time and memory have no limit. */
  readonly readers?: readonly Reader[];
}

/**
 * Files of these formats, up to this many bytes, are read in this process: they hold their text as it is, so that their size
 * bounds time and memory, and folders of small files need no second process. Everything else is read in one of its own.
 */
const PLAIN = new Set(['markdown', 'text', 'code', 'json', 'jsonl', 'csv']);
const PLAIN_BYTES = 64 * 1024;

/**
 * Reads what lies under the paths: one event per document, failure, or file passed over, in the stable order of
 * {@link walk}. Nothing is read ahead and nothing is kept, so memory is bounded by the largest single file (or record,
 * for formats read in a stream), whatever the corpus. A file that cannot be read is a failure event, never an
 * exception.
 * @throws NotFoundError when none of the paths exists; the signal's reason when aborted.
 */
export async function* readDocuments(
  paths: readonly string[] | Scope,
  options: ReadOptions = {},
): AsyncGenerator<IngestEvent> {
  const scope = 'roots' in paths ? paths : createScope(paths, options);
  const { maxBytes = DEFAULT_MAX_BYTES, signal } = options;
  const reading = new ReadingProcess(resolveLimits(options));
  try {
    for await (const event of walk(scope, options)) {
      signal?.throwIfAborted();
      if (event.kind !== 'file') yield event;
      else if (options.isUnchanged?.(event.file)) yield { kind: 'unchanged', file: event.file };
      else if (await isReadHere(event.file, options)) yield* readFile(event.file, options);
      else yield* reading.read(event.file, maxBytes, signal);
    }
  } finally {
    reading.close();
  }
}

/** Whether the file is harmless as it is, or refused before it is read. */
async function isReadHere(file: SourceFile, options: ReadOptions): Promise<boolean> {
  const { readers = [], maxBytes = DEFAULT_MAX_BYTES } = options;
  if (readers.some(({ extensions }) => extensions.includes(extensionOf(file.path)))) return true;
  if (file.size > PLAIN_BYTES && file.size <= maxBytes) return false;
  // What is packed says nothing of what it becomes.
  if (isCompressed(file.path)) return false;
  try {
    const reader = await readerFor(file, openSource(file, maxBytes, undefined));
    if (reader === undefined) return true;
    return file.size > maxBytes ? reader.streams !== true : PLAIN.has(reader.format);
  } catch {
    // `readFile` says what is wrong.
    return true;
  }
}

/** What {@link listFiles} says of a file: who would read it, or why nobody would. */
export type ListEvent =
  | { readonly kind: 'file'; readonly file: SourceFile; readonly format: string }
  | Extract<IngestEvent, { readonly kind: 'failure' | 'skipped' }>;

/**
 * Says what {@link readDocuments} would read, in its order, by names, sizes and the first bytes of files that have no
 * known extension.
 * @throws NotFoundError when none of the paths exists; the signal's reason when aborted.
 */
export async function* listFiles(
  paths: readonly string[] | Scope,
  options: ReadOptions = {},
): AsyncGenerator<ListEvent> {
  const { maxBytes = DEFAULT_MAX_BYTES, signal, readers } = options;
  const scope = 'roots' in paths ? paths : createScope(paths, options);
  for await (const event of walk(scope, options)) {
    signal?.throwIfAborted();
    if (event.kind !== 'file') {
      yield event;
      continue;
    }
    const { file } = event;
    const source = openSource(file, maxBytes, signal);
    try {
      const reader = file.size === 0 ? undefined : await readerFor(file, source, readers);
      if (reader === undefined) {
        yield {
          kind: 'skipped',
          skipped: { path: file.path, reason: whySkipped(file, file.size === 0 ? 'empty' : 'binary') },
        };
      } else {
        if (!reader.streams) source.checkSize();
        yield { kind: 'file', file, format: reader.format };
      }
    } catch (error) {
      yield { kind: 'failure', failure: toFailure(file, error) };
    }
  }
}

/** Reads one file: its documents and failures, then one `file` event; or one `skipped` event. */
export async function* readFile(file: SourceFile, options: ReadOptions = {}): AsyncGenerator<IngestEvent> {
  const { maxBytes = DEFAULT_MAX_BYTES, maxText = DEFAULT_LIMITS.maxText, signal } = options;
  const { maxSeconds = DEFAULT_LIMITS.maxSeconds } = options;
  const source = openSource(file, maxBytes, signal, (name, bytes) => readInside(name, bytes, source, options, 1));
  let documents = 0;
  const named = new NamedOnly();
  // The last document waits until it is known whether it is the only one.
  let waiting: SourceDocument | undefined;
  try {
    if (file.size === 0) {
      yield { kind: 'skipped', skipped: { path: file.path, reason: 'empty' } };
      return;
    }
    const reader = await readerFor(file, source, options.readers);
    if (reader === undefined) {
      yield { kind: 'skipped', skipped: { path: file.path, reason: whySkipped(file, 'binary') } };
      return;
    }
    if (!reader.streams) source.checkSize();
    if (!options.readers?.includes(reader)) checkContent(file, reader.format, await source.head(CONTENT_HEAD));

    const bounded = reader.streams === true && options.readers?.includes(reader) !== true;
    const allowance = bounded ? new StreamAllowance(source, { maxSeconds, maxText }) : undefined;
    const items = reader.read(file, source);
    let size = 0;
    for await (const item of allowance?.timed(items) ?? items) {
      signal?.throwIfAborted();
      if (isFailure(item)) {
        if (named.failure()) yield { kind: 'failure', failure: item };
        continue;
      }
      if (isNote(item)) {
        if (named.note()) yield { kind: 'note', note: item };
        continue;
      }
      // A title that the file declares is worth finding without a text.
      if (item.text.trim() === '' && isFallbackTitle(item.title, item.id, file.path)) continue;
      const characters = outputSize(item);
      size = characters + (reader.streams ? 0 : size);
      if (size > maxText) {
        if (named.failure()) yield { kind: 'failure', failure: tooMuch(file, item, maxText) };
        if (reader.streams) continue;
        break;
      }
      allowance?.take(characters);
      if (waiting !== undefined) yield found(waiting);
      documents++;
      waiting = item;
    }
    if (waiting !== undefined) {
      const whole = waiting.id === documentId(file.path) && documents === 1 && named.failures === 0;
      yield found(waiting, whole ? source.stamp : undefined);
      waiting = undefined;
    }
    if (documents === 0 && named.failures === 0) {
      yield { kind: 'skipped', skipped: { path: file.path, reason: whySkipped(file, 'empty') } };
      return;
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof BinaryFileError && documents === 0) {
      yield { kind: 'skipped', skipped: { path: file.path, reason: 'binary' } };
      return;
    }
    if (error instanceof GeneratedFileError && documents === 0) {
      yield { kind: 'skipped', skipped: { path: file.path, reason: 'generated' } };
      return;
    }
    // What came before the trouble stands.
    if (waiting !== undefined) yield found(waiting);
    yield { kind: 'failure', failure: toFailure(file, error) };
  }
  yield* named.rest(file.path);
  yield { kind: 'file', file, documents };
}

/** A picture is skipped as one, unless there is nothing in the file at all. */
function whySkipped({ path, size }: SourceFile, reason: 'binary' | 'empty'): SkippedFile['reason'] {
  return size > 0 && isPicture(extensionOf(path)) ? 'image' : reason;
}

/** How deep files lie in one another: a message attached to a message attached to one. */
const DEEPEST = 4;

async function* readInside(
  name: string,
  bytes: Uint8Array,
  outer: ReadContext,
  options: ReadOptions,
  depth: number,
): AsyncGenerator<ReaderItem> {
  if (depth > DEEPEST || bytes.length === 0) return;
  const file: SourceFile = { path: name, absolute: name, size: bytes.length, modified: 0, explicit: false };
  const source: Source = openBytes(file, bytes, outer, (inner, content) =>
    readInside(inner, content, source, options, depth + 1),
  );
  try {
    const reader = await readerFor(file, source, options.readers);
    if (reader === undefined) return;
    if (!options.readers?.includes(reader)) checkContent(file, reader.format, await source.head(CONTENT_HEAD));
    for await (const item of reader.read(file, source)) if (!('text' in item) || item.text.trim() !== '') yield item;
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    if (error instanceof BinaryFileError || error instanceof GeneratedFileError) return;
    yield toFailure(file, error);
  }
}

function found(document: SourceDocument, stamp?: FoundDocument['stamp']): IngestEvent {
  const hash = contentHash(document);
  return { kind: 'document', document, hash, ...(stamp === undefined ? {} : { stamp }) };
}

function toFailure(file: SourceFile, error: unknown): IngestFailure {
  if (error instanceof InvariantError) throw error;
  if (error instanceof UserError) return { path: file.path, reason: error.message };
  if (isFsError(error)) return { path: file.path, reason: fsReason(error) };
  const problem = error instanceof Error ? error.message.replace(/\s+/g, ' ').replace(/\.$/, '') : String(error);
  return {
    path: file.path,
    reason: `It could not be read (${problem}). Check that it opens in other programs, or exclude it.`,
  };
}

function tooMuch({ path }: SourceFile, { id }: SourceDocument, limit: number): IngestFailure {
  return {
    path,
    ...(id === documentId(path) ? {} : { where: id.slice(documentId(path).length + 1) }),
    reason:
      `More than ${limit.toLocaleString('en')} characters of text, structure and metadata come out of it. ` +
      'Split it, or raise the limit (--max-text).',
  };
}
