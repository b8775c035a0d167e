import { readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CorruptFileError, InvalidArgumentError } from '../base/errors.ts';
import { onDisk } from '../store/local/filesystem.ts';
import { replaceFile } from '../store/local/node-files.ts';

/** What a collection, and folders in it, are about: a sentence each, for people and agents that decide where to look. */
export interface Contexts {
  /** Of the whole collection. */
  readonly collection?: string;
  /** By folder: a beginning of ids that ends with `/`. */
  readonly folders: Readonly<Record<string, string>>;
}

const NONE: Contexts = { folders: {} };
/** Characters of a sentence, and folders that have one. */
const LONGEST = 500;
const MOST = 1000;

function contextsFile(directory: string): string {
  return join(directory, 'contexts.json');
}

/** @throws CorruptFileError for a file that holds something else. */
export function contextsOf(directory: string): Contexts {
  const path = contextsFile(directory);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return NONE;
  try {
    const { collection, folders = {} } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const entries = Object.entries(folders as Record<string, unknown>);
    if ((collection === undefined || isSentence(collection)) && entries.every(([, text]) => isSentence(text))) {
      return {
        ...(collection === undefined ? {} : { collection: collection as string }),
        folders: Object.fromEntries(entries) as Record<string, string>,
      };
    }
  } catch {
    // Told below.
  }
  throw new CorruptFileError('contexts.json', 'it holds no sentences by folder', 'Delete the file, or mend it.');
}

function isSentence(value: unknown): boolean {
  return typeof value === 'string' && value.length <= LONGEST;
}

/**
 * Says what a collection or a folder of it is about, or no longer says it.
 * @param folder `''` for the collection. @param sentence undefined takes it away.
 * @throws InvalidArgumentError for more than 500 characters, line breaks, and more than 1,000 folders.
 */
export async function saveContext(directory: string, folder: string, sentence: string | undefined): Promise<Contexts> {
  const text = sentence?.trim();
  if (text !== undefined && (text === '' || text.length > LONGEST || /\p{Cc}/u.test(text))) {
    throw new InvalidArgumentError(
      'A context is one line of 1 to 500 characters.',
      'Say in a sentence what the documents are about.',
    );
  }
  const before = contextsOf(directory);
  const name = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
  const { [name]: _, ...others } = before.folders;
  const folders =
    name === '' || text === undefined ? (name === '' ? before.folders : others) : { ...others, [name]: text };
  const collection = name === '' ? text : before.collection;
  if (Object.keys(folders).length > MOST) {
    throw new InvalidArgumentError(`More than ${MOST} folders have a context.`, 'Describe the folders above them.');
  }
  const after = { ...(collection === undefined ? {} : { collection }), folders };
  const path = contextsFile(directory);
  if (collection === undefined && Object.keys(folders).length === 0)
    await onDisk(path, () => rm(path, { force: true }));
  else await replaceFile(path, [`${JSON.stringify(after, null, 2)}\n`]);
  return after;
}
