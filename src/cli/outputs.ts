import { existsSync } from 'node:fs';
import { lstat, mkdir, open, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InvalidArgumentError, StorageError } from '../base/errors.ts';
import { inWords } from './refusals.ts';

/** A place that a command writes to when its work is done, by the option that names it. */
type Output = readonly [path: string | undefined, option: string];

/**
 * Refuses files that could not be written, before the work whose result they take. What is there stays as it is, and nothing else is left behind.
 * @param files those without a path are passed over.
 * @throws InvalidArgumentError for a folder, and for a place below a file; NotFoundError, StorageError where the system takes no file.
 */
export async function checkOutputs(...files: readonly Output[]): Promise<void> {
  for (const [path, option] of files) {
    if (path === undefined) continue;
    if (path === '') throw new InvalidArgumentError(`${option} names no file.`, `Write a path behind ${option}.`);
    await told(path, option, () => tryFile(path));
  }
}

/** As {@link checkOutputs}, for a folder that files are written into: one that is there, or can be made. */
export async function checkOutputFolder(path: string | undefined, option: string): Promise<void> {
  if (path === undefined) return;
  await told(path, option, () => tryFile(join(path, `.sagitta-${process.pid}`)));
}

async function told(path: string, option: string, attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (cause) {
    const error = inWords(cause, path);
    if (!(error instanceof StorageError)) throw error;
    const problem = error.message.slice(0, -error.remedy.length).trimEnd();
    throw new StorageError(
      problem,
      `Give this user the right to write ${path}, or name another place with ${option}.`,
      {
        cause,
      },
    );
  }
}

/** Makes the file, with the folders above it, and takes them away again; of one that is there it opens alone. */
async function tryFile(path: string): Promise<void> {
  const before = await stat(path).catch(() => undefined);
  // A pipe would wait for its reader.
  if (before !== undefined && !before.isFile() && !before.isDirectory()) return;
  if (before !== undefined) return (await open(path, 'a')).close();
  const made: string[] = [];
  try {
    // One by one: where the system takes none, as in /proc, `recursive` never comes to an end.
    for (const folder of missingAbove(resolve(path))) {
      await mkdir(folder);
      made.unshift(folder);
    }
    const isLink = (await lstat(path).catch(() => undefined)) !== undefined;
    await (await open(path, 'a')).close();
    // A link that leads nowhere yet is not ours to take away.
    if (!isLink) await rm(path);
  } finally {
    // One that somebody else put something into stays, with those around it.
    for (const folder of made) await rmdir(folder).catch(() => undefined);
  }
}

/** The folders above a file that are not there, outermost first. */
function missingAbove(path: string): string[] {
  const folder = dirname(path);
  return existsSync(folder) || folder === path ? [] : [...missingAbove(folder), folder];
}
