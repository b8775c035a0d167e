import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invariant } from '../../src/base/errors.ts';

/** Folder of this package: of a checkout, or in somebody's node_modules. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'sagitta') return folder;
    invariant(dirname(folder) !== folder, 'the package has no package.json');
    folder = dirname(folder);
  }
}

export function packageVersion(): string {
  return JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version;
}

/** Where evidence is read from, the later one winning: what the package brings, and what was recorded in the working folder. */
export function evidenceFolders(): string[] {
  return [join(packageRoot(), 'papers/evidence'), 'papers-evidence'];
}

/** Where evidence is written to: into a checkout, else into the working folder. */
export function evidenceTarget(): string {
  return existsSync(join(packageRoot(), 'src')) ? evidenceFolders()[0]! : evidenceFolders()[1]!;
}
