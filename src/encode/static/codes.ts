import { floatToHalf, halfToFloat } from '../../base/half.ts';

/** Centroids of each part: a code is a byte. */
export const CENTROIDS = 256;

/**
 * Rows of a table by product quantization (Jégou, Douze & Schmid 2011): each row is cut into `parts` pieces of equal length, and each
 * piece is one of 256 centroids, times the row's length. `compressTable` of `sagitta/train` makes them.
 */
export interface TableCodes {
  readonly parts: number;
  /** `[parts, 256, dim / parts]`. */
  readonly centroids: Float32Array;
  /** `[tokens]`: lengths of the rows. */
  readonly lengths: Float32Array;
  /** `[tokens, parts]`. */
  readonly codes: Uint8Array;
}

/** The rows that codes stand for, `[tokens, dim]`. */
export function decodeRows({ parts, centroids, lengths, codes }: TableCodes): Float32Array {
  const width = centroids.length / parts / CENTROIDS;
  const rows = new Float32Array(codes.length * width);
  for (let i = 0; i < codes.length; i++) {
    const length = lengths[Math.floor(i / parts)]!;
    const from = ((i % parts) * CENTROIDS + codes[i]!) * width;
    for (let d = 0; d < width; d++) rows[i * width + d] = length * centroids[from + d]!;
  }
  return rows;
}

/** Bytes of the codes of `tokens` rows in a file. */
export function codesLength(tokens: number, dim: number, parts: number): number {
  return 2 * tokens + 2 * CENTROIDS * dim + tokens * parts;
}

/** As they lie in a file: lengths and centroids in half precision, little-endian, then the codes. */
export function writeCodes({ centroids, lengths, codes }: TableCodes): Uint8Array {
  const halves = 2 * (lengths.length + centroids.length);
  const bytes = new Uint8Array(halves + codes.length);
  const view = new DataView(bytes.buffer);
  lengths.forEach((value, i) => {
    view.setUint16(2 * i, floatToHalf(value), true);
  });
  centroids.forEach((value, i) => {
    view.setUint16(2 * (lengths.length + i), floatToHalf(value), true);
  });
  bytes.set(codes, halves);
  return bytes;
}

/** Reads what {@link writeCodes} wrote; copies. @param bytes {@link codesLength} of them. */
export function readCodes(bytes: Uint8Array, tokens: number, dim: number, parts: number): TableCodes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const halves = (from: number, length: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => halfToFloat(view.getUint16(2 * (from + i), true)));
  const lengths = halves(0, tokens);
  const centroids = halves(tokens, CENTROIDS * dim);
  return { parts, lengths, centroids, codes: bytes.slice(2 * (tokens + CENTROIDS * dim)) };
}
