import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DataFormatError, NotFoundError, StorageError } from '../base/errors.ts';

/** A line of a data file, without its end; empty lines are passed over. */
export interface DataLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

const CHUNK = 1 << 20;
/** Longest line: a document of this many UTF-16 code units. */
const LONGEST = 256 * 1024 * 1024;

/**
 * Lines of a UTF-8 file of any size, gzipped if its name ends in `.gz`, many at a time. The return value of the generator is the
 * SHA-256 of the file as it lies on disk, in hexadecimal.
 *
 * @throws NotFoundError, StorageError; DataFormatError for bytes that are not UTF-8 and for damaged gzip.
 */
export async function* readDataLines(path: string): AsyncGenerator<readonly DataLine[], string> {
  const hash = createHash('sha256');
  const file = createReadStream(path, { highWaterMark: CHUNK });
  file.on('data', (chunk) => hash.update(chunk));
  const zipped = path.endsWith('.gz');
  const stream: Readable = zipped ? file.pipe(createGunzip()) : file;
  if (zipped) file.on('error', (error) => stream.destroy(error));
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let number = 0;
  try {
    for await (const chunk of stream) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      if (rest.length > LONGEST) {
        throw new DataFormatError(
          `${path}:${number + 1}`,
          'a line is longer than 256 MB',
          'Check that it is a text file.',
        );
      }
      const texts = rest.split('\n');
      rest = texts.pop()!;
      yield numbered(texts);
    }
    rest += decoder.decode();
    if (rest !== '') yield numbered([rest]);
  } catch (error) {
    throw explain(error, path, number + 1);
  } finally {
    file.destroy();
  }
  return hash.digest('hex');

  function numbered(texts: readonly string[]): DataLine[] {
    const lines: DataLine[] = [];
    for (const text of texts) {
      number++;
      const clean = text.endsWith('\r') ? text.slice(0, -1) : text;
      if (clean.trim() !== '') lines.push({ text: clean, number });
    }
    return lines;
  }
}

/** Reads all lines. @returns the SHA-256 of the file. */
export async function forEachLine(path: string, visit: (line: DataLine) => void): Promise<string> {
  const lines = readDataLines(path);
  for (;;) {
    const next = await lines.next();
    if (next.done) return next.value;
    for (const line of next.value) visit(line);
  }
}

function explain(error: unknown, path: string, line: number): unknown {
  if (error instanceof DataFormatError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new NotFoundError(`There is no file ${path}.`, 'Check the path.', { cause: error });
  if (code === 'EISDIR') return new DataFormatError(path, 'it is a folder', 'Name a file in it.', { cause: error });
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    const problem = `after line ${line - 1} there are bytes that are not UTF-8`;
    return new DataFormatError(path, problem, 'Convert the file to UTF-8.', { cause: error });
  }
  if (code?.startsWith('Z_')) {
    return new DataFormatError(path, `its compression is damaged (${code})`, 'Copy or download it again.', {
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EIO') {
    return new StorageError(`${path} cannot be read (${code}).`, 'Check its permissions and the disk.', {
      cause: error,
    });
  }
  return error;
}
