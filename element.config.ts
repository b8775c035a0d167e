import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The one script of `<sagitta-search>`: everything in a file, for a plain script tag. */
export default defineConfig({
  publicDir: false,
  plugins: [
    {
      name: 'ascii',
      // A page that does not name its encoding would read other characters wrongly.
      generateBundle(_, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type !== 'chunk') continue;
          chunk.code = chunk.code.replace(
            /[\u0080-\uffff]/g,
            (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
          );
        }
      },
    },
  ],
  build: {
    outDir: fileURLToPath(new URL('./dist/element', import.meta.url)),
    emptyOutDir: false,
    target: 'es2022',
    lib: {
      entry: fileURLToPath(new URL('./src/element/browser.ts', import.meta.url)),
      name: 'SagittaSearch',
      formats: ['iife'],
      fileName: () => 'sagitta-search.js',
    },
  },
});
