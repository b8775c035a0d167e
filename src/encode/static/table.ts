import { InvalidArgumentError } from '../../base/errors.ts';
import { type WordPieces, WordPieceTokenizer } from '../bert/wordpiece.ts';
import { openSealed, sealFile } from '../sealed-file.ts';

/**
 * A vector for each token of a vocabulary: the vector of a text is the sum of its tokens', scaled to unit length. How much a token counts is
 * in its length.
 */
export interface StaticTable {
  readonly pieces: WordPieces;
  readonly dim: number;
  /** `[tokens, dim]` in steps of the row's scale. */
  readonly values: Int8Array;
  /** `[tokens]`. */
  readonly scales: Float32Array;
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
  return { ...parts, dim, values, scales };
}

/** The table in floats. */
export function tableRows({ values, scales, dim }: StaticTable): Float32Array {
  return Float32Array.from(values, (value, i) => value * scales[Math.floor(i / dim)]!);
}

const KIND = { magic: 'SGTTABLE', version: 1, what: 'a table of tokens' } as const;

interface Description extends Pick<StaticTable, 'dim' | 'languages' | 'made'> {
  readonly pieces: WordPieces;
}

/** The table as a file: a description in JSON, scales, then rows. All of it is covered by a checksum. */
export function writeTable({ values, scales, ...description }: StaticTable): Uint8Array {
  return sealFile(KIND, description satisfies Description, scales, values);
}

/**
 * Reads what {@link writeTable} wrote; in browsers too.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError
 */
export function readTable(bytes: Uint8Array, file: string): StaticTable {
  const { description, numbers } = openSealed<Description>(
    KIND,
    bytes,
    file,
    ({ pieces, dim }) => pieces.tokens.length * (4 + dim),
  );
  const scales = 4 * description.pieces.tokens.length;
  return {
    ...description,
    scales: new Float32Array(numbers, 0, description.pieces.tokens.length),
    values: new Int8Array(numbers, scales),
  };
}

/** The tokenizer of a table. */
export function tokenizerOf({ pieces }: StaticTable): WordPieceTokenizer {
  return WordPieceTokenizer.from(pieces);
}
