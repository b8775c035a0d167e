// Runs a small index and search on Bun and Deno, whose binaries come as packages.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const RUNTIMES = [
  { name: 'Bun', package: 'bun@1.4.5', scope: '@oven', binary: 'bin/bun', args: ['run'] },
  { name: 'Deno', package: 'deno@2.9.6', scope: '@deno', binary: 'deno', args: ['run', '--allow-all'] },
];

const PROGRAM = `import { openCollection } from 'sagitta-search';
for (const encoder of ['none', 'static', 'minilm']) {
  const collection = await openCollection(process.argv[2] + '-' + encoder, { create: true, encoder });
  const { added, failures } = await collection.index(['docs']);
  if (added !== 1 || failures.length > 0) throw new Error(encoder + ' indexed ' + added);
  const { hits } = await collection.search('how do I rotate the key?');
  if (hits[0]?.path !== 'docs/keys.md') throw new Error(encoder + ' found ' + hits[0]?.path);
  await collection.add([{ id: 'later', text: 'Nightly copies.' }]);
  await collection.close();
}
console.log('searched');
`;

/**
 * @param work a folder in which the package is installed, with `docs/keys.md`.
 * @returns for each runtime what was checked, or why it was not; `failed` with what it printed.
 */
export function checkOtherRuntimes(work) {
  writeFileSync(join(work, 'small.mjs'), PROGRAM);
  const folder = join(work, 'runtimes');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  const packages = RUNTIMES.map((one) => one.package);
  const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages];
  spawnSync('npm', npm, { cwd: folder, stdio: 'ignore' });
  return RUNTIMES.map(({ name, scope, binary, args }) => {
    const program = binaryOf(join(folder, 'node_modules', scope), binary);
    if (program === undefined) return { name, skipped: 'its package did not install' };
    const { stdout, stderr } = spawnSync(program, [...args, 'small.mjs', name], { cwd: work, encoding: 'utf8' });
    return stdout?.trim() === 'searched' ? { name } : { name, failed: `${stdout}\n${stderr}` };
  });
}

function binaryOf(scope, binary) {
  try {
    for (const platform of readdirSync(scope)) {
      const program = join(scope, platform, binary);
      if (spawnSync(program, ['--version']).status === 0) return program;
    }
  } catch {
    // Nothing is installed.
  }
  return undefined;
}
