import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { isWithin, shownPath, withSlashes } from '../ingest/paths.ts';
import type { Filter } from '../search/index.ts';
import { documentBase } from '../store/index.ts';

/** Folder of a collection that is not named. */
export const USUAL = '.sagitta';

/**
 * The collection of the working directory: `.sagitta` here, else in the nearest folder above that has one, as git does, as a path from
 * here. Folders of other users are passed over, since a collection names what queries are sent to. `.sagitta` where there is none.
 */
export function nearestCollection(start = process.cwd()): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const directory = join(folder, USUAL);
    if (existsSync(join(directory, 'manifest.json')) && (folder === start || isOwn(directory))) {
      return relative(start, directory);
    }
    if (dirname(folder) === folder) return USUAL;
  }
}

function isOwn(path: string): boolean {
  return process.getuid === undefined || statSync(path).uid === process.getuid();
}

/**
 * What ids and paths of documents begin with for a path that is written from where one stands: relative to the folder that holds the
 * collection (to where one stands, for one in a database), absolute outside of it. A `/` at the end stays.
 */
export function shownFromHere(collection: string, path: string): string {
  const base = documentBase(collection);
  const shown = shownPath(base, resolve(path));
  const name = shown === '.' ? '' : shown;
  return path.endsWith('/') && name !== '' && !name.endsWith('/') ? `${name}/` : name;
}

/** Whether a text is a path from where one stands, rather than an id or a path as the collection shows it. */
function isFromHere(collection: string, text: string): boolean {
  if (/^\.{1,2}(\/|$)/.test(text)) return true;
  const base = withSlashes(documentBase(collection));
  return text.startsWith('/') && isWithin(text, base);
}

/** An id as the collection has it: `./a.md`, `../a.md` and absolute paths below its folder are paths from where one stands. */
export function idFromHere(collection: string, id: string): string {
  return isFromHere(collection, id) ? shownFromHere(collection, id) : id;
}

const PATHS = ['path', 'id', 'folder'];

/** The filter with `./`, `../` and absolute paths in conditions on `path`, `id` and `folder` as the collection has them. */
export function filterFromHere(collection: string, filter: Filter): Filter {
  const within = (part: Filter): Filter => filterFromHere(collection, part);
  if ('and' in filter) return { and: filter.and.map(within) };
  if ('or' in filter) return { or: filter.or.map(within) };
  if ('not' in filter) return { not: within(filter.not) };
  if (!PATHS.includes(filter.field) || filter.op === 'exists' || filter.op === 'contains') return filter;
  const moved = <T>(value: T): T | string => (typeof value === 'string' ? idFromHere(collection, value) : value);
  if (filter.op === 'in') return { ...filter, values: filter.values.map(moved) };
  return { ...filter, value: moved(filter.value) };
}
