import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsdown';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
/** Folders that the package gives out by name: `./search` is `src/search/index.ts`. */
const folders = Object.keys(exports).flatMap((name) => /^\.\/([a-z]+)$/.exec(name)?.[1] ?? []);

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    ...Object.fromEntries(folders.map((folder) => [`${folder}/index`, `src/${folder}/index.ts`])),
    'threads/worker': 'src/threads/worker.ts',
    'cli/main': 'src/cli/main.ts',
    // What the process that reads files runs.
    'ingest/process': 'src/ingest/isolated/process.ts',
    // What the threads of an encoder run.
    'encode/lane': 'src/encode/lanes/worker.ts',
    // What the threads of a collection run.
    'collection/reader': 'src/collection/threads/worker.ts',
    // What the threads of a server run.
    'server/worker': 'src/server/threads/worker.ts',
  },
  format: 'esm',
  // Not `node`, whose runtime imports node:module, also into what browsers load.
  platform: 'neutral',
  external: [/^node:/],
  target: 'node20',
  fixedExtension: false,
  dts: true,
  // The sources that maps would lead to are not published.
  sourcemap: false,
  clean: true,
  // What they say is in the declarations; without them less is loaded.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: false } },
  logLevel: 'warn',
});
