import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { NotFoundError } from '../../base/errors.ts';
import { readTable, type StaticTable } from './table.ts';

/** The table that comes with the package: `npm run bench -- distill-static` makes it. @throws NotFoundError, CorruptFileError */
export async function shippedTable(): Promise<StaticTable> {
  // Beside this file, and beside the bundle that this file becomes a part of.
  const places = ['./static.bin', './models/static.bin', '../models/static.bin'];
  const found = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));
  if (found === undefined) {
    throw new NotFoundError('The table of the encoder static is missing.', 'Install the package again.');
  }
  return readTableFile(found);
}

/** A table that `writeTable` wrote. @throws NotFoundError, CorruptFileError, IncompatibleError */
export async function readTableFile(path: string): Promise<StaticTable> {
  const bytes = await readFile(path).catch((cause) => {
    throw new NotFoundError(`${path} cannot be read.`, 'Name the file of a token table.', { cause });
  });
  return readTable(bytes, path);
}
