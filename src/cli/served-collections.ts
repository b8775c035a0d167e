import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { NotFoundError } from '../base/errors.ts';
import type { ServedCollection } from '../server/operations/types.ts';
import { isPostgresAddress, openLocalStore, openPostgresStore, parsePostgresAddress } from '../store/index.ts';

/**
 * What `--in` and `--source` name: `DIR` or `NAME=DIR`, or an address in PostgreSQL in place of a folder. A collection without a name is
 * called after its folder, or after the folder around it where it is called `.sagitta`; in PostgreSQL as it is called there.
 * @throws NotFoundError for a folder without a collection and a source that is not there, so that a mistake shows now rather than at the first search.
 */
export async function servedCollections(
  folders: readonly string[],
  sources: readonly string[],
): Promise<ServedCollection[]> {
  const collections = folders.map((text) => {
    const { name, rest } = splitName(text);
    if (isPostgresAddress(rest)) {
      return { name: name ?? nameOf(parsePostgresAddress(rest).collection), directory: rest, sources: [] as string[] };
    }
    const directory = resolve(rest);
    return { name: name ?? nameOf(directory), directory, sources: [] as string[] };
  });
  for (const { directory } of collections) {
    if (!isPostgresAddress(directory)) await openLocalStore(directory);
    else await (await openPostgresStore(directory)).store.close();
  }
  for (const text of sources) {
    const { name, rest } = splitName(text);
    const owner = name === undefined ? collections[0] : collections.find((collection) => collection.name === name);
    if (owner === undefined || (name === undefined && collections.length > 1)) {
      throw new NotFoundError(
        `--source ${text} names no collection.`,
        `Write --source NAME=PATH with one of: ${collections.map((collection) => collection.name).join(', ')}.`,
      );
    }
    const path = resolve(rest);
    if (!existsSync(path)) {
      throw new NotFoundError(
        `--source ${text}: there is no file or folder ${path}.`,
        'Check the spelling, or make it first.',
      );
    }
    owner.sources.push(path);
  }
  return collections;
}

function splitName(text: string): { name?: string; rest: string } {
  const match = /^([A-Za-z0-9][\w.-]*)=(.+)$/s.exec(text);
  return match === null ? { rest: text } : { name: match[1]!, rest: match[2]! };
}

function nameOf(directory: string): string {
  const own = basename(directory);
  const name = own === '.sagitta' ? basename(dirname(directory)) : own.replace(/^\.+/, '');
  return name.replace(/[^\w.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'default';
}
