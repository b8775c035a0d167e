import { readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onDisk } from '../store/local/filesystem.ts';
import { replaceFile } from '../store/local/node-files.ts';
import { parseSynonyms, type Synonyms } from '../text/index.ts';

/** The collection's synonyms, which may be edited by hand. */
function synonymsFile(directory: string): string {
  return join(directory, 'synonyms.txt');
}

const cache = new Map<string, { readonly stamp: string; readonly synonyms: Synonyms }>();
const CACHE_SIZE = 32;

/**
 * Synonyms of a collection, undefined without any. Read again when the file has changed.
 * @throws InvalidArgumentError for a file with a mistake.
 */
export function synonymsOf(directory: string): Synonyms | undefined {
  const path = synonymsFile(directory);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const stamp = `${found.mtimeMs} ${found.size} ${found.ino}`;
  const known = cache.get(path);
  if (known?.stamp === stamp) return known.synonyms;
  const synonyms = parseSynonyms(readFileSync(path, 'utf8'));
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
  cache.set(path, { stamp, synonyms });
  return synonyms;
}

/** Their source, as it was given; empty without any. */
export function synonymsSource(directory: string): string {
  const path = synonymsFile(directory);
  return statSync(path, { throwIfNoEntry: false }) === undefined ? '' : readFileSync(path, 'utf8');
}

/** Gives a collection synonyms, or none, for an empty source. @throws InvalidArgumentError for a source with a mistake. */
export async function saveSynonyms(directory: string, source: string): Promise<number> {
  const { size } = parseSynonyms(source);
  const path = synonymsFile(directory);
  if (size === 0) await onDisk(path, () => rm(path, { force: true }));
  else await replaceFile(path, [source]);
  return size;
}
