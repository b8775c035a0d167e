import { Buffer } from 'buffer/index.js';

/** `node:buffer` in a page, and `Buffer` for readers that take it from nowhere. */
export { Buffer };
export const constants = { MAX_LENGTH: 2 ** 31 - 1 };

Object.assign(globalThis, { Buffer });

export function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 128);
}

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
