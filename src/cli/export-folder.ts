import { mkdir, readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InvalidArgumentError } from '../base/errors.ts';

/**
 * Makes the folder that an export is written into, or takes one that an export has written.
 * @param own what an export of the kind consists of. @returns its absolute path. @throws InvalidArgumentError for a folder with other things in it.
 */
export async function exportFolder(folder: string, own: readonly string[]): Promise<string> {
  const out = resolve(folder);
  await mkdir(out, { recursive: true });
  const foreign = (await readdir(out)).find((name) => !own.includes(name));
  if (foreign === undefined) return out;
  throw new InvalidArgumentError(
    `${folder} holds "${foreign}", which no export wrote.`,
    'Name an empty folder, or one of an export.',
  );
}
