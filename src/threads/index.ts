import type { Parallel } from '../base/parallel.ts';
import { ThreadPool, type ThreadsOptions } from './pool.ts';

export type { ThreadsOptions } from './pool.ts';

/** Threads, to be given to whatever takes the option `threads`. */
export interface Threads extends Parallel, AsyncDisposable {
  /** Waits for the work under way and ends the threads. */
  close(): Promise<void>;
}

/**
 * Starts threads: `worker_threads` in Node, Web Workers elsewhere.
 *
 * @throws InvalidArgumentError for a number of threads outside its range.
 * @throws UnsupportedError where threads cannot share memory: in a browser, pages that are not cross-origin isolated.
 * @throws ThreadError when a thread does not start.
 */
export async function openThreads(options: ThreadsOptions = {}): Promise<Threads> {
  const pool = new ThreadPool(options);
  try {
    await pool.started();
  } catch (error) {
    await pool.close();
    throw error;
  }
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.close() });
}
