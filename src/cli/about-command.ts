import { InvalidArgumentError } from '../base/errors.ts';
import { openHere } from './opening.ts';
import { print, printable, printJson, say, table } from './output.ts';

export interface AboutOptions {
  readonly in: string;
  readonly json: boolean;
  readonly remove: boolean;
}

/** `sagitta about`: lists what is said of the collection and its folders, and changes it. One argument alone is about the collection. */
export async function aboutCommand(
  folder: string | undefined,
  sentence: string | undefined,
  { in: directory, json, remove }: AboutOptions,
): Promise<void> {
  if (remove && sentence !== undefined) {
    throw new InvalidArgumentError('--remove takes a folder, or nothing.', 'Write `sagitta about FOLDER --remove`.');
  }
  await using collection = await openHere(directory);
  if (remove) await collection.describe(folder ?? '', undefined);
  else if (sentence !== undefined) {
    await collection.describe(folder!, sentence);
    if (folder !== '' && (await collection.ids([folder!.endsWith('/') ? folder! : `${folder}/`])).length === 0) {
      say(`No document stands under ${printable(folder!)} yet.`);
    }
  } else if (folder !== undefined) await collection.describe('', folder);
  const { collection: own, folders } = collection.descriptions();
  if (json) return printJson({ ...(own === undefined ? {} : { collection: own }), folders });
  const rows = Object.entries(folders).sort(([a], [b]) => (a < b ? -1 : 1));
  if (own === undefined && rows.length === 0) {
    return print('Nothing is said yet. Write: sagitta about "What the documents are about"');
  }
  print(table(['folder', 'about'], [...(own === undefined ? [] : [['(all)', own]]), ...rows]));
}
