import { setImmediate } from 'node:timers/promises';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/**
 * What the store takes from where it runs, besides files: here from Node. Where it is built for browsers, `store/browser/platform.ts` stands
 * in for this file and has the same members.
 */
export { dirname, join } from 'node:path';
export { crc32 } from 'node:zlib';

/** Fast and nearly as small as the default of 6 on blocks of 16 KiB. */
const COMPRESSION = { level: 4 } as const;

/** Raw DEFLATE. */
export function deflate(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, COMPRESSION);
}

/** The inverse of {@link deflate}. @param most bytes that may come of it. @throws for bytes that are no DEFLATE, and for more than that. */
export function inflate(bytes: Uint8Array, most?: number): Uint8Array {
  return most === undefined ? inflateRawSync(bytes) : inflateRawSync(bytes, { maxOutputLength: most });
}

export function toUtf8(text: string): Uint8Array {
  return Buffer.from(text);
}

/** A byte order mark is kept as a character; bytes that are no UTF-8 become U+FFFD. */
export function fromUtf8({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}

/** Little-endian, code unit by code unit, lone surrogates too. */
export function toUtf16(text: string): Uint8Array {
  return Buffer.from(text, 'utf16le');
}

/** The inverse of {@link toUtf16}. */
export function fromUtf16({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('utf16le');
}

/** Lets what waits for this thread have its turn. */
export function nextTick(): Promise<unknown> {
  return setImmediate();
}
