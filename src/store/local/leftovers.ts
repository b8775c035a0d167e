import fs from 'node:fs';
import { join } from 'node:path';
import { isUnfinishedVersion } from '../../encode/tuned/description.ts';
import { ENCODERS, isBeside } from './beside.ts';
import { belongsTo, readFieldState, removeUnfinishedState } from './field-state.ts';
import type { FileSystem } from './filesystem.ts';
import { manifestPath, referencedFiles, SEGMENTS } from './manifest.ts';
import { isOurs, type Manifest } from './manifest-types.ts';

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
 * Removes files that no manifest names: what a killed writer left, half-written encoders too. Those of a field that is being made stay while that is
 * under way. Only the holder of the lock may call it.
 *
 * The manifest read may have been put in place by a writer whose last step failed. It must survive a power failure
 * before files go that only the one before it names.
 */
export async function removeLeftovers(directory: string, manifest: Manifest, fileSystem: FileSystem): Promise<void> {
  const referenced = referencedFiles(manifest);
  const folder = join(directory, SEGMENTS);
  const names = fs.readdirSync(folder);
  // Read after the names: a process that makes a field needs no lock, and its state is there before its files are.
  const state = readFieldState(directory);
  const isKept = (name: string) => referenced.has(name) || (typeof state === 'object' && belongsTo(name, state));
  const leftovers = names.filter((name) => isOurs(name) && !isKept(name));
  const beside = besideLeftovers(directory, manifest);
  if (leftovers.length + beside.length > 0) await fileSystem.syncDirectory(directory);
  for (const name of beside) fs.rmSync(join(directory, name), { force: true });
  for (const name of leftovers) fs.rmSync(join(folder, name), { force: true });
  fs.rmSync(`${manifestPath(directory)}.new`, { force: true });
  await removeUnfinishedState(directory);
  const encoders = join(directory, ENCODERS);
  for (const name of fs.existsSync(encoders) ? fs.readdirSync(encoders) : []) {
    if (isUnfinishedVersion(name)) fs.rmSync(join(encoders, name), { recursive: true, force: true });
  }
}

/** Files beside the segments that no manifest names. */
function besideLeftovers(directory: string, { beside }: Manifest): string[] {
  const named = new Set(beside.map(({ file }) => file));
  return fs.readdirSync(directory).filter((name) => isBeside(name) && !named.has(name));
}
