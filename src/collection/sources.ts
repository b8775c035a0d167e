import { existsSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CorruptFileError, InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { absolutePath, isWithin, shownPath, withSlashes } from '../ingest/paths.ts';
import { onDisk } from '../store/local/filesystem.ts';
import { replaceFile } from '../store/local/node-files.ts';
import type { IndexOptions } from './types.ts';

/** What decides which files of a path are read. */
type Choice = Pick<IndexOptions, 'include' | 'exclude' | 'noIgnore' | 'maxBytes'>;

/** A path that was indexed, and how its files were chosen: what `Collection.index` without paths reads again. */
export interface Source extends Choice {
  /** A file, a folder or a pattern: relative to the folder that holds the collection where it lies inside, else absolute. */
  readonly path: string;
}

interface Remembered {
  /** The folder that the paths were remembered in: a copy of it elsewhere is another one. */
  readonly place: string;
  readonly sources: readonly Source[];
}

const FILE = 'sources.json';

/** What was indexed into a collection, in the order in which it was named. @throws CorruptFileError for a file that holds something else. */
export function sourcesOf(directory: string): readonly Source[] {
  return remembered(directory).sources;
}

/**
 * What to read again, by how files are chosen; paths are absolute.
 * @param asked what was said of it now. @throws InvalidArgumentError where nothing is remembered, where files are to be chosen otherwise, and for paths outside of the folder that holds the collection, which were remembered in another one: on
 * this machine they may be anything.
 */
export function sourceRuns(
  directory: string,
  asked: IndexOptions,
): { readonly paths: readonly string[]; readonly choice: Choice }[] {
  const { place, sources } = remembered(directory);
  const other = Object.keys(choiceOf(asked))[0];
  if (other !== undefined) {
    throw new InvalidArgumentError(
      `\`${other}\` was given without paths, whose files are chosen as before.`,
      'Name the paths that it is meant for.',
    );
  }
  if (sources.length === 0) {
    throw new InvalidArgumentError(
      'No path was given, and the collection remembers none.',
      'Name the files or folders to read: `sagitta index FOLDER`.',
    );
  }
  const base = dirname(resolve(directory));
  const here = placeOf(directory);
  const runs = new Map<string, { paths: string[]; choice: Choice }>();
  for (const { path, ...choice } of sources) {
    if (place !== here && !isInside(base, path)) {
      throw new InvalidArgumentError(
        `The collection was copied here, and remembers ${path}, which lies outside of ${base}.`,
        'Name the files or folders to read: `sagitta index FOLDER`.',
      );
    }
    const key = JSON.stringify(choice);
    const run = runs.get(key) ?? { paths: [], choice };
    run.paths.push(absolutePath(base, path));
    runs.set(key, run);
  }
  // What lies in a folder and was chosen otherwise is left to its own run: each would take away what the other reads.
  return Array.from(runs, ([key, { paths, choice }]) => {
    const within = sources.filter(({ path, ...own }) => {
      const absolute = absolutePath(base, path);
      return JSON.stringify(own) !== key && paths.some((folder) => isWithin(absolute, folder));
    });
    const exclude = [...(choice.exclude ?? []), ...within.map(({ path }) => `/${path.replace(/^\/+/, '')}`)];
    return { paths, choice: exclude.length === 0 ? choice : { ...choice, exclude } };
  });
}

/** Remembers paths that were indexed, as far as they are there. Whoever calls holds the write lock. */
export async function rememberSources(
  directory: string,
  paths: readonly string[],
  options: IndexOptions,
): Promise<void> {
  const choice = choiceOf(options);
  const base = dirname(resolve(directory));
  const before = remembered(directory);
  const place = placeOf(directory);
  // A copy goes by what it is told of the outside itself.
  let sources = before.sources.filter(({ path }) => before.place === place || isInside(base, path));
  for (const path of paths) {
    if (path.trim() === '' || !existsSync(fixedPart(path))) continue;
    const source: Source = { path: shownPath(base, resolve(path)), ...choice };
    // What a folder that is read anyway brings needs no mention, and a folder takes in what was mentioned of it.
    const others = sources.filter((one) => one.path !== source.path && !brings(base, source, one));
    if (others.some((one) => brings(base, one, source))) continue;
    sources = [...others, source];
  }
  if (JSON.stringify({ place, sources }) !== JSON.stringify(before)) await write(directory, { place, sources });
}

/** Forgets what lies under a beginning of ids (`docs/`, or `''` for all). @returns what was forgotten. */
export async function forgetSources(directory: string, prefix: string): Promise<readonly Source[]> {
  const { place, sources } = remembered(directory);
  const base = dirname(resolve(directory));
  const folder = absolutePath(base, prefix === '' ? '.' : prefix.replace(/(?<=.)\/$/, ''));
  const gone = sources.filter(({ path }) => prefix === '' || isWithin(absolutePath(base, path), folder));
  if (gone.length > 0) await write(directory, { place, sources: sources.filter((one) => !gone.includes(one)) });
  return gone;
}

/** What was chosen other than by default. */
function choiceOf({ include, exclude, noIgnore, maxBytes }: IndexOptions): Choice {
  return given({
    include: include?.length === 0 ? undefined : include,
    exclude: exclude?.length === 0 ? undefined : exclude,
    noIgnore: noIgnore === true ? true : undefined,
    maxBytes,
  });
}

/** Whether the files of one source are among those of another for certain: it lies in its folder, and neither chooses. */
function brings(base: string, folder: Source, { path, ...choice }: Source): boolean {
  const { path: above, ...own } = folder;
  const whole = ![...Object.keys(own), ...Object.keys(choice)].length && !/[*?]/.test(above);
  return whole && isWithin(absolutePath(base, path), absolutePath(base, above));
}

function isInside(base: string, path: string): boolean {
  return isWithin(withSlashes(resolve(absolutePath(base, path))), withSlashes(base));
}

/** A pattern's path before its first wildcard. */
function fixedPart(path: string): string {
  const wild = path.search(/[*?]/);
  return wild < 0 ? path : dirname(`${path.slice(0, wild)}x`);
}

function placeOf(directory: string): string {
  const { dev, ino } = statSync(directory, { bigint: true });
  return `${dev}:${ino}`;
}

function remembered(directory: string): Remembered {
  const path = join(directory, FILE);
  if (!existsSync(path)) return { place: placeOf(directory), sources: [] };
  try {
    const { place, sources } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    if (typeof place === 'string' && Array.isArray(sources) && sources.every(isSource)) return { place, sources };
  } catch {
    // Told below.
  }
  throw new CorruptFileError(FILE, 'it holds no list of sources', 'Delete the file, and name what to index again.');
}

const LISTS = ['include', 'exclude'];

function isSource(value: unknown): value is Source {
  if (typeof value !== 'object' || value === null) return false;
  const { path, ...choice } = value as Record<string, unknown>;
  return (
    typeof path === 'string' &&
    path.trim() !== '' &&
    !path.includes('\0') &&
    Object.entries(choice).every(([name, one]) => {
      if (LISTS.includes(name)) return Array.isArray(one) && one.every((part) => typeof part === 'string');
      return name === 'noIgnore' ? one === true : name === 'maxBytes' && Number.isSafeInteger(one);
    })
  );
}

async function write(directory: string, { place, sources }: Remembered): Promise<void> {
  const path = join(directory, FILE);
  if (sources.length === 0) await onDisk(path, () => rm(path, { force: true }));
  else await replaceFile(path, [`${JSON.stringify({ place, sources }, null, 2)}\n`]);
}
