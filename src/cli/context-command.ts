import { InvalidArgumentError } from '../base/errors.ts';
import { openHere } from './opening.ts';
import { print, printable, printJson, say, table } from './output.ts';

export interface ContextOptions {
  readonly in: string;
  readonly json: boolean;
  readonly remove: boolean;
}

/** `sagitta context`: lists what is said of the collection and its folders, and changes it. One argument alone is about the collection. */
export async function contextCommand(
  folder: string | undefined,
  sentence: string | undefined,
  { in: directory, json, remove }: ContextOptions,
): Promise<void> {
  if (remove && sentence !== undefined) {
    throw new InvalidArgumentError('--remove takes a folder, or nothing.', 'Write `sagitta context FOLDER --remove`.');
  }
  await using collection = await openHere(directory);
  if (remove) await collection.setContext(folder ?? '', undefined);
  else if (sentence !== undefined) {
    await collection.setContext(folder!, sentence);
    if (folder !== '' && (await collection.ids([folder!.endsWith('/') ? folder! : `${folder}/`])).length === 0) {
      say(`No document stands under ${printable(folder!)} yet.`);
    }
  } else if (folder !== undefined) await collection.setContext('', folder);
  const { collection: own, folders } = collection.contexts();
  if (json) return printJson({ ...(own === undefined ? {} : { collection: own }), folders });
  const rows = Object.entries(folders).sort(([a], [b]) => (a < b ? -1 : 1));
  if (own === undefined && rows.length === 0) {
    return print('Nothing is said yet. Write: sagitta context "What the documents are about"');
  }
  print(table(['folder', 'about'], [...(own === undefined ? [] : [['(all)', own]]), ...rows]));
}
