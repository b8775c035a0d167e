import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { NotFoundError } from '../../base/errors.ts';
import { locate } from '../lanes/packaged.ts';
import { readTable, type StaticTable } from './table.ts';

/** The table that comes with the package: `npm run bench -- distill-static` makes it. @throws NotFoundError, CorruptFileError */
export async function shippedTable(): Promise<StaticTable> {
  const found = locate(import.meta.url, './static.bin', './models/static.bin', '../models/static.bin');
  if (found === undefined) {
    throw new NotFoundError('The table of the encoder static is missing.', 'Install the package again.');
  }
  return readTableFile(fileURLToPath(found));
}

/** A table that `writeTable` wrote. @throws NotFoundError, CorruptFileError, IncompatibleError */
export async function readTableFile(path: string): Promise<StaticTable> {
  const bytes = await readFile(path).catch((cause) => {
    throw new NotFoundError(`${path} cannot be read.`, 'Name the file of a token table.', { cause });
  });
  return readTable(bytes, path);
}
