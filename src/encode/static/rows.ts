import { floatToHalf, halfToFloat } from '../../base/half.ts';

/** Centroids of each part: a code is a byte. */
export const CENTROIDS = 256;

/**
 * Rows of a table by product quantization (Jégou, Douze & Schmid 2011): each row is cut into `parts` pieces of equal length, and each
 * piece is one of 256 centroids, times the row's length. `compressTable` of `sagitta-search/train` makes them.
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

/** Rows in 8 bits, each with a scale of its own. */
export interface ByteRows {
  /** `[tokens, dim]` in steps of the row's scale. */
  readonly values: Int8Array;
  /** `[tokens]`. */
  readonly scales: Float32Array;
}

/** The vectors of a table's tokens, as they are kept. */
export type TableRows = ByteRows | TableCodes;

/** What adds the row of a token to a vector of `dim` components. */
export function rowAdder(rows: TableRows, dim: number): (token: number, sum: Float32Array) => void {
  if ('values' in rows) {
    const { values, scales } = rows;
    return (token, sum) => {
      const scale = scales[token]!;
      const at = token * dim;
      for (let d = 0; d < dim; d++) sum[d]! += scale * values[at + d]!;
    };
  }
  const { parts, centroids, lengths, codes } = rows;
  const width = dim / parts;
  return (token, sum) => {
    const length = lengths[token]!;
    const at = token * parts;
    for (let part = 0, d = 0; part < parts; part++) {
      const from = (part * CENTROIDS + codes[at + part]!) * width;
      for (let i = 0; i < width; i++, d++) sum[d]! += length * centroids[from + i]!;
    }
  };
}

/** All rows in floats, `[tokens, dim]`. */
export function decodeRows(rows: TableRows, dim: number): Float32Array {
  const count = 'values' in rows ? rows.scales.length : rows.lengths.length;
  const out = new Float32Array(count * dim);
  const add = rowAdder(rows, dim);
  for (let token = 0; token < count; token++) add(token, out.subarray(token * dim, (token + 1) * dim));
  return out;
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
  const halves = (from: number, length: number): Float32Array => {
    const numbers = new Float32Array(length);
    for (let i = 0; i < length; i++) numbers[i] = halfToFloat(view.getUint16(2 * (from + i), true));
    return numbers;
  };
  const lengths = halves(0, tokens);
  const centroids = halves(tokens, CENTROIDS * dim);
  return { parts, lengths, centroids, codes: bytes.slice(2 * (tokens + CENTROIDS * dim)) };
}
