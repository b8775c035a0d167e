// npm run bench -- NAME [--json] [arguments]: runs bench/NAME.ts against the sources, installing its peers first.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [name, ...rest] = process.argv.slice(2);
const names = readdirSync(`${root}/bench`)
  .filter((file) => file.endsWith('.ts') && file !== 'harness.ts' && !file.startsWith('lib'))
  .map((file) => file.slice(0, -3));
if (name === undefined || !names.includes(name)) {
  console.error(
    `${name === undefined ? 'No benchmark named' : `Unknown benchmark "${name}"`}. Choose one of: ${names.join(', ')}`,
  );
  process.exit(2);
}

/** Runs a step; its own output goes to stderr so that stdout holds only the table and the JSON line. */
const step = (command, args) => {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
};
step(process.execPath, ['scripts/build-kernels.mjs']);
if (!existsSync(`${root}/bench/node_modules`)) step('npm', ['ci', '--prefix', 'bench']);

const { status } = spawnSync(process.execPath, ['--expose-gc', '--import', 'tsx', `bench/${name}.ts`, ...rest], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
