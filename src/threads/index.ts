import type { Parallel } from '../base/parallel.ts';
import { MemorySections, SectionCollector, type SectionSource } from '../base/sections.ts';
import type { Vectors } from '../base/vectors.ts';
import { type BuildOptions, type IndexSpec, IvfIndex, type VectorIndex } from '../index/index.ts';
import { ThreadPool, type ThreadsOptions } from './pool.ts';
import { SharedIndex } from './shared-index.ts';

export type { ThreadsOptions } from './pool.ts';
export type { NodeWorkerLike, WorkerLike } from './runtime.ts';
export { type CallOptions, SharedIndex, type SharedSearchParams } from './shared-index.ts';

/** Threads for whatever takes the option `threads`, and for searching indexes in memory that they share. */
export interface Threads extends Parallel, AsyncDisposable {
  /** `buildIndex` of `sagitta-search/index` on these threads, straight into memory that they share. */
  buildIndex(
    spec: string | IndexSpec,
    vectors: Vectors,
    options?: Omit<BuildOptions, 'threads' | 'lend' | 'vectors'>,
  ): Promise<SharedIndex>;
  /** `openIndex` of `sagitta-search/index`, straight into shared memory. The source is read before it returns. */
  openIndex(source: SectionSource): Promise<SharedIndex>;
  /** A copy of the index in shared memory. What becomes of the one does not touch the other. */
  shareIndex(index: VectorIndex): Promise<SharedIndex>;
  /** Waits for the work under way and ends the threads, and with them the indexes that they search. */
  close(): Promise<void>;
}

/**
 * Starts threads: `worker_threads` in Node, Web Workers elsewhere. The calling thread is none of them: it hands out work and stays
 * free for other things. Threads do not keep a process alive that has nothing else to do.
 *
 * @throws InvalidArgumentError for a number of threads outside its range.
 * @throws UnsupportedError where threads cannot share memory: in a browser, pages that are not cross-origin isolated.
 * @throws ThreadError when a thread does not start.
 */
export async function openThreads(options: ThreadsOptions = {}): Promise<Threads> {
  const pool = new OpenThreads(options);
  try {
    await pool.started();
  } catch (error) {
    await pool.close();
    throw error;
  }
  return pool;
}

class OpenThreads extends ThreadPool implements Threads {
  async buildIndex(
    spec: string | IndexSpec,
    vectors: Vectors,
    options: Omit<BuildOptions, 'threads' | 'lend' | 'vectors'> = {},
  ): Promise<SharedIndex> {
    const { ids, sample = vectors, signal } = options;
    const index = await IvfIndex.train(sample, spec, { ...options, threads: this, lend: this.threads });
    index.add(await index.code(vectors, this, { signal }), ids);
    return new SharedIndex(index, this);
  }

  async openIndex(source: SectionSource): Promise<SharedIndex> {
    return new SharedIndex(IvfIndex.open(source, { lend: this.threads }), this);
  }

  async shareIndex(index: VectorIndex): Promise<SharedIndex> {
    if (!(index instanceof IvfIndex)) return this.openIndex(new MemorySections(index.save()));
    const collector = new SectionCollector();
    index.write(collector);
    const { model } = index;
    const { build } = index.reader.arena;
    const source = new MemorySections(collector.sections);
    return new SharedIndex(IvfIndex.open(source, { model, build, lend: this.threads }), this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
