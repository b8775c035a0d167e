import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = join(root, 'dist/cli/main.js');

/** What Node is given before the arguments of the command line: the built one (`npm test` builds first), or the sources where they are newer. */
export const program: readonly string[] = isFresh()
  ? [built]
  : ['--import', fileURLToPath(import.meta.resolve('tsx')), join(root, 'src/cli/main.ts')];

function isFresh(): boolean {
  const time = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true }).map(
    (entry) => entry.isFile() && !entry.name.endsWith('.test.ts') && join(entry.parentPath, entry.name),
  );
  return sources.every((file) => file === false || statSync(file).mtimeMs < time);
}
