import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { inBrowsers } from '../../browser.config.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A part of the built worker, as scripts of the page find it. @param exported what it gives out. */
function part(exported: RegExp): string {
  const parts = here('../../dist/browser/parts/');
  const name = readdirSync(parts).find((file) => exported.test(readFileSync(parts + file, 'utf8').slice(-1000)));
  if (name === undefined) throw new Error('The worker is not built. Run `npm run build`.');
  return `../browser/parts/${name}`;
}

/** What is not built again, by where it lies; the worker's parts have names only once it is built. */
const ELSEWHERE: Readonly<Record<string, () => string>> = {
  'unpdf/pdfjs': () => '../pdfjs.js',
  'markdown-it': () => part(/StateInline`.*as default\};\s*$/s),
  yaml: () => part(/as parseDocument,/),
};

/** The page that keeps documents in the browser: `sagitta export --offline` writes it, with what it opens collections with. */
export default defineConfig({
  root: here('.'),
  base: './',
  publicDir: here('../public'),
  plugins: [
    {
      name: 'worker-of-the-package',
      enforce: 'pre',
      // It is in the package already; the export puts it beside the page.
      transform: (code, id) => {
        if (!id.endsWith('/src/browser/open.ts')) return undefined;
        const own = "new URL('./worker.js', import.meta.url)";
        if (!code.includes(own))
          throw new Error(`${id} no longer names its worker as ${own}. Name it here as it does.`);
        return code.replace(own, "new URL('./browser/worker.js', location.href)");
      },
    },
  ],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: {
    alias: [
      ...inBrowsers,
      ...['path', 'buffer', 'zlib', 'module'].map((name) => ({
        find: `node:${name}`,
        replacement: here(`./shims/${name}.ts`),
      })),
      { find: /^.*\/pdf-scans\.ts$/, replacement: here('./shims/pdf-scans.ts') },
    ],
  },
  build: {
    outDir: here('../../dist/offline'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: here('./index.html'), 'service-worker': here('./src/service-worker.ts') },
      output: {
        entryFileNames: ({ name }) => (name === 'service-worker' ? 'service-worker.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  worker: {
    format: 'es',
    // So is what takes PDF apart, in a package that this one depends on, and what the worker of collections reads Markdown with.
    rollupOptions: { external: Object.keys(ELSEWHERE), output: { paths: (id) => ELSEWHERE[id]?.() ?? id } },
  },
});
