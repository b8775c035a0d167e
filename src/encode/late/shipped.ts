import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { NotFoundError } from '../../base/errors.ts';
import { locate } from '../lanes/packaged.ts';
import { readProjection, type TokenProjection } from './projection.ts';

/** The projection that comes with the package: `npm run bench -- distill-late` makes it. @throws NotFoundError, CorruptFileError */
export async function shippedProjection(): Promise<TokenProjection> {
  const found = locate(import.meta.url, './late.bin', './models/late.bin', '../models/late.bin');
  if (found === undefined) {
    throw new NotFoundError('The projection of the encoder late is missing.', 'Install the package again.');
  }
  return readProjectionFile(fileURLToPath(found));
}

/** A projection that `writeProjection` wrote. @throws NotFoundError, CorruptFileError, IncompatibleError */
export async function readProjectionFile(path: string): Promise<TokenProjection> {
  const bytes = await readFile(path).catch((cause) => {
    throw new NotFoundError(`${path} cannot be read.`, 'Name the file of a projection of token vectors.', { cause });
  });
  return readProjection(bytes, path);
}
