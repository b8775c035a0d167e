import { isBeside } from './beside.ts';
import { belongsTo, readFieldState } from './field-state.ts';
import type { FileSystem, Files } from './filesystem.ts';
import { manifestPath, referencedFiles, SEGMENTS } from './manifest.ts';
import { isOurs, type Manifest } from './manifest-types.ts';
import { join } from './platform.ts';

/** Files of a change that is not published yet. */
export class Attempt {
  #paths: string[] = [];

  constructor(readonly fileSystem: FileSystem) {}

  add(path: string): void {
    this.#paths.push(path);
  }

  /** They belong to the collection now. */
  keep(): void {
    this.#paths = [];
  }

  undo(): void {
    for (const path of this.#paths) {
      try {
        this.fileSystem.remove(path);
      } catch {
        // It does not count; the next writer removes it.
      }
    }
  }
}

/**
 * Removes files that no manifest names: what a killed writer left. Those of a field that is being made stay while that is
 * under way. Only the holder of the lock may call it.
 *
 * The manifest read may have been put in place by a writer whose last step failed. It must survive a power failure
 * before files go that only the one before it names.
 */
export async function removeLeftovers(
  directory: string,
  manifest: Manifest,
  files: Files,
  fileSystem: FileSystem,
): Promise<void> {
  const referenced = referencedFiles(manifest);
  const folder = join(directory, SEGMENTS);
  const names = files.list(folder);
  // Read after the names: a process that makes a field needs no lock, and its state is there before its files are.
  const state = readFieldState(directory, files);
  const isKept = (name: string) => referenced.has(name) || (typeof state === 'object' && belongsTo(name, state));
  const leftovers = names.filter((name) => isOurs(name) && !isKept(name));
  const beside = besideLeftovers(files.list(directory), manifest);
  if (leftovers.length + beside.length > 0) await fileSystem.syncDirectory(directory);
  for (const name of beside) fileSystem.remove(join(directory, name));
  for (const name of leftovers) fileSystem.remove(join(folder, name));
  fileSystem.remove(`${manifestPath(directory)}.new`);
}

/** Files beside the segments that no manifest names. */
function besideLeftovers(names: readonly string[], { beside }: Manifest): string[] {
  const named = new Set(beside.map(({ file }) => file));
  return names.filter((name) => isBeside(name) && !named.has(name));
}
