import type { Folder, FolderParameters } from '../../api/index.ts';
import type { Collection } from '../../collection/index.ts';
import { documentFilter } from '../../search/index.ts';
import { summary } from './documents.ts';

/** Folders that an answer names. */
const MOST_FOLDERS = 1000;

/** The documents of a folder, and the folders below it with how many documents they hold: ids as a tree. */
export function readFolder(collection: Collection, parameters: FolderParameters): Promise<Folder> {
  const { folder, depth, filter, limit, after } = parameters;
  return collection.read(async (corpus) => {
    const allowed = filter === undefined ? undefined : await documentFilter(corpus, filter);
    const contexts = collection.descriptions();
    const context = (name: string): { context?: string } => {
      const sentence = name === '' ? contexts.collection : contexts.folders[name];
      return sentence === undefined ? {} : { context: sentence };
    };
    const counts = new Map<string, number>();
    const here: { id: string; ordinal: number }[] = [];
    let documents = 0;
    for await (const { ordinal, record: document } of corpus.all()) {
      const { id } = document;
      if (!id.startsWith(folder) || allowed?.(document) === false) continue;
      documents++;
      let end = folder.length;
      for (let level = 0; level < depth; level++) {
        const slash = id.indexOf('/', end);
        if (slash < 0) {
          if (level === 0) here.push({ id, ordinal });
          break;
        }
        end = slash + 1;
        const name = id.slice(0, end);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    const folders = [...counts]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_FOLDERS)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => ({ folder: name, documents: count, ...context(name) }));
    const rest = here
      .filter(({ id }) => after === undefined || id > after)
      .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    const page = rest.slice(0, limit);
    return {
      folder,
      documents,
      ...context(folder),
      folders,
      listed: (await corpus.documents(page.map(({ ordinal }) => ordinal))).map(summary),
      ...(rest.length > limit && limit > 0 ? { next: page.at(-1)!.id } : {}),
    };
  });
}
