import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = fileURLToPath(new URL('./src/', import.meta.url));
const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());

export default defineConfig({
  resolve: {
    alias: [
      ...folders.map(({ name }) => ({
        find: new RegExp(`^sagitta-search/${name}$`),
        replacement: `${source}${name}/index.ts`,
      })),
      { find: /^sagitta-search$/, replacement: `${source}index.ts` },
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'lab/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 30_000,
    // A hook may start a server, whose threads compile the sources that they run.
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Models are prepared once for all runs, and never in the user's own cache.
    env: { SAGITTA_CACHE: fileURLToPath(new URL('./node_modules/.cache/sagitta', import.meta.url)) },
  },
});
