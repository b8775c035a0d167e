// The two kinds of threads that there are: those of Node, and Web Workers. Node's are had without an import, which browsers and
// bundlers would stumble over.
import type { FromThread, ToThread } from './protocol.ts';

/** A thread, as seen by the one that started it. */
export interface Thread {
  post(message: ToThread): void;
  /** Whether it keeps the process alive; it does at first. */
  keepAlive(alive: boolean): void;
  /** Ends it at once, whatever it does. */
  end(): Promise<void>;
}

export interface ThreadEvents {
  message(message: FromThread): void;
  /** It has ended or could not start; called once at most. */
  ended(why: string, cause?: unknown): void;
}

/** The first message to a thread. */
export interface Hello {
  readonly thread: number;
}

/** The part of a Web Worker that is used. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  addEventListener(type: string, listener: (event: { data?: unknown; message?: string }) => void): void;
  terminate(): void;
}

/** The part of a thread of Node (`node:worker_threads`) that is used. */
export interface NodeWorkerLike {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: FromThread) => void): unknown;
  on(event: 'messageerror' | 'error' | 'exit', listener: (value: unknown) => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

const node = typeof process !== 'undefined' && process.versions?.node !== undefined ? process : undefined;

/** How many threads run at once on this machine. */
export function coreCount(): number {
  return node?.getBuiltinModule('node:os').availableParallelism() ?? navigator.hardwareConcurrency ?? 1;
}

/** @param create makes a worker that runs `sagitta-search/threads/worker`, or another program of the kind, where the default does not find it. */
export function startThread(hello: Hello, events: ThreadEvents, create?: () => WorkerLike | NodeWorkerLike): Thread {
  const worker = create?.() ?? (node === undefined ? new Worker(workerUrl(), { type: 'module' }) : nodeWorker(hello));
  return 'ref' in worker ? nodeThread(worker, hello, events) : webThread(worker, hello, events);
}

function nodeWorker({ thread }: Hello): NodeWorkerLike {
  const { Worker } = node!.getBuiltinModule('node:worker_threads');
  const fromSources = import.meta.url.endsWith('.ts');
  return new Worker(fromSources ? throughTsx() : new URL(workerUrl()), {
    name: `sagitta-${thread}`,
    // Flags of the process, such as --input-type, are not for this file.
    execArgv: [],
    eval: fromSources,
  });
}

function nodeThread(worker: NodeWorkerLike, hello: Hello, events: ThreadEvents): Thread {
  let over = false;
  let failure: unknown;
  worker.postMessage(hello);
  worker.on('message', events.message);
  worker.on('messageerror', (error) => {
    failure = error;
    void worker.terminate();
  });
  worker.on('error', (error) => {
    failure = error;
  });
  worker.on('exit', (code) => {
    if (!over)
      events.ended(failure === undefined ? `ended with exit code ${code}` : `failed (${String(failure)})`, failure);
    over = true;
  });
  return {
    post: (message) => worker.postMessage(message),
    keepAlive: (alive) => (alive ? worker.ref() : worker.unref()),
    end: async () => {
      over = true;
      await worker.terminate();
    },
  };
}

function webThread(worker: WorkerLike, hello: Hello, events: ThreadEvents): Thread {
  let over = false;
  worker.addEventListener('message', ({ data }) => events.message(data as FromThread));
  const failed = (why: string): void => {
    worker.terminate();
    if (!over) events.ended(why);
    over = true;
  };
  worker.addEventListener('messageerror', () => failed('sent what could not be read'));
  worker.addEventListener('error', ({ message }) => failed(`failed (${message})`));
  worker.postMessage(hello);
  return {
    post: (message) => worker.postMessage(message),
    keepAlive: () => undefined,
    end: async () => {
      over = true;
      worker.terminate();
    },
  };
}

/** By its name, since this module's own place depends on how the package was bundled. */
function workerUrl(): string {
  return import.meta.resolve('sagitta-search/threads/worker');
}

/** A program that runs worker.ts as it is, for work on the sources: threads do not inherit what runs TypeScript. */
export function throughTsx(): string {
  const tsx = node!
    .getBuiltinModule('node:module')
    .createRequire(import.meta.url)
    .resolve('tsx/esm/api');
  const api = tsx.replace(/cjs$/, 'mjs');
  const worker = new URL('./worker.ts', import.meta.url).href;
  return `import(${JSON.stringify(api)}).then(({ register }) => register()).then(() => import(${JSON.stringify(worker)}))`;
}

/**
 * Inside a thread: waits for the greeting, and says then that it is ready.
 *
 * @param serve returns what takes messages from then on.
 */
export function listen(
  serve: (hello: Hello, post: (message: FromThread) => void) => (message: ToThread) => void,
): void {
  const port = node?.getBuiltinModule('node:worker_threads').parentPort ?? undefined;
  const scope = globalThis as unknown as WorkerLike;
  const post = (message: FromThread): void => (port ?? scope).postMessage(message);
  let take: ((message: ToThread) => void) | undefined;
  const hear = (message: unknown): void => {
    if (take !== undefined) take(message as ToThread);
    else {
      take = serve(message as Hello, post);
      post({ type: 'ready' });
    }
  };
  if (port !== undefined) port.on('message', hear);
  else scope.addEventListener('message', ({ data }) => hear(data));
}
