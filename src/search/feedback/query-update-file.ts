import { CorruptFileError } from '../../base/errors.ts';
import { openSealed, sealFile } from '../../encode/sealed-file.ts';
import { type QueryUpdate, queryUpdateShapes } from './query-update.ts';

const KIND = { magic: 'SGTQUPDT', version: 1, what: 'a query update' } as const;

/** A query update as a file: a description in JSON, then its numbers in float32. All of it is covered by a checksum. */
export function writeQueryUpdate({ parameters, ...description }: QueryUpdate): Uint8Array {
  const numbers = Array.from(queryUpdateShapes(description).keys(), (name) => parameters.get(name)!);
  return sealFile(KIND, description, ...numbers);
}

/**
 * Reads what {@link writeQueryUpdate} wrote.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError
 */
export function readQueryUpdate(bytes: Uint8Array, file: string): QueryUpdate {
  const { description, numbers } = openSealed<Omit<QueryUpdate, 'parameters'>>(KIND, bytes, file, (described) =>
    [...queryUpdateShapes(described).values()].reduce((sum, shape) => sum + 4 * sizeOf(shape), 0),
  );
  let at = 0;
  const parameters = new Map<string, Float32Array>();
  for (const [name, shape] of queryUpdateShapes(description)) {
    const values = new Float32Array(numbers, at, sizeOf(shape));
    parameters.set(name, values);
    at += values.byteLength;
  }
  const { passages, sum = [1, 1] } = description;
  const finite = [...parameters.values()].every((values) => values.every(Number.isFinite));
  if (finite && Number.isInteger(passages) && passages > 0 && sum.length === 2 && sum.every(Number.isFinite)) {
    return { ...description, parameters };
  }
  throw new CorruptFileError(file, 'it says impossible numbers', 'Restore the file, or train again.');
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
