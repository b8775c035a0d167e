import type { Worker } from 'node:worker_threads';
import type { CallOptions, JobProgress, OperationName, RequestOf } from '../operations/types.ts';
import { ProblemError, problem } from '../problem.ts';
import type { OperationMessage, OperationReply } from './messages.ts';

export interface PoolOptions {
  /** For messages and metrics. */
  readonly name: string;
  readonly threads: number;
  /** Calls that one thread works on at a time: those that wait for the encoder leave room for others. */
  readonly perThread: number;
  /** Calls that may wait for a thread; one more is refused. */
  readonly queue: number;
  /** Milliseconds that a call may take, waiting included; none when absent. */
  readonly timeout?: number;
  /** Milliseconds after which a thread that does not answer, or does not stop, is ended. Default 5000. */
  readonly grace?: number;
  readonly start: () => Worker;
  /** Called with each new thread before its first call. */
  readonly onStart?: (thread: Worker) => void;
  /** Told of what went wrong inside. */
  readonly onFault?: (fault: string) => void;
}

interface PoolCallOptions extends CallOptions {
  /** In place of the pool's. */
  readonly timeout?: number | undefined;
}

interface Call {
  readonly id: number;
  readonly message: Extract<OperationMessage, { type: 'call' }>;
  readonly transfer: ArrayBuffer[];
  readonly resolve: (json: Uint8Array<ArrayBuffer>) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: ((progress: JobProgress) => void) | undefined;
  timer: NodeJS.Timeout | undefined;
  settled: boolean;
  thread?: Thread;
  /** Its caller's signal is not listened to any more. */
  deafen?: () => void;
}

interface Thread {
  readonly worker: Worker;
  readonly calls: Map<number, Call>;
}

const GRACE = 5000;

/** Times as long a thread has that was told to give work up: what is being published may take its time. */
const ENDING = 6;

/** Longest wait, in milliseconds, before a thread that keeps failing is started again. */
const LONGEST_PAUSE = 10_000;

/**
 * Threads that carry out operations. Calls go to the least busy thread; when all are busy they wait in a queue that is
 * bounded, because a server that accepts more than it can do answers everybody too late. A thread that ends is replaced,
 * and one that does not come back from a call is ended.
 */
export class OperationPool {
  readonly #threads: Thread[] = [];
  readonly #queue: Call[] = [];
  #next = 1;
  #failures = 0;
  #restart: NodeJS.Timeout | undefined;
  #closing = false;
  #drained: (() => void) | undefined;

  constructor(private readonly options: PoolOptions) {}

