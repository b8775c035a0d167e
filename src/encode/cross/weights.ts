import { floatToHalf, halvesToFloats } from '../../base/half.ts';
import { openSealed, sealFile } from '../sealed-file.ts';
import type { EncoderTuning } from '../tuning.ts';
import type { PairLimits } from './pairs.ts';

/** An array of a model. */
interface NamedArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** What was learned of a cross-encoder, beside the weights that it starts from. */
export interface CrossWeights {
  /** Specification of the encoder whose body it is: `minilm`, `bert:FOLDER`. */
  readonly base: string;
  readonly lora: NonNullable<EncoderTuning['lora']>;
  readonly limits: Required<PairLimits>;
  /** Low-rank updates, the head, and the types of the two texts, by name. */
  readonly arrays: ReadonlyMap<string, NamedArray>;
  /** How its scores are best used: see `CrossRerankerOptions`. */
  readonly suggested?: { readonly depth: number; readonly weight: number };
  /** How it was made, for people. */
  readonly made?: Readonly<Record<string, unknown>>;
}

const KIND = { magic: 'SGTCROSS', version: 1, what: 'a cross-encoder' } as const;

interface Description extends Omit<CrossWeights, 'arrays'> {
  readonly arrays: readonly (readonly [name: string, shape: readonly number[]])[];
}

/** A cross-encoder as a file: a description in JSON, then the arrays in half precision. All of it is covered by a checksum. */
export function writeCross({ arrays, ...rest }: CrossWeights): Uint8Array {
  const description: Description = { ...rest, arrays: [...arrays].map(([name, { shape }]) => [name, shape]) };
  const halves = [...arrays.values()].map(({ data }) => new Uint8Array(Uint16Array.from(data, floatToHalf).buffer));
  return sealFile(KIND, description, ...halves);
}

/**
 * Reads what {@link writeCross} wrote.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError
 */
export function readCross(bytes: Uint8Array, file: string): CrossWeights {
  const { description, numbers } = openSealed<Description>(
    KIND,
    bytes,
    file,
    ({ arrays }) => 2 * arrays.reduce((sum, [, shape]) => sum + sizeOf(shape), 0),
  );
  const arrays = new Map<string, NamedArray>();
  let at = 0;
  for (const [name, shape] of description.arrays) {
    const data = new Float32Array(sizeOf(shape));
    halvesToFloats(new Uint16Array(numbers, 2 * at, data.length), data);
    arrays.set(name, { data, shape });
    at += data.length;
  }
  return { ...description, arrays };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
