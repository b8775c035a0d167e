import fs from 'node:fs';
import { join } from 'node:path';
import type { FileSystem } from './filesystem.ts';
import { isOurs, type Manifest, manifestPath, referencedFiles, SEGMENTS } from './manifest.ts';

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

/** Removes files that no manifest names: what a killed writer left. Only the holder of the lock may call it. */
export function removeLeftovers(directory: string, manifest: Manifest): void {
  const referenced = referencedFiles(manifest);
  const folder = join(directory, SEGMENTS);
  for (const name of fs.readdirSync(folder)) {
    if (isOurs(name) && !referenced.has(name)) fs.rmSync(join(folder, name), { force: true });
  }
  fs.rmSync(`${manifestPath(directory)}.new`, { force: true });
}
