import { type DecodedText, decodeAs, sniffEncoding } from './decode.ts';
import { BinaryFileError } from './reader.ts';

/** One line of a streamed file. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Absent when the line is longer than allowed: it was passed over. */
  readonly decoded?: DecodedText;
}

const LINE_FEED = 10;
const HEAD = 64 * 1024;

/**
 * Lines of a file of any size. Memory is bounded by the longest line allowed. The encoding is decided by the first
 * 64 KiB; a damaged line is decoded with replacements and says so.
 * @throws BinaryFileError when the file is not text.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  const { encoding, chunks } = await narrow(stream);
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let tooLong = false;
  let number = 0;

  const finish = (tail: Uint8Array): Line => {
    const bytes = pending.length === 0 ? tail : Buffer.concat([...pending, tail]);
    const line: Line = tooLong
      ? { number: ++number }
      : { number: ++number, decoded: decodeAs(withoutCarriageReturn(bytes), encoding) };
    pending = [];
    pendingBytes = 0;
    tooLong = false;
    return line;
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      if (pendingBytes + end - start > maxBytes) {
        tooLong = true;
        pending = [];
      }
      yield finish(chunk.subarray(start, end));
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    pendingBytes += rest.length;
    if (pendingBytes > maxBytes) {
      tooLong = true;
      pending = [];
    } else if (rest.length > 0 && !tooLong) {
      pending.push(rest);
    }
  }
  if (pendingBytes > 0) yield finish(new Uint8Array(0));
}

/**
 * The file as UTF-8, chunk by chunk, for parsers that read nothing else; and what it was. Damaged sequences become
 * U+FFFD.
 * @throws BinaryFileError when the file is not text.
 */
export async function readAsUtf8(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ readonly encoding: string; readonly chunks: AsyncIterable<Uint8Array> }> {
  const { encoding, chunks } = await narrow(stream);
  return { encoding, chunks: encoding === 'utf-8' ? chunks : transcode(chunks, encoding) };
}

/**
 * Decides the encoding. What has a line feed as a byte of its own is passed on as it is (every encoding that keeps
 * ASCII, and the multi-byte ones too: their second bytes begin at 0x30); UTF-16 and UTF-32 become UTF-8.
 */
async function narrow(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ readonly encoding: string; readonly chunks: AsyncIterable<Uint8Array> }> {
  const iterator = stream[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  let length = 0;
  let atEnd = false;
  while (length < HEAD && !atEnd) {
    const next = await iterator.next();
    if (next.done) atEnd = true;
    else {
      parts.push(next.value);
      length += next.value.length;
    }
  }
  const head = Buffer.concat(parts);
  const sniffed = sniffEncoding(head, atEnd);
  if (sniffed === undefined) {
    await iterator.return?.();
    throw new BinaryFileError();
  }
  const { encoding, mark } = sniffed;
  const chunks = rejoin(head.subarray(mark), iterator);
  const wide = encoding.startsWith('utf-16') || encoding.startsWith('utf-32');
  return wide ? { encoding: 'utf-8', chunks: transcode(chunks, encoding) } : { encoding, chunks };
}

async function* rejoin(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* transcode(chunks: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  const { default: iconv } = await import('iconv-lite');
  const decoder = iconv.getDecoder(encoding);
  for await (const chunk of chunks) yield Buffer.from(decoder.write(Buffer.from(chunk)));
  const tail = decoder.end();
  if (tail) yield Buffer.from(tail);
}

function withoutCarriageReturn(bytes: Uint8Array): Uint8Array {
  return bytes[bytes.length - 1] === 13 ? bytes.subarray(0, -1) : bytes;
}
