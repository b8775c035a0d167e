import { constants } from 'node:buffer';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip, gunzipSync } from 'node:zlib';
import { UnreadableDocumentError } from '../base/errors.ts';
import { type DecodeOptions, decode } from './decode.ts';
import { isCompressed } from './paths.ts';
import { BinaryFileError, type ReadContext } from './reader.ts';
import type { FoundDocument, SourceFile } from './types.ts';

/** A modification time so recent that the file may change again without it changing, on coarse file systems. */
const SETTLED_MS = 2500;

/** A file as readers see it, and what reading them needs beside. */
export interface Source extends ReadContext {
  /** Its beginning, at most so many bytes. */
  head(length: number): Promise<Uint8Array>;
  /** @throws UnreadableDocumentError when it is larger than `maxBytes`. */
  checkSize(): void;
  /** Bytes that were taken of it as a stream so far, unpacked. */
  readonly streamed: number;
  /** Present once the whole file has been read and was not being written to at the time. */
  readonly stamp: FoundDocument['stamp'];
}

/** Opens a file; of one whose name says that it is compressed, what is inside. Nothing is read yet. */
export function openSource(
  file: SourceFile,
  maxBytes: number,
  signal: AbortSignal | undefined,
  inside: ReadContext['inside'] = nothing,
): Source {
  const source = new FileSource(file, maxBytes, signal, inside);
  return isCompressed(file.path) ? new CompressedSource(source) : source;
}

/** The same for bytes at hand. */
export function openBytes(
  file: SourceFile,
  bytes: Uint8Array,
  outer: ReadContext,
  inside: ReadContext['inside'],
): Source {
  const source = new FileSource(file, outer.maxBytes, outer.signal, inside, bytes);
  return isCompressed(file.path) ? new CompressedSource(source) : source;
}

async function* nothing(): AsyncGenerator<never> {}

class FileSource implements Source {
  streamed = 0;
  #bytes: Uint8Array | undefined;
  #stamp: FoundDocument['stamp'];

  constructor(
    readonly file: SourceFile,
    readonly maxBytes: number,
    readonly signal: AbortSignal | undefined,
    readonly inside: ReadContext['inside'],
    bytes?: Uint8Array,
  ) {
    this.#bytes = bytes;
  }

  get stamp(): FoundDocument['stamp'] {
    return this.#stamp;
  }

  checkSize(): void {
    if (this.file.size > this.maxBytes) throw tooLarge(this.file.size, this.maxBytes);
  }

