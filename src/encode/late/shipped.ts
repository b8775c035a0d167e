import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { NotFoundError } from '../../base/errors.ts';
import { readProjection, type TokenProjection } from './projection.ts';

/** The projection that comes with the package: `npm run bench -- distill-late` makes it. @throws NotFoundError, CorruptFileError */
export async function shippedProjection(): Promise<TokenProjection> {
  // Beside this file, and beside the bundle that this file becomes a part of.
  const places = ['./late.bin', './models/late.bin', '../models/late.bin'];
  const found = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));
  if (found === undefined) {
    throw new NotFoundError('The projection of the encoder late is missing.', 'Install the package again.');
  }
  return readProjectionFile(found);
}

/** A projection that `writeProjection` wrote. @throws NotFoundError, CorruptFileError, IncompatibleError */
export async function readProjectionFile(path: string): Promise<TokenProjection> {
  const bytes = await readFile(path).catch((cause) => {
    throw new NotFoundError(`${path} cannot be read.`, 'Name the file of a projection of token vectors.', { cause });
  });
  return readProjection(bytes, path);
}
