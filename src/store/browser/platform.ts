import { deflateSync, inflateSync } from 'fflate';

/** `store/local/platform.ts` for browsers, where it is put in its place: the same members, the same bytes. */

/** The folder of a path or an address. */
export function dirname(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 0 ? '.' : path.slice(0, at);
}

export function join(...parts: readonly string[]): string {
  return parts.join('/');
}

/** Tables of {@link crc32}: entry `256 * i + byte` is the checksum of `byte` with `i` zeros behind it. */
const TABLES = new Uint32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  TABLES[byte] = sum;
}
for (let at = 256; at < TABLES.length; at++) {
  const before = TABLES[at - 256]!;
  TABLES[at] = (before >>> 8) ^ TABLES[before & 255]!;
}

/** CRC-32 as of zlib, eight bytes at a time (slicing-by-8, Kounavis and Berry 2008). @param before of what comes before. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const T = TABLES;
  let sum = ~before;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const low = sum ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    sum =
      T[1792 + (low & 255)]! ^
      T[1536 + ((low >>> 8) & 255)]! ^
      T[1280 + ((low >>> 16) & 255)]! ^
      T[1024 + (low >>> 24)]! ^
      T[768 + bytes[at + 4]!]! ^
      T[512 + bytes[at + 5]!]! ^
      T[256 + bytes[at + 6]!]! ^
      T[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) sum = (sum >>> 8) ^ T[(sum ^ bytes[at]!) & 255]!;
  return ~sum >>> 0;
}

/** Raw DEFLATE. */
export function deflate(bytes: Uint8Array): Uint8Array {
  return deflateSync(bytes, { level: 4 });
}

/** The inverse of {@link deflate}. @param most bytes that may come of it. @throws for bytes that are no DEFLATE, and for more than that. */
export function inflate(bytes: Uint8Array, most?: number): Uint8Array {
  if (most === undefined) return inflateSync(bytes);
  // A byte more than may come shows whether there are more.
  const out = inflateSync(bytes, { out: new Uint8Array(most + 1) });
  if (out.byteLength > most) throw new RangeError(`more than ${most} bytes`);
  return out;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** A byte order mark is kept as a character; bytes that are no UTF-8 become U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Little-endian, code unit by code unit, lone surrogates too. */
export function toUtf16(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[2 * i] = unit & 255;
    bytes[2 * i + 1] = unit >> 8;
  }
  return bytes;
}

/** Arguments of one call, of which there may be some ten thousand. */
const UNITS = 4096;

/** The inverse of {@link toUtf16}. */
export function fromUtf16(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at + 1 < bytes.length; at += 2 * UNITS) {
    const units: number[] = [];
    for (let i = at; i + 1 < Math.min(bytes.length, at + 2 * UNITS); i += 2)
      units.push(bytes[i]! | (bytes[i + 1]! << 8));
    text += String.fromCharCode(...units);
  }
  return text;
}

/** Lets what waits for this thread have its turn. */
export function nextTick(): Promise<unknown> {
  return new Promise((done) => setTimeout(done));
}
