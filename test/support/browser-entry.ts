import { fileURLToPath } from 'node:url';
import { build as bundle } from 'tsdown';
import { build } from 'vite';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Builds what pages open collections with, as the package has it: `index.js` and `worker.js` with its parts. */
export async function buildBrowserEntry(outDir: string): Promise<void> {
  await bundle({
    config: false,
    entry: { index: `${root}src/browser/index.ts` },
    outDir,
    format: 'esm',
    platform: 'neutral',
    dts: false,
    clean: false,
    fixedExtension: false,
    logLevel: 'error',
  });
  await build({ configFile: `${root}browser.config.ts`, logLevel: 'error', build: { outDir } });
}
