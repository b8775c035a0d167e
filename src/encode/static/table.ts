import { CorruptFileError, IncompatibleError, InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { type WordPieces, WordPieceTokenizer } from '../bert/wordpiece.ts';
import { codesLength, readCodes, type TableRows, writeCodes } from './rows.ts';

/**
 * A vector for each token of a vocabulary: the vector of a text is the sum of its tokens', scaled to unit length. How much a token counts is
 * in its length.
 */
export interface StaticTable {
  readonly pieces: WordPieces;
  readonly dim: number;
  /** One for each token. */
  readonly rows: TableRows;
  /** ISO 639-1; absent: any. */
  readonly languages?: readonly string[];
  /** How it was made, for people. */
  readonly made?: Readonly<Record<string, unknown>>;
}

/** Tokens of a text that count. A sum over a table costs so little that long texts may be read to their end. */
export const STATIC_LENGTH = 512;

/** A table in 8 bits, a scale for each row. @param rows `[tokens, dim]` in floats. */
export function quantizeTable(
  rows: Float32Array,
  dim: number,
  parts: Pick<StaticTable, 'pieces' | 'languages' | 'made'>,
): StaticTable {
  const count = rows.length / dim;
  if (count !== parts.pieces.tokens.length) {
    throw new InvalidArgumentError(
      `${count} rows cannot be those of ${parts.pieces.tokens.length} tokens.`,
      'Give one row for each token.',
    );
  }
  const values = new Int8Array(rows.length);
  const scales = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    let largest = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) largest = Math.max(largest, Math.abs(rows[i]!));
    scales[row] = largest / 127;
    if (largest === 0) continue;
    for (let i = row * dim; i < (row + 1) * dim; i++) values[i] = Math.round((127 * rows[i]!) / largest);
  }
  return { ...parts, dim, rows: { values, scales } };
}

const MAGIC = 'SGTTABLE';
const VERSION = 2;
/** Magic, version, checksum of what follows, and the length of the description. */
const HEADER = MAGIC.length + 12;

interface Description extends Pick<StaticTable, 'dim' | 'languages' | 'made'> {
  readonly pieces: WordPieces;
  /** Parts of the codes; absent: rows in 8 bits with their scales. */
  readonly parts?: number;
}

/** The table as a file: a description in JSON, then its rows as they are kept. All of it is covered by a checksum. */
export function writeTable({ rows, pieces, dim, languages, made }: StaticTable): Uint8Array {
  const codes = 'codes' in rows ? rows : undefined;
  const description: Description = { pieces, dim, ...given({ languages, made, parts: codes?.parts }) };
  const text = new TextEncoder().encode(JSON.stringify(description));
  const parts = 'codes' in rows ? [writeCodes(rows)] : [bytesOf(rows.scales), bytesOf(rows.values)];
  const bytes = new Uint8Array(HEADER + text.length + parts.reduce((sum, { length }) => sum + length, 0));
  bytes.set(new TextEncoder().encode(MAGIC));
  let at = HEADER;
  for (const part of [text, ...parts]) {
    bytes.set(part, at);
    at += part.length;
  }
  const view = new DataView(bytes.buffer);
  view.setUint32(MAGIC.length, VERSION, true);
  view.setUint32(MAGIC.length + 8, text.length, true);
  view.setUint32(MAGIC.length + 4, crc32(bytes.subarray(MAGIC.length + 8)), true);
  return bytes;
}

/**
 * Reads what {@link writeTable} wrote; in browsers too.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError
 */
export function readTable(bytes: Uint8Array, file: string): StaticTable {
  const corrupt = (problem: string, cause?: unknown) =>
    new CorruptFileError(file, problem, 'Restore the file, or make it again.', { cause });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER || new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    throw corrupt('it is not a table of tokens');
  }
  const version = view.getUint32(MAGIC.length, true);
  if (version !== VERSION) {
    throw new IncompatibleError(`${file} has version ${version}; this software reads ${VERSION}.`, 'Make it again.');
  }
  if (view.getUint32(MAGIC.length + 4, true) !== crc32(bytes.subarray(MAGIC.length + 8))) {
    throw corrupt('its checksum does not match');
  }
  const start = HEADER + view.getUint32(MAGIC.length + 8, true);
  const { parts, ...description } = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER, start))) as Description;
  const { pieces, dim } = description;
  const count = pieces.tokens.length;
  const end = start + 4 * count;
  const length = parts === undefined ? end + count * dim : start + codesLength(count, dim, parts);
  if (bytes.length !== length) throw corrupt('its length is not that of its rows');
  // Copies: a view would need the bytes to lie at a multiple of four, and would keep them alive.
  const rows =
    parts === undefined
      ? {
          scales: new Float32Array(new Uint8Array(bytes.subarray(start, end)).buffer),
          values: new Int8Array(new Uint8Array(bytes.subarray(end)).buffer),
        }
      : readCodes(bytes.subarray(start), count, dim, parts);
  return { ...description, rows };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The tokenizer of a table. */
export function tokenizerOf({ pieces }: StaticTable): WordPieceTokenizer {
  return WordPieceTokenizer.from(pieces);
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
