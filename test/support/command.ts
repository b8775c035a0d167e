import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** Runs the command line in a folder. */
export async function sagittaIn(cwd: string, ...args: string[]) {
  const child = spawn(process.execPath, [...program, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  const text = async (stream: NodeJS.ReadableStream) => {
    let all = '';
    for await (const piece of stream) all += piece;
    return all;
  };
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number, stdout, stderr };
}
