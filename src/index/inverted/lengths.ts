import { CorruptFileError } from '../../base/errors.ts';
import { section } from './format.ts';

/**
 * The lengths of documents as numbers in a list of the lengths that occur, one byte each for up to 256 of them, two for up to 65,536; as they are
 * where that is no shorter.
 */
export function encodeLengths(lengths: Float32Array): { readonly lengths: Uint8Array; readonly values: Uint8Array } {
  const values = Float32Array.from(new Set(lengths)).sort();
  const wide = values.length > 256;
  if (values.length > 0x1_0000 || (wide && 2 * values.length > lengths.length)) {
    return { lengths: bytesOf(lengths.slice()), values: new Uint8Array(0) };
  }
  const numbers = new Map(Array.from(values, (value, number) => [value, number] as const));
  const codes = wide ? new Uint16Array(lengths.length) : new Uint8Array(lengths.length);
  for (let i = 0; i < lengths.length; i++) codes[i] = numbers.get(lengths[i]!)!;
  return { lengths: bytesOf(codes), values: bytesOf(values) };
}

/** Fills `target` with what {@link encodeLengths} made. @throws CorruptFileError */
export function decodeLengths(coded: Uint8Array, values: Float32Array, target: Float32Array): void {
  if (values.length === 0) {
    if (coded.length !== 4 * target.length)
      throw new CorruptFileError(section.lengths, 'the list of lengths is missing');
    new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(coded);
  } else {
    const codes =
      coded.length === target.length ? coded : new Uint16Array(coded.buffer, coded.byteOffset, target.length);
    for (let i = 0; i < target.length; i++) {
      const value = values[codes[i]!];
      if (value === undefined)
        throw new CorruptFileError(section.lengths, `document ${i} has a length that is not in the list`);
      target[i] = value;
    }
  }
}

function bytesOf(array: Float32Array | Uint16Array | Uint8Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