  async head(length: number): Promise<Uint8Array> {
    if (this.#bytes !== undefined) return this.#bytes.subarray(0, length);
    if (this.file.size <= this.maxBytes && this.file.size <= 1024 * 1024)
      return (await this.bytes()).subarray(0, length);
    const handle = await open(this.file.absolute);
    try {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  async bytes(): Promise<Uint8Array> {
    if (this.#bytes !== undefined) return this.#bytes;
    this.checkSize();
    const handle = await open(this.file.absolute);
    try {
      const before = await handle.stat();
      if (before.size > this.maxBytes) throw tooLarge(before.size, this.maxBytes);
      const readAt = Date.now();
      const bytes = await handle.readFile();
      if (before.mtimeMs < readAt - SETTLED_MS && bytes.length === before.size) {
        this.#stamp = { size: before.size, modified: before.mtimeMs };
      }
      this.#bytes = bytes;
      return bytes;
    } finally {
      await handle.close();
    }
  }

  async text(options: DecodeOptions = {}) {
    const decoded = decode(await this.bytes(), options);
    if (decoded === undefined) throw new BinaryFileError();
    return decoded;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    if (this.#bytes !== undefined) {
      this.streamed += this.#bytes.length;
      yield this.#bytes;
      return;
    }
    const handle = await open(this.file.absolute);
    try {
      for (;;) {
        this.signal?.throwIfAborted();
        // A new buffer each time: readers keep pieces of it.
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, null);
        if (bytesRead === 0) return;
        this.streamed += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }
}

const CHUNK = 256 * 1024;

function tooLarge(size: number, limit: number): UnreadableDocumentError {
  return new UnreadableDocumentError(
    `It has ${formatBytes(size)}, more than the limit of ${formatBytes(limit)}.`,
    'Split it, convert it to JSON Lines or CSV (read in a stream of any length), or raise the limit (--max-bytes).',
  );
}

function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 4);
  const value = bytes / 1024 ** power;
  return `${Number.isInteger(value) || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${' KMGT'[power]}iB`;
}

/** What is inside of a gzip file (RFC 1952); the file itself where it is none. */
class CompressedSource implements Source {
  streamed = 0;
  #bytes: Uint8Array | undefined;

  constructor(private readonly file: FileSource) {}

  get maxBytes(): number {
    return this.file.maxBytes;
  }

  get signal(): AbortSignal | undefined {
    return this.file.signal;
  }

  get inside(): ReadContext['inside'] {
    return this.file.inside;
  }

  get stamp(): FoundDocument['stamp'] {
    return this.file.stamp;
  }

  checkSize(): void {
    this.file.checkSize();
  }

  async head(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let found = 0;
    for await (const chunk of this.stream()) {
      parts.push(chunk);
      found += chunk.length;
      if (found >= length) break;
    }
    return Buffer.concat(parts).subarray(0, length);
  }

  async bytes(): Promise<Uint8Array> {
    if (this.#bytes !== undefined) return this.#bytes;
    const packed = await this.file.bytes();
    try {
      this.#bytes = isGzip(packed)
        ? gunzipSync(packed, { maxOutputLength: Math.min(this.maxBytes, constants.MAX_LENGTH) })
        : packed;
    } catch (error) {
      throw unpacking(error, this.maxBytes);
    }
    return this.#bytes;
  }

  async text(options: DecodeOptions = {}) {
    const decoded = decode(await this.bytes(), options);
    if (decoded === undefined) throw new BinaryFileError();
    return decoded;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    const packed = this.file.stream();
    const first = await packed.next();
    if (first.done) return;
    async function* whole(): AsyncGenerator<Uint8Array> {
      yield first.value as Uint8Array;
      yield* packed;
    }
    if (!isGzip(first.value)) {
      yield* this.#counted(whole(), Number.POSITIVE_INFINITY);
      return;
    }
    const unpacked = Readable.from(whole()).pipe(createGunzip());
    const most = Math.max(this.maxBytes, MOST_UNPACKED * this.file.file.size);
    try {
      yield* this.#counted(unpacked as AsyncIterable<Uint8Array>, most);
    } catch (error) {
      throw unpacking(error, this.maxBytes);
    } finally {
      unpacked.destroy();
      await packed.return(undefined);
    }
  }

  async *#counted(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
    let length = 0;
    for await (const chunk of chunks) {
      length += chunk.length;
      if (length > most) {
        throw new UnreadableDocumentError(
          `It unpacks to more than ${formatBytes(most)}, ${MOST_UNPACKED} times its bytes or more.`,
          'Check where it comes from; if it is worth reading, unpack it.',
        );
      }
      this.streamed += chunk.length;
      yield chunk;
    }
  }
}

/** Times its bytes that a file may unpack to where it is read in a stream; what people pack gives 3 to 30. */
const MOST_UNPACKED = 100;

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function unpacking(error: unknown, limit: number): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'ERR_BUFFER_TOO_LARGE') {
    return new UnreadableDocumentError(
      `It would take more than the limit of ${formatBytes(limit)} when unpacked.`,
      'Unpack and divide it, or raise the limit (--max-bytes).',
      { cause: error },
    );
  }
  if (typeof error.code !== 'string' || !error.code.startsWith('Z_')) return error;
  return new UnreadableDocumentError(
    `It is cut off or damaged (${error.message.replace(/\.$/, '')}).`,
    'Copy it again, or check it with `gzip -t`.',
    { cause: error },
  );
}
