import { Inflate, inflateSync } from 'fflate';

/** The part of `node:zlib` that readers of archives take. */

/** @throws RangeError for more than `maxOutputLength` bytes. */
export function inflateRawSync(
  data: Uint8Array,
  { maxOutputLength }: { readonly maxOutputLength: number },
): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  const inflate = new Inflate((chunk) => {
    length += chunk.byteLength;
    if (length > maxOutputLength) throw new RangeError(`more than ${maxOutputLength} bytes`);
    parts.push(chunk);
  });
  // In pieces, so that little more than the limit comes of an explosive archive.
  for (let at = 0; at < data.byteLength; at += PIECE) {
    inflate.push(data.subarray(at, at + PIECE), at + PIECE >= data.byteLength);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

const PIECE = 16 * 1024;

/** Whole, since what pages read is in memory anyway. */
export function createInflateRaw() {
  let result: Uint8Array[] = [];
  return {
    end(data: Uint8Array): void {
      result = [inflateSync(data)];
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
      yield* result;
    },
    destroy(): void {
      result = [];
    },
  };
}
