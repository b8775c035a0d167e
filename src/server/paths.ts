import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { locate, startPackaged } from '../encode/lanes/packaged.ts';

/** Starts a thread of the server. */
export function startWorker(workerData: unknown): Worker {
  return startPackaged(
    workerData,
    import.meta.url,
    './threads/worker.ts',
    './worker.js',
    './server/worker.js',
    '../server/worker.js',
  );
}

/** The folder of the built web page; undefined where it was not built. */
export function webFolder(): string | undefined {
  const found = locate(import.meta.url, './web/index.html', '../web/index.html', '../../dist/web/index.html');
  return found === undefined ? undefined : fileURLToPath(new URL('.', found));
}
