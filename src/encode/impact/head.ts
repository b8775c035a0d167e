import { CorruptFileError } from '../../base/errors.ts';
import { openSealed, sealFile } from '../sealed-file.ts';

/** What makes weights of words out of token vectors. */
export interface ImpactHead {
  /** Specification of the encoder whose token vectors it reads. */
  readonly base: string;
  /** Components of those vectors. */
  readonly width: number;
  /** How often a term stands in a text counts as BM25 has it: `tf / (tf + k1 (1 - b + b length / average))`, the length in words. */
  readonly k1: number;
  readonly b: number;
  readonly average: number;
  /** `width` numbers: a token's factor is `max(0, weights . vector + bias)`. */
  readonly weights: Float32Array;
  /** The factor of a word whose vector says nothing, or that is not read. */
  readonly bias: number;
  /** How it was made, for people. */
  readonly made?: Readonly<Record<string, unknown>>;
}

const KIND = { magic: 'SGTIMPCT', version: 1, what: 'a head that weighs words' } as const;

/** A head as a file: a description in JSON, then the weights in float32. All of it is covered by a checksum. */
export function writeImpactHead({ weights, ...description }: ImpactHead): Uint8Array {
  return sealFile(KIND, description, weights);
}

/**
 * Reads what {@link writeImpactHead} wrote.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError
 */
export function readImpactHead(bytes: Uint8Array, file: string): ImpactHead {
  const { description, numbers } = openSealed<Omit<ImpactHead, 'weights'>>(KIND, bytes, file, ({ width }) => 4 * width);
  const head = { ...description, weights: new Float32Array(numbers) };
  const { k1, b, average, bias } = head;
  if (typeof head.base === 'string' && [k1, b, average, bias, ...head.weights].every(Number.isFinite) && average > 0) {
    return head;
  }
  throw new CorruptFileError(file, 'it says impossible numbers', 'Restore the file, or train again.');
}

/** What a term that stands `count` times in a text of `words` words counts there, 0 to 1. */
export function saturation(
  { k1, b, average }: Pick<ImpactHead, 'k1' | 'b' | 'average'>,
  count: number,
  words: number,
): number {
  return count / (count + k1 * (1 - b + (b * words) / average));
}
