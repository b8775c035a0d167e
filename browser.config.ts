import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** What the store takes from Node is taken from the browser; what few collections have is loaded for those that have it. */
export const inBrowsers = [
  { find: './platform.ts', replacement: source('store/browser/platform.ts') },
  { find: './seldom.ts', replacement: source('store/browser/seldom.ts') },
  { find: './modules.ts', replacement: source('browser/kernel-modules.ts') },
];

/** The worker in which pages open collections: what it needs in one script, and stemmers in others that are fetched when they are needed. */
export default defineConfig({
  publicDir: false,
  // What operators are for is told by the command line alone.
  plugins: [
    {
      name: 'without-help',
      enforce: 'pre',
      transform: (code, id) =>
        id.startsWith(source('search/pipeline/')) ? code.replace(/^ {2}help: .+',$/gm, '') : undefined,
    },
  ],
  resolve: { alias: inBrowsers },
  build: {
    outDir: fileURLToPath(new URL('./dist/browser', import.meta.url)),
    emptyOutDir: false,
    target: 'es2022',
    modulePreload: false,
    rollupOptions: {
      input: source('browser/worker.ts'),
      preserveEntrySignatures: false,
      output: { format: 'es', entryFileNames: 'worker.js', chunkFileNames: 'parts/[name]-[hash].js' },
    },
  },
});
