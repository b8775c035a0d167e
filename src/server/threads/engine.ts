import { MessageChannel, type Worker } from 'node:worker_threads';
import { asksModel } from '../../answer/index.ts';
import type { LanguageModel } from '../../generate/index.ts';
import type { AnswerOf, CallOptions, Engine, OperationName, RequestOf, ServedCollection } from '../operations/types.ts';
import { startWorker } from '../paths.ts';
import type { OperationMessage, ThreadRole } from './messages.ts';
import { serveModel } from './model.ts';
import { OperationPool } from './pool.ts';

export interface ThreadedEngineOptions {
  readonly collections: readonly ServedCollection[];
  readonly readOnly: boolean;
  /** Threads that search; each holds the collections' postings and codes. */
  readonly searchThreads: number;
  /** Searches that may wait. */
  readonly queue: number;
  /** Milliseconds for a search or a look-up. */
  readonly timeout: number;
  /** What makes the next question between hops, where a request asks for that. */
  readonly model?: LanguageModel;
  readonly onFault?: (fault: string) => void;
}

type PoolName = 'search' | 'background' | 'write';

/** Which threads do what: long work never stands in the way of a search. */
const POOL_OF: Readonly<Record<OperationName, PoolName>> = {
  search: 'search',
  context: 'search',
  ask: 'search',
  get: 'search',
  multiGet: 'search',
  info: 'search',
  suggest: 'search',
  complete: 'search',
  list: 'background',
  folder: 'background',
  contexts: 'search',
  facets: 'background',
  map: 'background',
  mapHits: 'background',
  judgements: 'background',
  measure: 'background',
  frontier: 'background',
  evaluation: 'background',
  verify: 'background',
  embed: 'background',
  rerank: 'background',
  add: 'write',
  addRaw: 'write',
  addFile: 'write',
  judge: 'write',
  remove: 'write',
  sync: 'write',
  compact: 'write',
  reencode: 'write',
};

/** Threads work on this many searches at a time; more than one, so that those that wait for the encoder make room. */
const SEARCHES_PER_THREAD = 16;

/** Milliseconds that a search may take beyond the usual where a language model leads its hops, which begins no further one after 30 s. */
const LED = 40_000;

/** Milliseconds within which one run of a model must be done. */
const LONGEST_RUN = 60_000;

/** Carries operations out in threads: some that search, one for slow reading, one that writes, one that encodes. */
export class ThreadedEngine implements Engine {
  readonly collections: readonly string[];
  readonly pools: Readonly<Record<PoolName, OperationPool>>;
  #encoding: Worker | undefined;
  readonly #threads = new Set<Worker>();
  #closing = false;

  constructor(private readonly options: ThreadedEngineOptions) {
    this.collections = options.collections.map(({ name }) => name);
    const { queue, timeout, onFault } = options;
    const common = {
      start: () =>
        startWorker({
          role: 'operations',
          collections: options.collections,
          readOnly: options.readOnly,
        } satisfies ThreadRole),
      onStart: (thread: Worker) => {
        this.#connect(thread);
        this.#giveModel(thread);
      },
      ...(onFault === undefined ? {} : { onFault }),
    };
    this.pools = {
      search: new OperationPool({
        ...common,
        name: 'search',
        threads: options.searchThreads,
        perThread: SEARCHES_PER_THREAD,
        queue,
        timeout,
      }),
      background: new OperationPool({ ...common, name: 'background', threads: 1, perThread: 4, queue: 64 }),
      write: new OperationPool({ ...common, name: 'write', threads: 1, perThread: 32, queue: 64 }),
    };
  }

  /**
   * Starts the threads that search and opens every collection. Then, while requests are served already, searches once in
   * each thread: that loads the model and the codes, so that the first person who asks does not wait for it.
   */
  async warmUp(): Promise<void> {
    this.pools.search.start();
    await Promise.allSettled(this.collections.map((collection) => this.call('info', { collection })));
    for (const collection of this.collections) {
      for (let thread = 0; thread < this.options.searchThreads; thread++) {
        const request = { collection, query: 'warm-up', k: 1, explain: false };
        void this.call('search', request).catch(() => undefined);
      }
    }
  }

  async call<Name extends OperationName>(
    name: Name,
    request: RequestOf<Name>,
    options: CallOptions = {},
  ): Promise<AnswerOf<Name>> {
    return JSON.parse(new TextDecoder().decode(await this.callJson(name, request, options)));
  }

  callJson<Name extends OperationName>(
    name: Name,
    request: RequestOf<Name>,
    options: CallOptions = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = (request as { bytes?: unknown }).bytes;
    // Large bodies move to the thread instead of being copied.
    const transfer = bytes instanceof Uint8Array && isWhole(bytes) ? [bytes.buffer as ArrayBuffer] : [];
    const led = (name === 'ask' || name === 'context') && asksModel((request as RequestOf<'ask'>).next);
    const patience = led ? { timeout: this.options.timeout + LED } : {};
    return this.pools[POOL_OF[name]].call(name, request, { ...options, ...patience }, transfer);
  }

  async close(late: AbortSignal = AbortSignal.abort()): Promise<void> {
    await Promise.all(Object.values(this.pools).map((pool) => pool.close(late)));
    this.#closing = true;
    await this.#stopEncoding();
  }

  /** A thread that is ended while native code runs in it takes the whole process down: it ends by itself, after the run under way. */
  async #stopEncoding(): Promise<void> {
    const encoding = this.#encoding;
    if (encoding === undefined) return;
    const ended = new Promise((done) => encoding.once('exit', done));
    encoding.postMessage({ type: 'stop' });
    const timer = setTimeout(() => {
      this.options.onFault?.('the thread that encodes does not stop; it is ended');
      void encoding.terminate();
    }, LONGEST_RUN);
    await ended;
    clearTimeout(timer);
  }

  #giveModel(thread: Worker): void {
    const { model } = this.options;
    if (model === undefined) return;
    const { port1, port2 } = new MessageChannel();
    serveModel(port1, model);
    thread.postMessage({ type: 'model', id: model.id, port: port2 } satisfies OperationMessage, [port2]);
  }

  /** Gives a thread its line to the encoder, whose thread starts with the first of them; it loads a model only when asked. */
  #connect(thread: Worker): void {
    this.#threads.add(thread);
    thread.once('exit', () => this.#threads.delete(thread));
    if (this.#encoding === undefined) {
      this.#encoding = startWorker({ role: 'encoding' } satisfies ThreadRole);
      this.#encoding.on('error', (error) =>
        this.options.onFault?.(`the thread that encodes failed: ${error.stack ?? error}`),
      );
      this.#encoding.once('exit', () => {
        this.#encoding = undefined;
        // After a pause: a model that ends its thread at once would otherwise be started without end.
        setTimeout(() => {
          if (!this.#closing) for (const orphan of this.#threads) this.#connect(orphan);
        }, 500).unref();
      });
    }
    const { port1, port2 } = new MessageChannel();
    this.#encoding.postMessage({ type: 'connect', port: port1 }, [port1]);
    thread.postMessage({ type: 'encoding', port: port2 }, [port2]);
  }
}

/** Whether the view is all of its buffer, and the buffer nobody else's. */
function isWhole(bytes: Uint8Array): boolean {
  return bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength && !Buffer.isBuffer(bytes);
}
