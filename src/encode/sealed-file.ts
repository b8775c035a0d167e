import { CorruptFileError, IncompatibleError } from '../base/errors.ts';

/** What a kind of file begins with, and what its readers are told of it. */
export interface SealedKind {
  /** Eight characters. */
  readonly magic: string;
  readonly version: number;
  /** `a table of tokens`. */
  readonly what: string;
}

/** Magic, version, checksum of what follows, and the length of the description. */
const HEADER = 8 + 12;

/**
 * A file of a description in JSON and numbers behind it, which begin at a multiple of four; all of it covered by a checksum. For what the package
 * ships and training makes, also in browsers.
 */
export function sealFile(
  kind: SealedKind,
  description: object,
  ...numbers: readonly (Float32Array | Int8Array | Uint8Array)[]
): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(description));
  const padded = Math.ceil((HEADER + text.length) / 4) * 4 - HEADER;
  const body = numbers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const bytes = new Uint8Array(HEADER + padded + body).fill(0x20, 0, HEADER + padded);
  bytes.set(new TextEncoder().encode(kind.magic));
  bytes.set(text, HEADER);
  let at = HEADER + padded;
  for (const { buffer, byteOffset, byteLength } of numbers) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  const view = new DataView(bytes.buffer);
  view.setUint32(8, kind.version, true);
  view.setUint32(16, padded, true);
  view.setUint32(12, crc32(bytes.subarray(16)), true);
  return bytes;
}

/**
 * Reads what {@link sealFile} wrote.
 * @param file where the bytes come from, for error messages.
 * @param length of the numbers in bytes, by the description. @returns the numbers as a copy, so that the bytes need not lie at a multiple of four.
 * @throws CorruptFileError, IncompatibleError
 */
export function openSealed<Description extends object>(
  kind: SealedKind,
  bytes: Uint8Array,
  file: string,
  length: (description: Description) => number,
): { readonly description: Description; readonly numbers: ArrayBuffer } {
  const corrupt = (problem: string): CorruptFileError =>
    new CorruptFileError(file, problem, 'Restore the file, or make it again.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER || new TextDecoder().decode(bytes.subarray(0, 8)) !== kind.magic) {
    throw corrupt(`it is not ${kind.what}`);
  }
  const version = view.getUint32(8, true);
  if (version !== kind.version) {
    throw new IncompatibleError(
      `${file} has version ${version}; this software reads ${kind.version}.`,
      'Make it again.',
    );
  }
  if (view.getUint32(12, true) !== crc32(bytes.subarray(16))) throw corrupt('its checksum does not match');
  const start = HEADER + view.getUint32(16, true);
  const description = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER, start))) as Description;
  if (bytes.length !== start + length(description)) throw corrupt('its length is not that of its numbers');
  return { description, numbers: new Uint8Array(bytes.subarray(start)).buffer };
}

let crcTable: Uint32Array | undefined;

/** CRC-32 as in zlib, for browsers too. */
function crc32(bytes: Uint8Array): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
