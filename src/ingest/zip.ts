import { constants } from 'node:buffer';
import { createInflateRaw, inflateRawSync } from 'node:zlib';
import { UnreadableDocumentError } from '../base/errors.ts';

/** One file of a ZIP archive. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes when inflated, as the archive claims. */
  readonly size: number;
  readonly compressedSize: number;
  readonly method: number;
  /** Needs a password. */
  readonly encrypted: boolean;
  readonly offset: number;
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const ZIP64 = 1;
const LOCAL_HEADER = 0x04034b50;

/**
 * The table of contents of a ZIP archive (PKWARE APPNOTE 4.3), without inflating anything: what is needed to refuse a
 * damaged or explosive archive before anything is inflated. Of ZIP64, sizes and offsets of entries are read.
 * @throws UnreadableDocumentError when there is none.
 */
export function readZipDirectory(bytes: Uint8Array): readonly ZipEntry[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(buffer);
  if (end === undefined) throw damaged('its table of contents is missing');
  const count = buffer.readUInt16LE(end + 10);
  let at = buffer.readUInt32LE(end + 16);
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > buffer.length || buffer.readUInt32LE(at) !== DIRECTORY_ENTRY) {
      throw damaged('its table of contents is broken');
    }
    const nameLength = buffer.readUInt16LE(at + 28);
    const extra = buffer.subarray(at + 46 + nameLength, at + 46 + nameLength + buffer.readUInt16LE(at + 30));
    entries.push({
      name: buffer.toString('utf8', at + 46, at + 46 + nameLength),
      method: buffer.readUInt16LE(at + 10),
      encrypted: (buffer.readUInt16LE(at + 8) & 1) === 1,
      ...wide(extra, {
        size: buffer.readUInt32LE(at + 24),
        compressedSize: buffer.readUInt32LE(at + 20),
        offset: buffer.readUInt32LE(at + 42),
      }),
    });
    at += 46 + nameLength + buffer.readUInt16LE(at + 30) + buffer.readUInt16LE(at + 32);
  }
  return entries;
}

/** Numbers that do not fit 32 bits, or whose writer did not know them in advance, stand in an extra field. */
function wide(extra: Buffer, entry: Pick<ZipEntry, 'size' | 'compressedSize' | 'offset'>) {
  const values = { ...entry };
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== ZIP64) continue;
    let place = at + 4;
    for (const name of ['size', 'compressedSize', 'offset'] as const) {
      if (values[name] !== 0xffffffff || place + 8 > extra.length) continue;
      values[name] = Number(extra.readBigUInt64LE(place));
      place += 8;
    }
  }
  return values;
}

/** The content of one entry; undefined when it cannot be had within `maxBytes`. */
export function readZipEntry(bytes: Uint8Array, entry: ZipEntry, maxBytes: number): Uint8Array | undefined {
  const data = dataOf(bytes, entry);
  if (data === undefined) return undefined;
  try {
    if (entry.method === 0) return data.length <= maxBytes ? data : undefined;
    return entry.method === 8
      ? inflateRawSync(data, { maxOutputLength: Math.min(maxBytes, constants.MAX_LENGTH) })
      : undefined;
  } catch {
    return undefined;
  }
}

/** The beginning of one entry, at most so many bytes; undefined when there is nothing sound. */
export async function readZipHead(bytes: Uint8Array, entry: ZipEntry, most: number): Promise<Uint8Array | undefined> {
  const data = dataOf(bytes, entry);
  if (data === undefined) return undefined;
  if (entry.method === 0) return data.subarray(0, most);
  if (entry.method !== 8) return undefined;
  const parts: Uint8Array[] = [];
  let length = 0;
  const inflate = createInflateRaw();
  inflate.end(data);
  try {
    for await (const chunk of inflate) {
      parts.push(chunk as Uint8Array);
      length += (chunk as Uint8Array).length;
      if (length >= most) break;
    }
  } catch {
    // What came before the damage is returned.
  } finally {
    inflate.destroy();
  }
  return length === 0 ? undefined : Buffer.concat(parts).subarray(0, most);
}

function dataOf(bytes: Uint8Array, { offset, compressedSize }: ZipEntry): Buffer | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (offset + 30 > buffer.length || buffer.readUInt32LE(offset) !== LOCAL_HEADER) return undefined;
  const start = offset + 30 + buffer.readUInt16LE(offset + 26) + buffer.readUInt16LE(offset + 28);
  return buffer.subarray(start, start + compressedSize);
}

/** The end record stands in the last 65,557 bytes: 22 of its own and a comment. */
function findEnd(buffer: Buffer): number | undefined {
  for (let at = buffer.length - 22; at >= 0 && at >= buffer.length - 65_557; at--) {
    if (buffer.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  return undefined;
}

function damaged(problem: string): UnreadableDocumentError {
  return new UnreadableDocumentError(
    `The archive is damaged or cut off: ${problem}.`,
    'Open the file in its own program and save it again.',
  );
}
