import { crc32, fromUtf8, toUtf8 } from './platform.ts';

/** An object as JSON that ends with a CRC-32 of everything before it, so that every byte is covered. */
export function sealJson(value: object): Uint8Array {
  const covered = `${JSON.stringify(value, null, 2).slice(0, -2)},\n`;
  return toUtf8(covered + checksumLine(crc32(toUtf8(covered))));
}

/** Whether the bytes are what {@link sealJson} made. */
export function isIntact(bytes: Uint8Array): boolean {
  const covered = bytes.subarray(0, Math.max(0, bytes.byteLength - CHECKSUM_LINE_BYTES));
  return fromUtf8(bytes.subarray(covered.byteLength)) === checksumLine(crc32(covered));
}

function checksumLine(checksum: number): string {
  return `  "checksum": "${checksum.toString(16).padStart(8, '0')}"\n}\n`;
}

const CHECKSUM_LINE_BYTES = checksumLine(0).length;