  /** Calls that wait, and calls that are worked on. */
  get load(): { readonly waiting: number; readonly running: number } {
    return { waiting: this.#queue.length, running: this.#threads.reduce((sum, { calls }) => sum + calls.size, 0) };
  }

  /** Starts the threads, which otherwise start at the first call. */
  start(): void {
    while (!this.#closing && this.#threads.length < this.options.threads) this.#addThread();
  }

  /** @throws ProblemError 503 when the queue is full or the pool closes, 504 when the call takes too long. */
  call<Name extends OperationName>(
    name: Name,
    request: RequestOf<Name>,
    { signal, onProgress, untilEnded = false, timeout = this.options.timeout }: PoolCallOptions = {},
    transfer: ArrayBuffer[] = [],
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#closing) return Promise.reject(stopping());
    if (this.#restart === undefined) this.start();
    const thread = this.#freeThread();
    if (thread === undefined && this.#queue.length >= this.options.queue) {
      return Promise.reject(
        problem(503, 'overloaded', `${this.#queue.length} requests are waiting already.`, 'Try again in a moment.', {
          retryAfter: 1,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      const message = { type: 'call', call: id, name, request } as Call['message'];
      const call: Call = { id, message, transfer, resolve, reject, onProgress, timer: undefined, settled: false };
      if (timeout !== undefined) call.timer = setTimeout(() => this.#expire(call, timeout), timeout);
      const abandon = untilEnded
        ? () => this.#endOrGiveUp(call, signal!.reason)
        : () => this.#giveUp(call, signal!.reason);
      signal?.addEventListener('abort', abandon, { once: true });
      call.deafen = () => signal?.removeEventListener('abort', abandon);
      if (signal?.aborted) return this.#giveUp(call, signal.reason);
      if (thread === undefined) this.#queue.push(call);
      else this.#send(thread, call);
    });
  }

  /**
   * Finishes what was accepted until `late` fires: callers of what is not done then hear that the server stops, and threads
   * are told to give it up. Ends the threads.
   */
  async close(late: AbortSignal): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#restart);
    const { waiting, running } = this.load;
    if (waiting + running > 0 && this.#threads.length > 0 && !late.aborted) {
      await new Promise<void>((done) => {
        this.#drained = done;
        late.addEventListener('abort', () => done(), { once: true });
      });
    }
    for (const call of this.#queue.splice(0)) this.#giveUp(call, stopping());
    await Promise.all(
      this.#threads.map(async ({ worker, calls }) => {
        for (const call of calls.values()) this.#giveUp(call, stopping());
        const ended = new Promise((done) => worker.once('exit', done));
        worker.postMessage({ type: 'stop' } satisfies OperationMessage);
        const timer = setTimeout(() => void worker.terminate(), this.options.grace ?? GRACE);
        await ended;
        clearTimeout(timer);
      }),
    );
  }

  #freeThread(): Thread | undefined {
    let best: Thread | undefined;
    for (const thread of this.#threads) {
      if (thread.calls.size < this.options.perThread && (best === undefined || thread.calls.size < best.calls.size))
        best = thread;
    }
    return best;
  }

  #send(thread: Thread, call: Call): void {
    call.thread = thread;
    thread.calls.set(call.id, call);
    thread.worker.postMessage(call.message, call.transfer);
  }

  #addThread(): void {
    const worker = this.options.start();
    const thread: Thread = { worker, calls: new Map() };
    this.#threads.push(thread);
    this.options.onStart?.(worker);
    worker.on('message', (reply: OperationReply) => this.#receive(thread, reply));
    worker.on('error', (error) =>
      this.options.onFault?.(`a thread of ${this.options.name} failed: ${error.stack ?? error}`),
    );
    worker.on('exit', () => this.#lose(thread));
  }

  #receive(thread: Thread, reply: OperationReply): void {
    const call = thread.calls.get(reply.call);
    if (reply.type === 'progress') {
      call?.onProgress?.(reply.progress);
      return;
    }
    thread.calls.delete(reply.call);
    this.#failures = 0;
    if (call !== undefined) {
      if (reply.type === 'done') this.#settle(call, () => call.resolve(reply.json));
      else {
        if (reply.cause !== undefined) this.options.onFault?.(reply.cause);
        this.#settle(call, () => call.reject(new ProblemError(reply.problem, reply.headers)));
      }
      clearTimeout(call.timer);
    }
    this.#feed();
  }

  #feed(): void {
    for (let thread = this.#freeThread(); thread !== undefined && this.#queue.length > 0; thread = this.#freeThread()) {
      this.#send(thread, this.#queue.shift()!);
    }
    const { waiting, running } = this.load;
    if (waiting + running === 0) this.#drained?.();
  }

  /** The thread ended: its calls fail, and another takes its place, sooner or later. */
  #lose(thread: Thread): void {
    const place = this.#threads.indexOf(thread);
    if (place >= 0) this.#threads.splice(place, 1);
    for (const call of thread.calls.values()) {
      clearTimeout(call.timer);
      this.#settle(call, () =>
        call.reject(problem(503, 'overloaded', 'The thread at work has ended.', 'Try again.', { retryAfter: 1 })),
      );
    }
    thread.calls.clear();
    if (this.#closing) {
      this.#drained?.();
      return;
    }
    const pause = Math.min(LONGEST_PAUSE, this.#failures === 0 ? 0 : 100 * 2 ** this.#failures);
    this.#failures++;
    this.#restart ??= setTimeout(() => {
      this.#restart = undefined;
      this.start();
      this.#feed();
    }, pause);
  }

  #settle(call: Call, how: () => void): void {
    if (call.settled) return;
    call.settled = true;
    call.deafen?.();
    how();
  }

  /** Nobody waits for the call any more. */
  #giveUp(call: Call, reason: unknown): void {
    this.#settle(call, () => call.reject(reason));
    clearTimeout(call.timer);
    const place = this.#queue.indexOf(call);
    if (place >= 0) this.#queue.splice(place, 1);
    else call.thread?.worker.postMessage({ type: 'abort', call: call.id } satisfies OperationMessage);
  }

  /** Tells the thread to give the call up, and its caller once it has; a thread that does not is ended. */
  #endOrGiveUp(call: Call, reason: unknown): void {
    const { thread } = call;
    if (thread === undefined || call.settled) {
      this.#giveUp(call, reason);
      return;
    }
    thread.worker.postMessage({ type: 'abort', call: call.id } satisfies OperationMessage);
    clearTimeout(call.timer);
    call.timer = setTimeout(() => this.#replace(thread, call), ENDING * (this.options.grace ?? GRACE));
  }

  #replace(thread: Thread, call: Call): void {
    if (!thread.calls.has(call.id)) return;
    this.options.onFault?.(
      `a thread of ${this.options.name} does not come back from "${call.message.name}"; it is replaced`,
    );
    void thread.worker.terminate();
  }

  #expire(call: Call, timeout: number): void {
    const late = problem(
      504,
      'timed-out',
      `There was no answer within ${timeout} ms.`,
      'Ask for less, or try again later.',
      {
        retryAfter: 1,
      },
    );
    this.#giveUp(call, late);
    const { thread } = call;
    if (thread === undefined) return;
    call.timer = setTimeout(() => this.#replace(thread, call), this.options.grace ?? GRACE);
  }
}

function stopping(): ProblemError {
  return problem(503, 'stopping', 'The server is stopping.', 'Try again in a moment.', {
    retryAfter: 5,
    headers: { connection: 'close' },
  });
}
