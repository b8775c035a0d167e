import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = fileURLToPath(new URL('./src/', import.meta.url));
const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());

/** Half a minute and more each: browsers, and damage that is done again and again. `npm run test:long` runs them. */
const LONG = [
  'lab/grading/runner.test.ts',
  'src/ingest/large-files.test.ts',
  'src/store/local/refusals.test.ts',
  'test/bad-input.test.ts',
  'test/browser.test.ts',
  'test/corruption.test.ts',
  'test/kill.test.ts',
  'test/learned-damage.test.ts',
  'test/offline.test.ts',
  'test/page.test.ts',
  'test/page-bounds.test.ts',
  'test/page-relevance.test.ts',
  'test/postgres-parts.test.ts',
  'test/postgres-server.test.ts',
  'test/page-views.test.ts',
  'test/reading-threads.test.ts',
];
/** These try more where there is time. */
const LONGER = ['src/encode/bert/minilm.test.ts', 'src/encode/use-lite/use-lite.test.ts'];
const EVERY = ['src/**/*.test.ts', 'lab/**/*.test.ts', 'test/**/*.test.ts'];

export default defineConfig(({ mode }) => ({
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
    include: mode === 'long' ? [...LONG, ...LONGER] : EVERY,
    exclude: mode === 'long' ? [] : ['**/node_modules/**', ...LONG],
    // Long ones start browsers and several servers, also on machines that do other things.
    testTimeout: mode === 'long' ? 120_000 : 30_000,
    // A hook may start a server, whose threads compile the sources that they run.
    hookTimeout: mode === 'long' ? 120_000 : 60_000,
    maxWorkers: 2,
    // Files share what they import, which saves a third of the time: whoever changes something global takes it back.
    isolate: false,
    // Models are prepared once for all runs, and never in the user's own cache.
    env: {
      SAGITTA_CACHE: fileURLToPath(new URL('./node_modules/.cache/sagitta', import.meta.url)),
      SAGITTA_TESTS: mode === 'long' ? 'long' : 'short',
    },
  },
}));
