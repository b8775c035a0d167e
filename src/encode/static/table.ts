import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { type WordPieces, WordPieceTokenizer } from '../bert/wordpiece.ts';
import { openSealed, sealFile } from '../sealed-file.ts';
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

const KIND = { magic: 'SGTTABLE', version: 2, what: 'a table of tokens' } as const;

interface Description extends Pick<StaticTable, 'dim' | 'languages' | 'made'> {
  readonly pieces: WordPieces;
  /** Parts of the codes; absent: rows in 8 bits with their scales. */
  readonly parts?: number;
}

/** The table as a file: a description in JSON, then its rows as they are kept. All of it is covered by a checksum. */
export function writeTable({ rows, pieces, dim, languages, made }: StaticTable): Uint8Array {
  const codes = 'codes' in rows ? rows : undefined;
  const description: Description = { pieces, dim, ...given({ languages, made, parts: codes?.parts }) };
  return 'codes' in rows
    ? sealFile(KIND, description, writeCodes(rows))
    : sealFile(KIND, description, rows.scales, rows.values);
}

/**
 * Reads what {@link writeTable} wrote; in browsers too.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError
 */
export function readTable(bytes: Uint8Array, file: string): StaticTable {
  const { description, numbers } = openSealed<Description>(KIND, bytes, file, ({ pieces, dim, parts }) => {
    const count = pieces.tokens.length;
    return parts === undefined ? count * (4 + dim) : codesLength(count, dim, parts);
  });
  const { parts, ...facts } = description;
  const count = facts.pieces.tokens.length;
  const rows =
    parts === undefined
      ? { scales: new Float32Array(numbers, 0, count), values: new Int8Array(numbers, 4 * count) }
      : readCodes(new Uint8Array(numbers), count, facts.dim, parts);
  return { ...facts, rows };
}

/** The tokenizer of a table. */
export function tokenizerOf({ pieces }: StaticTable): WordPieceTokenizer {
  return WordPieceTokenizer.from(pieces);
}
