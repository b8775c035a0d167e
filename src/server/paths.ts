import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { InvariantError } from '../base/errors.ts';
import { locate } from '../ingest/isolated/locate.ts';

/** Starts a thread of the server. */
export function startWorker(workerData: unknown): Worker {
  const file = locate(
    import.meta.url,
    './threads/worker.ts',
    './worker.js',
    './server/worker.js',
    '../server/worker.js',
  );
  if (file === undefined) throw new InvariantError('dist/server/worker.js is missing from the package');
  if (!file.pathname.endsWith('.ts')) return new Worker(file, { workerData });
  // Sources that run without a build: a thread does not inherit the loader of TypeScript (Node 20).
  const loader = import.meta.resolve('tsx/esm/api');
  const load = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(file.href)}); })`;
  return new Worker(load, { eval: true, workerData });
}

/** The folder of the built web page; undefined where it was not built. */
export function webFolder(): string | undefined {
  const found = locate(import.meta.url, './web/index.html', '../web/index.html', '../../dist/web/index.html');
  return found === undefined ? undefined : fileURLToPath(new URL('.', found));
}
