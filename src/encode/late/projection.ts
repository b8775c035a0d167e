import { openSealed, sealFile } from '../sealed-file.ts';

/** A linear map of token vectors: what late interaction keeps of them. */
export interface TokenProjection {
  /** Specification of the encoder whose token vectors it maps. */
  readonly base: string;
  /** Components of those vectors. */
  readonly width: number;
  /** Components that are left. */
  readonly dim: number;
  /** `dim` rows of `width`. */
  readonly matrix: Float32Array;
  /** How it was made, for people. */
  readonly made?: Readonly<Record<string, unknown>>;
}

const KIND = { magic: 'SGTTOKEN', version: 1, what: 'a projection of token vectors' } as const;

/** A projection as a file: a description in JSON, then the matrix in float32. All of it is covered by a checksum. */
export function writeProjection({ matrix, ...description }: TokenProjection): Uint8Array {
  return sealFile(KIND, description, matrix);
}

/**
 * Reads what {@link writeProjection} wrote.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError
 */
export function readProjection(bytes: Uint8Array, file: string): TokenProjection {
  const { description, numbers } = openSealed<Omit<TokenProjection, 'matrix'>>(
    KIND,
    bytes,
    file,
    ({ dim, width }) => 4 * dim * width,
  );
  return { ...description, matrix: new Float32Array(numbers) };
}
