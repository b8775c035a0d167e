import { symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';
import { builtCli } from './lib-serve.ts';

/** Folder of the built package. */
export const dist = dirname(dirname(builtCli()));

/**
 * Makes `FOLDER/built/NAME.mjs` of files of this folder, with all sources that they import. A process that runs one starts in a tenth of the
 * time that sources take, and so do those that it starts itself: they are of the built package, which has to be there.
 *
 * @param names of files, without extension.
 * @returns their paths, in the same order.
 */
export async function bundled(folder: string, names: readonly string[]): Promise<string[]> {
  const outDir = join(folder, 'built');
  await build({
    config: false,
    entry: names.map((name) => fileURLToPath(new URL(`./${name}.ts`, import.meta.url))),
    outDir,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    fixedExtension: true,
    skipNodeModulesBundle: true,
    dts: false,
    logLevel: 'silent',
  });
  // Packages stay outside: some are native code. What sources start as processes is looked for beside them.
  symlinkSync(fileURLToPath(new URL('../node_modules', import.meta.url)), join(folder, 'node_modules'));
  for (const room of ['ingest', 'encode', 'threads']) symlinkSync(join(dist, room), join(outDir, room));
  return names.map((name) => join(outDir, `${name}.mjs`));
}
